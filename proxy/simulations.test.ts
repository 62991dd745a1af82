import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { simulationSchema } from './api/simulation.schema.ts';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* A whole engine; the service that is stood in for is really gone. */

let home: string;
let engine: Engine;
let ratings: Server;
let calls: number;
let web: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-simulations-'));
  calls = 0;
  ratings = http.createServer((request, response) => {
    calls++;
    response.setHeader('x-app', 'ratings');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ call: calls, url: request.url, secret: 'x' }));
  });
  const file = path.join(home, 'mesh.yaml');
  const address = `127.0.0.1:${await listen(ratings)}`;
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${address}'}]}
    - {name: other, port: 9080, workloads: [{address: '${address}'}]}
    - {name: ratings, port: 9080, workloads: [{version: v1, address: '${address}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
  web = engine.ready().workloads[0]!.outbound;
});
afterEach(async () => {
  await engine.stop();
  ratings.close();
  ratings.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

async function api(method: string, route: string, body?: unknown) {
  return askEngine<Record<string, never>>(engine.ready().control, method, route, body);
}
function ask(
  route: string,
  headers: Record<string, string> = {},
  outbound = web,
): Promise<{ status: number; body: string; simulated: string; app: string }> {
  const at = new URL(outbound);
  return new Promise((resolve, reject) => {
    const options = {
      host: at.hostname,
      port: at.port,
      path: route,
      headers: { host: 'ratings:9080', ...headers },
      agent: false as const,
    };
    http
      .get(options, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => {
          const header = (name: string) => String(response.headers[name] ?? '');
          resolve({ status: response.statusCode ?? 0, body, simulated: header('x-drydock-simulated'), app: header('x-app') });
        });
      })
      .on('error', reject);
  });
}
async function record(...routes: string[]): Promise<void> {
  const { json } = await api('POST', '/recordings', { name: 'monday' });
  for (const route of routes) await ask(route, { authorization: 'Bearer secret-token' });
  await api('POST', `/recordings/${json.id}/stop`);
}
function takeAway(): void {
  ratings.close();
  ratings.closeAllConnections();
}

describe('a service that a recording answers for', () => {
  test('need not run: its recorded answers come through the mesh, and say where they come from', async () => {
    await record('/ratings/1', '/ratings/1', '/ratings/2?token=abc');
    takeAway();
    expect((await ask('/ratings/1')).status).toBe(503);
    const started = await api('POST', '/simulations', { recording: 'monday', service: 'ratings' });
    const simulation = simulationSchema.parse(started.json);
    expect(simulation).toMatchObject({ answers: 3, mode: 'simulate', service: 'ratings', namespace: 'default' });
    const first = await ask('/ratings/1');
    expect(first).toMatchObject({ status: 200, app: 'ratings' });
    expect(JSON.parse(first.body)).toMatchObject({ call: 1, url: '/ratings/1' });
    expect(first.simulated).toMatch(/^exact; recording=monday; exchange=/);
    expect(JSON.parse((await ask('/ratings/1')).body)).toMatchObject({ call: 2 });
    expect(JSON.parse((await ask('/ratings/1')).body), 'the last one again').toMatchObject({ call: 2 });
    expect((await ask('/ratings/2?token=abc')).simulated, 'secrets are redacted before they are looked up').toMatch(/^exact/);
    expect((await ask('/ratings/99')).simulated).toMatch(/^template/);
    const miss = await ask('/stars/1');
    expect(miss.status).toBe(501);
    expect(miss.body).toContain('Nearest: /ratings/1');
    const now = simulationSchema.parse((await api('GET', `/simulations/${simulation.id}`)).json);
    expect(now).toMatchObject({ hits: { exact: 4, masked: 0, template: 1 }, misses: 1, forwarded: 0 });
    expect(now.recentMisses[0]).toMatchObject({ path: '/stars/1', nearest: { differs: ['path /stars/1, recorded /ratings/1'] } });
    expect((await api('DELETE', `/simulations/${simulation.id}`)).status).toBe(200);
    expect((await ask('/ratings/1')).status).toBe(503);
  });

  test('in mode spy a miss goes to the service; in mode record its answer is remembered', async () => {
    await record('/ratings/1');
    const spy = await api('POST', '/simulations', { recording: 'monday', service: 'ratings', mode: 'spy' });
    expect((await ask('/new')).body).toContain('"call":2');
    expect((await ask('/new')).body).toContain('"call":3');
    await api('DELETE', `/simulations/${spy.json.id}`);
    await api('POST', '/simulations', { recording: 'monday', service: 'ratings', mode: 'record' });
    expect((await ask('/new')).simulated).toBe('');
    const remembered = await ask('/new');
    expect(remembered.body).toContain('"call":4');
    expect(remembered.simulated).toMatch(/^exact/);
  });

  test('can answer one caller only; others reach the service', async () => {
    await record('/ratings/1');
    await api('POST', '/simulations', { recording: 'monday', service: 'ratings', from: 'web' });
    expect((await ask('/ratings/1')).simulated).toMatch(/^exact/);
    const other = engine.ready().workloads[1]!.outbound;
    expect(await ask('/ratings/1', {}, other)).toMatchObject({ status: 200, simulated: '' });
  });

  test('what cannot be stood in for is told', async () => {
    await record('/ratings/1');
    const start = (body: object) => api('POST', '/simulations', body);
    expect(await start({ recording: 'sunday', service: 'ratings' })).toMatchObject({ status: 404 });
    expect(await start({ recording: 'monday', service: 'nobody' })).toMatchObject({ status: 404 });
    expect(await start({ recording: 'monday', service: 'other' })).toMatchObject({ status: 404 });
    expect(await start({ recording: 'monday', service: 'ratings', session: 'planet' })).toMatchObject({ status: 400 });
    await start({ recording: 'monday', service: 'ratings' });
    expect(await start({ recording: 'monday', service: 'ratings' })).toMatchObject({ status: 409 });
  });
});
