import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultHttp1Limits } from '../http1/limits.ts';
import { takeHead } from './take-head.ts';
import { UnreadInput } from './unread-input.ts';

const requests = ['GET /a HTTP/1.1\r\nHost: a\r\n\r\n', '\r\nPOST /b HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\n'];

/** Paths of the heads found in the bytes when they come in these pieces. */
function pathsOf(pieces: readonly Buffer[]): string[] {
  const input = new UnreadInput();
  const paths: string[] = [];
  for (const piece of pieces) {
    input.append(piece);
    for (;;) {
      const head = takeHead(input, defaultHttp1Limits);
      if (head === 'nothing' || head === 'partial') break;
      if (!('path' in head)) throw new Error(head.detail);
      paths.push(head.path);
    }
  }
  return paths;
}

describe('heads taken off a connection', () => {
  it('are the same however the bytes are cut', () => {
    const bytes = Buffer.from([...requests, ...requests].join(''));
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        expect(pathsOf(pieces)).toEqual(['/a', '/b', '/a', '/b']);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('leave what follows them to the next reader', () => {
    const input = new UnreadInput();
    input.append(Buffer.from(`${requests[0]}the body`));
    takeHead(input, defaultHttp1Limits);
    expect(input.waiting).toBe(8);
    expect(input.take()?.toString()).toBe('the body');
    expect(input.waiting).toBe(0);
  });

  it('are refused when they cannot fit any more, before all of them has come', () => {
    const limits = { ...defaultHttp1Limits, requestHeadBytes: 100, targetBytes: 30 };
    const tooMuch = (text: string) => {
      const input = new UnreadInput();
      input.append(Buffer.from(text));
      return takeHead(input, limits);
    };
    expect(tooMuch(`GET /${'a'.repeat(200)}`)).toMatchObject({ status: 414 });
    expect(tooMuch(`GET / HTTP/1.1\r\nx: ${'a'.repeat(200)}`)).toMatchObject({ status: 431 });
  });
});
