import { expect, test } from 'vitest';
import { parseXml } from './xml-text.ts';
import { parseXPath, readXPath } from './xpath.ts';

const order = `<?xml version="1.0"?><!-- an order -->
<o:order xmlns:o="urn:x" id="7">
  <item sku="a"><name>Tea &amp; more</name><count>2</count></item>
  <item sku="b"><name><![CDATA[<Milk>]]></name><count>1</count></item>
  <empty/>
</o:order>`;

test.each<[string, string[]]>([
  ['/order/@id', ['7']],
  ['/order/item/name', ['Tea & more', '<Milk>']],
  ['//name/text()', ['Tea & more', '<Milk>']],
  ["//item[@sku='b']/name", ['<Milk>']],
  ['/order/item[2]/count', ['1']],
  ['/order/item[last()]/@sku', ['b']],
  ["/o:order/item[name='Tea & more']/count", ['2']],
  ['/order/*/@sku', ['a', 'b']],
  ['/order/empty', ['']],
  ['/order[empty]/@id', ['7']],
  ['//nothing', []],
])('%s', (text, expected) => {
  const path = parseXPath(text);
  expect(typeof path === 'string' ? path : readXPath(path, parseXml(order)!)).toEqual(expected);
});

test('what is not well-formed, and what XPath it does not speak, is refused', () => {
  for (const text of [
    '',
    'x',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a b=c/>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<a>'.repeat(300),
  ])
    expect(parseXml(text), text.slice(0, 40)).toBeNull();
  for (const text of ['', 'count(//a)', '/a[position()<3]', '/a/following-sibling::b(', '/a[contains(., "x")]'])
    expect(parseXPath(text), text).toMatch(/^XPath /);
});
