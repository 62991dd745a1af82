import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ApiRouteName, apiRoutes } from '../../api/routes.ts';
import type { Clock } from '../../shared/clock.ts';
import { ApiError, Reply } from './api-error.ts';
import { type ControlServer, startControlServer } from './control-server.ts';
import type { ApiHandlers } from './route-table.ts';
import { StreamHub } from './stream-hub.ts';

const token = 'a'.repeat(43);
const clock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(callback, delayMs) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
let folder: string;
let server: ControlServer;
let hub: StreamHub;
let called: ApiRouteName[];
let release: (() => void)[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-server-'));
  await mkdir(path.join(folder, 'ui', 'assets'), { recursive: true });
  await writeFile(path.join(folder, 'ui', 'index.html'), '<!doctype html><title>Drydock</title>');
  await writeFile(path.join(folder, 'ui', 'assets', 'main-1.js'), '1');
  await writeFile(path.join(folder, 'secret.txt'), 'secret');
  called = [];
  release = [];
  const names = Object.keys(apiRoutes) as ApiRouteName[];
  const handlers = Object.fromEntries(
    names.map((name) => [
      name,
      async (input: { body: unknown }) => {
        called.push(name);
        if (name === 'getTrace') throw new ApiError('not_found', 'no such trace');
        if (name === 'getGraph') throw new Error('a bug');
        if (name === 'listEvents') await new Promise<void>((resolve) => release.push(resolve));
        return name === 'apply' ? new Reply(422, { body: input.body }) : { name };
      },
    ]),
  ) as unknown as ApiHandlers;
  hub = new StreamHub({
    clock,
    version: '0.1.0',
    pid: 1,
    graph: () => ({ time: '', windowSeconds: 60, nodes: [], edges: [] }),
    status: () => ({}) as never,
    onError: () => {},
  });
  const uiRoot = path.join(folder, 'ui');
  server = await startControlServer({
    port: 0,
    token,
    handlers,
    metricsText: () => 'istio_requests_total 1\n',
    stream: hub,
    uiRoot,
    onError: () => {},
  });
});
afterEach(async () => {
  for (const resolve of release) resolve();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}
function ask(method: string, url: string, headers: http.OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { port: server.port, host: '127.0.0.1', method, path: url, headers, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
const authorized = { authorization: `Bearer ${token}` };
const json = { ...authorized, 'content-type': 'application/json' };

describe('who may ask', () => {
  const concrete = (route: string) => `/api/v1${route.replace(/:\w+/g, 'x')}`;

  test('every operation refuses a foreign Host, a foreign Origin, and a missing, wrong or cookie-only token, and does nothing', async () => {
    const own = `127.0.0.1:${server.port}`;
    const attacks: [http.OutgoingHttpHeaders, number][] = [
      [{ ...json, host: 'evil.example' }, 403],
      [{ ...json, host: '127.0.0.1' }, 403],
      [{ ...json, host: `0.0.0.0:${server.port}` }, 403],
      [{ ...json, host: `${own}.evil.example` }, 403],
      [{ ...json, origin: 'https://evil.example' }, 403],
      [{ ...json, origin: 'null' }, 403],
      [{ ...json, origin: `https://${own}` }, 403],
      [{ ...json, origin: 'http://127.0.0.1:1' }, 403],
      [{ 'content-type': 'application/json' }, 401],
      [{ ...json, authorization: `Bearer ${'b'.repeat(43)}` }, 401],
      [{ ...json, authorization: `Bearer ${token}x` }, 401],
      [{ ...json, authorization: `Basic ${token}` }, 401],
      [{ 'content-type': 'application/json', cookie: `token=${token}` }, 401],
    ];
    for (const route of Object.values(apiRoutes)) {
      for (const [headers, status] of attacks) {
        expect((await ask(route.method, concrete(route.path), headers)).status, `${route.path} ${JSON.stringify(headers)}`).toBe(
          status,
        );
      }
    }
    expect(called).toEqual([]);
  });

  test('its own page and the desktop app may ask; only the app gets a CORS answer', async () => {
    const own = await ask('GET', '/api/v1/status', { ...authorized, origin: server.url });
    expect([own.status, own.headers['access-control-allow-origin']]).toEqual([200, undefined]);
    const app = await ask('GET', '/api/v1/status', { ...authorized, origin: 'app://drydock' });
    expect([app.status, app.headers['access-control-allow-origin']]).toEqual([200, 'app://drydock']);
    const preflight = await ask('OPTIONS', '/api/v1/apply', { origin: 'app://drydock', 'access-control-request-method': 'POST' });
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([204, 'authorization, content-type']);
    expect((await ask('OPTIONS', '/api/v1/apply', { origin: 'https://evil.example' })).status).toBe(403);
  });
});

describe('what may be asked', () => {
  test('unknown paths are 404, wrong methods 405 with Allow', async () => {
    expect((await ask('GET', '/api/v1/nothing', authorized)).status).toBe(404);
    const wrong = await ask('DELETE', '/api/v1/status', authorized);
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET']);
  });

  test('literal paths win over parameters, parameters are decoded', async () => {
    await ask('POST', '/api/v1/recordings/import', json, '{"log":{"entries":[]}}');
    expect(called).toEqual(['importRecording']);
  });

  test('bodies: forms are 415, broken JSON and failed schemas 400, two MiB are 413', async () => {
    const form = { ...authorized, 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ask('POST', '/api/v1/faults', form, 'a=b')).status).toBe(415);
    expect((await ask('POST', '/api/v1/faults', { ...authorized, 'content-type': 'text/plain' }, '{}')).status).toBe(415);
    expect((await ask('POST', '/api/v1/faults', json, '{')).status).toBe(400);
    const invalid = await ask('POST', '/api/v1/faults', json, '{"spec":{"to":{"servce":"x"}}}');
    expect(invalid.status).toBe(400);
    expect(JSON.parse(invalid.text).error).toMatchObject({ code: 'invalid_request' });
    const large = Buffer.alloc(2 * 1024 * 1024 + 1, 'x');
    expect((await ask('POST', '/api/v1/apply', { ...authorized, 'content-type': 'application/yaml' }, large)).status).toBe(413);
    expect((await ask('POST', '/api/v1/recordings/1/stop', authorized)).status).toBe(200);
    expect(called).toEqual(['stopRecording']);
  });

  test('YAML comes as text or wrapped in JSON; a rejected apply keeps its status', async () => {
    const plain = await ask('POST', '/api/v1/apply', { ...authorized, 'content-type': 'application/yaml' }, 'kind: Mesh');
    expect([plain.status, JSON.parse(plain.text).body]).toEqual([422, { yaml: 'kind: Mesh', file: 'request' }]);
    const wrapped = await ask('POST', '/api/v1/apply', json, JSON.stringify({ yaml: 'kind: Mesh', file: 'a.yaml' }));
    expect(JSON.parse(wrapped.text).body).toEqual({ yaml: 'kind: Mesh', file: 'a.yaml' });
  });

  test('an expected refusal has its code, a bug is a 500 that tells nothing', async () => {
    const missing = await ask('GET', '/api/v1/traces/1', authorized);
    expect([missing.status, JSON.parse(missing.text)]).toEqual([404, { error: { code: 'not_found', message: 'no such trace' } }]);
    const bug = await ask('GET', '/api/v1/graph', authorized);
    expect(bug.status).toBe(500);
    expect(bug.text).not.toContain('a bug');
  });

  test('too many requests at a time are 429, and it recovers', async () => {
    const waiting = Array.from({ length: 128 }, () => ask('GET', '/api/v1/events', authorized));
    await expect.poll(() => release.length).toBe(128);
    expect((await ask('GET', '/api/v1/status', authorized)).status).toBe(429);
    for (const resolve of release) resolve();
    await Promise.all(waiting);
    expect((await ask('GET', '/api/v1/status', authorized)).status).toBe(200);
  });

  test('Prometheus text needs the token too', async () => {
    expect((await ask('GET', '/api/v1/metrics')).status).toBe(401);
    expect((await ask('GET', '/api/v1/metrics', authorized)).text).toBe('istio_requests_total 1\n');
  });
});

describe('the page', () => {
  test('is served without a token, with a policy that runs only its own scripts', async () => {
    const page = await ask('GET', '/');
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.headers['content-security-policy']).toContain(`ws://127.0.0.1:${server.port}`);
    expect((await ask('GET', '/assets/main-1.js')).headers['content-type']).toMatch(/javascript/);
    expect((await ask('GET', '/traffic')).text).toContain('<title>Drydock');
    expect((await ask('GET', '/assets/none.js')).status).toBe(404);
    expect((await ask('GET', '/', { host: 'evil.example' })).status).toBe(403);
  });

  test('no path leaves its folder', async () => {
    await symlink(path.join(folder, 'secret.txt'), path.join(folder, 'ui', 'link.txt'));
    for (const attack of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/../../secret.txt',
      '/link.txt',
      '/%00.txt',
      '/%',
    ]) {
      expect((await ask('GET', attack)).text, attack).not.toContain('secret\n');
      expect((await ask('GET', attack)).text, attack).not.toBe('secret');
    }
  });
});

