import { describe, expect, test } from 'vitest';
import { bandTicks, timeTicks, valueTicks } from './ticks.ts';

describe('ticks of an axis', () => {
  test('are round numbers from nothing to just over the top', () => {
    expect(valueTicks(2.9)).toEqual([0, 1, 2, 3]);
    expect(valueTicks(450)).toEqual([0, 200, 400, 600]);
    expect(valueTicks(0.18)).toEqual([0, 0.05, 0.1, 0.15, 0.2]);
    expect(valueTicks(0.01)).toEqual([0, 0.005, 0.01]);
    expect(valueTicks(1)).toEqual([0, 0.5, 1]);
    expect(valueTicks(7312)).toEqual([0, 2000, 4000, 6000, 8000]);
    for (const none of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(valueTicks(none)).toEqual([0, 1]);
  });

  test('always hold the top and stay few', () => {
    for (let top = 1e-4; top < 1e7; top *= 1.37) {
      const ticks = valueTicks(top);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(top * (1 - 1e-9));
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      expect(ticks.length).toBeLessThanOrEqual(5);
    }
  });

  test('of time are whole minutes as soon as there is room for them', () => {
    const start = Date.UTC(2026, 10, 21, 13, 5, 31);
    const five = timeTicks(start, start + 300_000);
    expect(five.withSeconds).toBe(false);
    expect(five.ticks.map((time) => (time / 60_000) % 1)).toEqual([0, 0, 0, 0, 0]);
    expect(timeTicks(start, start + 60_000)).toMatchObject({ withSeconds: true });
    expect(timeTicks(start, start + 40 * 86_400_000).ticks.length).toBeLessThanOrEqual(7);
    expect(timeTicks(start, start).ticks).toEqual([start]);
  });

  test('of bands stand at round values, as many as have room', () => {
    const bounds = Array.from({ length: 12 }, (_, index) => 8 * 2 ** (index / 2));
    expect(bandTicks(bounds, 0.12).map(({ value }) => value)).toEqual([10, 20, 50, 100, 200]);
    expect(bandTicks(bounds, 0.25).map(({ value }) => value)).toEqual([10, 30, 100, 300]);
    expect(bandTicks([8, 16, 32], 0).map(({ value, share }) => [value, Math.round(share * 100)])).toEqual([
      [5, 11],
      [10, 44],
      [20, 77],
    ]);
    expect(bandTicks([], 0.2)).toEqual([]);
    expect(bandTicks([5], 0.2)).toEqual([]);
  });
});
