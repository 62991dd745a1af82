import { describe, expect, test } from 'vitest';
import { seriesSchema } from '../api/observability.schema.ts';
import { makeExchange } from '../store/fixtures.ts';
import { Metrics } from './metrics.ts';
import { RunHistory, runStepMs } from './run-history.ts';
import { buildSeries, type SeriesRequest } from './series.ts';
import { SplitHistory } from './split-history.ts';

const epochMs = Date.parse(makeExchange(0).time);
const hourMs = 3_600_000;

function seriesOf(
  metrics: Metrics,
  request: SeriesRequest,
  nowMs: number,
  more: { startedMs?: number; splits?: SplitHistory } = {},
) {
  return seriesSchema.parse(buildSeries({ metrics, nowMs, startedMs: epochMs, ...more }, request));
}
const sum = (values: readonly (number | null)[] = []) => values.reduce<number>((total, value) => total + (value ?? 0), 0);

describe('classes of answers', () => {
  test('every request is in exactly one, a gRPC call in that of its own status', () => {
    const metrics = new Metrics();
    const kinds = [
      { status: 200 },
      { status: 302 },
      { status: 404 },
      { status: 503 },
      { status: 101 },
      { status: 0, flags: 'UC' },
      { status: 200, grpcStatus: 0 },
      { status: 200, grpcStatus: 5 },
      { status: 200, grpcStatus: 14 },
    ];
    for (const [n, kind] of kinds.entries()) metrics.record(makeExchange(n, kind));
    const names = ['2xx', '3xx', '4xx', '5xx', 'other', 'rate'];
    const { series } = seriesOf(metrics, { metric: names.join(','), window: '1m' }, epochMs + 2000);
    expect(names.map((name) => sum(series[name]))).toEqual([2, 1, 2, 2, 2, 9]);
  });
});

describe('slots', () => {
  test('that go on say so, and their rate is of what has passed of them', () => {
    const metrics = new Metrics();
    for (let n = 0; n < 10; n++) metrics.record(makeExchange(n, { durationMs: 1 }));
    const now = Math.ceil(epochMs / 5000) * 5000 + 2000;
    const { partial, series } = seriesOf(metrics, { metric: 'rate', window: '5m' }, now);
    expect(partial).toBe(true);
    expect(series.rate?.at(-1)).toBe(5);
  });

  test('count who is in flight: a long request in each of them, not in its last alone, and those that go on', () => {
    const metrics = new Metrics();
    const at = (second: number) => new Date(epochMs + second * 1000).toISOString();
    metrics.record(makeExchange(1, { time: at(2), durationMs: 5000 }));
    metrics.record(makeExchange(2, { time: at(5), durationMs: 500 }));
    const open = [
      makeExchange(3, { time: at(8), open: true }),
      makeExchange(4, { time: at(9), open: true, reporter: 'destination' }),
    ];
    const inFlight = (window: string, edge = '') => {
      const source = { metrics, startedMs: epochMs, nowMs: epochMs + 10_500, open };
      const { times, series } = buildSeries(source, { metric: 'inflight', window, edge });
      return series.inflight!.filter((_, i) => times[i]! >= epochMs);
    };
    expect(epochMs % 10_000).toBe(0);
    expect(inFlight('1m')).toEqual([0, 0, 1, 1, 1, 1.5, 1, 0, 1, 1, 1]);
    expect(inFlight('1m', '->nobody').every((value) => value === 0)).toBe(true);
    expect(inFlight('15m')).toEqual([0.75, 1]);
  });

  test('from before the engine ran are unknown, not zero', () => {
    const metrics = new Metrics();
    metrics.record(makeExchange(1));
    const { series, times } = seriesOf(metrics, { metric: 'rate,errors', window: '1m' }, epochMs + 10_000);
    const before = times.filter((time) => time + 1000 <= epochMs).length;
    expect(before).toBeGreaterThan(40);
    expect(series.rate?.slice(0, before).every((value) => value === null)).toBe(true);
    expect(series.rate?.slice(before).every((value) => value !== null)).toBe(true);
  });

  test('have a failed trace to open beside the slowest one', () => {
    const metrics = new Metrics();
    const failed = makeExchange(1, { status: 503, durationMs: 5 });
    const slow = makeExchange(2, { durationMs: 50 });
    metrics.record(failed);
    metrics.record(slow);
    const { exemplars, errorExemplars } = seriesOf(metrics, { window: '1m' }, epochMs + 2000);
    expect(exemplars.filter(Boolean)).toEqual([slow.traceId]);
    expect(errorExemplars?.filter(Boolean)).toEqual([failed.traceId]);
  });
});

