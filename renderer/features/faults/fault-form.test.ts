import { expect, test } from 'vitest';
import { faultSpecSchema } from '../../../proxy/api/fault.schema.ts';
import { blankFault, presets, toFaultRequest, toYaml } from './fault-form.ts';
import { newToxic } from './toxic-words.ts';

test('every preset makes a fault the engine accepts', () => {
  for (const preset of presets) {
    const made = toFaultRequest({ ...blankFault, to: 'ratings', ...preset.change });
    expect('request' in made && faultSpecSchema.safeParse(made.request.spec).success, preset.id).toBe(true);
  }
});

test('toxics become the tcp part, and leave out what only requests can match', () => {
  const made = toFaultRequest({ ...blankFault, to: 'db', effect: 'toxics', path: '/x', toxics: [newToxic('latency', [])] });
  expect('request' in made && made.request.spec).toMatchObject({
    tcp: [{ type: 'latency', stream: 'downstream', toxicity: 1, attributes: { latency: 500, jitter: 0 } }],
  });
  expect('request' in made && made.request.spec.match).toBe(undefined);
});

test('without a target the form says what is missing', () => {
  expect(toFaultRequest(blankFault)).toEqual({ problem: 'Choose the service whose calls should suffer' });
  expect(toFaultRequest({ ...blankFault, to: 'a', header: 'nonsense' })).toEqual({ problem: 'Write the header as name: value' });
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
