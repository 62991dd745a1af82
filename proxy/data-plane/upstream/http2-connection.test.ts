import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { flags, frame, frameTypes, hpack, preface, settings } from '../../testing/raw-http2.ts';
import { HeaderMap } from '../header-map.ts';
import type { UpstreamCallbacks } from '../stream.ts';
import { Http2UpstreamConnection } from './http2-connection.ts';

/* A peer that writes its frames by hand over a stream that is no socket, as TLS within toxics is: all of an answer at once, or cut. */

const streams: Duplex[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.destroy();
});

const head = frame(frameTypes.headers, flags.endHeaders, 1, hpack([[':status', '200']]));
const trailers = frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, hpack([['grpc-status', '0']]));
const data = (bytes: number) =>
  Buffer.concat(Array.from({ length: bytes / 10_000 }, () => frame(frameTypes.data, 0, 1, Buffer.alloc(10_000, 'x'))));

/** Whole frames, after the preface where there is one: is one of them HEADERS? */
function hasRequest(chunk: Buffer): boolean {
  const isFirst = chunk.subarray(0, preface.length).equals(preface);
  for (let at = isFirst ? preface.length : 0; at < chunk.length; at += 9 + chunk.readUIntBE(at, 3)) {
    if (chunk[at + 3] === frameTypes.headers) return true;
  }
  return false;
}

/** A connection whose peer answers the first request with these bytes as soon as it asks. */
function connectTo(answer: readonly Buffer[]): { connection: Http2UpstreamConnection; near: Duplex; far: Duplex } {
  const [near, far] = duplexPair();
  streams.push(near, far);
  far.write(settings());
  far.on('data', (chunk: Buffer) => {
    if (hasRequest(chunk)) far.write(Buffer.concat(answer));
  });
  return { connection: new Http2UpstreamConnection(near), near, far };
}

/** What one request brings, in the order it comes. */
function ask(connection: Http2UpstreamConnection, onHead: () => void = () => undefined) {
  const seen: string[] = [];
  const counted = { bytes: 0 };
  let settle = () => {};
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const callbacks: UpstreamCallbacks = {
    onInformational: (status) => void seen.push(`${status}`),
    onHeaders: (status) => {
      seen.push(`head ${status}`);
      onHead();
    },
    onData: (chunk) => {
      if (counted.bytes === 0) seen.push('data');
      counted.bytes += chunk.length;
    },
    onEnd: (ending) => {
      seen.push(`end ${ending?.get('grpc-status') ?? ''}`);
      settle();
    },
    onReset: ({ kind }) => {
      seen.push(kind);
      settle();
    },
    onUpgrade: () => undefined,
    onDrain: () => undefined,
  };
  const stream = connection.newStream(callbacks);
  const request = { method: 'GET', scheme: 'http' as const, authority: 'a', path: '/', upgrade: '', expectContinue: false };
  stream.sendHeaders({ ...request, headers: new HeaderMap([]) }, true);
  return { stream, seen, done, counted };
}
const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

test('the head comes before the data, also when both came at once', async () => {
  const { connection } = connectTo([head, data(20_000), trailers]);
  const request = ask(connection);
  await request.done;
  expect([request.seen, request.counted.bytes]).toEqual([['head 200', 'data', 'end 0'], 20_000]);
});

test.each([
  ['at once', [head, data(50_000), trailers], []],
  ['the rest later', [head, data(20_000)], [data(30_000), trailers]],
  ['all of it after the head', [head], [data(50_000), trailers]],
])(
  'a complete answer is read whole although its peer ended the connection while the reader was behind: %s',
  async (_name, first, later) => {
    const { connection, near, far } = connectTo(first);
    const closed = new Promise((resolve) => near.once('close', resolve));
    const request = ask(connection, () => request.stream.pause());
    await turns(5);
    for (const part of later) far.write(part);
    await turns(5);
    far.end();
    await closed;
    await turns(5);
    expect(request.seen).toEqual(['head 200']);
    request.stream.resume();
    await request.done;
    expect([request.seen, request.counted.bytes]).toEqual([['head 200', 'data', 'end 0'], 50_000]);
  },
);

test('an answer that is cut is a reset, however far behind the reader is', async () => {
  const { connection, far } = connectTo([head, data(50_000)]);
  const request = ask(connection, () => request.stream.pause());
  await turns(5);
  far.end();
  await request.done;
  expect(request.seen).toEqual(['head 200', 'connection-termination']);
});
