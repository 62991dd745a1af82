import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from './histogram.ts';

const worstError = 2 ** (1 / 32);

test('bands count every value once, the slowest in the last', () => {
  const histogram = new Histogram();
  for (const ms of [0.5, 3, 3.5, 9, 40]) histogram.record(ms);
  expect(histogram.countInto([1, 4, 16])).toEqual([1, 2, 2]);
  expect(histogram.countInto([])).toEqual([]);
});

test('a percentile is at most one bucket away from the true one, 2.2 %', () => {
  const durations = fc.array(fc.double({ min: 0.05, max: 120_000, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (values, share) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(share * values.length) - 1)]!;
      const found = histogram.percentile(share)!;
      expect(found).toBeGreaterThanOrEqual((exact / worstError) * (1 - 1e-9));
      expect(found).toBeLessThanOrEqual(exact * worstError * (1 + 1e-9));
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('merging is the same as having recorded everything in one', () => {
  const lists = fc.array(fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { maxLength: 50 }), { maxLength: 5 });
  fc.assert(
    fc.property(lists, (parts) => {
      const [merged, whole] = [new Histogram(), new Histogram()];
      for (const part of parts) {
        const one = new Histogram();
        for (const value of part) {
          one.record(value);
          whole.record(value);
        }
        merged.merge(one);
      }
      for (const share of [0.5, 0.95, 0.99]) {
        if (whole.count === 0) expect(merged.percentile(share)).toBeNull();
        else expect(merged.percentile(share)).toBeCloseTo(whole.percentile(share)!, 6);
      }
      expect([merged.count, merged.maxMs]).toEqual([whole.count, whole.maxMs]);
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('without values there is no percentile, not a zero', () => {
  expect(new Histogram().percentile(0.5)).toBeNull();
});

test('a delay that all requests have is shown as it is', () => {
  const histogram = new Histogram();
  for (let n = 0; n < 100; n++) histogram.record(500);
  expect(histogram.percentile(0.5)).toBe(500);
  expect(histogram.percentile(0.99)).toBe(500);
});
