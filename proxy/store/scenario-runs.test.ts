import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ScenarioRun, scenarioRunSchema } from '../api/scenario.schema.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { Store } from './store.ts';

let folder: string;
let store: Store;
const open = () => Store.open({ path: path.join(folder, 'drydock.db'), clock: new ManualClock() });
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-scenario-runs-'));
  store = await open();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (number: number, more: object = {}): ScenarioRun =>
  scenarioRunSchema.parse({
    ...{ id: `r${String(number).padStart(3, '0')}`, number, scenario: 'drill', namespace: 'default', description: '' },
    ...{
      state: 'passed',
      message: '',
      startedAt: new Date(number * 1000).toISOString(),
      finishedAt: null,
      durationMs: 1,
      elapsedMs: 1,
    },
    ...{ seed: 1, tracks: [], load: [], expectations: [], series: [], journal: [], valid: true, baseline: null },
    ...more,
  });

test('the last fifty runs are kept, over a restart, newest first', async () => {
  for (let number = 1; number <= 53; number++) expect(await store.saveScenarioRun(run(number))).toMatchObject({ ok: true });
  await store.close();
  store = await open();
  const runs = await store.listScenarioRuns();
  expect([runs.length, runs[0]?.number, runs.at(-1)?.number]).toEqual([50, 53, 4]);
  expect(await store.getScenarioRun('r053')).toEqual(run(53));
  expect(await store.getScenarioRun('r001')).toBeNull();
});

test('runs of one scenario are found by its name and namespace', async () => {
  await store.saveScenarioRun(run(1));
  await store.saveScenarioRun(run(2, { scenario: 'canary' }));
  await store.saveScenarioRun(run(3, { namespace: 'shop' }));
  const numbers = async (...query: [string?, string?]) => (await store.listScenarioRuns(...query)).map(({ number }) => number);
  expect(await numbers('drill')).toEqual([3, 1]);
  expect(await numbers('drill', 'default')).toEqual([1]);
});

test('a run that a killed engine left is an error, not one that still runs', async () => {
  await store.saveScenarioRun(run(1, { state: 'running' }));
  await store.close();
  store = await open();
  expect(await store.getScenarioRun('r001')).toMatchObject({
    state: 'error',
    message: 'The engine ended while it ran',
    finishedAt: expect.any(String),
  });
});
