import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { scenarioSchema } from '../../../proxy/api/scenario.schema.ts';
import { templates } from './drill-templates.ts';
import { formatOffset, plannedRequests, planOf, readDuration, requestsOf, ticksOf } from './scenario-words.ts';

const target = { service: 'payments', url: 'http://payments:9080/pay', versions: ['v1', 'v2'], detects: true };

test.each(templates)('the template $id is a scenario as it stands, and takes as long as it says', (template) => {
  const { spec } = scenarioSchema.parse(parse(template.yaml(target)));
  const plan = planOf(spec);
  expect(plan.durationMs).toBe(readDuration(spec.load[0]!.for));
  for (const track of plan.tracks) expect(track.startMs).toBeLessThan(plan.durationMs);
  expect(spec.expect.length).toBeGreaterThan(1);
});

test('what a scenario will do is told before it has run', () => {
  const { spec } = scenarioSchema.parse(parse(templates.find(({ id }) => id === 'canary')!.yaml(target)));
  expect(planOf(spec).tracks.map(({ kind, label, startMs }) => [kind, label, startMs])).toEqual([
    ['load', '30 req/s from ingress', 0],
    ['change', 'payments v1 90, v2 10', 5_000],
    ['change', 'payments v1 50, v2 50', 15_000],
    ['change', 'payments v1 0, v2 100', 28_000],
  ]);
});

test('a drill brings outlier detection to a service that has none', () => {
  const drill = templates.find(({ id }) => id === 'ejection')!;
  const changesOf = (detects: boolean) => scenarioSchema.parse(parse(drill.yaml({ ...target, detects }))).spec.changes;
  expect(changesOf(true)).toEqual([]);
  expect(changesOf(false)).toMatchObject([{ at: '0s', apply: [{ kind: 'DestinationRule', spec: { host: 'payments' } }] }]);
});

test('how much it sends is told before, and what it sent is found again', () => {
  const { spec } = scenarioSchema.parse(parse(templates.find(({ id }) => id === 'canary')!.yaml(target)));
  expect(plannedRequests(spec)).toBe('1,200 requests to payments');
  expect(plannedRequests({ load: [] })).toBe('no requests of its own');
  const run = { mark: 'abcdef0123456789', load: [{ name: 'a' }, { name: 'b' }] } as Parameters<typeof requestsOf>[0];
  expect(requestsOf(run, 'b')).toBe('trace:abcdef01234567890002*');
});

test('durations are read as Go writes them', () => {
  expect(readDuration('1m30s')).toBe(90_000);
  expect(readDuration('250ms')).toBe(250);
  expect(readDuration('1.5h')).toBe(5_400_000);
});

test('an axis has few ticks at round places, whatever it measures', () => {
  for (const seconds of [1, 4, 10, 40, 95, 600, 7_200]) {
    const ticks = ticksOf(seconds * 1000);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(10);
    expect(ticks.at(-1)).toBeLessThanOrEqual(seconds * 1000);
  }
  expect(ticksOf(40_000).map(formatOffset)).toContain('35 s');
});
