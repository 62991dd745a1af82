import http from 'node:http';
import http2 from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import {
  errors,
  flags,
  frame,
  hpack,
  hpackIndexed,
  hpackInserted,
  preface,
  RawHttp2,
  requestBlock,
  settings,
  frameTypes as types,
  uint32,
} from '../../testing/raw-http2.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { poll, RawClient } from './kit.ts';

/*
 * HTTP/2 clients that write frames no library would (hardening cases 54 to 62, 65), against a whole mesh with an HTTP/1.1 app: what they do
 * ends their own connection or stream, never reaches the app, costs bounded memory, and their neighbour does not notice.
 */

let mesh: TestMesh;
let app: http.Server;
let appPort = 0;
const seen: { url: string; method: string; headers: string[] }[] = [];
const peers: { close(): void }[] = [];

beforeAll(async () => {
  app = http.createServer((request, response) => {
    seen.push({ url: request.url ?? '', method: request.method ?? '', headers: request.rawHeaders });
    request.resume();
    if (request.url === '/hang') return;
    request.on('end', () => response.end('fine'));
  });
  appPort = await listen(app);
  const service = (name: string) => ({ name, port: 8000, workloads: [{ address: `127.0.0.1:${appPort}` }] });
  mesh = await startMesh(meshText({ services: [service('caller'), service('app')] }, []));
});
afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});
afterAll(async () => {
  await mesh?.close();
  app?.closeAllConnections();
  app?.close();
});

async function connect(own: [number, number][] = [], options: { answers?: boolean } = {}): Promise<RawHttp2> {
  const peer = RawHttp2.connect(mesh.outbound('caller-x-0').port, own, options);
  peers.push(peer);
  return peer.until(({ frames }) => frames.length > 0);
}
const whole = flags.endHeaders | flags.endStream;
const get = (stream: number, path = '/hang', more: [string, string][] = []) =>
  frame(types.headers, whole, stream, requestBlock('app:8000', path, more));

const pongs = ({ frames }: RawHttp2): number => frames.filter(({ type }) => type === types.ping).length;

