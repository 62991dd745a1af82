import { expect, test } from 'vitest';
import type { RunEdge } from '../../../proxy/api/runs.schema.ts';
import { judgeEdge, summarize } from './run-words.ts';

const edge = (overrides: Partial<RunEdge> = {}): RunEdge => ({
  ...{ id: 'a->b', from: 'a', to: 'b', count: 100, rate: 1, errorShare: 0, p50: 5, p95: 10, p99: 20 },
  ...{ retryRatio: 0, timeouts: 0, overflows: 0, faultHits: 0, versions: {} },
  ...overrides,
});

test('errors decide before latency, and small movements are none', () => {
  expect(judgeEdge(edge(), edge({ p95: 11.5 }))).toBe('same');
  expect(judgeEdge(edge(), edge({ p95: 13 }))).toBe('worse');
  expect(judgeEdge(edge({ p95: 1 }), edge({ p95: 1.9 }))).toBe('same');
  expect(judgeEdge(edge(), edge({ p95: 7 }))).toBe('better');
  expect(judgeEdge(edge(), edge({ errorShare: 0.02, p95: 1 }))).toBe('worse');
  expect(judgeEdge(edge({ errorShare: 0.5 }), edge())).toBe('better');
});

test('few requests prove nothing; an edge that one run lacks is new or gone', () => {
  expect(judgeEdge(edge(), edge({ count: 29, p95: 900 }))).toBe('few');
  expect(judgeEdge(null, edge())).toBe('new');
  expect(judgeEdge(edge(), null)).toBe('gone');
});

test('the summary says what matters first', () => {
  const edges = [
    { id: '1', before: edge(), after: edge() },
    { id: '2', before: edge(), after: edge({ errorShare: 1 }) },
    { id: '3', before: null, after: edge() },
  ];
  expect(summarize(edges)).toBe('1 worse, 1 new, 1 same');
});
