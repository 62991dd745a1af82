import { expect, test } from 'vitest';
import { makeSpan } from '../testing/spans.ts';
import type { Span } from './observability.schema.ts';
import { linkSpans, orderRows } from './span-tree.ts';

const span = (spanId: string, parentSpanId: string, startMs: number, mesh = true): Span =>
  makeSpan({ spanId, parentSpanId, startMs, mesh });
const words = (spans: Span[], mesh = true, folded?: Set<number>) =>
  orderRows(linkSpans(spans), mesh, folded).map(({ node, depth }) => `${depth}${node.span.name}`);

test('children stand under their parents, by start', () => {
  expect(words([span('c', 'a', 5), span('a', '', 0), span('b', 'a', 2), span('d', 'b', 3)])).toEqual(['0a', '1b', '2d', '1c']);
});

test('a span whose parent is missing, or itself, is a root', () => {
  expect(words([span('x', 'gone', 1), span('y', 'y', 2)])).toEqual(['0x', '0y']);
});

test('spans that are each other’s parents are shown all the same', () => {
  expect(words([span('a', 'b', 1), span('b', 'a', 2), span('c', 'b', 3)])).toHaveLength(3);
});

test('folding the mesh away puts app spans under their nearest app ancestor', () => {
  const spans = [span('app1', '', 0, false), span('out', 'app1', 1), span('in', 'out', 2), span('app2', 'in', 3, false)];
  expect(words(spans, false)).toEqual(['0app1', '1app2']);
});

test('without spans of an app, its sidecar’s span stands in for it', () => {
  const spans = [
    span('out', '', 0),
    makeSpan({ spanId: 'in', parentSpanId: 'out', startMs: 1, kind: 'server' }),
    span('away', 'in', 2),
  ];
  expect(words(spans, false)).toEqual(['0in', '1away']);
});

test('what a callee received hangs under the attempt that reached it', () => {
  const spans = [
    span('call', '', 0),
    makeSpan({ spanId: 't1', parentSpanId: 'call', startMs: 0, attributes: { 'drydock.attempt': 1 } }),
    makeSpan({ spanId: 't2', parentSpanId: 'call', startMs: 50, attributes: { 'drydock.attempt': 2 } }),
    makeSpan({ spanId: 's1', parentSpanId: 'call', startMs: 3, kind: 'server' }),
    makeSpan({ spanId: 's2', parentSpanId: 'call', startMs: 49, kind: 'server' }),
  ];
  expect(words(spans)).toEqual(['0call', '1t1', '2s1', '1t2', '2s2']);
});

test('with B3 both sides share an id: the received side hangs under the sent one, its calls under it', () => {
  const spans = [
    makeSpan({ spanId: 'x', parentSpanId: '', startMs: 0, kind: 'server', name: 'received' }),
    makeSpan({ spanId: 'x', parentSpanId: '', startMs: 0, kind: 'client', name: 'sent' }),
    makeSpan({ spanId: 'y', parentSpanId: 'x', startMs: 1, name: 'next' }),
  ];
  expect(words(spans)).toEqual(['0sent', '1received', '2next']);
});

test('a folded row hides everything under it', () => {
  expect(words([span('a', '', 0), span('b', 'a', 1), span('c', 'b', 2), span('d', '', 3)], true, new Set([1]))).toEqual([
    '0a',
    '1b',
    '0d',
  ]);
});

test('ten thousand spans in a chain do not overflow', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => span(`s${i}`, i === 0 ? '' : `s${i - 1}`, i));
  expect(orderRows(linkSpans(chain), true)).toHaveLength(10_000);
});

test('an app that joins the span of its sidecar stands under it, and what it sent under the app', () => {
  const spans = [
    makeSpan({ spanId: 'out' }),
    makeSpan({ spanId: 'in', parentSpanId: 'out', kind: 'server', name: 'sidecar', startMs: 1 }),
    makeSpan({ spanId: 'in', parentSpanId: 'out', kind: 'server', name: 'app', startMs: 2, mesh: false }),
    makeSpan({ spanId: 'next', parentSpanId: 'in', startMs: 3 }),
  ];
  expect(words(spans)).toEqual(['0out', '1sidecar', '2app', '3next']);
});

test('equal ids in two traces are two spans; a link by inference may lead from one into the other', () => {
  const spans = [
    makeSpan({ traceId: 'one', spanId: 'x', name: 'x of one', kind: 'server' }),
    makeSpan({ traceId: 'two', spanId: 'x', name: 'x of two', kind: 'server', startMs: 1 }),
    makeSpan({ traceId: 'two', spanId: 'y', parentSpanId: 'x', startMs: 2 }),
    makeSpan({ traceId: 'three', spanId: 'z', parentSpanId: 'y', startMs: 3, inferred: true }),
  ];
  expect(words(spans)).toEqual(['0x of one', '0x of two', '1y', '2z']);
});

test('a parent that is not there is told, one that is or that nobody named is not', () => {
  const nodes = linkSpans([span('a', '', 0), span('b', 'a', 1), span('c', 'gone', 2)]);
  expect(nodes.map((node) => node.parentMissing)).toEqual([false, false, true]);
});
