import { expect, test } from 'vitest';
import { compileIpBlocks } from './ip-blocks.ts';

test('addresses and subnets of both families; what is no block never matches', () => {
  const within = compileIpBlocks(['10.0.0.0/8', '192.168.1.7', 'fd00::/8', '::1', 'nonsense', '300.1.1.1/8']);
  const cases: [string, boolean][] = [
    ['10.255.0.1', true],
    ['11.0.0.1', false],
    ['192.168.1.7', true],
    ['192.168.1.8', false],
    ['fd12::3', true],
    ['::1', true],
    ['::2', false],
    ['nonsense', false],
    ['', false],
  ];
  expect(cases.map(([address]) => [address, within(address)])).toEqual(cases);
});
