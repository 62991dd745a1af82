import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Engine } from './engine.ts';
import { patienceMs } from './testing/patience.ts';

/* A whole engine: instances are taken out of rotation and put back by hand, while their callers go on calling. */

let home: string;
let engine: Engine;
let apps: Server[];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-rotation-'));
  apps = ['one', 'two'].map((name) => http.createServer((_request, response) => response.end(name)));
  for (const app of apps) await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const [one, two] = apps.map((app) => `127.0.0.1:${(app.address() as AddressInfo).port}`);
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${one}'}]}
    - {name: pay, port: 9080, workloads: [{version: v1, address: '${one}'}, {version: v1, address: '${two}'}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: pay}
spec:
  host: pay
  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, outlierDetection: {baseEjectionTime: 300s, maxEjectionPercent: 100}}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine.stop();
  for (const app of apps) {
    app.close();
    app.closeAllConnections();
  }
  await rm(home, { recursive: true, force: true });
});

async function api<T>(method: string, route: string, body?: unknown): Promise<{ status: number; body: T }> {
  const { control } = engine.ready();
  const response = await fetch(`${control.url}/api/v1${route}`, {
    method,
    headers: { authorization: `Bearer ${control.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}
const rotate = (workload: string, action: string) =>
  api<{ clusters: number; drained: boolean }>('POST', `/workloads/${workload}/rotation`, { action });

function askPay(): Promise<string> {
  const at = new URL(engine.ready().workloads[0]!.outbound);
  return new Promise((resolve, reject) => {
    const options = { host: at.hostname, port: at.port, path: '/', headers: { host: 'pay:9080' }, agent: false as const };
    http
      .get(options, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve(response.statusCode === 200 ? body : String(response.statusCode)));
      })
      .on('error', reject);
  });
}
const ask = async (times: number) => [...new Set(await Promise.all(Array.from({ length: times }, askPay)))].sort();

test('a drained instance gets nothing new from anybody, also from callers that come later, until it is put back', async () => {
  // Nobody has called yet: no cluster lives, and the first one must know.
  expect(await rotate('pay-v1-0', 'drain')).toMatchObject({ status: 200, body: { clusters: 0, drained: true } });
  expect(await ask(8)).toEqual(['two']);
  expect((await rotate('pay-v1-1', 'drain')).body).toMatchObject({ clusters: 1 });
  expect(await ask(2)).toEqual(['503']);
  expect(engine.ready().workloads.filter(({ drained }) => drained)).toHaveLength(2);
  const { clusters } = (
    await api<{ clusters: { endpoints: { drained?: boolean; ejected: unknown }[] }[] }>('GET', '/clusters?service=pay')
  ).body;
  expect(clusters[0]?.endpoints).toMatchObject([
    { drained: true, ejected: null },
    { drained: true, ejected: null },
  ]);
  expect((await rotate('pay-v1-0', 'restore')).body).toMatchObject({ clusters: 1, drained: false });
  expect(await ask(4)).toEqual(['one']);
  // Whatever was broken on purpose is whole again.
  expect((await api<{ stopped: string[] }>('POST', '/faults/stop')).body.stopped).toEqual(['pay-v1-1']);
  expect(await ask(8)).toEqual(['one', 'two']);
  const { events } = (await api<{ events: { type: string }[] }>('GET', '/events')).body;
  expect(events.filter(({ type }) => /drained|restored/.test(type)).map(({ type }) => type)).toEqual([
    'endpoint.restored',
    'endpoint.restored',
    'endpoint.drained',
    'endpoint.drained',
  ]);
});

test('ejecting and readmitting by hand is told as what it is', async () => {
  expect(await ask(4)).toEqual(['one', 'two']);
  expect((await rotate('pay-v1-0', 'eject')).body).toMatchObject({ clusters: 1 });
  expect(await ask(6)).toEqual(['two']);
  expect((await rotate('pay-v1-0', 'readmit')).body).toMatchObject({ clusters: 1 });
  expect((await rotate('pay-v1-0', 'readmit')).body).toMatchObject({ clusters: 0 });
  const returns = async () =>
    (await api<{ events: { message: string }[] }>('GET', '/events?type=endpoint.returned')).body.events.map(
      ({ message }) => message,
    );
  await expect.poll(returns, { timeout: patienceMs }).toEqual([expect.stringContaining('readmitted by hand')]);
  expect((await rotate('nobody', 'drain')).status).toBe(404);
});