describe('the stream', () => {
  const open = (protocols: string[], options: { origin?: string; headers?: Record<string, string> } = {}) =>
    new WebSocket(`ws://127.0.0.1:${server.port}/api/v1/stream`, protocols, options);
  const outcome = (socket: WebSocket) =>
    new Promise<string>((resolve) => {
      socket.once('open', () => resolve('open'));
      socket.once('unexpected-response', (_request, response) => resolve(String(response.statusCode)));
      socket.once('error', (error) => resolve(error.message));
    });

  test('is refused before 101 without token, with a wrong Origin or Host', async () => {
    expect(await outcome(open(['drydock.v1']))).toBe('401');
    expect(await outcome(open(['drydock.v1', `bearer.${'b'.repeat(43)}`]))).toBe('401');
    expect(await outcome(open(['drydock.v1', `bearer.${token}`], { origin: 'https://evil.example' }))).toBe('403');
    expect(await outcome(open(['drydock.v1', `bearer.${token}`], { headers: { host: 'evil.example' } }))).toBe('403');
  });

  test('sends what was subscribed to, in batches', async () => {
    const socket = open(['drydock.v1', `bearer.${token}`], { origin: server.url });
    const messages: { type: string; exchanges?: { id: string }[] }[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    expect(await outcome(socket)).toBe('open');
    expect(socket.protocol).toBe('drydock.v1');
    socket.send(JSON.stringify({ type: 'subscribe', topics: ['exchanges', 'events', 'metrics', 'status'] }));
    await expect
      .poll(() => messages.map((message) => message.type))
      .toEqual(expect.arrayContaining(['hello', 'metrics', 'status']));
    for (let i = 0; i < 700; i++) hub.publishExchanges([{ id: `x${i}`, request: {} } as never]);
    hub.publishEvents([{ id: 1, time: '', type: 'a', subject: '', message: '', data: {} }]);
    await expect.poll(() => messages.filter((message) => message.type === 'exchanges')).toHaveLength(1);
    const batch = messages.find((message) => message.type === 'exchanges')!;
    expect(batch.exchanges).toHaveLength(500);
    expect(batch.exchanges![0]).toEqual({ id: 'x0' });
    // The 200 that did not fit are told with the next message.
    expect(messages.some((message) => message.type === 'events')).toBe(true);
    expect(messages).toContainEqual({ type: 'gap', topic: 'exchanges', dropped: 200 });
    socket.close();
  });

  test('a reader that never reads costs bounded memory and is told of the gap', async () => {
    const socket = open(['drydock.v1', `bearer.${token}`]);
    expect(await outcome(socket)).toBe('open');
    socket.send(JSON.stringify({ type: 'subscribe', topics: ['events'] }));
    const gaps: number[] = [];
    let seen = 0;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'gap') gaps.push(message.dropped);
      if (message.type === 'events') seen++;
    });
    await expect
      .poll(() => {
        hub.publishEvents([event(0)]);
        return seen;
      })
      .toBeGreaterThan(0);
    socket.pause();
    for (let i = 0; i < 400; i++) hub.publishEvents([event(64 * 1024)]);
    socket.resume();
    await expect
      .poll(() => {
        hub.publishEvents([event(0)]);
        return gaps.length;
      })
      .toBeGreaterThan(0);
    expect(gaps[0]).toBeGreaterThan(100);
    socket.terminate();
  });
  const event = (size: number) => ({ id: 1, time: '', type: 'a', subject: '', message: 'x'.repeat(size), data: {} });
});
