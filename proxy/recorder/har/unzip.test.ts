import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeZip } from './test-kit.ts';
import { unzip } from './unzip.ts';

test('a ZIP that is cut, broken, encrypted or a bomb is refused with a word', () => {
  const good = makeZip([{ name: 'a', content: Buffer.alloc(1000, 'a'), deflate: true }]);
  expect((unzip(good) as Map<string, Buffer>).get('a')).toHaveLength(1000);
  for (let cut = 0; cut < good.length; cut += 7) expect(typeof unzip(good.subarray(0, cut)), String(cut)).toBe('string');
  const encrypted = Buffer.from(good);
  const directory = encrypted.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  encrypted.writeUInt16LE(1, directory + 8);
  expect(unzip(encrypted)).toBe('a in the ZIP: it is encrypted');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(good.length - 1), (bytes, at) => {
      const spoiled = Buffer.from(good);
      Buffer.from(bytes).copy(spoiled, at);
      unzip(spoiled);
    }),
    { numRuns: 300, seed: 5 },
  );
});
