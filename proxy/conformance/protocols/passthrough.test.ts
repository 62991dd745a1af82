import http, { type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { listen } from '../../testing/listen.ts';
import { patienceMs } from '../../testing/patience.ts';
import { unusedPort } from '../../testing/unused-port.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, poll, RawClient } from './kit.ts';

/*
 * Hosts outside the mesh: carried by http-proxy-3 when outboundTrafficPolicy is ALLOW_ANY (Istio's PassthroughCluster), refused with an empty
 * 502 under REGISTRY_ONLY (BlackHoleCluster).
 */

let open: TestMesh;
let closed: TestMesh;
let foreign: http.Server;
let foreignPort = 0;
let wss: WebSocketServer;
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string; aborted: boolean }[] = [];
const sockets = new Set<Socket>();

beforeAll(async () => {
  foreign = http.createServer((request, response) => {
    const entry = { method: request.method!, url: request.url!, headers: request.headers, body: '', aborted: false };
    seen.push(entry);
    response.on('close', () => (entry.aborted = !response.writableFinished));
    request.on('data', (chunk) => (entry.body += chunk));
    request.on('end', () => {
      if (request.url === '/hang') return;
      if (request.url === '/trickle') {
        response.write('a first part');
        return;
      }
      response.writeHead(request.url === '/teapot' ? 418 : 200, { 'x-foreign': 'yes', 'set-cookie': ['a=1', 'b=2'] });
      response.end(request.method === 'HEAD' ? undefined : `you said ${entry.body}`);
    });
  });
  wss = new WebSocketServer({ server: foreign, path: '/ws' });
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(`echo:${String(data)}`)));
  foreign.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  foreignPort = await listen(foreign);
  const services = [{ name: 'caller', port: 8000, workloads: [{ address: '127.0.0.1:9' }] }];
  open = await startMesh(meshText({ services }, []));
  closed = await startMesh(meshText({ services, outboundTrafficPolicy: 'REGISTRY_ONLY' }, []));
});
afterAll(async () => {
  await Promise.all([open?.close(), closed?.close()]);
  wss?.close();
  foreign?.close();
  for (const socket of sockets) socket.destroy();
});

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Absolute form, as with HTTP_PROXY. */
function send(
  mesh: TestMesh,
  path: string,
  options: http.RequestOptions & { body?: string; port?: number } = {},
): Promise<Answer> {
  const authority = `127.0.0.1:${options.port ?? foreignPort}`;
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        ...mesh.outbound('caller-x-0'),
        agent: false,
        method: options.method,
        path: `http://${authority}${path}`,
        headers: { host: authority },
      },
      (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

describe('a host outside the mesh, ALLOW_ANY', () => {
  test('gets the request as it was, and answers as it likes', async () => {
    const answer = await send(open, '/form?x=1', { method: 'POST', body: 'hello' });
    expect(answer).toMatchObject({
      status: 200,
      body: 'you said hello',
      headers: { 'x-foreign': 'yes', 'set-cookie': ['a=1', 'b=2'] },
    });
    const last = seen.at(-1)!;
    expect(last).toMatchObject({ method: 'POST', url: '/form?x=1', body: 'hello' });
    expect(last.headers.host).toBe(`127.0.0.1:${foreignPort}`);
    // Istio's own names stay inside the mesh's edge only where Envoy strips them: no XFF is added by sidecars.
    expect(last.headers['x-forwarded-for']).toBeUndefined();
    expect((await send(open, '/teapot')).status).toBe(418);
    expect(await send(open, '/head', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    const [record] = await exchangesOf(open, 'path=/form', 1);
    expect(record).toMatchObject({ cluster: 'PassthroughCluster', status: 200, mtls: false, reporter: 'source' });
  });

  test('forty at once, each with its own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => send(open, `/n${n}`, { method: 'POST', body: String(n) })),
    );
    expect(answers.map(({ body }) => body)).toEqual(answers.map((_, n) => `you said ${n}`));
  });

  test('a client that leaves, waiting or in mid-body, is gone for the foreign host within a second', async () => {
    for (const path of ['/hang', '/trickle']) {
      const request = http.request({
        ...open.outbound('caller-x-0'),
        agent: false,
        path: `http://127.0.0.1:${foreignPort}${path}`,
      });
      request.on('error', () => undefined);
      const firstPart = new Promise<void>((resolve) =>
        request.once('response', (response) => response.on('error', () => undefined).once('data', () => resolve())),
      );
      request.end();
      const mine = await poll(
        () => seen.find(({ url }) => url === path),
        (found) => found !== undefined,
      );
      if (path === '/trickle') await firstPart;
      const startedAt = performance.now();
      request.destroy();
      await poll(() => mine!.aborted, Boolean);
      expect(mine!.aborted).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(patienceMs);
    }
  });

  test('a refused connection is a 503 UF, told in Envoy’s words', async () => {
    const answer = await send(open, '/refused', { port: await unusedPort() });
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('upstream connect error or disconnect/reset before headers');
    expect((await exchangesOf(open, 'path=/refused', 1))[0]!.flags).toMatch(/UF/);
  });

  test('WebSocket by absolute form: both ways, and the end of one side ends the other', async () => {
    // As a client behind HTTP_PROXY asks: absolute-form target, Host of the origin.
    const tunnel = new RawClient(open.outbound('caller-x-0').port);
    const key = Buffer.alloc(16, 1).toString('base64');
    tunnel.socket.write(
      `GET http://127.0.0.1:${foreignPort}/ws HTTP/1.1\r\nhost: 127.0.0.1:${foreignPort}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
    );
    await tunnel.until(({ text }) => text.startsWith('HTTP/1.1 101') && text.includes('\r\n\r\n'));
    tunnel.socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    await tunnel.until(({ text }) => text.endsWith('echo:hi'));
    for (const client of wss.clients) client.terminate();
    await tunnel.until(({ ended, closed: gone, error }) => ended || gone || error !== '');
    tunnel.socket.destroy();
    const [record] = await exchangesOf(open, 'path=/ws', 1);
    expect(record).toMatchObject({ status: 101, protocol: 'WebSocket', cluster: 'PassthroughCluster' });
  });

  test('a refused WebSocket is relayed, and so is a host that hangs up instead of answering', async () => {
    const upgrade = async (path: string): Promise<RawClient> => {
      const client = new RawClient(open.outbound('caller-x-0').port);
      client.socket.write(
        `GET http://127.0.0.1:${foreignPort}${path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AQEBAQEBAQEBAQEBAQEBAQ==\r\n\r\n`,
      );
      return client.until(({ text, closed: gone }) => text.includes('\r\n\r\n') || gone);
    };
    const refused = await upgrade('/elsewhere');
    expect(refused.text).toMatch(/^HTTP\/1\.1 400/);
    refused.socket.destroy();
    foreign.prependOnceListener('upgrade', (_request, socket) => socket.destroy());
    const cut = await upgrade('/ws');
    expect(cut.text).toMatch(/^HTTP\/1\.1 503/);
    cut.socket.destroy();
    expect(await send(open, '/still-there')).toMatchObject({ status: 200 });
    const events = (await open.api('/events')) as { events: { type: string }[] };
    expect(events.events.map(({ type }) => type)).not.toContain('data-plane.crashed');
  });

  test('CONNECT reaches it too, as opaque bytes', async () => {
    const client = new RawClient(open.outbound('caller-x-0').port);
    client.socket.write(`CONNECT 127.0.0.1:${foreignPort} HTTP/1.1\r\nhost: 127.0.0.1:${foreignPort}\r\n\r\n`);
    await client.until(({ text }) => text.startsWith('HTTP/1.1 200'));
    client.socket.write(`GET /tunnelled HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    await client.until(({ text }) => text.includes('you said'));
    client.socket.destroy();
  });
});

describe('a host outside the mesh, REGISTRY_ONLY', () => {
  test('is an empty 502, for requests and for CONNECT, and never reached', async () => {
    const before = seen.length;
    expect(await send(closed, '/blocked')).toMatchObject({ status: 502, body: '' });
    const client = new RawClient(closed.outbound('caller-x-0').port);
    client.socket.write(`CONNECT 127.0.0.1:${foreignPort} HTTP/1.1\r\nhost: 127.0.0.1:${foreignPort}\r\n\r\n`);
    await client.until(({ text }) => text.startsWith('HTTP/1.1 502'));
    client.socket.destroy();
    expect(seen.length).toBe(before);
  });
});
