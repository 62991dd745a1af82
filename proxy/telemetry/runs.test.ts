import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runComparisonSchema, runSchema } from '../api/runs.schema.ts';
import type { Clock } from '../shared/clock.ts';
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
const start = (startedMs: number, mesh = 'shop', clock: Clock = new ManualClock()): Telemetry =>
  new Telemetry({ clock, store, startedMs, mesh: () => mesh });
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
    expect(await start(2000).runs.get('previous')).toMatchObject({ requests: 3, cutShort: true });
    await telemetry.close();
    expect((await start(3000).runs.get('previous'))?.cutShort).toBeUndefined();
  });

  test('that was killed after its first seconds is kept too', async () => {
    const clock = new ManualClock();
    const telemetry = start(1000, 'shop', clock);
    telemetry.record(calls(3));
    clock.advance(1_000);
    await expect.poll(async () => (await start(2000).runs.get('previous'))?.requests).toBe(3);
    await telemetry.close();
  });

  test('has the rate, the errors and the percentiles of all its edges together', async () => {
    const clock = new ManualClock();
    const telemetry = start(1000, 'shop', clock);
    clock.advance(60_000);
    telemetry.record([...calls(90, { durationMs: 10 }), ...calls(10, { durationMs: 100, status: 503, destination: 'stock' })]);
    const total = (await telemetry.runs.get('current'))?.total;
    expect(total).toMatchObject({ count: 100, errorShare: 0.1 });
    expect(total?.p50).toBeCloseTo(10, 0);
    expect(total?.p99).toBeCloseTo(100, -1);
    await telemetry.close();
  });

  test('of another mesh takes nothing from those of this one, and is not what this one is held against', async () => {
    for (let n = 1; n <= 3; n++) await run(n * 1000, 'shop', n);
    for (let n = 4; n <= 15; n++) await run(n * 1000, 'accounting', n);
    const present = start(20_000);
    const kept = (await present.runs.list()).slice(1);
    expect(kept.filter(({ mesh }) => mesh === 'accounting')).toHaveLength(10);
    expect(kept.filter(({ mesh }) => mesh === 'shop').map(({ requests }) => requests)).toEqual([3, 2, 1]);
    expect((await present.runs.get('previous'))?.requests).toBe(3);
    expect((await present.runs.get('2'))?.requests).toBe(2);
  });

  test('comes after the ones before it though the clock was set back, and rates survive a clock that moves', async () => {
    await run(5_000_000, 'shop', 1);
    const clock = new MovableClock();
    const telemetry = start(1_000_000, 'shop', clock);
    clock.advance(10_000);
    telemetry.record(calls(10));
    clock.moved = -3_600_000;
    telemetry.record(calls(10).map((exchange, n) => ({ ...exchange, id: `${n}`, time: '2020-01-01T00:00:00.000Z' })));
    const now = await telemetry.runs.get('current');
    expect(now).toMatchObject({ number: 2, durationMs: 10_000, clockMovedMs: -3_600_000 });
    expect(now?.total?.rate).toBe(2);
    await telemetry.close();
    expect(await start(500_000).runs.get('previous')).toMatchObject({ number: 2, requests: 20 });
  });

  const run = async (startedMs: number, mesh: string, count: number) => {
    const telemetry = start(startedMs, mesh);
    telemetry.record(calls(count));
    await telemetry.close();
  };

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

/** A machine whose clock on the wall can be set anew. */
class MovableClock extends ManualClock {
  moved = 0;
  override readonly wallNow = (): number => Date.UTC(2026, 0, 1) + this.now() + this.moved;
}
