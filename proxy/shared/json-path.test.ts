import { expect, test } from 'vitest';
import { parseJsonPath, readJsonPath } from './json-path.ts';

const shop = {
  order: { id: 'o-1', 'odd name': 7, total: 12.5, paid: null },
  items: [
    { sku: 'a', count: 2, tags: ['x', 'y'] },
    { sku: 'b', count: 10 },
    { sku: 'c', count: 3, gone: true },
  ],
};
const read = (text: string, document: unknown = shop) => {
  const path = parseJsonPath(text);
  if (typeof path === 'string') throw new Error(path);
  return readJsonPath(path, document);
};

test.each<[string, unknown[]]>([
  ['$', [shop]],
  ['$.order.id', ['o-1']],
  ['order.id', ['o-1']],
  ["$['order']['odd name']", [7]],
  ['$["order"]["id","total"]', ['o-1', 12.5]],
  ['$.items[0].sku', ['a']],
  ['$.items[-1].sku', ['c']],
  ['$.items[0,2].sku', ['a', 'c']],
  ['$.items[1:].sku', ['b', 'c']],
  ['$.items[*].sku', ['a', 'b', 'c']],
  ['$.items.*.count', [2, 10, 3]],
  ['$..sku', ['a', 'b', 'c']],
  ['$..tags[0]', ['x']],
  ['$..[0]', [shop.items[0], 'x']],
  ["$.items[?(@.sku == 'b')].count", [10]],
  ['$.items[?(@.count > 2 && @.gone)].sku', ['c']],
  ['$.items[?(@.count >= 10 || @.tags)].sku', ['a', 'b']],
  ['$.items[?(!@.gone)].sku', ['a', 'b']],
  ['$.items[?@.sku != "a"].sku', ['b', 'c']],
  ['$.items[?(@.sku =~ /^[AB]$/i)].sku', ['a', 'b']],
  ['$.order[?(@ == null)]', [null]],
  ['$.order.paid', [null]],
  ['$.nothing.here', []],
  ['$.items.sku', []],
  ['$.order.__proto__', []],
  ['$.order.toString', []],
])('%s', (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test('what it does not speak it names, and never throws', () => {
  for (const text of [
    '$.items.length()',
    '$.a[',
    "$['a'",
    '$.a[?(1 == 1)]',
    '$.a[?(@.b == @.c)]',
    '$.a[?(@.b =~ /(/)]',
    '$ a',
    '$.a b',
  ])
    expect(parseJsonPath(text), text).toMatch(/^JSONPath /);
});

test('knows whether it leads to one place at most', () => {
  const definite = (text: string) => (parseJsonPath(text) as { definite: boolean }).definite;
  expect(['$.a[0].b', '$', "$['a']"].map(definite)).toEqual([true, true, true]);
  expect(['$..a', '$.a[*]', '$.a[0,1]', '$.a[?(@.b)]', '$.a[1:]'].map(definite)).toEqual([false, false, false, false, false]);
});
