import { expect, test } from 'vitest';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { columnIds } from './column-choice.ts';
import { nextSort, parseSort, SortedRows } from './sort-rows.ts';

const rowsOf = (exchanges: Exchange[], text: string) => {
  const newestFirst = exchanges.map((_, number) => number).reverse();
  const sort = parseSort(text);
  if (!sort) throw new Error(`${text} is no sort`);
  const rows = new SortedRows(newestFirst, (number) => exchanges[number], sort);
  return { rows, ids: Array.from({ length: rows.count }, (_, index) => rows.at(index, (number) => exchanges[number])?.id) };
};

test('a title goes from ascending to descending to none, another title begins anew', () => {
  expect(nextSort(null, 'ms')).toBe('ms');
  expect(nextSort(parseSort('ms'), 'ms')).toBe('-ms');
  expect(nextSort(parseSort('-ms'), 'ms')).toBeNull();
  expect(nextSort(parseSort('-ms'), 'path')).toBe('path');
  for (const text of [null, '', '-', 'nonsense', '--ms']) expect(parseSort(text)).toBeNull();
});

test('numbers are compared as numbers, text with its numbers, equals newest first, nothing last either way', () => {
  const exchanges = [
    makeExchange({ id: 'a', durationMs: 9, path: '/pay/10', flags: '' }),
    makeExchange({ id: 'b', durationMs: 100, path: '/pay/9', flags: 'UH' }),
    makeExchange({ id: 'c', durationMs: 9, path: '/', flags: 'DC' }),
    makeExchange({ id: 'd', durationMs: 0, path: '/live', open: true }),
  ];
  expect(rowsOf(exchanges, 'ms').ids).toEqual(['c', 'a', 'b', 'd']);
  expect(rowsOf(exchanges, '-ms').ids).toEqual(['b', 'c', 'a', 'd']);
  expect(rowsOf(exchanges, 'path').ids).toEqual(['c', 'd', 'b', 'a']);
  expect(rowsOf(exchanges, 'flags').ids).toEqual(['c', 'b', 'd', 'a']);
  expect(rowsOf(exchanges, '-flags').ids).toEqual(['b', 'c', 'd', 'a']);
});

test('every column sorts', () => {
  const exchanges = [makeExchange({ id: 'a' }), makeExchange({ id: 'b', grpcStatus: 5, faults: [] })];
  for (const id of columnIds) expect(rowsOf(exchanges, id).ids).toHaveLength(2);
});

test('a sorted row keeps its place when its request goes on, ends, or leaves the ring', () => {
  const exchanges = [makeExchange({ id: 'a', durationMs: 5 }), makeExchange({ id: 'b', durationMs: 1 })];
  const { rows } = rowsOf(exchanges, 'ms');
  exchanges[1] = makeExchange({ id: 'b', durationMs: 99 });
  expect(rows.at(0, (number) => exchanges[number])?.durationMs).toBe(99);
  expect(rows.at(0, () => undefined)?.id).toBe('b');
  expect(rows.at(2, () => undefined)).toBeUndefined();
});
