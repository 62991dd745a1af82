import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { createManualRing } from '../../engine/test-kit.ts';
import { MatchingList } from './matching-list.ts';
import { RowSample, readablePerSecond } from './row-sample.ts';

const startMs = Date.parse('2026-01-01T12:00:00Z');

function createList(capacity = 50_000, matches: (exchange: Exchange) => boolean = () => true) {
  const { ring, flush } = createManualRing(capacity);
  const list = new MatchingList(ring, matches);
  const sample = new RowSample(ring, list);
  let [id, atMs] = [0, startMs];
  const see = () => {
    flush();
    list.update(ring.get());
    sample.update(ring.get());
  };
  /** So many a second, for so long, seen ten times a second. */
  const pass = (perSecond: number, seconds: number) => {
    for (let tenth = 0; tenth < seconds * 10; tenth++) {
      const count = perSecond / 10;
      ring.push(
        Array.from({ length: count }, (_none, n) => {
          const time = new Date(atMs + (n * 100) / count).toISOString();
          return makeExchange({ id: String(id++), time, durationMs: 0, status: id % 2 ? 200 : 503 });
        }),
      );
      atMs += 100;
      see();
    }
  };
  const shown = () => {
    const { end } = ring.get();
    return Array.from({ length: sample.countBefore(end) }, (_none, row) => sample.numberAt(row, end) ?? -1);
  };
  return { ring, list, sample, pass, shown };
}

describe('the sample of a live list', () => {
  test('leaves nothing out of what can be read', () => {
    const { ring, sample, pass, shown } = createList();
    pass(readablePerSecond, 3);
    expect([sample.every, sample.hasGaps(ring.get().end), shown().length]).toEqual([1, false, 600]);
  });

  test('shows no more than can be read of 2,000 a second, and says one in how many', () => {
    const { sample, pass, shown } = createList();
    pass(2000, 1);
    const before = shown().length;
    pass(2000, 3);
    expect(sample.every).toBe(10);
    expect(shown().length - before).toBe(3 * readablePerSecond);
    pass(100, 2);
    expect(sample.every).toBe(1);
  });

  test('never takes a row away, nor puts one between two that are shown', () => {
    const { pass, shown } = createList();
    let before: number[] = [];
    for (const rate of [50, 3000, 900, 100, 5000, 10, 250]) {
      pass(rate, 1);
      const now = shown();
      expect(now.slice(now.length - before.length)).toEqual(before);
      before = now;
    }
  });

  test('is of what matches, not of what passes', () => {
    const { sample, pass } = createList(50_000, ({ status }) => status === 503);
    pass(400, 3);
    expect(sample.every).toBe(1);
    pass(1000, 2);
    expect(sample.every).toBe(5);
  });

  test('is given up when its gaps are out of sight, and then shows all', () => {
    const { ring, list, sample, pass, shown } = createList();
    pass(2000, 2);
    pass(100, 2);
    sample.settle(ring.get().end);
    expect(sample.hasGaps(ring.get().end)).toBe(true);
    const top = shown().slice(0, 100);
    pass(100, 2);
    sample.settle(ring.get().end);
    expect(sample.hasGaps(ring.get().end)).toBe(false);
    expect(shown()).toEqual(list.numbersBefore(ring.get().end));
    expect(shown().slice(200, 300)).toEqual(top);
  });

  test('is not made by what is told late: long requests that show up together each began at another time', () => {
    const { ring, list, sample } = createList();
    const late = Array.from({ length: 2000 }, (_none, n) =>
      makeExchange({ id: `open-${n}`, open: true, time: new Date(startMs - n * 100).toISOString() }),
    );
    ring.push(late);
    const view = { first: 0, end: late.length, replaced: 0 };
    list.update(view);
    sample.update(view);
    expect([sample.every, sample.hasGaps(view.end)]).toEqual([1, false]);
  });

  test('follows the ring: what has fallen out is not shown', () => {
    const { ring, pass, shown } = createList(1000);
    pass(3000, 2);
    expect(Math.min(...shown())).toBeGreaterThanOrEqual(ring.get().first);
  });
});
