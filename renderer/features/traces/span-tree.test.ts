import { expect, test } from 'vitest';
import type { Span } from '../../../proxy/api/observability.schema.ts';
import { orderSpans } from './span-tree.ts';

const span = (spanId: string, parentSpanId: string, startMs: number, mesh = true): Span => ({
  traceId: 't',
  spanId,
  parentSpanId,
  name: spanId,
  kind: 'client',
  service: 's',
  mesh,
  start: '',
  startMs,
  durationMs: 1,
  error: false,
  attributes: {},
  events: [],
});
const words = (spans: Span[], mesh = true) => orderSpans(spans, mesh).map(({ span: s, depth }) => `${depth}${s.spanId}`);

test('children stand under their parents, by start', () => {
  expect(words([span('c', 'a', 5), span('a', '', 0), span('b', 'a', 2), span('d', 'b', 3)])).toEqual(['0a', '1b', '2d', '1c']);
});

test('a span whose parent is missing, or itself, is a root; a cycle ends', () => {
  expect(words([span('x', 'gone', 1), span('y', 'y', 2)])).toEqual(['0x', '0y']);
});

test('folding the mesh away puts app spans under their nearest app ancestor', () => {
  const spans = [span('app1', '', 0, false), span('out', 'app1', 1), span('in', 'out', 2), span('app2', 'in', 3, false)];
  expect(words(spans, false)).toEqual(['0app1', '1app2']);
});

test('ten thousand spans in a chain do not overflow', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => span(`s${i}`, i === 0 ? '' : `s${i - 1}`, i));
  expect(orderSpans(chain, true)).toHaveLength(10_000);
});
