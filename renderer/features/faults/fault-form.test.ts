import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type FaultSpec, faultSpecSchema } from '../../../proxy/api/fault.schema.ts';
import { blankFault, type FaultForm, formOf } from './fault-form.ts';
import { presetForm, presets } from './fault-presets.ts';
import { toFaultRequest, toYaml } from './fault-request.ts';
import { newToxic } from './toxic-words.ts';

function specOf(change: Partial<FaultForm>): FaultSpec {
  const made = toFaultRequest({ ...blankFault, to: 'ratings', ...change });
  if ('problem' in made) throw new Error(made.problem);
  return faultSpecSchema.parse(made.request.spec);
}

test('every preset makes a fault the engine accepts', () => {
  for (const preset of presets) expect(specOf(preset.change), preset.id).toBeTruthy();
});

test('the half-dead subset aims at one version of a service that has several, else at one host of several', () => {
  const preset = presets.find(({ id }) => id === 'half-dead')!;
  const host = (service: string, version: string, id: string) => ({ service, version, id });
  const hosts = [host('web', '', 'web-0'), host('pay', 'v2', 'pay-v2-0'), host('pay', 'v1', 'pay-v1-0')];
  expect(presetForm(preset, hosts)).toMatchObject({ to: 'pay', version: 'v1', percentage: 50, answer: 'status', status: 503 });
  const twins = [host('web', '', 'web-0'), host('pay', '', 'pay-0'), host('pay', '', 'pay-1')];
  expect(presetForm(preset, twins)).toMatchObject({ to: 'pay', version: '', workload: 'pay-0' });
  expect(presetForm(preset, [])).toMatchObject({ to: '', version: '', workload: '' });
});

test('toxics become the tcp part, and leave out what only requests can match', () => {
  const spec = specOf({ effect: 'toxics', path: '/x', toxics: [newToxic('latency', [])] });
  expect(spec).toMatchObject({
    tcp: [{ type: 'latency', stream: 'downstream', toxicity: 1, attributes: { latency: 500, jitter: 0 } }],
  });
  expect(spec.match).toBe(undefined);
});

test('without a target, or without anything to do, the form says what is missing', () => {
  expect(toFaultRequest(blankFault)).toEqual({ problem: 'Choose the service whose calls should suffer' });
  const noDelay = { ...blankFault.delay, kind: 'none' as const };
  expect(toFaultRequest({ ...blankFault, to: 'a', delay: noDelay })).toEqual({
    problem: 'Choose what should happen to the calls',
  });
  expect(toFaultRequest({ ...blankFault, to: 'a', header: 'nonsense' })).toEqual({ problem: 'Write the header as name: value' });
  expect(toFaultRequest({ ...blankFault, to: 'a', query: 'x' })).toEqual({ problem: 'Write the query parameter as name=value' });
});

test('the YAML says the same, one line a field', () => {
  const made = toFaultRequest({ ...blankFault, name: 'slow', to: 'ratings', from: 'reviews', header: 'x-qa: 1', percentage: 30 });
  expect('request' in made && toYaml(made.request)).toBe(`apiVersion: drydock.dev/v1
kind: Fault
metadata: {name: slow}
spec:
  to: {service: ratings}
  from: {service: reviews}
  side: server
  match: [{headers: {x-qa: {exact: "1"}}}]
  percentage: 30
  delay: {fixed: 500ms}
  expires: 10m
`);
});

/** Every field that a Fault has, in the forms that it can have. */
const faults: Record<string, FaultSpec> = {
  'a delay between two lengths, then a status': faultSpecSchema.parse({
    to: { service: 'ratings', version: 'v1', port: 9080 },
    from: { service: 'reviews', namespace: 'other' },
    match: [
      {
        uri: { exact: '/a' },
        method: { exact: 'GET' },
        headers: { 'x-qa': { prefix: 'te' } },
        queryParams: { user: { regex: '[0-9]+' } },
      },
    ],
    delay: { uniform: { min: '10ms', max: '1s' } },
    abort: { httpStatus: 418 },
    only: { skip: 2, first: 3 },
    schedule: { after: '10s', for: '30s', every: '60s' },
    per: 'trace',
    expires: '5m',
    seed: 42,
    percentage: 12.5,
  }),
  'a delay around a mean': faultSpecSchema.parse({ to: { service: 'a' }, delay: { normal: { mean: '1s', stddev: '5ms' } } }),
  'a long tail': faultSpecSchema.parse({
    to: { service: 'a', workload: 'a-v1-0' },
    delay: { pareto: { scale: '5ms', shape: 2 } },
  }),
  'a damaged body': faultSpecSchema.parse({
    to: { service: 'a' },
    side: 'client',
    response: { truncateAfter: '1KiB', bytesPerSecond: '2KiB', corrupt: '1%' },
  }),
  'a gRPC status': faultSpecSchema.parse({ to: { service: 'a' }, abort: { grpcStatus: 'UNAVAILABLE' } }),
  'a reset': faultSpecSchema.parse({ to: { service: 'a' }, abort: { reset: true }, enabled: false }),
  'no answer': faultSpecSchema.parse({ to: { service: 'a' }, abort: { hang: true } }),
  toxics: faultSpecSchema.parse({ to: { service: 'a' }, tcp: [{ type: 'slicer', toxicity: 0.5, attributes: { delay: 5 } }] }),
  'what the form has no field for': faultSpecSchema.parse({
    to: { service: 'a' },
    match: [
      { uri: { regex: '/a.*' }, withoutHeaders: { x: { exact: '1' } }, ignoreUriCase: true },
      { authority: { exact: 'b' } },
    ],
    delay: { fixed: '1s' },
  }),
};

test.each(Object.keys(faults))('a fault that is changed keeps all that was not changed: %s', (name) => {
  const spec = faults[name]!;
  const made = toFaultRequest(formOf({ name: 'one', namespace: 'shop', spec }));
  expect(made).toEqual({ request: { name: 'one', namespace: 'shop', spec } });
});

test('the YAML of each is read back as the same', () => {
  for (const [name, spec] of Object.entries(faults)) {
    const yaml: unknown = parse(toYaml({ name: 'one', namespace: 'shop', spec }));
    expect(yaml).toMatchObject({ kind: 'Fault', metadata: { name: 'one', namespace: 'shop' } });
    expect(faultSpecSchema.parse((yaml as { spec: unknown }).spec), name).toEqual(spec);
  }
});

test('a fault that is turned to another service forgets the namespace of the one before', () => {
  const spec = faultSpecSchema.parse({ to: { service: 'a', namespace: 'far' }, abort: { reset: true } });
  const made = toFaultRequest({ ...formOf({ name: 'one', namespace: 'shop', spec }), to: 'b' });
  expect('request' in made && made.request.spec.to).toEqual({ service: 'b' });
});
