import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Exchange } from './api/exchange.schema.ts';
import type { Graph } from './api/observability.schema.ts';
import { Engine } from './engine.ts';
import { askEngine, getThrough } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';
import { patienceMs } from './testing/patience.ts';

let home: string;
let engine: Engine;
let app: Server;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-fault-records-'));
  app = http.createServer((_request, response) => response.end('ratings'));
  await listen(app);
});
afterEach(async () => {
  await engine?.stop();
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

test('a request whose first try met a fault at its callee has met a fault, also when the second one did not', async () => {
  engine = await startShaky();
  const statuses = await Promise.all(Array.from({ length: 40 }, call));
  const { exchanges } = await api<{ exchanges: Exchange[] }>(
    '/exchanges?reporter=source&limit=100',
    (all) => all.exchanges.length === 40,
  );
  const tried = exchanges.filter(({ attempts }) => attempts.length > 1);
  expect(tried.length).toBeGreaterThan(0);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
  // Nothing but the fault fails here, and each try that failed left its note.
  for (const { attempts, faults } of exchanges)
    expect(faults).toHaveLength(attempts.filter(({ status }) => status === 503).length);
  const { edges } = await api<Graph>('/graph?window=300s', (graph) => graph.edges.length > 0);
  expect(edges[0]?.faultHits).toBe(exchanges.filter(({ faults }) => faults.length > 0).length);
});

async function startShaky(): Promise<Engine> {
  const address = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: reviews, port: 9080, workloads: [{version: v1, address: '${address}'}]}
    - {name: ratings, port: 9080, workloads: [{version: v1, address: '${address}'}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings}
spec: {hosts: [ratings], http: [{route: [{destination: {host: ratings}}], retries: {attempts: 2, retryOn: '503'}}]}
---
apiVersion: drydock.dev/v1
kind: Fault
metadata: {name: shaky}
spec: {to: {service: ratings}, percentage: 50, seed: 1, abort: {httpStatus: 503}}
`,
  );
  return Engine.start({ home, paths: [file] });
}

const call = async () => (await getThrough(engine.ready().workloads[0]!.outbound, 'ratings:9080')).status;

/** Asked until what was sent is counted. */
async function api<T>(route: string, isThere: (answer: T) => boolean): Promise<T> {
  return vi.waitUntil(
    async () => {
      const { json: answer } = await askEngine<T>(engine.ready().control, 'GET', route);
      return isThere(answer) ? answer : false;
    },
    { timeout: patienceMs, interval: 50 },
  ) as Promise<T>;
}
