import http2, { type ClientHttp2Session } from 'node:http2';
import net, { type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { flags, frame, hpack, preface, requestBlock, settings, frameTypes as types, uint32 } from '../../testing/raw-http2.ts';
import { HeaderMap } from '../header-map.ts';
import { FrameReader } from './frame-reader.ts';
import type { RequestHead } from './header-rules.ts';
import type { Http2Session } from './session.ts';
import type { Http2Stream } from './stream.ts';
import { type Ended, Heard, openSession } from './test-kit.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});
const turn = () => new Promise((resolve) => setImmediate(resolve));
const until = async (met: () => boolean) => {
  const deadline = Date.now() + 15_000;
  while (!met()) {
    if (Date.now() > deadline) throw new Error(`never: ${met}`);
    await turn();
  }
};
/** Until the test ends. */
async function open(server: net.Server): Promise<number> {
  closers.push(() => server.close());
  return listen(server);
}

type Serve = (stream: Http2Stream, head: RequestHead, heard: Heard) => void;

/** Our server, a client of node's. */
async function serveNode(serve: Serve): Promise<{ client: ClientHttp2Session; ours: { session: Http2Session; end: Ended }[] }> {
  const ours: { session: Http2Session; end: Ended }[] = [];
  const port = await open(net.createServer((socket) => ours.push(openSession(socket, 'server', serve))));
  const client = http2.connect(`http://127.0.0.1:${port}`);
  client.on('error', () => undefined);
  closers.push(() => client.destroy());
  return { client, ours };
}
/** A server of node's, our client. */
async function askNode(serve: (stream: http2.ServerHttp2Stream) => void) {
  const server = http2.createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    serve(stream);
  });
  server.on('sessionError', () => undefined);
  const port = await open(server as unknown as net.Server);
  const socket: Socket = net.connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  closers.push(() => socket.destroy());
  return { ...openSession(socket, 'client'), socket };
}
const get = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'];
const post = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/'];

/** Writes as much as is taken, waits for the drain, and so on to the end. */
function upload(stream: Http2Stream, heard: Heard, chunk: Buffer, times: number, trailers: HeaderMap | null): void {
  let left = times;
  const more = (): void => {
    while (left > 0) {
      left--;
      if (!stream.sendData(chunk)) return;
    }
    heard.onDrain = () => undefined;
    stream.end(trailers);
  };
  heard.onDrain = more;
  more();
}

