import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderMap } from '../../header-map.ts';
import { ConnectionError } from '../protocol.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { codeLengths, decodeHuffman } from './huffman.ts';

const plenty = { bytes: 1_000_000, count: 10_000 };
const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const decoder = (limits = plenty, tableBytes = 4096) => new HpackDecoder(tableBytes, limits);

/** The code words again, by another way than the decoder's tables: strings of bits. */
function codeWords(): string[] {
  const words: string[] = [];
  let code = 0;
  for (let length = 1; length <= 30; length++) {
    code *= 2;
    for (const [symbol, own] of codeLengths.entries())
      if (own === length) words[symbol] = (code++).toString(2).padStart(length, '0');
  }
  return words;
}
const words = codeWords();
function huffman(text: Buffer): Buffer {
  const bits = [...text].map((byte) => words[byte]).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
function plainOf(coded: Buffer): Buffer | null {
  const target = Buffer.alloc(coded.length * 2);
  const length = decodeHuffman(coded, 0, coded.length, target);
  return length < 0 ? null : target.subarray(0, length);
}

describe('Huffman', () => {
  it('uses up all code words, EOS being thirty ones', () => {
    expect(codeLengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
    expect(words[256]).toBe('1'.repeat(30));
    expect(words['a'.charCodeAt(0)]).toBe('00011');
  });

  it('decodes what any text is coded to', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(plainOf(huffman(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 300, seed: 7541 },
    );
  });

  it.each([
    ['EOS', hex('ffffffff')],
    ['eight bits of padding', Buffer.concat([huffman(Buffer.from('0000000a')), hex('ff')])],
    ['padding of zeros', hex('18')],
    ['a long code word cut', hex('fffe')],
  ])('refuses %s', (_name, coded) => {
    expect(plainOf(coded)).toBeNull();
  });
});

describe('examples of RFC 7541, Appendix C', () => {
  const requests = [
    [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
    [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com', 'cache-control', 'no-cache'],
    [':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com', 'custom-key', 'custom-value'],
  ];
  it.each([
    [
      'C.3 without Huffman',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4 with Huffman',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('%s', (_name, blocks) => {
    const one = decoder();
    for (const [n, block] of blocks.entries()) expect(one.decode(hex(block))).toEqual(requests[n]);
  });

  it('C.6: responses with Huffman and a table of 256 bytes that evicts', () => {
    const one = decoder(plenty, 256);
    const date = 'Mon, 21 Oct 2013 20:13:21 GMT';
    const location = 'https://www.example.com';
    const privately = ['cache-control', 'private', 'date', date, 'location', location];
    const first =
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3';
    expect(one.decode(hex(first))).toEqual([':status', '302', ...privately]);
    expect(one.decode(hex('4883 640e ffc1 c0bf'))).toEqual([':status', '307', ...privately]);
    const third =
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07';
    expect(one.decode(hex(third))).toEqual([
      ...[':status', '200', 'cache-control', 'private', 'date', 'Mon, 21 Oct 2013 20:13:22 GMT', 'location', location],
      ...['content-encoding', 'gzip', 'set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
    ]);
  });
});

describe('decoder', () => {
  it.each([
    ['an index of nothing', '80'],
    ['an index beyond the tables', 'ff 00'],
    ['an integer without end', 'ff ff ff ff ff ff ff'],
    ['a string longer than the block', '00 7f 00'],
    ['a block that ends in a name', '40'],
    ['a table larger than allowed', '3f e2 1f'],
    ['three table sizes', '20 20 20'],
    ['a table size after a header', '82 20'],
  ])('refuses %s', (_name, block) => {
    expect(() => decoder().decode(hex(block))).toThrow(ConnectionError);
  });

  it('keeps nothing of a list beyond its limits, and goes on with the right table', () => {
    const one = decoder({ bytes: 200, count: 4 });
    const two = new HpackEncoder();
    const many = HeaderMap.from(Array.from({ length: 10 }, (_, n) => [`x-${n}`, 'v']));
    expect(one.decode(two.encode([], many))).toBeNull();
    expect(one.decode(two.encode(['x-9', 'v'], null))).toEqual(['x-9', 'v']);
  });

  it('never fails otherwise than with COMPRESSION_ERROR, whatever it is given', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (blocks) => {
        const one = decoder({ bytes: 500, count: 20 });
        try {
          for (const block of blocks) one.decode(Buffer.from(block));
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionError);
        }
      }),
      { numRuns: 1000, seed: 7541 },
    );
  });
});

describe('encoder', () => {
  const name = fc.constantFrom(':path', ':method', 'x-a', 'x-b', 'authorization', 'accept-encoding', 'date', 'cookie', 'x-long');
  const value = fc.oneof(
    fc.constantFrom('', 'GET', 'gzip, deflate', '/', 'a', 'b'),
    fc.stringMatching(/^[ -~\x80-\xff]{0,80}$/),
    fc.constant('v'.repeat(2000)),
  );
  const list = fc.array(fc.tuple(name, value), { maxLength: 12 });

  it('is understood by the decoder, list after list, whatever table the peer allows in between', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(list, fc.option(fc.constantFrom(0, 64, 200, 4096, 65_536))), { maxLength: 12 }), (lists) => {
        const encoder = new HpackEncoder();
        const peer = decoder(plenty, 65_536);
        for (const [pairs, tableBytes] of lists) {
          if (tableBytes !== null) encoder.limitTable(tableBytes);
          expect(peer.decode(Buffer.from(encoder.encode(pairs.flat(), null)))).toEqual(pairs.flat());
        }
      }),
      { numRuns: 300, seed: 7541 },
    );
  });

  it('says a header in a byte the second time, and marks credentials as never to be remembered', () => {
    const encoder = new HpackEncoder();
    const headers = HeaderMap.from([
      ['x-app', 'reviews'],
      ['authorization', 'Bearer 1'],
    ]);
    encoder.encode([], headers);
    const again = encoder.encode([':status', '200'], headers);
    expect([...again.subarray(0, 3)]).toEqual([0x88, 0x80 | 62, 0x1f]);
  });

  it('leaves out what belongs to an HTTP/1 connection, and no value breaks out of its header', () => {
    const encoder = new HpackEncoder();
    const headers = HeaderMap.from([
      ...([
        ['connection', 'close'],
        ['te', 'gzip'],
        ['te', 'trailers'],
        [':path', '/evil'],
        ['host', 'a'],
      ] as [string, string][]),
      ...([
        ['x-a', '1\r\nx-b: 2'],
        ['x-snow', '☃'],
        ['upgrade', 'h2c'],
      ] as [string, string][]),
    ]);
    const seen = decoder().decode(encoder.encode(['expect', '100-continue'], headers));
    expect(seen).toEqual(['expect', '100-continue', 'te', 'trailers', 'x-a', '1  x-b: 2', 'x-snow', '\xe2\x98\x83']);
  });
});
