import { expect, test } from 'vitest';
import { ProtoTypes } from '../../shared/proto-types.ts';
import { writeBytes } from '../../shared/proto-wire.ts';
import { describeProto } from './proto-fields.ts';
import { parseEvent } from './view-messages.ts';

const varint = (number: number, value: number) => Buffer.from([number << 3, value]);

/** shop.Stock {string product = 1; Place place = 2 {int32 shelf = 1}; repeated int32 sold = 3 (packed); State state = 4} */
const stock = Buffer.concat([
  writeBytes(1, 'compass'),
  writeBytes(2, varint(1, 7)),
  writeBytes(3, Buffer.from([1, 2, 150, 1])),
  varint(4, 1),
]);

const field = (name: string, number: number, type: number, typeName = '') =>
  writeBytes(
    2,
    Buffer.concat([
      writeBytes(1, name),
      varint(3, number),
      varint(5, type),
      typeName ? writeBytes(6, typeName) : Buffer.alloc(0),
    ]),
  );
const file = Buffer.concat([
  writeBytes(1, 'shop.proto'),
  writeBytes(2, 'shop'),
  writeBytes(
    4,
    Buffer.concat([
      writeBytes(1, 'Stock'),
      field('product', 1, 9),
      field('place', 2, 11, '.shop.Stock.Place'),
      field('sold', 3, 5),
      field('state', 4, 14, '.shop.State'),
      writeBytes(3, Buffer.concat([writeBytes(1, 'Place'), field('shelf', 1, 5)])),
    ]),
  ),
  writeBytes(5, Buffer.concat([writeBytes(1, 'State'), writeBytes(2, Buffer.concat([writeBytes(1, 'LOW'), varint(2, 1)]))])),
  writeBytes(
    6,
    Buffer.concat([
      writeBytes(1, 'Warehouse'),
      writeBytes(2, Buffer.concat([writeBytes(1, 'Watch'), writeBytes(2, '.shop.Ask'), writeBytes(3, '.shop.Stock')])),
    ]),
  ),
]);

test('protobuf without names: numbers, wire types, text as text, and a guess at what is nested', () => {
  expect(describeProto(stock, '', null, false)).toEqual([
    { depth: 0, number: 1, name: '', type: 'string?', value: 'compass' },
    { depth: 0, number: 2, name: '', type: 'message?', value: '' },
    { depth: 1, number: 1, name: '', type: 'varint?', value: '7' },
    { depth: 0, number: 3, name: '', type: 'bytes?', value: '01029601' },
    { depth: 0, number: 4, name: '', type: 'varint?', value: '1' },
  ]);
  expect(describeProto(Buffer.from('hello'), '', null, false)).toBeNull();
});

test('a descriptor gives names, packed lists and enum values', () => {
  const types = new ProtoTypes();
  expect(types.addFile(file)).toEqual([]);
  expect(types.methods.get('/shop.Warehouse/Watch')).toEqual({ input: 'shop.Ask', output: 'shop.Stock' });
  expect(describeProto(stock, 'shop.Stock', types, false)?.map(({ name, type, value }) => [name, type, value])).toEqual([
    ['product', 'string', 'compass'],
    ['place', 'message shop.Stock.Place', ''],
    ['shelf', 'int32', '7'],
    ['sold', 'packed int32', '[1, 2, 150]'],
    ['state', 'enum shop.State', 'LOW'],
  ]);
});

test('an event’s lines are taken apart as a browser does', () => {
  expect(parseEvent('id: 7\r\nevent: sale\r\ndata: {"a":1}\r\ndata:  b\r\nretry: 3000\r\n: beat\r\n\r\n')).toEqual({
    id: '7',
    event: 'sale',
    data: '{"a":1}\n b',
    retry: 3000,
    comment: 'beat',
  });
});
