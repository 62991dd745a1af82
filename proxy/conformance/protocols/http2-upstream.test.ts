import http from 'node:http';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority } from '../../data-plane/listener/tls-test-kit.ts';
import { listen } from '../../testing/listen.ts';
import {
  errors,
  type Frame,
  flags,
  frame,
  hpack,
  RawHttp2,
  settings,
  frameTypes as types,
  uint32,
} from '../../testing/raw-http2.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf } from './kit.ts';

/*
 * HTTP/2 apps that misbehave frame by frame (hardening cases 40, 45, 54, 55, 56, 61, 63, 66 from the other side). The client always hears of
 * it, nothing broken passes as whole, memory stays, and the next request has a connection that works.
 */

type Behave = (peer: RawHttp2, stream: number, frames: readonly Frame[]) => void;

let mesh: TestMesh;
const servers: net.Server[] = [];
const sockets = new Set<Socket>();
/** What the app does with the next requests, one after another; when there is none left it answers well. */
const behaviours: Behave[] = [];
const peers: RawHttp2[] = [];

const whole = flags.endHeaders | flags.endStream;
const ok = (more: [string, string][] = []) => hpack([[':status', '200'], ...more]);
const answerWell: Behave = (peer, stream) =>
  peer.send(
    frame(types.headers, flags.endHeaders, stream, ok()),
    frame(types.data, flags.endStream, stream, Buffer.from('well')),
  );

function serve(socket: Socket): void {
  sockets.add(socket);
  let before = Buffer.alloc(0);
  // The preface is no frame: it is taken off before the peer reads.
  const onPreface = (chunk: Buffer): void => {
    before = Buffer.concat([before, chunk]);
    if (before.length < 24) return;
    socket.off('data', onPreface);
    socket.pause();
    if (before.length > 24) socket.unshift(before.subarray(24));
    const peer = new RawHttp2(socket);
    peers.push(peer);
    peer.send(settings());
    let seen = 0;
    socket.on('data', () => {
      for (const { type, stream } of peer.frames.slice(seen)) {
        if (type === types.headers) (behaviours.shift() ?? answerWell)(peer, stream, peer.frames);
      }
      seen = peer.frames.length;
    });
    socket.resume();
  };
  socket.on('data', onPreface);
  socket.on('error', () => undefined);
}

