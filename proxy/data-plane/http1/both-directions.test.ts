import { createServer as createHttpServer } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { patienceMs } from '../../testing/patience.ts';
import { type RawClient, startHttp1, type TestServer } from '../listener/http1-test-kit.ts';
import type { DownstreamRequest } from '../stream.ts';
import { Http1UpstreamConnection } from '../upstream/http1-connection.ts';

/* client ─▶ Http1Downstream ─▶ Http1UpstreamConnection ─▶ Node's own server: what comes out must be what went in. */

let proxy: TestServer;
let upstreamPort = 0;
let aborted = 0;
const app = createHttpServer((request, response) => {
  request.on('error', () => {});
  response.on('close', () => {
    if (!response.writableFinished) aborted++;
  });
  if (request.url === '/hang') return;
  response.writeHead(200, { trailer: 'x-sum', 'x-te': request.headers['transfer-encoding'] ?? 'none' });
  request.pipe(response, { end: false });
  request.on('end', () => {
    response.addTrailers({ 'x-sum': request.trailers['x-sum'] ?? 'none' });
    response.end();
  });
});

function forward(request: DownstreamRequest): void {
  const socket = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true });
  const upstream = new Http1UpstreamConnection(socket);
  socket.once('connect', () => {
    const stream = upstream.newStream({
      onInformational: (status, headers) => request.sendInformational(status, headers),
      onHeaders: (status, headers, endStream) => request.sendHeaders(status, headers, endStream),
      onData: (chunk) => {
        if (!request.sendData(chunk)) stream.pause();
      },
      onEnd: (trailers) => {
        request.end(trailers);
        upstream.close();
      },
      onReset: () => request.reset(),
      onUpgrade: () => {},
      onDrain: () => request.body.resume(),
    });
    request.onDrain = () => stream.resume();
    request.onReset = () => stream.reset();
    const { method, scheme, authority, path, headers, upgrade, expectContinue } = request;
    stream.sendHeaders({ method, scheme, authority, path, headers, upgrade, expectContinue }, request.body.empty);
    request.body.onData = (chunk) => {
      if (!stream.sendData(chunk)) request.body.pause();
    };
    request.body.onEnd = (trailers) => stream.end(trailers);
    request.body.resume();
  });
}

beforeAll(async () => {
  await listen(app);
  const address = app.address();
  upstreamPort = typeof address === 'object' && address !== null ? address.port : 0;
  proxy = await startHttp1(forward);
});
afterAll(async () => {
  await proxy.close();
  app.closeAllConnections();
  app.close();
});

/** Body of a chunked response. */
function dechunk(text: string): string {
  let at = text.indexOf('\r\n\r\n') + 4;
  let body = '';
  for (let turns = 0; turns < 100_000; turns++) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 4 + size;
  }
  return body;
}
async function sendCut(client: RawClient, wire: Buffer, cuts: number[]): Promise<void> {
  client.socket.setNoDelay(true);
  const edges = [0, ...cuts.sort((a, b) => a - b), wire.length];
  for (let i = 1; i < edges.length; i++) {
    client.send(wire.subarray(edges[i - 1], edges[i]));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a message through both codecs', () => {
  it('comes out byte for byte, whatever its framing, size and cuts', async () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 6000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), fc.array(fc.nat(3000), { maxLength: 8 }), async (parts, chunked, cuts) => {
        const body = Buffer.concat(parts);
        const framed = chunked
          ? [
              Buffer.from('Transfer-Encoding: chunked\r\n\r\n'),
              ...parts.flatMap((part) => [
                Buffer.from(`${part.length.toString(16)}\r\n`),
                Buffer.from(part),
                Buffer.from('\r\n'),
              ]),
              Buffer.from('0\r\nX-Sum: 42\r\n\r\n'),
            ]
          : [Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body];
        const client = proxy.client();
        await sendCut(client, Buffer.concat([Buffer.from('POST / HTTP/1.1\r\nHost: a\r\n'), ...framed]), cuts);
        const text = await client.until((t) => /\r\n0\r\nx-sum: \w+\r\n\r\n$/.test(t));
        expect(Buffer.from(dechunk(text), 'latin1').equals(body)).toBe(true);
        expect(text).toContain(`x-te: ${chunked ? 'chunked' : 'none'}`);
        expect(text.endsWith(`x-sum: ${chunked ? '42' : 'none'}\r\n\r\n`)).toBe(true);
        client.socket.destroy();
      }),
      { seed: 17, numRuns: 60 },
    );
  });

  it('35 a client that aborts takes its upstream request with it within a second', async () => {
    aborted = 0;
    const clients = Array.from({ length: 20 }, () => proxy.client().send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n'));
    const before = proxy.requests.filter((request) => request.path === '/hang').length;
    while (proxy.requests.filter((request) => request.path === '/hang').length < before + 20 && before < 20)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = performance.now();
    for (const client of clients) client.socket.destroy();
    while (aborted < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(performance.now() - startedAt).toBeLessThan(patienceMs);
  });
});
