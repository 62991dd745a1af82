import { expect, test } from 'vitest';
import { countMissing } from './held-list.ts';

test('only what is not on show counts as new, not what fell out', () => {
  const id = (x: string) => x;
  expect(countMissing(['e', 'd', 'c'], ['c', 'b', 'a'], id)).toBe(2);
  const same = ['a'];
  expect(countMissing(same, same, id)).toBe(0);
});