beforeAll(async () => {
  const plain = net.createServer(serve);
  servers.push(plain);
  const port = await listen(plain);
  const { certificatePem, privateKeyPem } = new TestAuthority().issue({ dns: ['secure.example'] });
  const secure = tls.createServer({ cert: certificatePem, key: privateKeyPem, ALPNProtocols: ['h2'] }, serve);
  servers.push(secure);
  const securePort = await listen(secure);
  const outside = (name: string, number: number) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace: 'default' },
    spec: {
      hosts: [`${name}.example`],
      location: 'MESH_EXTERNAL',
      resolution: 'STATIC',
      ports: [{ number: 8000, name: 'http2', protocol: 'HTTP2' }],
      endpoints: [{ address: '127.0.0.1', ports: { http2: number } }],
    },
  });
  mesh = await startMesh(
    meshText({ services: [{ name: 'caller', port: 8000, workloads: [{ address: '127.0.0.1:9' }] }] }, [
      outside('odd', port),
      outside('secure', securePort),
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'DestinationRule',
        metadata: { name: 'secure', namespace: 'default' },
        spec: {
          host: 'secure.example',
          trafficPolicy: { tls: { mode: 'SIMPLE', sni: 'secure.example', insecureSkipVerify: true } },
        },
      },
    ]),
  );
});
afterAll(async () => {
  await mesh?.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

interface Answer {
  status: number;
  body: string;
  /** The connection was cut before the end. */
  cut: boolean;
}
function ask(path: string, host = 'odd'): Promise<Answer> {
  return new Promise((resolve) => {
    const answer: Answer = { status: 0, body: '', cut: false };
    const target = { ...mesh.outbound('caller-x-0'), path, agent: false, headers: { host: `${host}.example:8000` } };
    const request = http.get(target, (response) => {
      answer.status = response.statusCode ?? 0;
      response.on('data', (chunk) => (answer.body += chunk));
      response.on('end', () => resolve(answer));
      response.on('error', () => resolve({ ...answer, cut: true }));
    });
    request.on('error', () => resolve({ ...answer, cut: true }));
  });
}
const residentMb = () => process.memoryUsage().rss / 1e6;

/** Only POST is retried by nobody: what an app does once must be seen once. */
function expectRecovered(): Promise<void> {
  behaviours.length = 0;
  return ask('/after').then((answer) => expect(answer).toEqual({ status: 200, body: 'well', cut: false }));
}

describe('an HTTP/2 app that refuses', () => {
  test('63 GOAWAY for a stream it did not process: sent again on a new connection, once', async () => {
    const before = peers.length;
    await ask('/warm');
    behaviours.push((peer, stream) =>
      peer.send(frame(types.goaway, 0, 0, Buffer.concat([uint32(stream - 2), uint32(errors.none)]))),
    );
    expect(await ask('/goaway')).toMatchObject({ status: 200, body: 'well' });
    expect(peers.length - before).toBeLessThanOrEqual(2);
    const [record] = await exchangesOf(mesh, 'path=/goaway', 1);
    expect(record!.attempts).toHaveLength(2);
    expect(record).toMatchObject({ status: 200, flags: '' });
  });

  test('REFUSED_STREAM: sent again', async () => {
    behaviours.push((peer, stream) => peer.send(frame(types.rstStream, 0, stream, uint32(errors.refusedStream))));
    expect(await ask('/refused')).toMatchObject({ status: 200, body: 'well' });
    const [record] = await exchangesOf(mesh, 'path=/refused', 1);
    expect(record!.attempts).toHaveLength(2);
  });
});

describe('an HTTP/2 app that breaks the protocol before it answers', () => {
  const header = (stream: number, block: Buffer, end = whole) => frame(types.headers, end, stream, block);
  const broken: Record<string, Behave> = {
    'CONTINUATION without end': (peer, stream) => {
      peer.send(frame(types.headers, 0, stream, ok()));
      const more = frame(types.continuation, 0, stream, hpack([['x-a', 'b'.repeat(1_000)]]));
      for (let n = 0; n < 2_000; n++) peer.send(more);
    },
    'a head of 1 MB': (peer, stream) => {
      const block = hpack(Array.from({ length: 64 }, (_, n) => [`x-${n}`, 'v'.repeat(16_000)]));
      peer.send(frame(types.headers, 0, stream, block.subarray(0, 16_000)));
      for (let at = 16_000; at < block.length; at += 16_000) {
        const last = at + 16_000 >= block.length;
        peer.send(frame(types.continuation, last ? flags.endHeaders : 0, stream, block.subarray(at, at + 16_000)));
      }
    },
    'no :status': (peer, stream) => peer.send(header(stream, hpack([['x-a', '1']]))),
    'a :status of letters': (peer, stream) => peer.send(header(stream, hpack([[':status', 'abc']]))),
    'an upper-case name': (peer, stream) => peer.send(header(stream, ok([['X-A', '1']]))),
    'transfer-encoding': (peer, stream) => peer.send(header(stream, ok([['transfer-encoding', 'chunked']]))),
    '101': (peer, stream) => peer.send(header(stream, hpack([[':status', '101']]), flags.endHeaders)),
    'a body before its head': (peer, stream) => peer.send(frame(types.data, flags.endStream, stream, Buffer.from('early'))),
    'a push that was not allowed': (peer, stream) =>
      peer.send(frame(types.pushPromise, flags.endHeaders, stream, Buffer.concat([uint32(2), hpack([[':method', 'GET']])]))),
    'what HPACK cannot decode': (peer, stream) => peer.send(header(stream, Buffer.alloc(6, 0xff))),
    'a window that overflows': (peer) => {
      const much = frame(types.windowUpdate, 0, 0, uint32(0x7fffffff));
      peer.send(much, much);
    },
    'a thousand interim answers': (peer, stream) => {
      const interim = frame(types.headers, flags.endHeaders, stream, hpack([[':status', '103']]));
      for (let n = 0; n < 1_000; n++) peer.send(interim);
    },
    'floods of SETTINGS': (peer) => {
      for (let n = 0; n < 20; n++) peer.send(Buffer.concat(Array.from({ length: 1_000 }, () => settings([3, 100]))));
    },
    'frames of unknown type without end': (peer) => {
      for (let n = 0; n < 200; n++)
        peer.send(Buffer.concat(Array.from({ length: 1_000 }, () => frame(77, 0, 0, Buffer.alloc(8)))));
    },
    'a reset': (peer, stream) => peer.send(frame(types.rstStream, 0, stream, uint32(errors.internal))),
    'GOAWAY and a close': (peer, stream) => {
      peer.send(frame(types.goaway, 0, 0, Buffer.concat([uint32(stream), uint32(errors.internal)])));
      peer.socket.end();
    },
  };
  for (const [name, behave] of Object.entries(broken)) {
    test(`${name}: an error of our own, little memory, and the next request is served`, async () => {
      const before = residentMb();
      // Retries meet the same again.
      behaviours.push(behave, behave, behave, behave);
      const path = `/broken-${name.replaceAll(/\W/g, '-')}`;
      const { status, body } = await ask(path);
      expect([502, 503]).toContain(status);
      expect(body).toMatch(/upstream connect error or disconnect\/reset before headers|protocol/);
      const [record] = await exchangesOf(mesh, `path=${path}`, 1);
      expect(record!.flags).toMatch(/^(URX,)?(UPE|UC|UR|UF)$/);
      expect(residentMb() - before).toBeLessThan(60);
      await expectRecovered();
    });
  }
});

describe('an HTTP/2 app that breaks off while it answers', () => {
  const head = (stream: number, length: string) =>
    frame(types.headers, flags.endHeaders, stream, ok([['content-length', length]]));
  const torn: Record<string, Behave> = {
    '40 the connection dies': (peer, stream) => {
      peer.send(head(stream, '10'), frame(types.data, 0, stream, Buffer.from('half')));
      setTimeout(() => peer.socket.destroy(), 20);
    },
    '40 the stream is reset': (peer, stream) =>
      peer.send(
        head(stream, '10'),
        frame(types.data, 0, stream, Buffer.from('half')),
        frame(types.rstStream, 0, stream, uint32(errors.internal)),
      ),
    '61 less data than content-length': (peer, stream) =>
      peer.send(head(stream, '10'), frame(types.data, flags.endStream, stream, Buffer.from('half'))),
    '61 more data than content-length': (peer, stream) =>
      peer.send(head(stream, '2'), frame(types.data, flags.endStream, stream, Buffer.from('too much'))),
    'trailers with a pseudo-header': (peer, stream) =>
      peer.send(
        frame(types.headers, flags.endHeaders, stream, ok()),
        frame(types.data, 0, stream, Buffer.from('half')),
        frame(types.headers, whole, stream, hpack([[':status', '200']])),
      ),
  };
  for (const [name, behave] of Object.entries(torn)) {
    test(`${name}: the client’s answer never ends cleanly`, async () => {
      behaviours.push(behave, behave, behave, behave);
      const path = `/torn-${name.replaceAll(/\W/g, '-')}`;
      const answer = await ask(path);
      expect(answer.cut || answer.status === 502 || answer.status === 503).toBe(true);
      const [record] = await exchangesOf(mesh, `path=${path}`, 1);
      expect(record!.flags).toMatch(/UPE|UC|UR/);
      await expectRecovered();
    });
  }
});

describe('66 frames for browsers', () => {
  const origins = (from: number) =>
    frame(
      types.origin,
      0,
      0,
      Buffer.concat(
        Array.from({ length: 200 }, (_, n) => {
          const origin = Buffer.from(`https://o${from + n}.example`);
          return Buffer.concat([Buffer.from([origin.length >> 8, origin.length & 255]), origin]);
        }),
      ),
    );
  const altsvc = (n: number) => {
    const origin = Buffer.from(`https://o${n}.example`);
    return frame(types.altsvc, 0, 0, Buffer.concat([Buffer.from([0, origin.length]), origin, Buffer.from('h3=":443"; ma=60')]));
  };
  for (const [name, flood] of [
    [
      'ORIGIN',
      (peer: RawHttp2) =>
        [0, 1, 2, 3].map((n) => peer.send(Buffer.concat(Array.from({ length: 200 }, (_, k) => origins((n * 200 + k) * 200))))),
    ],
    ['ALTSVC', (peer: RawHttp2) => peer.send(Buffer.concat(Array.from({ length: 50_000 }, (_, n) => altsvc(n))))],
  ] as const) {
    test(`a flood of ${name}: memory stays, and the next request is served`, async () => {
      behaviours.length = 0;
      expect(await ask('/secure', 'secure')).toMatchObject({ status: 200, body: 'well' });
      const before = residentMb();
      behaviours.push((peer, stream, frames) => {
        flood(peer);
        answerWell(peer, stream, frames);
      });
      const { status } = await ask('/flood', 'secure');
      expect([200, 502, 503]).toContain(status);
      expect(residentMb() - before).toBeLessThan(80);
      behaviours.length = 0;
      expect(await ask('/secure', 'secure')).toMatchObject({ status: 200, body: 'well' });
    });
  }
});
