import { expect, test } from 'vitest';
import { parseSeconds, rangeBetween, rangeQuery, timeAt, writeSeconds } from './time-range.ts';

test('a place on the strip is a moment of the recording', () => {
  expect([timeAt(50, 200, 8000), timeAt(-5, 200, 8000), timeAt(500, 200, 8000), timeAt(1, 0, 8000)]).toEqual([2000, 0, 8000, 0]);
});

test('a drag in either direction is a range; a click is none', () => {
  expect(rangeBetween(3000, 1000, 8000)).toEqual({ fromMs: 1000, toMs: 3000 });
  expect(rangeBetween(7000, 9000, 8000)).toEqual({ fromMs: 7000, toMs: 8000 });
  expect(rangeBetween(3000, 3010, 8000)).toBeNull();
});

test('seconds are typed as people write them', () => {
  expect(['1.5', '2', '0,25 s', '', 'x', '-1'].map(parseSeconds)).toEqual([1500, 2000, 250, null, null, null]);
  expect([1500, 0, 1234].map(writeSeconds)).toEqual(['1.5', '0', '1.234']);
});

test('a range takes its last millisecond along', () => {
  const firstAt = '2026-01-01T00:00:00.000Z';
  expect(rangeQuery({ fromMs: 1000, toMs: 2000 }, firstAt)).toEqual({
    since: '2026-01-01T00:00:01.000Z',
    until: '2026-01-01T00:00:02.001Z',
  });
  expect([rangeQuery(null, firstAt), rangeQuery({ fromMs: 0, toMs: 1 }, null)]).toEqual([{}, {}]);
});
