import http, { type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { patienceMs } from '../../testing/patience.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, poll, RawClient } from './kit.ts';

/* Long and large bodies over two sidecars: passed on as they come, held back when the reader is slow, cut when someone leaves. */

const MIB = 1024 * 1024;
let mesh: TestMesh;
let app: http.Server;
/** Per path: what the app saw of the last request to it. */
const uploads = new Map<string, { bytes: number; ended: boolean; closed: boolean }>();
let written = 0;
let sendNextEvent = (): unknown => undefined;
let lazy: IncomingMessage | null = null;
const sockets = new Set<Socket>();

function serve(request: IncomingMessage, response: http.ServerResponse): void {
  const path = request.url ?? '';
  const seen = { bytes: 0, ended: false, closed: false };
  uploads.set(path, seen);
  response.on('close', () => (seen.closed = true));
  switch (path.split('?')[0]) {
    case '/events': {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 0\n\n');
      sendNextEvent = () => response.write('data: 1\n\n');
      return;
    }
    case '/download': {
      const total = Number(new URL(path, 'http://app').searchParams.get('bytes'));
      const chunk = Buffer.alloc(64 * 1024, 'x');
      let left = total;
      written = 0;
      const more = (): void => {
        while (left > 0) {
          const part = left < chunk.length ? chunk.subarray(0, left) : chunk;
          left -= part.length;
          written += part.length;
          if (!response.write(part)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
      return;
    }
    case '/early':
      response.writeHead(413, { 'content-type': 'text/plain' });
      response.end('too large, and I have not read it');
      return;
    case '/lazy':
      // Never reads: the sender must be held back.
      request.pause();
      lazy = request;
      return;
    case '/304':
      response.writeHead(304, { etag: '"1"' });
      response.end();
      return;
    case '/half':
      request.on('end', () => setTimeout(() => response.end('after your FIN'), 50));
      request.resume();
      return;
    default:
      request.on('data', (part: Buffer) => (seen.bytes += part.length));
      request.on('end', () => {
        seen.ended = true;
        response.setHeader('x-bytes', String(seen.bytes));
        response.end(request.method === 'HEAD' ? undefined : `got ${seen.bytes}`);
      });
  }
}

beforeAll(async () => {
  app = http.createServer(serve);
  app.on('checkContinue', (request: IncomingMessage, response: http.ServerResponse) => {
    if (request.headers['x-refuse'] !== undefined) {
      response.writeHead(401, { 'content-length': '2' });
      response.end('no');
      return;
    }
    response.writeContinue();
    serve(request, response);
  });
  app.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(app);
  const service = (name: string) => ({ name, port: 8000, workloads: [{ address: `127.0.0.1:${port}` }] });
  mesh = await startMesh(meshText({ services: [service('caller'), service('app')] }, []));
});
afterAll(async () => {
  await mesh?.close();
  app?.close();
  for (const socket of sockets) socket.destroy();
});

const outbound = () => mesh.outbound('caller-x-0');
function open(path: string, options: http.RequestOptions = {}): http.ClientRequest {
  const headers = { host: 'app:8000', ...(options.headers as http.OutgoingHttpHeaders) };
  return http.request({ ...outbound(), agent: false, path, ...options, headers });
}
const answerOf = (request: http.ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

describe('endless responses', () => {
  test('each event arrives before the app sends the next', async () => {
    const request = open('/events');
    request.end();
    const response = await answerOf(request);
    const events = response[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
    // The app says the second only when the first has been read: what would wait for more, or for the end, never comes.
    expect(String((await events.next()).value)).toBe('data: 0\n\n');
    sendNextEvent();
    expect(String((await events.next()).value)).toBe('data: 1\n\n');
    request.destroy();
    expect(await poll(() => uploads.get('/events')!.closed, Boolean)).toBe(true);
    const [record] = await exchangesOf(mesh, 'path=/events&reporter=source', 1);
    expect(record).toMatchObject({ status: 200, flags: 'DC' });
  });
});

describe('large bodies', () => {
  test('a download with a slow reader holds the app back, and arrives whole', async () => {
    const total = 96 * MIB;
    const request = open(`/download?bytes=${total}`);
    request.end();
    const response = await answerOf(request);
    response.pause();
    // Socket buffers and high-water marks of two hops: a few MiB, not the body.
    let before = -1;
    await poll(
      async () => {
        const stalled = written === before;
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return stalled;
      },
      (stalled) => stalled,
    );
    expect(written).toBeLessThan(total / 3);
    let got = 0;
    let ahead = 0;
    for await (const chunk of response) {
      got += (chunk as Buffer).length;
      ahead = Math.max(ahead, written - got);
    }
    expect(got).toBe(total);
    // Nobody gathers it on the way, neither while the reader waits nor while it reads.
    expect(ahead).toBeLessThan(total / 3);
  });

  test('an upload to an app that does not read is held back, not gathered; when its client leaves, it never ends cleanly', async () => {
    const request = open('/lazy', { method: 'POST' });
    request.on('error', () => undefined);
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, 400);
      const more = (): void => {
        while (sent < 256 * MIB) {
          sent += chunk.length;
          clearTimeout(timer);
          timer = setTimeout(resolve, 400);
          if (!request.write(chunk)) {
            request.once('drain', more);
            return;
          }
        }
        resolve();
      };
      more();
    });
    expect(sent).toBeLessThan(48 * MIB);
    request.destroy();
    let ended = false;
    lazy!.on('end', () => (ended = true)).on('error', () => undefined);
    lazy!.resume();
    expect(await poll(() => uploads.get('/lazy')!.closed, Boolean)).toBe(true);
    expect(ended).toBe(false);
  });

  test('a client that leaves an upload held back is noticed by both sidecars within a second, though the app reads nothing', async () => {
    const activeRequests = async () =>
      ((await mesh.api('/status')) as { counters: { activeRequests: number } }).counters.activeRequests;
    const others = await poll(activeRequests, (count) => count === 0);
    for (const leave of ['close', 'reset'] as const) {
      const path = `/lazy?${leave}`;
      const request = open(path, { method: 'POST' });
      request.on('error', () => undefined);
      const chunk = Buffer.alloc(64 * 1024);
      await new Promise<void>((resolve) => {
        let timer = setTimeout(resolve, 400);
        const more = (): void => {
          do {
            clearTimeout(timer);
            timer = setTimeout(resolve, 400);
          } while (request.write(chunk));
        };
        request.on('drain', more);
        more();
      });
      expect(await activeRequests()).toBe(others + 2);
      const startedAt = performance.now();
      if (leave === 'close') request.destroy();
      else (request.socket as Socket).resetAndDestroy();
      expect(await poll(activeRequests, (count) => count === others)).toBe(others);
      expect(performance.now() - startedAt).toBeLessThan(patienceMs);
      const records = await exchangesOf(mesh, `path=${encodeURIComponent(path)}`, 2);
      expect(records.map(({ flags }) => flags)).toEqual(['DC', 'DC']);
    }
  });

  test('an upload arrives whole, and is counted at both ends', async () => {
    const request = open('/upload', { method: 'POST' });
    const answer = answerOf(request);
    const chunk = Buffer.alloc(MIB, 'u');
    for (let n = 0; n < 24; n++) if (!request.write(chunk)) await new Promise((resolve) => request.once('drain', resolve));
    request.end();
    expect(await textOf(await answer)).toBe(`got ${24 * MIB}`);
    const records = await exchangesOf(mesh, 'path=/upload', 2);
    expect(records.map(({ requestBytes }) => requestBytes)).toEqual([24 * MIB, 24 * MIB]);
  });
});

describe('answers without or before a body', () => {
  test('100-continue is the app’s to give; the body follows it', async () => {
    const request = open('/continue', { method: 'POST', headers: { expect: '100-continue', 'content-length': 4 } });
    const continued = new Promise<void>((resolve) => request.once('continue', resolve));
    request.flushHeaders();
    await continued;
    request.end('body');
    expect(await textOf(await answerOf(request))).toBe('got 4');
  });

  test('401 instead of 100: relayed, and the body is never asked for', async () => {
    const request = open('/refused', {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 4, 'x-refuse': '1' },
    });
    let continued = false;
    request.once('continue', () => (continued = true));
    request.flushHeaders();
    const response = await answerOf(request);
    expect(response.statusCode).toBe(401);
    expect(await textOf(response)).toBe('no');
    expect(continued).toBe(false);
    request.destroy();
  });

  test('an answer before the body is complete is relayed', async () => {
    const request = open('/early', { method: 'POST', headers: { 'content-length': 64 * MIB } });
    request.on('error', () => undefined);
    const answer = answerOf(request);
    request.write(Buffer.alloc(16 * 1024));
    const response = await answer;
    expect(response.statusCode).toBe(413);
    expect(await textOf(response)).toBe('too large, and I have not read it');
    request.destroy();
  });

  test('HEAD keeps the head and has no body; 304 likewise', async () => {
    const head = open('/head', { method: 'HEAD' });
    head.end();
    const response = await answerOf(head);
    expect(response.headers['x-bytes']).toBe('0');
    expect(await textOf(response)).toBe('');
    const notModified = open('/304');
    notModified.end();
    const second = await answerOf(notModified);
    expect([second.statusCode, second.headers.etag]).toEqual([304, '"1"']);
    expect(await textOf(second)).toBe('');
  });

  test('a client that has sent its FIN still gets the whole answer', async () => {
    const client = new RawClient(outbound().port);
    client.socket.end('GET /half HTTP/1.1\r\nhost: app:8000\r\nconnection: close\r\n\r\n');
    await client.until(({ ended }) => ended);
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*after your FIN/);
    client.socket.destroy();
  });

  test('chunked uploads with trailers reach an HTTP/1.1 app as a body', async () => {
    const client = new RawClient(outbound().port);
    client.socket.write('POST /trailers HTTP/1.1\r\nhost: app:8000\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n');
    client.socket.write('5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n');
    await client.until(({ text }) => text.includes('got 5'));
    const [record] = await exchangesOf(mesh, 'path=/trailers&reporter=source', 1);
    expect(record!.request.trailers).toEqual([['x-sum', '5']]);
    client.socket.destroy();
  });
});
