import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../shared/system-clock.ts';
import { listen } from '../../testing/listen.ts';
import { HeaderMap } from '../header-map.ts';
import type { DownstreamRequest, UpstreamConnection } from '../stream.ts';
import { dial } from '../upstream/connect.ts';
import { Http1UpstreamConnection } from '../upstream/http1-connection.ts';
import { Http2UpstreamConnection } from '../upstream/http2-connection.ts';
import { detect } from './accept.ts';
import { Http1Downstream } from './http1.ts';
import { plainInfo } from './http1-test-kit.ts';
import { Http2Downstream } from './http2.ts';
import { Sweeper } from './sweeper.ts';
import { TlsListener } from './tls.ts';
import { TestAuthority } from './tls-test-kit.ts';

/* The hop between two sidecars: dial with mutual TLS, detection inside it, HTTP/1.1 and HTTP/2 over it. */

const clock = createSystemClock();
const authority = new TestAuthority();
const server = authority.identity('spiffe://cluster.local/ns/default/sa/ratings');
const client = authority.identity('spiffe://cluster.local/ns/default/sa/reviews');
const sweeper = new Sweeper(clock);
let tcp: Server;
let tls: TlsListener;
let port = 0;
const resets: string[] = [];

function onRequest(request: DownstreamRequest): void {
  request.onReset = (reason) => resets.push(reason);
  if (request.path === '/hang') {
    request.body.resume();
    return;
  }
  const parts: Buffer[] = [];
  request.body.onData = (chunk) => parts.push(chunk);
  request.body.onEnd = () => {
    const body = Buffer.concat(parts);
    request.sendHeaders(200, HeaderMap.from([['content-length', String(body.length)]]), false);
    request.sendData(body);
    request.end(null);
  };
  request.body.resume();
}

beforeAll(async () => {
  tls = new TlsListener({
    mode: { kind: 'istio-mutual', identity: server, trustDomain: 'cluster.local' },
    onTlsError: () => {},
    onSecure: (socket, info) => {
      detect(socket, {}, (protocol) => {
        const common = { info, scheme: 'https' as const, onRequest, onClose: () => {} };
        if (protocol === 'http2') new Http2Downstream(socket, common);
        else new Http1Downstream(socket, { ...common, sweeper, onConnect: null, onProtocolError: () => {} });
      });
    },
  });
  tcp = createServer({ allowHalfOpen: true }, (socket) => detect(socket, {}, () => tls.accept(socket, { ...plainInfo })));
  await listen(tcp);
  const address = tcp.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
  sweeper.close();
  tls.close();
  tcp.close();
});

async function open(alpn: string[]): Promise<UpstreamConnection> {
  const result = await dial({
    host: '127.0.0.1',
    port,
    timeoutMs: 5000,
    clock,
    forbidden: new Set(),
    tls: { identity: client, expectedSpiffeIds: [server.spiffeId], sni: 'ratings', alpn },
  });
  if (!result.ok) throw new Error(result.reset.detail);
  expect(result.alpn).toBe(alpn[0]);
  return alpn[0] === 'istio-h2' ? new Http2UpstreamConnection(result.socket) : new Http1UpstreamConnection(result.socket);
}
function post(connection: UpstreamConnection, body: Buffer, path = '/'): { done: Promise<Buffer | string>; reset: () => void } {
  let reset = (): void => {};
  const done = new Promise<Buffer | string>((resolve) => {
    const parts: Buffer[] = [];
    const stream = connection.newStream({
      onInformational: () => {},
      onHeaders: () => {},
      onData: (chunk) => parts.push(chunk),
      onEnd: () => resolve(Buffer.concat(parts)),
      onReset: (failure) => resolve(`${failure.kind} ${failure.detail}`),
      onUpgrade: () => {},
      onDrain: () => {},
    });
    reset = () => stream.reset();
    const head = { method: 'POST', scheme: 'https' as const, authority: 'ratings', path, upgrade: '', expectContinue: false };
    stream.sendHeaders({ ...head, headers: new HeaderMap() }, false);
    stream.sendData(body);
    stream.end(null);
  });
  return { done, reset: () => reset() };
}

describe.each([['istio-http/1.1'], ['istio-h2']])('%s over mutual TLS', (alpn) => {
  it('carries bodies of any size, again and again', async () => {
    const connection = await open([alpn]);
    for (const size of [0, 1, 5000, 3_000_000]) {
      const body = Buffer.alloc(size, 'abc');
      const answer = await post(connection, body).done;
      expect(typeof answer !== 'string' && answer.equals(body)).toBe(true);
    }
    connection.close();
  });

  it('35 an abort reaches the other side', async () => {
    resets.length = 0;
    const connection = await open([alpn]);
    const call = post(connection, Buffer.from('x'), '/hang');
    await new Promise((resolve) => setTimeout(resolve, 50));
    call.reset();
    while (resets.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(resets).toEqual([alpn === 'istio-h2' ? 'remote-reset' : 'remote-disconnect']);
    connection.close();
  });
});
