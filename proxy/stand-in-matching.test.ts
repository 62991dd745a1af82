import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ExchangeDetail } from './api/exchange.schema.ts';
import type { Simulation } from './api/simulation.schema.ts';
import type { Status } from './api/status.schema.ts';
import { Engine } from './engine.ts';
import { demandOfEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';
import { patienceMs } from './testing/patience.ts';

/* How requests find their answers as developers send them: through a strict mesh with two versions, retries and secrets. The services are gone by then. */

let home: string;
let engine: Engine;
const servers: http.Server[] = [];
const counts = new Map<string, number>();

type Route = (request: IncomingMessage, response: ServerResponse, body: string, count: number) => void;
const routes: Record<string, Route> = {
  '/order': (_, response, body) => response.end(`ordered ${body.length}`),
  '/upload': (_, response) => response.end('uploaded'),
  '/login': (_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'sid=secret-1; Path=/' })
      .end('{"access_token":"tok-12345678"}'),
  '/cart': (request, response, _body, count) => response.end(`${/sid=(\w+)/.exec(request.headers.cookie ?? '')?.[1]} ${count}`),
  '/flaky': (_, response, _body, count) => response.writeHead(count === 1 ? 503 : 200).end(`try ${count}`),
  '/moved': (_, response) => response.writeHead(302, { location: 'http://shop:9080/order?from=moved' }).end(),
  '/options': (_, response) => response.writeHead(204, { allow: 'GET, OPTIONS' }).end(),
  '/page': (_, response) => response.writeHead(200, { 'content-type': 'text/html', etag: '"p"' }).end('<p>page</p>'),
};

async function app(name: string): Promise<string> {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const route = request.url!.split('?')[0]!;
      const count = (counts.get(route) ?? 0) + 1;
      counts.set(route, count);
      response.setHeader('x-app', name);
      (routes[route] ?? ((_, to) => to.end(name)))(request, response, body, count);
    });
  });
  servers.push(server);
  return `127.0.0.1:${await listen(server)}`;
}

async function api<T>(method: string, route: string, body?: unknown): Promise<T> {
  return demandOfEngine<T>(engine.ready().control, method, route, body);
}

interface Asked {
  method?: string;
  body?: string;
  headers?: Record<string, string>;
  from?: string;
}
interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  /** `masked` of the header that tells. */
  tier: string;
}
const outboundOf = (service: string) => new URL(engine.ready().workloads.find((one) => one.service === service)!.outbound);
function ask(route: string, { method = 'GET', body, headers = {}, from = 'web' }: Asked = {}): Promise<Answer> {
  const at = outboundOf(from);
  return new Promise((resolve, reject) => {
    const options = { host: at.hostname, port: at.port, path: route, method, agent: false as const };
    const request = http.request({ ...options, headers: { host: 'shop:9080', ...headers } }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => {
        const told = String(response.headers['x-drydock-simulated'] ?? '');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, tier: told.split(';')[0]! });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
function askHttp2(route: string): Promise<Pick<Answer, 'status' | 'body' | 'tier'>> {
  const session = http2.connect(`http://${outboundOf('web').host}`);
  const stream = session.request({ ':path': route, ':authority': 'shop:9080' });
  return new Promise((resolve, reject) => {
    let [status, body, told] = [0, '', ''];
    stream.on('response', (head) => {
      status = Number(head[':status']);
      told = String(head['x-drydock-simulated'] ?? '');
    });
    stream.on('data', (chunk) => (body += chunk));
    stream.on('end', () => {
      session.close();
      resolve({ status, body, tier: told.split(';')[0]! });
    });
    stream.on('error', reject);
  });
}
const json = (value: unknown): Asked => ({
  ...{ method: 'POST', body: JSON.stringify(value), headers: { 'content-type': 'application/json' } },
});
const form = (boundary: string, amount: string): Asked => ({
  method: 'POST',
  headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  body: `--${boundary}\r\nContent-Disposition: form-data; name="amount"\r\n\r\n${amount}\r\n--${boundary}--\r\n`,
});
const order = {
  id: '3f2c1e9a-0000-4000-8000-0123456789ab',
  at: '2026-01-01T10:00:00Z',
  lines: [{ sku: 'rope', n: 2 }],
  password: 'p',
};

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-matching-'));
  const [v1, v2] = await Promise.all([app('v1'), app('v2')]);
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: strict}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '127.0.0.1:9'}]}
    - {name: batch, port: 9080, serviceAccount: nightly, workloads: [{address: '127.0.0.1:9'}]}
    - {name: shop, port: 9080, workloads: [{version: v1, address: '${v1}'}, {version: v2, address: '${v2}'}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec: {host: shop, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop]
  http:
    - {match: [{headers: {x-to: {exact: v2}}}], route: [{destination: {host: shop, subset: v2}}]}
    - {route: [{destination: {host: shop, subset: v1}}], retries: {attempts: 2, retryOn: 5xx}}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
  await api('POST', '/recordings', { name: 'day' });
  await ask('/order?page=1&sort=up', json(order));
  await ask('/upload', form('----first0000', '10'));
  await ask('/login', json({ user: 'kim', password: 'hunter2' }));
  for (const sid of ['kim', 'lee', 'kim']) await ask('/cart', { headers: { cookie: `sid=${sid}` } });
  await ask('/flaky');
  await ask('/moved');
  await ask('/options', { method: 'OPTIONS' });
  await ask('/page');
  await ask('/who');
  await ask('/who', { headers: { 'x-to': 'v2' } });
  await ask('/only-v1');
  await api('POST', '/recordings/day/stop');
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
}, 60_000);
afterAll(async () => {
  await engine.stop();
  await rm(home, { recursive: true, force: true });
});

