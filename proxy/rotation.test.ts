import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Engine } from './engine.ts';
import { askEngine, getThrough } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';
import { patienceMs } from './testing/patience.ts';

/* A whole engine: instances are taken out of rotation and put back by hand, while their callers go on calling. */

let home: string;
let engine: Engine;
let apps: Server[];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-rotation-'));
  apps = ['one', 'two'].map((name) => http.createServer((_request, response) => response.end(name)));
  const [one, two] = await Promise.all(apps.map(async (app) => `127.0.0.1:${await listen(app)}`));
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

async function api<T>(method: string, route: string, body?: unknown) {
  return askEngine<T>(engine.ready().control, method, route, body);
}
const rotate = (workload: string, action: string) =>
  api<{ clusters: number; drained: boolean }>('POST', `/workloads/${workload}/rotation`, { action });

async function askPay(): Promise<string> {
  const { status, body } = await getThrough(engine.ready().workloads[0]!.outbound, 'pay:9080');
  return status === 200 ? body : String(status);
}
const ask = async (times: number) => [...new Set(await Promise.all(Array.from({ length: times }, askPay)))].sort();

test('a drained instance gets nothing new from anybody, also from callers that come later, until it is put back', async () => {
  // Nobody has called yet: no cluster lives, and the first one must know.
  expect(await rotate('pay-v1-0', 'drain')).toMatchObject({ status: 200, json: { clusters: 0, drained: true } });
  expect(await ask(8)).toEqual(['two']);
  expect((await rotate('pay-v1-1', 'drain')).json).toMatchObject({ clusters: 1 });
  expect(await ask(2)).toEqual(['503']);
  expect(engine.ready().workloads.filter(({ drained }) => drained)).toHaveLength(2);
  const { clusters } = (
    await api<{ clusters: { endpoints: { drained?: boolean; ejected: unknown }[] }[] }>('GET', '/clusters?service=pay')
  ).json;
  expect(clusters[0]?.endpoints).toMatchObject([
    { drained: true, ejected: null },
    { drained: true, ejected: null },
  ]);
  expect((await rotate('pay-v1-0', 'restore')).json).toMatchObject({ clusters: 1, drained: false });
  expect(await ask(4)).toEqual(['one']);
  // Whatever was broken on purpose is whole again.
  expect((await api<{ stopped: string[] }>('POST', '/faults/stop')).json.stopped).toEqual(['pay-v1-1']);
  expect(await ask(8)).toEqual(['one', 'two']);
  const { events } = (await api<{ events: { type: string }[] }>('GET', '/events')).json;
  expect(events.filter(({ type }) => /drained|restored/.test(type)).map(({ type }) => type)).toEqual([
    'endpoint.restored',
    'endpoint.restored',
    'endpoint.drained',
    'endpoint.drained',
  ]);
});

test('ejecting and readmitting by hand is told as what it is', async () => {
  expect(await ask(4)).toEqual(['one', 'two']);
  expect((await rotate('pay-v1-0', 'eject')).json).toMatchObject({ clusters: 1 });
  expect(await ask(6)).toEqual(['two']);
  expect((await rotate('pay-v1-0', 'readmit')).json).toMatchObject({ clusters: 1 });
  expect((await rotate('pay-v1-0', 'readmit')).json).toMatchObject({ clusters: 0 });
  const returns = async () =>
    (await api<{ events: { message: string }[] }>('GET', '/events?type=endpoint.returned')).json.events.map(
      ({ message }) => message,
    );
  await expect.poll(returns, { timeout: patienceMs }).toEqual([expect.stringContaining('readmitted by hand')]);
  expect((await rotate('nobody', 'drain')).status).toBe(404);
});
