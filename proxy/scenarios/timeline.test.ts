import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSchema, scenarioSpecSchema } from '../api/scenario.schema.ts';
import { durationOf, planLoad } from './timeline.ts';

const load = (more: object = {}) =>
  loadSchema.parse({ name: 'browse', for: '10s', rate: 20, requests: [{ url: 'http://reviews:9080/' }], ...more });
const gaps = (starts: Float64Array) => Array.from(starts.slice(1), (start, i) => start - starts[i]!);

describe('a plan', () => {
  test('has as many starts as rate × time, in order, all within the load', () => {
    const rate = fc.oneof(
      fc.double({ min: 0.5, max: 500, noNaN: true }),
      fc.record({ from: fc.double({ min: 0, max: 500, noNaN: true }), to: fc.double({ min: 1, max: 500, noNaN: true }) }),
    );
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 0, max: 5000 }), (rate, forMs, atMs) => {
        const { starts } = planLoad(load({ rate, for: `${forMs}ms`, at: `${atMs}ms` }), 1);
        const mean = typeof rate === 'number' ? rate : (rate.from + rate.to) / 2;
        expect(starts.length).toBe(Math.max(1, Math.round((mean * forMs) / 1000)));
        expect(gaps(starts).every((gap) => gap >= 0)).toBe(true);
        expect(starts[0]).toBeGreaterThanOrEqual(atMs);
        expect(starts.at(-1)).toBeLessThanOrEqual(atMs + forMs + 1e-6);
      }),
      { numRuns: 200 },
    );
  });

  test('spaces constant starts evenly', () => {
    const { starts } = planLoad(load({ at: '2s' }), 1);
    expect([...starts.slice(0, 3)]).toEqual([2000, 2050, 2100]);
    expect(Math.max(...gaps(starts)) - Math.min(...gaps(starts))).toBeLessThan(1e-6);
  });

  test('ramps: a quarter of the requests lie in the first half of 0 to r', () => {
    const { starts } = planLoad(load({ rate: { from: 0, to: 40 } }), 1);
    expect(starts.length).toBe(200);
    expect(starts.filter((start) => start < 5000).length).toBe(50);
    const down = planLoad(load({ rate: { from: 40, to: 0 } }), 1).starts;
    expect(down.filter((start) => start < 5000).length).toBe(150);
  });

  test('arrives as independent callers do when told: as many on average, gaps as varied as long', () => {
    const { starts } = planLoad(load({ rate: 200, for: '60s', arrivals: 'poisson' }), 5);
    expect(Math.abs(starts.length - 12_000)).toBeLessThan(5 * Math.sqrt(12_000));
    const all = gaps(starts);
    const mean = all.reduce((sum, gap) => sum + gap, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / all.length);
    expect(deviation / mean).toBeGreaterThan(0.95);
    expect(deviation / mean).toBeLessThan(1.05);
  });

  test('is the same for the same seed, another for another, and does not depend on other loads', () => {
    const spec = { arrivals: 'poisson', requests: [{ url: 'http://a/1', weight: 3 }, { url: 'http://a/2' }] };
    const plan = planLoad(load(spec), 7);
    expect(planLoad(load(spec), 7)).toEqual(plan);
    expect(planLoad(load(spec), 8).starts).not.toEqual(plan.starts);
    expect(planLoad(load({ ...spec, name: 'other' }), 7).starts).not.toEqual(plan.starts);
    const share = plan.picks.filter((pick) => pick === 0).length / plan.picks.length;
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.9);
  });

  test('of a scenario lasts until its last part is over, unless it says how long', () => {
    const fault = { name: 'x', at: '12s', for: '5s', spec: { to: { service: 'a' } } };
    expect(durationOf(scenarioSpecSchema.parse({ load: [load()], faults: [fault] }))).toBe(17_000);
    expect(durationOf(scenarioSpecSchema.parse({ load: [load()], duration: '30s' }))).toBe(30_000);
  });
});