async function during<T>(request: Record<string, unknown>, run: (simulation: Simulation) => Promise<T>): Promise<T> {
  const simulation = await api<Simulation>('POST', '/simulations', { recording: 'day', service: 'shop', ...request });
  try {
    return await run(simulation);
  } finally {
    await api('DELETE', `/simulations/${simulation.id}`);
  }
}
const see = (id: string) => api<Simulation>('GET', `/simulations/${id}`);

describe('a request finds its answer', () => {
  test('by what it says: members and parameters in any order, other ids, times and boundaries, secrets as they were', async () => {
    await during({}, async ({ id }) => {
      const { lines, password } = order;
      const again = { password, lines, at: '2031-05-05T00:00:00Z', id: '99999999-0000-4000-8000-0123456789ab' };
      expect((await ask('/order?sort=up&page=1', json(again))).tier).toBe('masked');
      expect((await ask('/order?page=1&sort=up', json(order))).tier).toBe('exact');
      expect((await ask('/upload', form('----other99999', '10'))).tier).toBe('masked');
      const other = await ask('/order?page=2&sort=up', json({ ...order, lines: [{ sku: 'rope', n: 3 }] }));
      expect(other.tier).toBe('template');
      expect((await see(id)).recent?.[0]).toMatchObject({
        ...{ outcome: 'template', caller: 'web', differs: ['query page=2, recorded 1', 'body $.lines[0].n 3, recorded 2'] },
      });
    });
  });

  test('with secrets that were redacted: the same password is the same, its answer holds no token', async () => {
    await during({}, async () => {
      const answer = await ask('/login', json({ user: 'kim', password: 'hunter2' }));
      expect([answer.tier, answer.status]).toEqual(['exact', 200]);
      expect(JSON.parse(answer.body)).toEqual({ access_token: expect.stringMatching(/^redacted-[0-9a-f]{16}$/) });
      expect(answer.headers['set-cookie']?.[0]).toMatch(/^sid=redacted-[0-9a-f]{16}; Path=\/$/);
      expect((await ask('/login', json({ user: 'kim', password: 'other' }))).tier).toBe('masked');
    });
  });

  test('of its own session, by a cookie that was redacted', async () => {
    await during({ session: 'cookie:sid' }, async () => {
      const cart = async (sid: string) => (await ask('/cart', { headers: { cookie: `sid=${sid}` } })).body;
      expect([await cart('lee'), await cart('kim'), await cart('kim'), await cart('kim')]).toEqual([
        'lee 2',
        'kim 1',
        'kim 3',
        'kim 3',
      ]);
      expect([await cart('new'), await cart('new')], 'a session that was not there').toEqual(['kim 1', 'lee 2']);
    });
  });

  test('and the answer is what it was: a failure that was retried, a redirect, OPTIONS, HEAD of a GET', async () => {
    await during({}, async ({ id }) => {
      expect(await ask('/flaky')).toMatchObject({ status: 200, body: 'try 2' });
      expect((await see(id)).hits.exact, 'the sidecar asked twice').toBe(2);
      expect(await ask('/moved')).toMatchObject({ status: 302, headers: { location: 'http://shop:9080/order?from=moved' } });
      expect(await ask('/options', { method: 'OPTIONS' })).toMatchObject({ status: 204, headers: { allow: 'GET, OPTIONS' } });
      const head = await ask('/page', { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, body: '', tier: 'exact', headers: { etag: '"p"', 'content-type': 'text/html' } });
    });
  });

  test('of the version it is routed to, else of any; over HTTP/2 as over HTTP/1.1', async () => {
    await during({}, async ({ notes }) => {
      expect(notes).toEqual([]);
      const who = async (version: string) => (await ask('/who', { headers: { 'x-to': version } })).body;
      expect([await who('v2'), await who('v1'), await who('v2')]).toEqual(['v2', 'v1', 'v2']);
      expect(await ask('/only-v1', { headers: { 'x-to': 'v2' } })).toMatchObject({ tier: 'exact', body: 'v1' });
      expect(await askHttp2('/who')).toEqual({ status: 200, body: 'v1', tier: 'exact' });
    });
  });
});

