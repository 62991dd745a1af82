import http2 from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { patienceMs } from '../../testing/patience.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { poll } from './kit.ts';

/* Callers that do not read their answers share one HTTP/2 connection between the sidecars with those that do. */

let mesh: TestMesh;
let app: http2.Http2Server;
const sessions = new Set<http2.ServerHttp2Session>();
let started = 0;

beforeAll(async () => {
  app = http2.createServer({ settings: { maxConcurrentStreams: 500 } });
  app.on('session', (session) => sessions.add(session));
  app.on('stream', (stream, headers) => {
    stream.on('error', () => undefined).resume();
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/quick') {
      stream.end('quick');
      return;
    }
    started++;
    const chunk = Buffer.alloc(64 * 1024);
    let left = 16;
    const more = (): void => {
      while (left > 0) {
        left--;
        if (!stream.write(chunk)) return;
      }
      stream.off('drain', more).end();
    };
    stream.on('drain', more);
    more();
  });
  const port = await listen(app);
  const service = (name: string) => ({ name, port: 8000, protocol: 'http2', workloads: [{ address: `127.0.0.1:${port}` }] });
  mesh = await startMesh(meshText({ services: [service('caller'), service('app')] }, []));
});
afterAll(async () => {
  await mesh?.close();
  for (const session of sessions) session.destroy();
  app?.close();
});

test('ninety answers of 1 MB that nobody reads hold up no other request, and arrive whole when they are read', async () => {
  const { host, port } = mesh.outbound('caller-x-0');
  const open = () => http2.connect(`http://${host}:${port}`).on('error', () => undefined);
  const slow = open();
  const quick = open();
  const streams = Array.from({ length: 90 }, () => slow.request({ ':path': '/slow', ':authority': 'app:8000' }).pause());
  for (const stream of streams) stream.on('error', () => undefined);
  expect(
    await poll(
      () => started,
      (count) => count === 90,
    ),
  ).toBe(90);
  const ask = () =>
    new Promise<string>((resolve) => {
      let text = '';
      let status = 0;
      const stream = quick.request({ ':path': '/quick', ':authority': 'app:8000' });
      stream.on('response', (headers) => (status = Number(headers[':status'])));
      stream.on('data', (chunk) => (text += chunk));
      stream.on('error', () => undefined);
      stream.on('close', () => resolve(`${status} ${text}`));
    });
  const startedAt = performance.now();
  for (let n = 0; n < 5; n++) expect(await ask()).toBe('200 quick');
  expect(performance.now() - startedAt).toBeLessThan(patienceMs);
  const sizes = await Promise.all(
    streams.map(
      (stream) =>
        new Promise<number>((resolve) => {
          let bytes = 0;
          stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
          stream.on('close', () => resolve(bytes));
          stream.resume();
        }),
    ),
  );
  expect(new Set(sizes)).toEqual(new Set([1024 * 1024]));
  slow.close();
  quick.close();
});
