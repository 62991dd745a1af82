import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { patienceMs } from '../../testing/patience.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { poll } from './kit.ts';

/* HTTP/2 clients and servers that misbehave, against a whole mesh: what one does must not reach its neighbours. */

let mesh: TestMesh;
let app: http2.Http2Server;
const appSessions = new Set<http2.ServerHttp2Session>();
/** Every so many requests the app says GOAWAY; 0 = never. */
let goawayEvery = 0;
let served = 0;
let cancelled = 0;

beforeAll(async () => {
  app = http2.createServer();
  app.on('session', (session) => {
    appSessions.add(session);
    session.on('error', () => undefined).on('close', () => appSessions.delete(session));
  });
  app.on('stream', (stream, headers) => {
    served++;
    stream.on('error', () => undefined).on('aborted', () => cancelled++);
    stream.resume();
    if (headers[':path'] === '/hang') return;
    stream.respond({ ':status': 200 });
    stream.end(String(headers[':path']));
    if (goawayEvery > 0 && served % goawayEvery === 0) stream.session?.close();
  });
  const port = await listen(app);
  const service = (name: string) => ({ name, port: 8000, protocol: 'http2', workloads: [{ address: `127.0.0.1:${port}` }] });
  mesh = await startMesh(meshText({ services: [service('caller'), service('app')] }, []));
});
afterAll(async () => {
  await mesh?.close();
  for (const session of appSessions) session.destroy();
  app?.close();
});

function connect(): ClientHttp2Session {
  const { host, port } = mesh.outbound('caller-x-0');
  const session = http2.connect(`http://${host}:${port}`);
  session.on('error', () => undefined);
  return session;
}

function get(
  session: ClientHttp2Session,
  path: string,
  more: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': path, ':authority': 'app:8000', ...more });
    let status = 0;
    let body = '';
    stream.on('response', (headers: IncomingHttpHeaders) => (status = Number(headers[':status'])));
    stream.on('data', (chunk) => (body += chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ status, body }));
  });
}

describe('HTTP/2 under attack', () => {
  test('rapid resets end their own connection, and no other request notices', async () => {
    const neighbour = connect();
    expect(await get(neighbour, '/before')).toMatchObject({ status: 200 });
    const attacker = connect();
    let sent = 0;
    for (; sent < 20_000 && !attacker.closed && !attacker.destroyed; sent += 50) {
      for (let n = 0; n < 50; n++) {
        const stream = attacker.request({ ':path': '/hang', ':authority': 'app:8000' });
        stream.on('error', () => undefined);
        stream.close(http2.constants.NGHTTP2_CANCEL);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(20_000);
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => get(neighbour, `/during-${n}`)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(performance.now() - startedAt).toBeLessThan(patienceMs);
    neighbour.close();
    const counters = (await mesh.api('/status')) as { counters: { activeRequests: number } };
    expect(counters.counters.activeRequests).toBe(0);
  });

  test('an authority that differs from host never reaches the app', async () => {
    const session = connect();
    const before = served;
    expect((await get(session, '/smuggled', { host: 'other:1' })).status).toBe(400);
    expect(served).toBe(before);
    expect((await get(session, '/fine')).status).toBe(200);
    session.close();
  });

  test('cancelled streams are cancelled at the app', async () => {
    const session = connect();
    const before = cancelled;
    const start = served;
    const streams = Array.from({ length: 10 }, () => session.request({ ':path': '/hang', ':authority': 'app:8000' }));
    for (const stream of streams) stream.on('error', () => undefined);
    await poll(
      () => served - start,
      (count) => count >= 10,
    );
    for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL);
    expect(
      await poll(
        () => cancelled - before,
        (count) => count === 10,
      ),
    ).toBe(10);
    session.close();
  });

  test('an app that says GOAWAY again and again loses no request', async () => {
    goawayEvery = 7;
    const session = connect();
    const answers: { status: number; body: string }[] = [];
    for (let round = 0; round < 10; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 10 }, (_, n) => get(session, `/${round}-${n}`)))));
    }
    goawayEvery = 0;
    expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
    session.close();
  });
});
