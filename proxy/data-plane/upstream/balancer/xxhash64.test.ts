import { describe, expect, it } from 'vitest';
import { modulo, toHex, xxHash64 } from './xxhash64.ts';

describe('xxHash64', () => {
  it('gives the published values', () => {
    expect(toHex(xxHash64(''))).toBe('ef46db3751d8e999');
    expect(toHex(xxHash64('a'))).toBe('d24ec4f1a98c6e5b');
    expect(toHex(xxHash64('abc'))).toBe('44bc2cf5ad770999');
    expect(toHex(xxHash64('foo'))).toBe('33bf00a859c4ba3f');
    expect(toHex(xxHash64('Nobody inspects the spammish repetition'))).toBe('fbcea83c8a378bf1');
    expect(toHex(xxHash64('xxhash', { high: 0, low: 20141025 }))).toBe('b559b98d844e0635');
  });

  it('takes the remainder of all 64 bits', () => {
    for (const text of ['', 'a', 'foo', '10.0.0.1:8080']) {
      const hash = xxHash64(text);
      const exact = (BigInt(hash.high) << 32n) | BigInt(hash.low);
      expect(modulo(hash, 65537)).toBe(Number(exact % 65537n));
    }
  });
});
