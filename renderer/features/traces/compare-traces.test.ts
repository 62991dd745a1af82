import { expect, test } from 'vitest';
import type { Span } from '../../../proxy/api/observability.schema.ts';
import { makeSpan } from '../../../proxy/testing/spans.ts';
import { compareCauses, compareTraces, differenceOf } from './compare-traces.ts';

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
  expect(
    compareTraces(a, b, true).map((row) => [
      row.depth,
      (row.a ?? row.b)?.service,
      row.a?.durationMs ?? null,
      row.b?.durationMs ?? null,
    ]),
  ).toEqual([
    [0, 'orders', 50, 80],
    [1, 'stock', 5, 6],
    [1, 'stock', null, 7],
    [1, 'mail', null, 3],
    [1, 'pay', 20, null],
  ]);
  expect(compareTraces([], [], true)).toEqual([]);
});

test('a second try meets the second try, whichever host it went to', () => {
  const traceWith = (host: string) => [
    makeSpan({ spanId: 'call', name: 'GET pay' }),
    makeSpan({ spanId: 'try', parentSpanId: 'call', name: `try 2 ${host}`, attributes: { 'drydock.attempt': 2 } }),
  ];
  expect(compareTraces(traceWith('127.0.0.1:1'), traceWith('127.0.0.1:2'), true).map(differenceOf)).toEqual(['same', 'same']);
});

test('what differs is told: missing on a side, another outcome, slower, faster, about the same', () => {
  const of = (a: number | null, b: number | null, failed = false) => {
    const make = (ms: number | null, error = false) => (ms === null ? null : makeSpan({ durationMs: ms, error }));
    return differenceOf({ key: '', depth: 0, a: make(a), b: make(b, failed) });
  };
  expect([of(1, null), of(null, 1), of(1, 9, true), of(1, 9), of(9, 1), of(1, 1.2)]).toEqual([
    ...['only-a', 'only-b', 'outcome', 'slower', 'faster', 'same'],
  ]);
});

test('causes of both stand side by side, the greatest difference first, and add up to both lengths', () => {
  const traceOf = (payMs: number) => {
    const spans = [span('1', '', 'orders', 0, 20 + payMs), span('2', '1', 'pay', 10, payMs)];
    return { traceId: 't', start: '', durationMs: 20 + payMs, spans };
  };
  const causes = compareCauses(traceOf(30), traceOf(200));
  expect(causes).toEqual([
    { cause: 'app', who: 'pay', aMs: 30, bMs: 200 },
    { cause: 'app', who: 'orders', aMs: 20, bMs: 20 },
  ]);
});

test('ten thousand spans are compared at once', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => span(`s${n}`, n === 0 ? '' : 's0', `service-${n % 50}`, n, 1));
  expect(compareTraces(many, many.slice(0, 9000), true)).toHaveLength(10_000);
});
