import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runComparisonSchema, runSchema } from '../api/runs.schema.ts';
import { makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { Telemetry } from './telemetry.ts';

let folder: ReturnType<typeof makeFolder>;
let store: Store;
beforeEach(async () => {
  folder = makeFolder();
  store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});
const start = (startedMs: number): Telemetry => new Telemetry({ clock: new ManualClock(), store, startedMs, mesh: () => 'shop' });
const calls = (count: number, overrides: Parameters<typeof makeExchange>[1] = {}) =>
  Array.from({ length: count }, (_, n) => makeExchange(n * 100, overrides));

describe('a run', () => {
  test('is there after the engine has stopped, and is held against the present edge by edge', async () => {
    const first = start(1000);
    first.record([
      ...calls(20, { durationMs: 5 }),
      ...calls(5, { status: 503, durationMs: 50 }),
      ...calls(1, { destination: 'gone' }),
    ]);
    await first.close();
    const second = start(2000);
    second.record(calls(10, { durationMs: 10, destinationVersion: 'v2' }));
    const [present, kept] = await second.runs.list();
    expect(present).toMatchObject({ endedAt: null, requests: 10, errors: 0, mesh: 'shop' });
    expect(kept).toMatchObject({ requests: 26, errors: 5, mesh: 'shop' });
    expect(kept?.endedAt).not.toBeNull();
    const comparison = runComparisonSchema.parse(await second.runs.compare('previous', 'current'));
    expect(comparison.edges.map(({ id, before, after }) => [id, before?.count, after?.count])).toEqual([
      ['default/reviews->default/gone', 1, undefined],
      ['default/reviews->default/ratings', 25, 10],
    ]);
    const ratings = comparison.edges[1]!;
    expect(ratings.before).toMatchObject({ errorShare: 0.2, versions: { v1: 1 } });
    expect(ratings.after).toMatchObject({ errorShare: 0, p50: 10, versions: { v2: 1 } });
    expect(ratings.before?.p99).toBeCloseTo(50, 0);
    runSchema.parse(await second.runs.get(kept!.id));
    await second.close();
  });

  test('is kept while it goes on, so that a kill loses seconds', async () => {
    const clock = new ManualClock();
    const telemetry = new Telemetry({ clock, store, startedMs: 1000, mesh: () => 'shop' });
    telemetry.record(calls(3));
    clock.advance(15_000);
    await telemetry.runs.save();
    expect(await start(2000).runs.get('previous')).toMatchObject({ requests: 3 });
    await telemetry.close();
  });

  test('gives way after ten others; one without requests is not kept', async () => {
    for (let n = 1; n <= 12; n++) {
      const telemetry = start(n * 1000);
      telemetry.record(calls(n));
      await telemetry.close();
      await start(n * 1000 + 500).close();
    }
    const present = start(20_000);
    const kept = (await present.runs.list()).slice(1);
    expect(kept.map((run) => run.requests)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(await present.runs.compare('nothing', 'current')).toBeNull();
  });
});
