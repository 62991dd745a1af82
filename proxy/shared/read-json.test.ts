import { describe, expect, it } from 'vitest';
import { decodePercents } from './percent-decoding.ts';
import { readJson, readJsonDocument } from './read-json.ts';

describe('text that may be JSON', () => {
  it('is read where it is, and never throws', () => {
    expect(readJson('null')).toEqual({ value: null });
    expect(readJson(' {"a": 1}')).toEqual({ value: { a: 1 } });
    for (const other of ['', '{"a": ', 'hello', '{a: 1}']) expect(readJson(other)).toBeNull();
  });

  it('is a document only as an object or a list', () => {
    expect(readJsonDocument('\n[1]')).toEqual({ value: [1] });
    for (const other of ['1', '"text"', 'null', '[1']) expect(readJsonDocument(other)).toBeNull();
  });
});

describe('percent encoding', () => {
  it('is taken off where it is whole', () => {
    expect(decodePercents('a%20b%C3%A9')).toBe('a bé');
    for (const other of ['100%', '%E9', 'plain']) expect(decodePercents(other)).toBe(other);
  });
});
