import { expect, test } from 'vitest';
import type { Span } from '../../../proxy/api/observability.schema.ts';
import { compareTraces } from './compare-traces.ts';

const span = (spanId: string, parentSpanId: string, service: string, startMs: number, durationMs: number): Span => ({
  traceId: 't',
  spanId,
  parentSpanId,
  name: 'GET /',
  kind: 'server',
  service,
  mesh: false,
  start: '',
  startMs,
  durationMs,
  error: false,
  attributes: {},
  events: [],
});

test('spans meet at the same place under the same callers; what only one has stands at its place', () => {
  const a = [span('1', '', 'orders', 0, 50), span('2', '1', 'stock', 1, 5), span('3', '1', 'pay', 10, 20)];
  const b = [
    span('x', '', 'orders', 0, 80),
    span('y', 'x', 'stock', 1, 6),
    span('z', 'x', 'stock', 8, 7),
    span('w', 'x', 'mail', 20, 3),
  ];
  expect(compareTraces(a, b, true).map((row) => [row.depth, row.span.service, row.a, row.b])).toEqual([
    [0, 'orders', 50, 80],
    [1, 'stock', 5, 6],
    [1, 'stock', null, 7],
    [1, 'mail', null, 3],
    [1, 'pay', 20, null],
  ]);
  expect(compareTraces([], [], true)).toEqual([]);
});
