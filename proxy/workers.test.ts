import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* Several data-plane workers do what one does: the same mesh, real sockets, mutual TLS between threads. */

/** testing/mortal-data-plane.ts dies when it is asked to explain a call to it. */
const deadlyHost = 'please-die';

let home: string;
let engine: Engine;
let apps: Server[];
let addresses: string[];
/** Status each app answers. */
let statuses: number[];
const agent = new http.Agent({ keepAlive: true });

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-workers-'));
  statuses = [200, 200, 200];
  apps = await Promise.all(['first', 'second', 'third'].map((name, index) => startApp(name, index)));
  addresses = apps.map((app) => `127.0.0.1:${(app.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await engine?.stop();
  for (const app of apps) app.close().closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

async function startApp(name: string, index: number): Promise<Server> {
  const app = http.createServer((_request, response) => response.writeHead(statuses[index] ?? 200).end(name));
  await listen(app);
  return app;
}

const mesh = (workers: number, more = '') => `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  dataPlane: {workers: ${workers}}
  services:
    - {name: web, port: 9080, workloads: [{version: v1, address: '${addresses[0]}'}, {version: v2, address: '${addresses[0]}'}]}
    - {name: cart, port: 9080, workloads: [{version: v1, address: '${addresses[0]}'}]}
    - name: ratings
      port: 9080
      workloads: [{version: v1, address: '${addresses[1]}'}, {version: v2, address: '${addresses[2]}'}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict}
spec: {mtls: {mode: STRICT}}
${more}`;
const callers = ['web-v1-0', 'web-v2-1', 'cart-v1-0'];
const rule = (spec: string) =>
  `---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ratings}\nspec: {host: ratings, ${spec}}\n`;
const route = (subset: string) => `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings}
spec: {hosts: [ratings], http: [{route: [{destination: {host: ratings, subset: ${subset}}}]}]}
`;
const subsets = rule('subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]');
const fault = (spec: string) =>
  `---\napiVersion: drydock.dev/v1\nkind: Fault\nmetadata: {name: f}\nspec: {to: {service: ratings}, abort: {httpStatus: 418}, ${spec}}\n`;

async function start(text: string): Promise<void> {
  const file = path.join(home, 'mesh.yaml');
  await writeFile(file, text);
  const dataPlaneEntry = new URL('./testing/mortal-data-plane.ts', import.meta.url);
  engine = await Engine.start({ home, paths: [file], dataPlaneEntry });
}
function api<T>(method: string, route: string, body?: unknown) {
  return askEngine<T>(engine.ready().control, method, route, body);
}
async function apply(text: string): Promise<void> {
  const { status, json } = await api<unknown>('POST', '/apply', text);
  expect(status, JSON.stringify(json)).toBe(200);
}
/** 0: the connection failed. */
function call(from: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(engine.ready().workloads.find(({ id }) => id === from)!.outbound);
  return new Promise((resolve) => {
    const options = { hostname, port, agent, headers: { host: 'ratings:9080', ...headers } };
    const request = http.get(options, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', (error) => resolve({ status: 0, body: error.message }));
    });
    request.on('error', (error) => resolve({ status: 0, body: error.message }));
  });
}
async function statusesOf(count: number, headers: (n: number) => Record<string, string> = () => ({})): Promise<number[]> {
  const seen: number[] = [];
  for (let n = 0; n < count; n++) seen.push((await call(callers[n % callers.length]!, headers(n))).status);
  return seen;
}
interface ExchangeRow {
  traceId: string;
  reporter: string;
  status: number;
}

describe.each([2, 3])('%i workers', (workers) => {
  test('every caller reaches every callee with mutual TLS, wherever the two sidecars run', async () => {
    await start(mesh(workers, subsets + route('v1')));
    for (const caller of callers) expect(await call(caller)).toEqual({ status: 200, body: 'second' });
    await apply(route('v2').slice(4));
    for (const caller of callers) expect(await call(caller)).toEqual({ status: 200, body: 'third' });
    const { json } = await api<{ clusters: { proxy: string; endpoints: unknown[] }[] }>('GET', '/clusters');
    expect(new Set(json.clusters.map(({ proxy }) => proxy))).toEqual(new Set([...callers, 'ratings-v1-0', 'ratings-v2-1']));
    const { json: page } = await api<{ exchanges: ExchangeRow[] }>('GET', '/exchanges');
    expect(page.exchanges.map(({ reporter }) => reporter).sort()).toEqual([
      ...new Array<string>(6).fill('destination'),
      ...new Array<string>(6).fill('source'),
    ]);
    expect(new Set(page.exchanges.map(({ traceId }) => traceId)).size).toBe(6);
  });

  test('`only` and the seed of a fault count the requests of all workers', async () => {
    await start(mesh(workers, fault('side: client, only: {skip: 1, first: 2}')));
    expect(await statusesOf(6)).toEqual([200, 418, 418, 200, 200, 200]);
    const { json } = await api<{ faults: { matched: number; hits: number }[] }>('GET', '/faults');
    expect(json.faults).toMatchObject([{ matched: 6, hits: 2 }]);
    await apply(fault('side: client, percentage: 50, seed: 7').slice(4));
    const seeded = await statusesOf(12);
    expect(new Set(seeded)).toEqual(new Set([200, 418]));
    await engine.stop();
    await start(mesh(1, fault('side: client, percentage: 50, seed: 7')));
    expect(await statusesOf(12)).toEqual(seeded);
  });

  test('a client that a fault per trace has met meets it on every worker', async () => {
    await start(mesh(workers, fault('side: client, per: trace, percentage: 50, seed: 3')));
    for (let trace = 1; trace <= 8; trace++) {
      const traceparent = `00-${String(trace).padStart(32, '0')}-00000000000000ab-01`;
      expect(new Set(await statusesOf(3, () => ({ traceparent }))).size, `trace ${trace}`).toBe(1);
    }
  });

  test('not one request fails while the configuration changes', async () => {
    await start(mesh(workers, subsets + route('v1')));
    let going = true;
    const failures: string[] = [];
    let sent = 0;
    const load = callers.map(async (caller) => {
      while (going) {
        const { status, body } = await call(caller);
        sent++;
        if (status !== 200) failures.push(`${status} ${body}`);
      }
    });
    // Services come and go besides, so that ports open and close on all workers.
    const extra = (n: number) =>
      `---\n${mesh(workers)
        .split('\n---')[0]!
        .replace(
          / {4}- \{name: cart/,
          `    - {name: extra-${n % 3}, port: ${9100 + n}, workloads: [{address: '${addresses[0]}'}]}\n$&`,
        )}\n`;
    for (let n = 0; n < 20; n++) await apply(`${route(n % 2 === 0 ? 'v2' : 'v1').slice(4)}${n % 4 === 0 ? extra(n) : ''}`);
    going = false;
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(sent).toBeGreaterThan(20);
  });

  test('a host is ejected for the caller that saw it fail, on whatever worker it runs', async () => {
    const outlier = 'outlierDetection: {consecutive5xxErrors: 2, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100}';
    await start(mesh(workers, rule(`trafficPolicy: {${outlier}, loadBalancer: {simple: ROUND_ROBIN}}`)));
    statuses = [200, 500, 200];
    for (let n = 0; n < 8; n++) await call('web-v1-0');
    const { json } = await api<{ clusters: { proxy: string; service: string; endpoints: { ejected: boolean }[] }[] }>(
      'GET',
      '/clusters',
    );
    const ejected = json.clusters
      .filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.ejected))
      .map(({ proxy }) => proxy);
    expect(ejected).toEqual(['web-v1-0']);
    for (let n = 0; n < 4; n++) expect((await call('web-v1-0')).status).toBe(200);
  });

  test('a recording holds every request of every worker', async () => {
    await start(mesh(workers));
    const { json } = await api<{ id: string }>('POST', '/recordings', { name: 'all' });
    await statusesOf(60);
    await api('POST', `/recordings/${json.id}/stop`);
    const { json: page } = await api<{ exchanges: ExchangeRow[] }>('GET', `/recordings/${json.id}/exchanges?limit=500`);
    expect(page.exchanges.length).toBe(120);
    expect(new Set(page.exchanges.map(({ traceId }) => traceId)).size).toBe(60);
  });

  test('a worker that dies takes only its own sidecars along, and they are back on their ports', async () => {
    await start(mesh(workers));
    const before = engine.ready().workloads.map(({ outbound, inbound }) => `${outbound} ${inbound}`);
    await statusesOf(3);
    const dead = 'web-v2-1';
    await api('POST', '/explain', { from: dead, to: deadlyHost });
    const events = async () => (await api<{ events: { type: string; message: string }[] }>('GET', '/events')).json.events;
    await expect.poll(async () => (await events()).map(({ type }) => type)).toContain('data-plane.recovered');
    const crashed = (await events()).find(({ type }) => type === 'data-plane.crashed');
    expect(crashed?.message).toMatch(
      new RegExp(`^Worker \\d of ${workers} of the data plane crashed and is being restarted with .*${dead}`),
    );
    expect(engine.ready().workloads.map(({ outbound, inbound }) => `${outbound} ${inbound}`)).toEqual(before);
    await expect.poll(() => statusesOf(6)).toEqual(new Array(6).fill(200));
    await apply(fault('side: server').slice(4));
    expect(await statusesOf(3)).toEqual([418, 418, 418]);
  });
});