/** Streams numbered from 1, fifty at a time, until the proxy has had enough; how many were begun. */
async function flood(peer: RawHttp2, begin: (stream: number) => Buffer[], atMost: number): Promise<number> {
  let begun = 0;
  while (begun < atMost) {
    const batch: Buffer[] = [];
    for (let n = 0; n < 50; n++) batch.push(...begin(2 * begun++ + 1));
    const answered = pongs(peer);
    // The answer to a PING tells that the proxy has seen the batch.
    if (!(await peer.push(Buffer.concat([...batch, frame(types.ping, 0, 0, Buffer.alloc(8))])))) break;
    await peer.until((one) => pongs(one) > answered || one.goaway >= 0);
    if (peer.goaway >= 0) break;
  }
  return begun;
}
/** The same frame over and over, a thousand at a time. */
async function repeat(peer: RawHttp2, one: Buffer, atMost: number): Promise<number> {
  const batch = Buffer.concat(Array.from({ length: 1000 }, () => one));
  let sent = 0;
  while (sent < atMost) {
    sent += 1000;
    if (!(await peer.push(batch)) || peer.goaway >= 0) break;
  }
  return sent;
}
/** One request of somebody else, meanwhile. */
async function neighbourMs(): Promise<number> {
  const startedAt = performance.now();
  const peer = await connect();
  peer.send(get(1, '/neighbour'));
  await peer.until((one) => one.of(1, types.data).some(({ payload }) => payload.toString() === 'fine'));
  return performance.now() - startedAt;
}
/** Closed, with GOAWAY and its reason; who still writes into a closed connection may lose them to the kernel's reset. */
async function expectSentAway(peer: RawHttp2): Promise<void> {
  await peer.until(({ closed }) => closed);
  expect(peer.closed).toBe(true);
  expect(peer.goaway).not.toBe(errors.none);
}
const residentMb = () => process.memoryUsage().rss / 1e6;
/** A hundred connections to the app are opened meanwhile: that takes its time where the machine is busy. */
async function arrived(before: number, count: number): Promise<number> {
  for (const deadline = Date.now() + 50_000; seen.length - before < count && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return seen.length - before;
}
const activeRequests = async () =>
  ((await mesh.api('/status')) as { counters: { activeRequests: number } }).counters.activeRequests;

describe('54 resets that the client provokes the proxy into', () => {
  for (const [name, provoke] of [
    ['a window that overflows', (n: number) => [get(n), frame(types.windowUpdate, 0, n, uint32(0x7fffffff))]],
    ['a window update of nothing', (n: number) => [get(n), frame(types.windowUpdate, 0, n, uint32(0))]],
    ['data after the end', (n: number) => [get(n), frame(types.data, 0, n, Buffer.from('x'))]],
    [
      'more data than content-length',
      (n: number) => [
        frame(types.headers, flags.endHeaders, n, requestBlock('app:8000', '/hang', [['content-length', '1']], 'POST')),
        frame(types.data, 0, n, Buffer.from('xx')),
      ],
    ],
    ['malformed heads', (n: number) => [get(n, '/hang', [['X-Upper', '1']])]],
  ] as [string, (n: number) => Buffer[]][]) {
    test(`${name}: GOAWAY long before 1,000 streams, nothing left running`, async () => {
      const peer = await connect();
      expect(await flood(peer, provoke, 5_000)).toBeLessThan(1_000);
      await expectSentAway(peer);
      await expect.poll(neighbourMs).toBeLessThan(1_000);
      expect(await poll(activeRequests, (count) => count === 0)).toBe(0);
    });
  }
});

describe('55 endless CONTINUATION', () => {
  for (const [name, payload] of [
    ['with headers', hpack([['x-a', 'b'.repeat(1_000)]])],
    ['empty', Buffer.alloc(0)],
  ] as [string, Buffer][]) {
    test(`${name}: GOAWAY, and next to no memory`, async () => {
      const before = residentMb();
      const peer = await connect();
      peer.send(frame(types.headers, flags.endStream, 1, requestBlock('app:8000', '/never')));
      await repeat(peer, frame(types.continuation, 0, 1, payload), 100_000);
      await expectSentAway(peer);
      // The client is in this process too, with what it writes.
      expect(residentMb() - before).toBeLessThan(25);
      expect(seen.some(({ url }) => url === '/never')).toBe(false);
    });
  }
});

describe('56 floods of frames that ask for nothing', () => {
  const priority = Buffer.concat([uint32(0), Buffer.from([1])]);
  for (const [name, one] of [
    ['PING', frame(types.ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', settings([3, 100])],
    ['SETTINGS acknowledgements', frame(types.settings, flags.ack, 0)],
    ['PRIORITY', frame(types.priority, 0, 3, priority)],
    ['frames of unknown type', frame(77, 0, 0, Buffer.alloc(8))],
    ['empty DATA', frame(types.data, 0, 1)],
  ] as [string, Buffer][]) {
    test(`${name}: GOAWAY, and the neighbour is served`, async () => {
      const peer = await connect();
      peer.send(frame(types.headers, flags.endHeaders, 1, requestBlock('app:8000', '/hang', [], 'POST')));
      await repeat(peer, one, 200_000);
      await expectSentAway(peer);
      await expect.poll(neighbourMs).toBeLessThan(1_000);
    });
  }

  test('WINDOW_UPDATE queues nothing: memory stays, and the neighbour is served', async () => {
    const peer = await connect();
    const before = residentMb();
    await repeat(peer, frame(types.windowUpdate, 0, 0, uint32(1)), 200_000);
    expect(residentMb() - before).toBeLessThan(20);
    await expect.poll(neighbourMs).toBeLessThan(1_000);
  });

  for (const [name, one] of [
    ['PING', frame(types.ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', settings([3, 100])],
  ] as [string, Buffer][]) {
    test(`${name} from a client that reads no answers: the queue of answers is bounded`, async () => {
      const peer = await connect();
      const before = residentMb();
      peer.socket.pause();
      const sent = await Promise.race([
        repeat(peer, one, 300_000),
        new Promise<number>((resolve) => setTimeout(() => resolve(-1), 1_000)),
      ]);
      expect(sent).toBeLessThan(300_000);
      expect(residentMb() - before).toBeLessThan(20);
      await expect.poll(neighbourMs).toBeLessThan(1_000);
    });
  }
});

describe('57 windows', () => {
  test('overflow of the connection’s window: FLOW_CONTROL_ERROR', async () => {
    const peer = await connect();
    const much = frame(types.windowUpdate, 0, 0, uint32(0x7fffffff));
    peer.send(much, much);
    await peer.until(({ closed }) => closed);
    expect(peer.goaway).toBe(errors.flowControl);
  });

  test('more data than the window we gave: held back or FLOW_CONTROL_ERROR, never gathered', async () => {
    const peer = await connect();
    const before = residentMb();
    peer.send(frame(types.headers, flags.endHeaders, 1, requestBlock('app:8000', '/hang', [], 'POST')));
    for (let n = 0; n < 4_000 && peer.goaway < 0 && !peer.closed; n++) {
      // 64 MB against a window of 256 KiB a stream, without waiting for any update.
      if (!peer.send(frame(types.data, 0, 1, Buffer.alloc(16_384)))) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(residentMb() - before).toBeLessThan(150);
    await expect.poll(neighbourMs).toBeLessThan(1_000);
  });
});

describe('58 more streams than were allowed', () => {
  test('the 101st is refused while our SETTINGS are on their way; the hundred go on', async () => {
    // A client that has not acknowledged them yet cannot know: RFC 9113 §5.1.2, §8.7.
    const peer = await connect([], { answers: false });
    const before = seen.length;
    peer.send(...Array.from({ length: 150 }, (_, n) => get(2 * n + 1)));
    await peer.until(({ frames }) => frames.filter(({ type }) => type === types.rstStream).length >= 50);
    const refused = peer.frames.filter(({ type }) => type === types.rstStream);
    expect(refused.map(({ stream }) => stream)).toEqual(Array.from({ length: 50 }, (_, n) => 2 * (100 + n) + 1));
    expect(new Set(refused.map(({ payload }) => payload.readUInt32BE(0)))).toEqual(new Set([errors.refusedStream]));
    expect(peer.goaway).toBe(-1);
    expect(await arrived(before, 100)).toBe(100);
  }, 60_000);

  test('one who has acknowledged them is refused the 101st just the same, and the hundred go on', async () => {
    const peer = await connect();
    const before = seen.length;
    peer.send(...Array.from({ length: 101 }, (_, n) => get(2 * n + 1)));
    await peer.until((one) => one.resetOf(201) >= 0);
    expect(peer.resetOf(201)).toBe(errors.refusedStream);
    expect(await arrived(before, 100)).toBe(100);
    expect(peer.goaway).toBe(-1);
  }, 60_000);

  test('one who goes on beyond the limit loses the connection', async () => {
    const peer = await connect();
    peer.send(...Array.from({ length: 1_200 }, (_, n) => get(2 * n + 1)));
    await peer.until(({ closed }) => closed);
    expect(peer.goaway).toBe(errors.enhanceYourCalm);
    expect(await poll(activeRequests, (count) => count === 0)).toBe(0);
  });
});

describe('59 HPACK', () => {
  test('a bomb of ten thousand references to 4 KB is refused, unseen by the app, without the memory', async () => {
    const peer = await connect();
    const before = residentMb();
    const bomb = Buffer.concat([
      requestBlock('app:8000', '/bomb'),
      hpackInserted('x-b', 'v'.repeat(3_900)),
      ...Array.from({ length: 10_000 }, () => hpackIndexed(62)),
    ]);
    for (let n = 0; n < 50; n++) peer.send(frame(types.headers, whole, 2 * n + 1, bomb));
    await peer.until((one) => one.resetOf(99) >= 0);
    expect(peer.resetOf(1)).toBe(errors.enhanceYourCalm);
    expect(residentMb() - before).toBeLessThan(40);
    expect(seen.some(({ url }) => url === '/bomb')).toBe(false);
  });

  test('a head somewhat too large, in bytes or in headers, is told so with 431, unseen by the app; the next request is served', async () => {
    const { host, port } = mesh.outbound('caller-x-0');
    const session = http2.connect(`http://${host}:${port}`, { maxSendHeaderBlockLength: 1024 * 1024 });
    const ask = (path: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': path, ':authority': 'app:8000', ...headers });
        stream.once('response', (answer) => resolve(answer[':status'] ?? 0)).once('error', reject);
        stream.resume();
      });
    const before = seen.length;
    const list = (count: number, bytes: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, 'v'.repeat(bytes)]));
    expect(await ask('/large', list(20, 3_900))).toBe(431);
    expect(await ask('/large', list(230, 1))).toBe(431);
    expect(await ask('/after', {})).toBe(200);
    session.destroy();
    expect(seen.slice(before).map(({ url }) => url)).toEqual(['/after']);
  });

  test('what cannot be decoded ends the connection with COMPRESSION_ERROR', async () => {
    const peer = await connect();
    peer.send(frame(types.headers, whole, 1, Buffer.alloc(6, 0xff)));
    await peer.until(({ closed }) => closed);
    expect(peer.goaway).toBe(errors.compression);
  });
});

describe('60 malformed heads', () => {
  const pseudo: [string, string][] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'app:8000'],
    [':path', '/malformed'],
  ];
  const request = (...more: [string, string][]) => hpack([...pseudo, ...more]);
  const changed = (name: string, value: string) => hpack(pseudo.map(([n, v]) => (n === name ? [n, value] : [n, v])));
  const blocks: Record<string, Buffer> = {
    'a pseudo-header twice': hpack([...pseudo, [':method', 'POST']]),
    'an unknown pseudo-header': request([':origin', '1']),
    'a pseudo-header of responses': request([':status', '200']),
    'a pseudo-header after a header': hpack([['x', '1'], ...pseudo]),
    'no :path': hpack(pseudo.slice(0, 3)),
    'an empty :path': changed(':path', ''),
    'a :path without slash': changed(':path', 'malformed'),
    'a :path with a line break': changed(':path', '/malformed\r\nx: y'),
    'a :path with a space': changed(':path', '/malformed x'),
    'a :method with a space': changed(':method', 'GE T'),
    'a :method with a request in it': changed(':method', 'GET / HTTP/1.1\r\nx: y'),
    'a :scheme with a space': changed(':scheme', 'ht tp'),
    'user information in :authority': changed(':authority', 'me@app:8000'),
    'an upper-case name': request(['X-Upper', '1']),
    connection: request(['connection', 'close']),
    'transfer-encoding': request(['transfer-encoding', 'chunked']),
    'two lengths': request(['content-length', '1'], ['content-length', '2']),
    'a negative length': request(['content-length', '-1']),
    'extended CONNECT, which we did not offer': hpack([...pseudo.slice(1), [':method', 'CONNECT'], [':protocol', 'websocket']]),
  };
  for (const [name, block] of Object.entries(blocks)) {
    test(`${name}: PROTOCOL_ERROR, and the app never sees it`, async () => {
      const peer = await connect();
      const before = seen.length;
      peer.send(frame(types.headers, whole, 1, block));
      await peer.until((one) => one.resetOf(1) >= 0);
      expect(peer.resetOf(1)).toBe(errors.protocol);
      peer.send(get(3, '/after'));
      await peer.until((one) => one.of(3, types.headers).length > 0);
      expect(seen.slice(before).map(({ url }) => url)).toEqual(['/after']);
    });
  }

  for (const [name, header] of [
    ['CR and LF', ['x-evil', '1\r\nx-smuggled: 1']],
    ['NUL', ['x-evil', '1\0x-smuggled']],
    ['a colon in the name', ['x-evil:x-smuggled', '1']],
  ] as [string, [string, string]][]) {
    test(`${name} in a header: PROTOCOL_ERROR, and the app never sees it`, async () => {
      const peer = await connect();
      const before = seen.length;
      peer.send(get(1, '/header', [header]));
      await peer.until((one) => one.resetOf(1) >= 0);
      expect(peer.resetOf(1)).toBe(errors.protocol);
      peer.send(get(3, '/after'));
      await peer.until((one) => one.of(3, types.headers).length > 0);
      expect(seen.slice(before).map(({ url }) => url)).toEqual(['/after']);
    });
  }

  test('pseudo-headers in trailers, and trailers that do not end the stream: PROTOCOL_ERROR', async () => {
    const open = frame(types.headers, flags.endHeaders, 1, requestBlock('app:8000', '/trailers', [], 'POST'));
    for (const trailers of [
      frame(types.headers, whole, 1, hpack([[':path', '/evil']])),
      frame(types.headers, flags.endHeaders, 1, hpack([['x-sum', '1']])),
    ]) {
      const peer = await connect();
      peer.send(open, frame(types.data, 0, 1, Buffer.from('b')), trailers);
      await peer.until((one) => one.resetOf(1) >= 0);
      expect(peer.resetOf(1)).toBe(errors.protocol);
    }
    expect(await poll(activeRequests, (count) => count === 0)).toBe(0);
  });

  test('62 an :authority that differs from host: 400, and the app never sees it', async () => {
    const peer = await connect();
    const before = seen.length;
    peer.send(get(1, '/differs', [['host', 'other:1']]), get(3, '/after'));
    await peer.until((one) => one.of(3, types.headers).length > 0);
    // 400 is entry 12 of HPACK's static table.
    expect(peer.of(1, types.headers)[0]!.payload[0]).toBe(0x80 | 12);
    expect(seen.slice(before).map(({ url }) => url)).toEqual(['/after']);
  });
});

describe('65 the preface where it does not belong', () => {
  test('on the control port, which speaks HTTP/1.1: a clean close', async () => {
    const client = new RawClient(Number(new URL(mesh.engine.ready().control.url).port));
    client.socket.write(Buffer.concat([preface, settings()]));
    await client.until(({ ended, closed }) => ended || closed);
    expect(client.text === '' || client.text.startsWith('HTTP/1.1 400')).toBe(true);
    client.socket.destroy();
  });

  test('torn in the middle: refused as HTTP/1.1, and closed', async () => {
    const client = new RawClient(mesh.outbound('caller-x-0').port);
    client.socket.write('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n');
    await client.until(({ ended, closed }) => ended || closed);
    expect(client.text).toMatch(/^HTTP\/1\.1 (400|505) /);
    client.socket.destroy();
  });
});
