import { describe, expect, test } from 'vitest';
import { type FaultMemory, OwnFaultMemory, SharedFaultMemory } from './fault-memory.ts';

const buffer = SharedFaultMemory.create(true);
const kinds: [string, () => [FaultMemory, FaultMemory]][] = [
  [
    'of one thread',
    () => {
      const own = new OwnFaultMemory();
      return [own, own];
    },
  ],
  ['shared by two', () => [new SharedFaultMemory(buffer), new SharedFaultMemory(buffer)]],
];

describe.each(kinds)('the memory of a fault, %s', (_name, open) => {
  const [here, there] = open();

  test('counts in one row, whoever counts', () => {
    expect([here.nextMatch(), there.nextMatch(), here.nextMatch(), here.nextHit(), there.nextKey()]).toEqual([0, 1, 2, 0, 0]);
    expect([there.matched, there.hits, there.keys]).toEqual([3, 1, 1]);
  });

  test('a key keeps what its first request drew, wherever the next one comes', () => {
    expect(here.decisionOf('client reviews-v1-0')).toBeUndefined();
    here.remember('client reviews-v1-0', true);
    expect(there.decisionOf('client reviews-v1-0')).toBe(true);
    expect(there.decisionOf('client web-v1-0')).toBeUndefined();
    there.remember('client web-v1-0', false);
    expect(here.decisionOf('client web-v1-0')).toBe(false);
  });

  test('more keys than it has room for push out others, and are themselves remembered', () => {
    for (let index = 0; index < 30_000; index++) {
      const key = `trace ${index}`;
      if (here.decisionOf(key) === undefined) here.remember(key, index % 3 === 0);
    }
    for (let index = 29_990; index < 30_000; index++) expect(there.decisionOf(`trace ${index}`)).toBe(index % 3 === 0);
  });
});

test('keys of a fault that draws per connection are remembered nowhere but where the connection is', () => {
  expect(SharedFaultMemory.create(false).byteLength).toBeLessThan(64);
});