test('a service that is answered for need not run: the status says nothing of it', async () => {
  const status = () => api<Status>('GET', '/status');
  const downed = async () => (await status()).workloads.filter(({ service, health }) => service === 'shop' && health === 'down');
  await vi.waitFor(async () => expect(await downed()).toHaveLength(2), patienceMs);
  const [one] = await downed();
  expect((await status()).problems.join()).toContain(one!.app);
  await during({}, async () => expect((await status()).problems.join()).not.toContain(one!.app));
});

describe('two simulations of one service', () => {
  test('answer a caller each, by the name of its service whatever its account; others get the third', async () => {
    const stub = (body: string) => [{ request: { urlPath: '/who' }, response: { body } }];
    const [one, two] = await Promise.all(
      ['one', 'two'].map((body) => api<{ name: string; id: string }>('POST', '/recordings/import', stub(body))),
    );
    await during({ from: 'batch', recording: one!.id }, async () => {
      await during({ recording: two!.id }, async ({ id }) => {
        expect([(await ask('/who', { from: 'batch' })).body, (await ask('/who')).body]).toEqual(['one', 'two']);
        expect((await see(id)).recent?.[0]?.caller).toBe('web');
        await expect(during({ from: 'batch' }, async () => undefined)).rejects.toThrow(
          /already answers for shop to batch: change sim-\d+, or stop it first/,
        );
      });
    });
  });

  test('a recording that is deleted meanwhile goes on answering, and says so', async () => {
    const { id: recording } = await api<{ id: string }>('POST', '/recordings/import', [
      { request: { urlPath: '/x' }, response: { body: 'x' } },
    ]);
    await during({ recording }, async ({ id }) => {
      await api('DELETE', `/recordings/${recording}`);
      expect((await ask('/x')).body).toBe('x');
      expect((await see(id)).notes).toEqual([expect.stringContaining('was deleted')]);
      await api('POST', `/recordings/${recording}/restore`);
      expect((await see(id)).notes).toEqual([]);
    });
  });

  test('what was mistyped is named', async () => {
    await expect(during({ recording: 'dya' }, async () => undefined)).rejects.toThrow(
      'There is no recording dya; did you mean day?',
    );
    await expect(during({ service: 'shpo' }, async () => undefined)).rejects.toThrow('did you mean shop?');
  });
});

test('a service that is gone while its stand-in passes a call on is a 503, as without one; the record says who was asked', async () => {
  await during({ mode: 'spy' }, async ({ id }) => {
    const miss = await ask('/not/recorded');
    expect([miss.status, miss.body]).toEqual([
      503,
      expect.stringContaining('The stand-in left this to the service, which cannot be reached: connect ECONNREFUSED'),
    ]);
    expect((await see(id)).recent?.[0]).toMatchObject({ outcome: 'miss', forwarded: true });
    const { exchanges } = await api<{ exchanges: { id: string }[] }>('GET', '/exchanges?path=/not/recorded&reporter=destination');
    const hop = await api<ExchangeDetail>('GET', `/exchanges/${exchanges[0]!.id}`);
    expect(hop.standIn).toMatchObject({ simulation: id, outcome: 'forwarded' });
  });
});
