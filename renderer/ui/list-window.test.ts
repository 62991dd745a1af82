import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextWindow, type RowSpan } from './list-window.ts';

const none: RowSpan = { first: 0, last: -1 };
const size = ({ first, last }: RowSpan) => Math.max(0, last - first + 1);

/** Frames until everything is ready, and the most rows that one of them had to make. */
function settle(now: RowSpan, visible: RowSpan, count: number, travel: 1 | -1) {
  const made: number[] = [];
  for (let frame = 0; frame < 20; frame++) {
    const { span, more } = nextWindow(now, visible, count, travel);
    const common = size({ first: Math.max(now.first, span.first), last: Math.min(now.last, span.last) });
    made.push(size(span) - common);
    now = span;
    if (!more) return { span, made };
  }
  throw new Error('it never came to rest');
}

describe('the rows of a long list that are kept in the page', () => {
  test('the first frame has what is seen, the next ones what comes after it', () => {
    const first = nextWindow(none, { first: 0, last: 26 }, 100_000, 1);
    expect(first).toEqual({ span: { first: 0, last: 26 }, more: true });
    const { span, made } = settle(first.span, { first: 0, last: 26 }, 100_000, 1);
    expect(span.first).toBe(0);
    expect(span.last).toBeGreaterThanOrEqual(26 + 36);
    expect(Math.max(...made)).toBeLessThanOrEqual(12);
  });

  test('a turn of the wheel finds its rows ready: no frame makes more than a few', () => {
    let now = settle(none, { first: 0, last: 26 }, 100_000, 1).span;
    for (let turn = 1; turn <= 50; turn++) {
      const { span, made } = settle(now, { first: turn * 32, last: turn * 32 + 26 }, 100_000, 1);
      expect(Math.max(...made)).toBeLessThanOrEqual(12);
      now = span;
    }
  });

  test('a far jump draws what is seen and forgets the rest', () => {
    const now = settle(none, { first: 0, last: 26 }, 100_000, 1).span;
    const { span } = nextWindow(now, { first: 50_000, last: 50_026 }, 100_000, 1);
    expect(span).toEqual({ first: 50_000, last: 50_026 });
  });

  test('a slow scroll changes the page once in eight rows', () => {
    let { span } = settle(none, { first: 96, last: 122 }, 100_000, 1);
    let changes = 0;
    for (let row = 97; row <= 160; row++) {
      const next = nextWindow(span, { first: row, last: row + 26 }, 100_000, 1).span;
      if (next.first !== span.first || next.last !== span.last) changes++;
      span = next;
    }
    expect(changes).toBeLessThanOrEqual(16);
  });

  test('a list that became shorter keeps no row that it does not have', () => {
    expect(nextWindow({ first: 0, last: 60 }, { first: 0, last: 26 }, 3, 1)).toEqual({
      span: { first: 0, last: 2 },
      more: false,
    });
    expect(size(nextWindow({ first: 0, last: 60 }, { first: 0, last: 26 }, 0, 1).span)).toBe(0);
  });

  test('whatever is looked at is there, in any list and from anywhere, and it comes to rest within a dozen frames', () => {
    const spans = fc.tuple(fc.nat(5000), fc.nat(60)).map(([first, rows]) => ({ first, last: first + rows }));
    fc.assert(
      fc.property(spans, spans, fc.nat(6000), fc.constantFrom<1 | -1>(1, -1), (now, visible, count, travel) => {
        const { span } = nextWindow(now, visible, count, travel);
        const seenFrom = Math.max(0, visible.first);
        const seenTo = Math.min(count - 1, visible.last);
        if (seenFrom <= seenTo) {
          expect(span.first).toBeLessThanOrEqual(seenFrom);
          expect(span.last).toBeGreaterThanOrEqual(seenTo);
          expect(span.last).toBeLessThan(count);
        } else expect(size(span)).toBe(0);
        expect(settle(now, visible, count, travel).made.length).toBeLessThanOrEqual(12);
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
