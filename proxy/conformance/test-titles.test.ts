import { expect, test } from 'vitest';
import { titlesOf } from './test-titles.ts';

const source = `
  // says 'a comment is no title'
  test('plain', () => expect(text).toBe('a string is no title'));
  it("with 'quotes'", async () => {});
  describe('a group', () => test.skipIf(old())('guarded by a condition', () => {}));
  test.each([['one', 1]])('a row: %s', (name) => {});
  test.each(rows)('$name is what the table says', ({ name }) => {});
  const named = { name: 'a field is no title' };
  call(first)('neither is an argument');
`;

test('titles of tests and groups count, texts elsewhere do not', () => {
  const has = titlesOf(source);
  for (const title of ['plain', "with 'quotes'", 'a group', 'guarded by a condition', 'kim is what the table says'])
    expect([title, has(title)]).toEqual([title, true]);
  for (const title of ['a comment is no title', 'a string is no title', 'a field is no title', 'neither is an argument', 'plai'])
    expect([title, has(title)]).toEqual([title, false]);
});

test('a place in a title stands for what its row says, if anything else is told', () => {
  expect(titlesOf("test.each(rows)('%s', () => {})")('anything')).toBe(false);
  expect(titlesOf("test.each(rows)('answers %s with %i', () => {})")('answers GET with 200')).toBe(true);
});

test('rows are titles where tests are called by their first column, and only there', () => {
  const rows = "const rows = [\n  ['a row', 1],\n  [\n    'a long row',\n    2,\n  ],\n];\n";
  const has = titlesOf(`${rows}test.each(rows)('%s', () => {});`);
  expect([has('a row'), has('a long row'), has('another')]).toEqual([true, true, false]);
  expect(titlesOf(rows)('a row')).toBe(false);
});
