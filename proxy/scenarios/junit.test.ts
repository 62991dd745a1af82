import { expect, test } from 'vitest';
import { type ScenarioRun, scenarioRunSchema } from '../api/scenario.schema.ts';
import { parseXml, type XmlElement } from '../shared/xml-text.ts';
import { junitReport } from './junit.ts';

const outcome = (state: string, more: object = {}) => ({
  ...{ name: 'fast', text: 'p(99) < 400ms from web to reviews', state, actual: '612 ms', atMs: 3100, message: '', traceIds: [] },
  ...more,
});
const run = (more: object = {}): ScenarioRun =>
  scenarioRunSchema.parse({
    ...{ id: 'r1', number: 3, scenario: 'drill', namespace: 'default', description: '', state: 'failed', message: 'x' },
    ...{
      startedAt: '2026-11-21T10:00:00.000Z',
      finishedAt: '2026-11-21T10:00:09.000Z',
      durationMs: 9000,
      elapsedMs: 9000,
      seed: 7,
    },
    ...{ tracks: [], load: [], expectations: [], series: [], journal: [], valid: true, baseline: null },
    ...more,
  });
const report = (...runs: Parameters<typeof junitReport>[0]) => {
  const root = parseXml(junitReport(runs, ({ seed }) => `npx drydock scenario run 'a & b.yaml' --seed ${seed}`));
  if (root === null) throw new Error('the report is not well-formed');
  const all = (name: string) => below(root).filter((element) => element.name === name);
  return { all, attribute: (name: string, of: string) => all(name).map((element) => element.attributes[of]) };
};
const below = (element: XmlElement): XmlElement[] => [element, ...element.children.flatMap(below)];

test('an expectation that is not met names edge and condition, what was measured, the seed and the command that repeats it', () => {
  const { all, attribute } = report(
    run({ expectations: [outcome('passed'), outcome('failed', { traceIds: ['abc'] }), outcome('no_data')] }),
  );
  expect(attribute('testcase', 'name')).toEqual(Array(3).fill('fast: p(99) < 400ms from web to reviews'));
  expect(attribute('testsuites', 'failures')).toEqual(['2']);
  const [failed, noData] = all('failure').map((element) => element.text);
  expect(failed).toContain('612 ms');
  expect(failed).toContain('traces: abc');
  expect(failed).toContain("seed: 7\nagain: npx drydock scenario run 'a & b.yaml' --seed 7");
  expect(noData).toContain('seed: 7');
  expect(all('error')).toEqual([]);
});

test('a broken setup is an error, and what could not be measured for it is skipped, not failed', () => {
  const { all, attribute } = report(run({ state: 'error', message: 'there is no ingress', expectations: [outcome('no_data')] }), {
    scenario: 'late',
    message: 'it was not begun',
  });
  expect([attribute('testsuites', 'errors'), attribute('testsuites', 'failures')]).toEqual([['2'], ['0']]);
  expect(attribute('error', 'message')).toEqual(['there is no ingress', 'it was not begun']);
  expect(all('skipped')).toHaveLength(1);
});

test('a scenario that expects nothing still shows that it was carried out', () => {
  const { attribute } = report(run({ state: 'passed' }));
  expect([attribute('testsuites', 'tests'), attribute('testcase', 'name')]).toEqual([['1'], ['is carried out']]);
});

test('survives whatever a service or a scenario says', () => {
  const nasty = '<&"\'>\0\u001b]]>\ud800\uffff';
  const xml = junitReport(
    [run({ scenario: nasty, expectations: [outcome('failed', { name: nasty, text: nasty, actual: nasty })] })],
    () => nasty,
  );
  expect(xml).not.toMatch(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
  expect(parseXml(xml)).not.toBeNull();
});