describe('against node:http2', () => {
  it('serves bodies and trailers both ways, hundreds of requests over one connection', async () => {
    const { client } = await serveNode((stream, head, heard) => {
      stream.resume();
      void heard.done.then(() => {
        stream.sendHeaders([':status', '200'], HeaderMap.from([['x-path', head.path]]), false);
        stream.sendData(Buffer.from(heard.text));
        stream.end(HeaderMap.from([['x-sum', heard.trailers?.[1] ?? 'none']]));
      });
    });
    const ask = (n: number) =>
      new Promise<string>((resolve) => {
        let text = '';
        const stream = client.request({ ':path': `/${n}`, ':method': 'POST' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(n) }));
        stream.on('response', (headers) => (text += `${headers[':status']} ${String(headers['x-path'])} `));
        stream.on('data', (chunk) => (text += chunk));
        stream.on('trailers', (trailers) => (text += ` ${String(trailers['x-sum'])}`));
        stream.on('close', () => resolve(text));
        stream.end(`body ${n}`);
      });
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => ask(n)));
      expect(answers).toEqual(answers.map((_, n) => `200 /${n} body ${n} ${n}`));
    }
  });

  it('asks many at once, with trailers, interim heads and an early answer', async () => {
    const { session } = await askNode((stream) => {
      stream.additionalHeaders({ ':status': 103, link: 'x' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end('fine');
    });
    const all = Array.from({ length: 50 }, () => {
      const heard = new Heard();
      session.request(get, new HeaderMap(), true, heard);
      return heard;
    });
    for (const heard of await Promise.all(all.map(({ done }) => done))) {
      expect([heard.informational, heard.status, heard.text, heard.trailers]).toEqual([[103], 200, 'fine', ['grpc-status', '0']]);
    }
    await until(() => session.streams.size === 0);
  });

  it('carries 8 MiB up and down at once, held to the windows on both sides', async () => {
    const { session } = await askNode((stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const heard = new Heard();
    const stream = session.request(post, new HeaderMap(), false, heard);
    upload(stream, heard, Buffer.alloc(100_000, 'x'), 80, null);
    expect(stream.holdsData).toBe(true);
    await heard.done;
    expect([heard.bytes, heard.reset]).toEqual([8_000_000, null]);
  });

  it('holds no more than a window of what nobody reads, and the other streams go on', async () => {
    const slow = new Heard();
    let pushed = 0;
    const { session } = await askNode((stream) => {
      stream.respond({ ':status': 200 });
      const chunk = Buffer.alloc(16_384);
      const more = (): void => {
        while (pushed < 4_000_000 && !stream.destroyed) {
          pushed += chunk.length;
          if (!stream.write(chunk)) return;
        }
        stream.end();
      };
      stream.on('drain', more);
      more();
    });
    const stream = session.request(get, new HeaderMap(), true, slow);
    stream.pause();
    await until(() => slow.status === 200);
    for (let n = 0; n < 50; n++) await turn();
    expect(pushed).toBeLessThan(1_000_000);
    expect(slow.bytes).toBe(0);
    stream.resume();
    await slow.done;
    expect(slow.bytes).toBe(pushed);
  });

  it('sends within a window that shrinks below nothing and comes back (SETTINGS_INITIAL_WINDOW_SIZE)', async () => {
    const { client } = await serveNode((stream, _head, heard) => {
      stream.sendHeaders([':status', '200'], null, false);
      upload(stream, heard, Buffer.alloc(50_000), 20, null);
    });
    const stream = client.request({ ':path': '/' });
    let bytes = 0;
    await new Promise((resolve) => stream.once('response', resolve));
    await new Promise((resolve) => client.settings({ initialWindowSize: 0 }, resolve));
    await new Promise((resolve) => client.settings({ initialWindowSize: 100_000 }, resolve));
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await new Promise((resolve) => stream.once('close', resolve));
    expect([bytes, stream.rstCode]).toEqual([1_000_000, 0]);
  });

  it('drains: open streams end, then both sides close', async () => {
    let held: Http2Stream | null = null;
    const { client, ours } = await serveNode((stream) => {
      held = stream;
    });
    const stream = client.request({ ':path': '/' });
    stream.resume();
    await until(() => held !== null);
    ours[0]!.session.drain();
    await turn();
    const open = held as unknown as Http2Stream;
    open.sendHeaders([':status', '200'], null, true);
    await until(() => client.closed && ours[0]!.end.closed);
    expect([stream.rstCode, ours[0]!.end.errors]).toEqual([0, []]);
  });

  it('asks for a sign of life', async () => {
    const { session } = await askNode(() => undefined);
    let answered = 0;
    session.ping(() => answered++);
    await until(() => answered === 1);
  });
});

/** Bytes into a session of ours; what it is told, in order, and what comes back. */
async function feed(chunks: readonly Buffer[]): Promise<{ events: string[]; end: Ended; streams: number }> {
  const [near, far] = duplexPair();
  const events: string[] = [];
  const { session, end } = openSession(near, 'server', (stream, head, heard) => {
    events.push(`${stream.id} ${head.method} ${head.path} ${head.fields.join(',')}`);
    let bytes = '';
    heard.onData = (data) => (bytes += data.toString('latin1'));
    stream.resume();
    void heard.done.then(() => events.push(`${stream.id} ${bytes} ${heard.trailers} ${JSON.stringify(heard.reset)}`));
  });
  far.on('data', () => undefined);
  far.on('error', () => undefined);
  for (const chunk of chunks) {
    if (far.writable) far.write(chunk);
    await turn();
  }
  await turn();
  await turn();
  const streams = session.streams.size;
  session.destroy();
  far.destroy();
  return { events: events.sort(), end, streams };
}

describe('any split of the bytes', () => {
  const padded = Buffer.concat([Buffer.from([3]), Buffer.from('padded'), Buffer.alloc(3)]);
  const block = requestBlock('a', '/cut', [['x-long', 'v'.repeat(300)]], 'POST');
  const conversation = Buffer.concat([
    preface,
    settings([4, 70_000]),
    frame(types.headers, flags.endHeaders, 1, requestBlock('a', '/one', [], 'POST')),
    frame(types.data, 0, 1, Buffer.from('hello ')),
    frame(types.headers, 0, 3, block.subarray(0, 100)),
    frame(types.continuation, 0, 3, block.subarray(100, 200)),
    frame(types.continuation, flags.endHeaders, 3, block.subarray(200)),
    frame(types.data, 8, 1, padded),
    frame(types.ping, 0, 0, Buffer.alloc(8)),
    frame(types.data, flags.endStream, 1, Buffer.from(' end')),
    frame(types.data, 0, 3, Buffer.alloc(2_000, 'y')),
    frame(77, 0, 9, Buffer.alloc(5)),
    frame(types.headers, flags.endHeaders | flags.endStream, 3, hpack([['x-sum', '1']])),
    frame(types.headers, flags.endHeaders, 5, requestBlock('a', '/five', [], 'POST')),
    frame(types.rstStream, 0, 5, uint32(8)),
    frame(types.headers, flags.endHeaders, 7, hpack([['X', 'y']])),
  ]);

  it('gives the same', async () => {
    const whole = await feed([conversation]);
    expect(whole.events).toHaveLength(6);
    expect([whole.end.errors, whole.end.refused]).toEqual([[], ['the request head is malformed']]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(conversation.length), { maxLength: 25 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), conversation.length];
        const parts = at.slice(1).map((to, n) => conversation.subarray(at[n], to));
        expect(await feed(parts.filter(({ length }) => length > 0))).toEqual(whole);
      }),
      { numRuns: 150, seed: 9113 },
    );
  });

  it('byte by byte too', async () => {
    const bytes = Array.from(conversation, (_, n) => conversation.subarray(n, n + 1));
    expect(await feed(bytes)).toEqual(await feed([conversation]));
  });
});

