import { describe, expect, test } from 'vitest';
import { parsePercent, parseSizeBytes } from './size.ts';

describe('sizes and percentages', () => {
  test.each([
    ['512', 512],
    [512, 512],
    ['1KiB', 1024],
    ['1.5 KB', 1500],
    ['2MB', 2_000_000],
  ])('%s is %d bytes', (text, bytes) => expect(parseSizeBytes(text)).toBe(bytes));
  test.each(['', 'KiB', '-1', '1 XB', -1, 1.5])('%s is not a size', (text) => expect(parseSizeBytes(text)).toBeNull());
  test('percent accepts a sign or a number', () => {
    expect(parsePercent('0.5%')).toBe(0.5);
    expect(parsePercent(30)).toBe(30);
    expect(parsePercent('101%')).toBeNull();
    expect(parsePercent('30')).toBeNull();
  });
});