describe('the split', () => {
  test('holds what versions got against what was wanted at the time', () => {
    const metrics = new Metrics();
    const splits = new SplitHistory();
    splits.note(epochMs, [{ to: 'default/ratings', wanted: { v1: 1, v2: 0 } }]);
    splits.note(epochMs + 5000, [{ to: 'default/ratings', wanted: { v1: 0.5, v2: 0.5 } }]);
    for (const [at, version] of [
      [1000, 'v1'],
      [7000, 'v1'],
      [7010, 'v2'],
    ] as const)
      metrics.record(makeExchange(at, { destinationVersion: version, durationMs: 1 }));
    const now = epochMs + 9000;
    const { split, times } = seriesOf(metrics, { edge: '->ratings', window: '1m', split: 'true' }, now, { splits });
    const at = (second: number) => times.indexOf(epochMs + second * 1000);
    const [v1, v2] = split ?? [];
    expect([v1?.version, v2?.version]).toEqual(['v1', 'v2']);
    expect([v1?.wanted[at(1)], v1?.actual[at(1)], v1?.wanted[at(7)], v2?.actual[at(7)]]).toEqual([1, 1, 0.5, 0.5]);
    expect(v1?.actual[at(3)]).toBeNull();
    expect(v1?.wanted[at(-5)]).toBeNull();
  });
});

test('a young run has as many points as fit, not a few long ones', () => {
  const steps = [75, 200, 299, 1100, 3500].map((seconds) => {
    const { stepSeconds, times } = seriesOf(new Metrics(), { window: 'run' }, epochMs + seconds * 1000);
    expect(times.length).toBeLessThanOrEqual(120);
    return stepSeconds;
  });
  expect(steps).toEqual([1, 2, 5, 10, 30]);
});

describe('a run of hours', () => {
  test('keeps the spike of ten seconds in 60 to 120 points', () => {
    const metrics = new Metrics();
    const hours = 9;
    for (let minute = 0; minute < hours * 60; minute++) metrics.record(makeExchange(minute * 60_000, { durationMs: 1 }));
    const spikeMs = 4 * hourMs + 30_000;
    for (let n = 0; n < 500; n++) metrics.record(makeExchange(spikeMs + n, { durationMs: 1, status: n % 2 ? 503 : 200 }));
    const now = epochMs + hours * hourMs;
    const { series, extremes, times } = seriesOf(metrics, { metric: 'rate,errors,count', window: 'run' }, now);
    expect(times.length).toBeGreaterThanOrEqual(60);
    expect(times.length).toBeLessThanOrEqual(121);
    expect(sum(series.count)).toBe(hours * 60 + 500);
    expect(Math.max(...(extremes?.rate?.high ?? []).map((value) => value ?? 0))).toBe(50);
    expect(Math.max(...(series.rate ?? []).map((value) => value ?? 0))).toBeLessThan(3);
    expect(extremes?.rate?.low.filter((value) => value !== null).every((value) => value === 0)).toBe(true);
    expect(Math.max(...(extremes?.errors?.high ?? []).map((value) => value ?? 0))).toBe(0.5);
  });

  test('stays within its bounds and forgets no request', () => {
    const history = new RunHistory();
    let count = 0;
    for (let at = 0; at < 30 * hourMs; at += 7000) {
      history.add(epochMs + at, makeExchange(1));
      count++;
    }
    const slots = [...history.between(0, Number.POSITIVE_INFINITY)];
    expect(slots.length).toBeLessThanOrEqual(256);
    expect(slots.reduce((total, [, slot]) => total + slot.count, 0)).toBe(count);
    expect([...history.partsBetween(0, Number.POSITIVE_INFINITY)].length).toBeLessThanOrEqual(8640);
    expect(runStepMs(30 * hourMs, 120)).toBeGreaterThanOrEqual(history.slotMs);
  });
});