describe('whatever comes', () => {
  const anyFrame = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 40 }))
    .map(([type, flagBits, stream, payload]) => frame(type, flagBits, stream, Buffer.from(payload)));
  const request = fc.nat(20).map((n) => frame(types.headers, flags.endHeaders, 2 * n + 1, requestBlock('a', '/', [], 'POST')));

  it('random frames end in GOAWAY at worst: nothing is thrown, nothing stays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(anyFrame, request), { maxLength: 30 }), async (frames) => {
        const { streams, end } = await feed([Buffer.concat([preface, settings(), ...frames])]);
        expect(streams).toBeLessThanOrEqual(30);
        expect(end.closed).toBe(true);
      }),
      { numRuns: 400, seed: 9113 },
    );
  });

  it('random bytes too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, greeted) => {
        const start = greeted ? [preface, settings()] : [];
        expect((await feed([Buffer.concat([...start, Buffer.from(bytes)])])).end.closed).toBe(true);
      }),
      { numRuns: 300, seed: 9113 },
    );
  });

  it('a reader keeps no more than one frame, however the bytes are cut', () => {
    let frames = 0;
    const reader = new FrameReader({ onData: () => undefined, onFrame: () => frames++ });
    const one = frame(types.ping, 0, 0, Buffer.alloc(8));
    for (let n = 0; n < 3_000; n++) for (let at = 0; at < one.length; at += 5) reader.read(one.subarray(at, at + 5));
    expect(frames).toBe(3_000);
    expect(() => reader.read(Buffer.from([1, 0, 0, 6, 0, 0, 0, 0, 0]))).toThrow('a frame of 65536 bytes');
  });
});
