import { expect, test } from 'vitest';
import { FloodLimits } from './flood-limits.ts';

/** How many of `count` requests were taken when each `resetEvery`th is reset and the others end well, all at one moment. */
function requestsTaken(count: number, resetEvery: number): number {
  const floods = new FloodLimits(() => 0);
  for (let n = 1; n <= count; n++) {
    try {
      if (n % resetEvery === 0) floods.onReset();
      else floods.noteEndedStream();
    } catch {
      return n;
    }
  }
  return count;
}

test('who resets everything is cut off at a thousand', () => {
  expect(requestsTaken(100_000, 1)).toBe(1001);
});

test('callers with deadlines who share a connection may cancel up to half of their calls, however many there are', () => {
  expect(requestsTaken(100_000, 20)).toBe(100_000);
  expect(requestsTaken(100_000, 2)).toBe(100_000);
});
