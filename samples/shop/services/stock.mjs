// What lies on which shelf, over gRPC. shop.Stock/Get answers one level, /Watch every change from now on.
import { setTimeout as wait } from 'node:timers/promises';
import { serveGrpc } from '../lib/grpc.mjs';
import { decode, encode } from '../lib/protobuf.mjs';

const levels = new Map([
  ['sextant', { left: 3, shelf: 'A1' }],
  ['compass', { left: 8, shelf: 'A2' }],
  ['lantern', { left: 21, shelf: 'B4' }],
  ['rope', { left: 40, shelf: 'D1' }],
  ['bell', { left: 5, shelf: 'C3' }],
  ['charts', { left: 12, shelf: 'A7' }],
]);
const full = 40;
const watchers = new Set();

/** message Level { string product = 1; int32 left = 2; string shelf = 3; State state = 4; } */
function level(product) {
  const { left, shelf } = levels.get(product) ?? { left: 0, shelf: '' };
  const state = left === 0 ? 0 : left < 4 ? 1 : 2;
  return encode([[1, product], [2, left], [3, shelf], ...(state === 0 ? [] : [[4, state]])]);
}

const productOf = (message) => String(decode(message).get(1) ?? '');

/** Things are sold and delivered. */
function change() {
  const products = [...levels.keys()];
  const product = products[Math.floor(Math.random() * products.length)];
  const entry = levels.get(product);
  entry.left = entry.left === 0 ? full : Math.max(0, entry.left - 1);
  for (const send of watchers) send(level(product));
}
setInterval(change, 2_000).unref();

const field = (name, number, type, typeName) =>
  encode([[1, name], [3, number], [4, 1], [5, type], ...(typeName ? [[6, typeName]] : [])]);
const method = (name, isStream) => encode([[1, name], [2, '.shop.Product'], [3, '.shop.Level'], ...(isStream ? [[6, 1]] : [])]);
const state = (name, number) =>
  encode([
    [1, name],
    [2, number],
  ]);

/** stock.proto as a FileDescriptorProto. */
const descriptor = encode([
  [1, 'stock.proto'],
  [2, 'shop'],
  [
    4,
    encode([
      [1, 'Product'],
      [2, field('id', 1, 9)],
    ]),
  ],
  [
    4,
    encode([
      [1, 'Level'],
      [2, field('product', 1, 9)],
      [2, field('left', 2, 5)],
      [2, field('shelf', 3, 9)],
      [2, field('state', 4, 14, '.shop.State')],
    ]),
  ],
  [
    5,
    encode([
      [1, 'State'],
      [2, state('SOLD_OUT', 0)],
      [2, state('FEW', 1)],
      [2, state('PLENTY', 2)],
    ]),
  ],
  [
    6,
    encode([
      [1, 'Stock'],
      [2, method('Get', false)],
      [2, method('Watch', true)],
    ]),
  ],
  [12, 'proto3'],
]);

serveGrpc(
  process.env.PORT,
  {
    '/shop.Stock/Get': (message, call) => call.send(level(productOf(message))),
    '/shop.Stock/Watch': async (_message, call) => {
      watchers.add(call.send);
      while (call.isOpen()) await wait(500);
      watchers.delete(call.send);
    },
  },
  descriptor,
);
