import { expect, test } from 'vitest';
import { makeSpan } from '../testing/spans.ts';
import type { Span } from './observability.schema.ts';
import { marksOf } from './span-marks.ts';
import { linkSpans } from './span-tree.ts';

const wordsOf = (change: Partial<Span>) =>
  marksOf(linkSpans([makeSpan(change)])[0]!).map(({ glyph, word }) => `${glyph} ${word}`);

test('an ordinary span has no mark', () => {
  expect(wordsOf({})).toEqual([]);
});

test('what failed, was injected, goes on, lacks its parent, was moved or names others is marked by glyph and word', () => {
  expect(wordsOf({ error: true, events: [{ name: 'fault slow: delay 3 ms', atMs: 0 }] })).toEqual([
    '✖ failed',
    '⚡ fault injected',
  ]);
  expect(wordsOf({ inferred: true })).toEqual(['┄ inferred']);
  expect(wordsOf({ open: true })).toEqual(['⏵ goes on']);
  expect(wordsOf({ parentSpanId: 'gone' })).toEqual(['⌀ parent not here']);
  expect(wordsOf({ movedMs: 500 })).toEqual(['⧗ moved, another clock']);
  expect(wordsOf({ links: [{ traceId: 'x', spanId: 'y' }] })).toEqual(['⇢ linked']);
});

test('a clock that is behind had its span moved later', () => {
  const explain = (movedMs: number) => marksOf(linkSpans([makeSpan({ movedMs, service: 'orders' })])[0]!)[0]!.explain;
  expect(explain(500)).toContain('orders is 500 ms behind');
  expect(explain(-500)).toContain('orders is 500 ms ahead');
});
