import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BodyDecoder, createBodyDecoder } from './body-decoder.ts';
import type { Framing } from './fields.ts';
import { defaultHttp1Limits as limits } from './limits.ts';

/** Feeds `wire` cut at `cuts`; returns body, what was left over, and the decoder. */
function run(framing: Framing, wire: Buffer, cuts: number[] = []): { body: Buffer; rest: number; decoder: BodyDecoder } {
  const decoder = createBodyDecoder(framing, limits);
  const parts: Buffer[] = [];
  const sink = { onBody: (chunk: Buffer) => parts.push(Buffer.from(chunk)) > 0 };
  const edges = [0, ...[...cuts].sort((a, b) => a - b).filter((cut) => cut <= wire.length), wire.length];
  let consumed = 0;
  for (let i = 1; i < edges.length; i++) {
    const piece = wire.subarray(edges[i - 1], edges[i]);
    consumed += decoder.decode(piece, 0, sink);
  }
  return { body: Buffer.concat(parts), rest: wire.length - consumed, decoder };
}
function chunked(text: string): ReturnType<typeof run> {
  return run({ kind: 'chunked' }, Buffer.from(text, 'latin1'));
}

describe('a chunked body', () => {
  it('comes out the same however it is cut, with its trailers, leaving what follows', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
    const cuts = fc.array(fc.nat(300), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, cuts, fc.boolean(), fc.boolean(), (chunks, cutPoints, extension, trailer) => {
        const wire = Buffer.concat([
          ...chunks.map((chunk) =>
            Buffer.concat([
              Buffer.from(`${chunk.length.toString(16)}${extension ? ';a="b c"' : ''}\r\n`),
              chunk,
              Buffer.from('\r\n'),
            ]),
          ),
          Buffer.from(trailer ? '0\r\nX-Sum: 1\r\nY: 2\r\n\r\n' : '0\r\n\r\n'),
        ]);
        const { body, rest, decoder } = run({ kind: 'chunked' }, wire, cutPoints);
        expect(decoder.error).toBeNull();
        expect(decoder.done).toBe(true);
        expect(rest).toBe(0);
        expect(body.equals(Buffer.concat(chunks))).toBe(true);
        expect(decoder.trailers?.list ?? null).toEqual(trailer ? ['x-sum', '1', 'y', '2'] : null);
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it('leaves the bytes after its end untouched, cut anywhere', () => {
    const wire = Buffer.from('3\r\nabc\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1');
    for (let cut = 0; cut <= wire.indexOf('GET'); cut++) {
      const decoder = createBodyDecoder({ kind: 'chunked' }, limits);
      const sink = { onBody: () => true };
      const first = decoder.decode(wire.subarray(0, cut), 0, sink);
      expect(first).toBe(Math.min(cut, wire.indexOf('GET')));
      const second = decoder.decode(wire, cut, sink);
      expect(wire.toString('latin1', second)).toBe('GET / HTTP/1.1');
    }
  });

  it.each<[string, string]>([
    ['10 size 0x', '0x3\r\nabc\r\n'],
    ['10 size +', '+3\r\nabc\r\n'],
    ['10 size empty', '\r\nabc\r\n'],
    ['10 size only an extension', ';a\r\nabc\r\n'],
    ['10 17 hex digits', '00000000000000003\r\nabc\r\n'],
    ['10 size beyond 2^53', 'fffffffffffffff\r\nabc\r\n'],
    ['10 leading space', ' 3\r\nabc\r\n'],
    ['10 trailing space', '3 \r\nabc\r\n'],
    ['10 underscore', '1_0\r\nabc\r\n'],
    ['11 bare LF after a size', '3\nabc\r\n'],
    ['11 bare LF in an extension', '3;a\nabc\r\n'],
    ['11 CR without LF after a size', '3\rabc'],
    ['12 64 KiB extension', `3;${'a'.repeat(65536)}\r\nabc\r\n`],
    ['13 data longer than its chunk', '3\r\nabcd\r\n'],
    ['13 LF alone after the data', '3\r\nabc\n'],
    ['14 Content-Length in the trailers', '0\r\nContent-Length: 3\r\n\r\n'],
    ['14 Host in the trailers', '0\r\nHost: b\r\n\r\n'],
    ['14 Transfer-Encoding in the trailers', '0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['15 bare LF in the trailers', '0\r\nA: b\nC: d\r\n\r\n'],
    ['15 obs-fold in the trailers', '0\r\nA: b\r\n c\r\n\r\n'],
    ['trailers over their limit', `0\r\nA: ${'b'.repeat(9000)}\r\n\r\n`],
  ])('%s is refused', (_, wire) => {
    expect(chunked(wire).decoder.error).not.toBeNull();
  });

  it('14 never passes hop-by-hop trailers on', () => {
    expect(chunked('0\r\nConnection: x\r\nA: b\r\n\r\n').decoder.trailers?.list).toEqual(['a', 'b']);
  });

  it('is not complete when the stream ends early', () => {
    const { decoder } = chunked('5\r\nab');
    expect(decoder.finish()).toBe(false);
  });

  it('stops where its reader says so and goes on from there', () => {
    const decoder = createBodyDecoder({ kind: 'chunked' }, limits);
    const wire = Buffer.from('1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
    const seen: string[] = [];
    const sink = { onBody: (chunk: Buffer) => seen.push(chunk.toString()) > 1 };
    const at = decoder.decode(wire, 0, sink);
    expect(seen).toEqual(['a']);
    expect(decoder.decode(wire, at, sink)).toBe(wire.length);
    expect(seen).toEqual(['a', 'b']);
    expect(decoder.done).toBe(true);
  });
});

describe('a body with a length', () => {
  it('takes exactly its bytes, however cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.array(fc.nat(120)), (bytes, cuts) => {
        const wire = Buffer.concat([bytes, Buffer.from('next')]);
        const { body, rest, decoder } = run({ kind: 'length', length: bytes.length }, wire, cuts);
        // Pieces after the end are not consumed at all.
        expect(body.equals(Buffer.from(bytes))).toBe(true);
        expect(decoder.done).toBe(true);
        expect(rest).toBe(4);
      }),
      { seed: 13, numRuns: 200 },
    );
  });
});
