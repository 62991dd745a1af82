import { expect, test } from 'vitest';
import { countMissing, type ListOrder, withOlder } from './held-list.ts';

const order: ListOrder<string> = { idOf: (x) => x, compare: (a, b) => (a < b ? 1 : a > b ? -1 : 0) };

test('only what is not on show counts as new, not what fell out', () => {
  expect(countMissing(['e', 'd', 'c'], ['c', 'b', 'a'], order.idOf)).toBe(2);
  const same = ['a'];
  expect(countMissing(same, same, order.idOf)).toBe(0);
});

test('while it is held older ones come below the last row, newer ones wait', () => {
  expect(withOlder(['d', 'c'], ['f', 'e', 'd', 'c', 'b', 'a'], order)).toEqual(['d', 'c', 'b', 'a']);
  const held = ['d', 'c'];
  expect(withOlder(held, ['e', 'd', 'c'], order)).toBe(held);
});
