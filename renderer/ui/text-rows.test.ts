import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowsOfText } from './text-rows.ts';

const all = (text: string, columns: number) => {
  const rows = rowsOfText(text, columns);
  return Array.from({ length: rows.count }, (_none, row) => rows.at(row));
};

const isWhole = (text: string) => !/\p{Surrogate}/u.test(text);

test('a line is a row, a long one several', () => {
  expect(all('ab\ncdefg\r\n\nh', 3)).toEqual(['ab', 'cde', 'fg', '', 'h']);
  expect(all('', 10)).toEqual(['']);
  expect(all('a\n', 10)).toEqual(['a', '']);
});

test('nothing is lost, no row is too long, and no character is cut in two', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer({ min: 2, max: 40 }), (text, columns) => {
      const plain = text.replaceAll('\r', '');
      const rows = all(plain, columns);
      expect(rows.join('')).toBe(plain.replaceAll('\n', ''));
      for (const row of rows) {
        expect(row.length).toBeLessThanOrEqual(columns + 1);
        if (isWhole(plain)) expect(isWhole(row)).toBe(true);
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('five megabytes are laid out at once, and only what is seen is cut out', () => {
  const text = '{"id":1,"name":"x"},\n'.repeat(250_000);
  const rows = rowsOfText(text, 80);
  expect(rows.count).toBe(250_001);
  expect(rows.at(249_999)).toBe('{"id":1,"name":"x"},');
});
