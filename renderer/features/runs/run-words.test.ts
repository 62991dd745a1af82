import { expect, test } from 'vitest';
import type { RunEdge, RunSummary } from '../../../proxy/api/runs.schema.ts';
import { caveatsOf, changeOf, judgeEdge, spanOf, summarize } from './run-words.ts';

const edge = (overrides: Partial<RunEdge> = {}): RunEdge => ({
  ...{ id: 'a->b', from: 'a', to: 'b', count: 100, rate: 1, errorShare: 0, p50: 5, p95: 10, p99: 20 },
  ...{ retryRatio: 0, timeouts: 0, overflows: 0, faultHits: 0, versions: {} },
  ...overrides,
});

test('errors decide before latency, and small movements are none', () => {
  expect(judgeEdge(edge(), edge({ p95: 11.5 })).verdict).toBe('same');
  expect(judgeEdge(edge(), edge({ p95: 13 })).verdict).toBe('worse');
  expect(judgeEdge(edge({ p95: 1 }), edge({ p95: 1.9 })).verdict).toBe('same');
  expect(judgeEdge(edge(), edge({ p95: 7 })).verdict).toBe('better');
  expect(judgeEdge(edge(), edge({ errorShare: 0.02, p95: 1 })).verdict).toBe('worse');
  expect(judgeEdge(edge({ errorShare: 0.5 }), edge()).verdict).toBe('better');
});

test('few requests prove nothing; an edge that one run lacks is new or gone', () => {
  expect(judgeEdge(edge(), edge({ count: 29, p95: 900 })).verdict).toBe('few');
  expect(judgeEdge(null, edge()).verdict).toBe('new');
  expect(judgeEdge(edge(), null).verdict).toBe('gone');
});

test('the summary says what matters first', () => {
  const edges = [
    { id: '1', before: edge(), after: edge() },
    { id: '2', before: edge(), after: edge({ errorShare: 1 }) },
    { id: '3', before: null, after: edge() },
  ];
  expect(summarize(edges)).toBe('1 worse, 1 new, 1 same');
});

test('a verdict says by how much', () => {
  expect(judgeEdge(edge(), edge({ errorShare: 0.025 })).because).toBe('errors +2.5 points');
  expect(judgeEdge(edge({ errorShare: 0.5 }), edge()).because).toBe('errors −50 points');
  expect(judgeEdge(edge(), edge({ p95: 14.5 })).because).toBe('p95 +45 %');
  expect(judgeEdge(edge(), edge({ p95: 42 })).because).toBe('p95 ×4.2');
  expect(changeOf(0, 5)).toBe('');
  expect(changeOf(10, 10.01)).toBe('');
});

const run = (overrides: Partial<RunSummary> = {}): RunSummary => ({
  ...{ id: 'run-1', number: 1, mesh: 'shop', requests: 10, errors: 0, durationMs: 60_000 },
  ...{ startedAt: new Date(2026, 0, 1, 14, 3).toISOString(), endedAt: new Date(2026, 0, 1, 14, 21).toISOString() },
  ...overrides,
});

test('where the clock moved, no end is claimed; another mesh, a kill and a moved clock are told of', () => {
  const now = new Date(2026, 0, 1, 15).getTime();
  expect(spanOf(run(), now)).toMatch(/14:03|2:03/);
  expect(spanOf(run(), now)).toContain('–');
  const moved = run({ clockMovedMs: -3_600_000, cutShort: true, mesh: 'accounting' });
  expect(spanOf(moved, now)).not.toContain('–');
  expect(caveatsOf(moved, 'shop').map(({ word }) => word)).toEqual(['accounting', 'cut short', 'clock moved']);
  expect(caveatsOf(moved, 'shop')[2]?.explain).toContain('−60 minutes');
  expect(caveatsOf(run(), 'shop')).toEqual([]);
});
