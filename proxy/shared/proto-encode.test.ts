import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { readProtos } from '../config/index.ts';
import { encodeMessage } from './proto-encode.ts';

const source = `syntax = "proto3"; package shop;
message Money { sint64 cents = 1; string currency = 2; }
enum Kind { UNKNOWN = 0; BOOK = 1; LAMP = 2; }
message Order {
  string order_id = 1; repeated int32 counts = 2; map<string, Money> prices = 3; Kind kind = 4; bytes raw = 5; double weight = 6;
  bool paid = 7; fixed32 small = 8; uint64 big = 9; repeated Money parts = 10; float share = 11; int64 negative = 12;
}`;
const root = protobuf.parse(source, { keepCase: true }).root;
const Order = root.lookupType('shop.Order');

const { types } = await readProtos([{ name: 'shop.proto', bytes: Buffer.from(source) }], async () => null);

test('what is encoded is read by protobufjs as it was written: names of both kinds, maps, enums, signs, 64 bits', () => {
  const written = encodeMessage(types, 'shop.Order', {
    orderId: 'o-1',
    counts: [1, -2, 300],
    prices: { lamp: { cents: -250, currency: 'EUR' }, book: { cents: '9007199254740993' } },
    kind: 'LAMP',
    raw: Buffer.from([0, 255]).toString('base64'),
    weight: 1.5,
    paid: true,
    small: 7,
    big: '18446744073709551615',
    parts: [{ cents: 1 }, { cents: 2 }],
    share: 0.5,
    negative: -1,
  });
  const read = Order.toObject(Order.decode(written), { longs: String, enums: String, bytes: String });
  expect(read).toEqual({
    order_id: 'o-1',
    counts: [1, -2, 300],
    prices: { lamp: { cents: '-250', currency: 'EUR' }, book: { cents: '9007199254740993' } },
    kind: 'LAMP',
    raw: 'AP8=',
    weight: 1.5,
    paid: true,
    small: 7,
    big: '18446744073709551615',
    parts: [{ cents: '1' }, { cents: '2' }],
    share: 0.5,
    negative: '-1',
  });
});

test('what does not fit is told with its place', () => {
  const encode = (json: unknown) => () => encodeMessage(types, 'shop.Order', json);
  expect(encode({ orderID: 'x' })).toThrow('orderID: shop.Order has no such field; it has order_id, counts');
  expect(encode({ parts: [{}, { cents: 'x' }] })).toThrow('parts[1].cents: "x" is no whole number');
  expect(encode({ kind: 'CAR' })).toThrow('kind: "CAR" is no shop.Kind; it is one of UNKNOWN, BOOK, LAMP');
  expect(encode([])).toThrow('shop.Order is written as an object');
});
