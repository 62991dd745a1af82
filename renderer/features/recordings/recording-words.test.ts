import { expect, test } from 'vitest';
import { whenWords } from './recording-words.ts';

test('a recording of today has a time, an older one a day', () => {
  const now = new Date(2026, 10, 21, 18, 0).getTime();
  expect(whenWords(new Date(2026, 10, 21, 9, 5, 30).toISOString(), now)).toBe('09:05');
  expect(whenWords(new Date(2026, 10, 3, 9, 5).toISOString(), now)).toBe('3 Nov');
});
