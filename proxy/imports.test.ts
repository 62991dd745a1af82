import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ComposeReading } from './api/import.schema.ts';
import type { Status } from './api/status.schema.ts';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { patienceMs } from './testing/patience.ts';

/* A whole engine: services come into the mesh in sets, from a compose file and from the demo, and stay over a restart. */

let home: string;
let engine: Engine;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-imports-'));
  await writeFile(
    path.join(home, 'mesh.yaml'),
    'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: mine}\nspec: {services: []}\n',
  );
  await start();
}, patienceMs);
afterEach(async () => {
  await engine.stop();
  await rm(home, { recursive: true, force: true });
}, patienceMs);

async function start(): Promise<void> {
  engine = await Engine.start({ home, paths: [path.join(home, 'mesh.yaml')] });
}

async function api<T>(method: string, route: string, body?: unknown) {
  return askEngine<T>(engine.ready().control, method, route, body);
}
const status = async () => (await api<Status>('GET', '/status')).json;
const serviceNames = async () => (await status()).services.map(({ name }) => name).sort();

const compose = `services:
  web: { ports: ["18080:80"] }
  both: { ports: ["17001:9080", "17002:50051"], labels: { version: v2 } }
  queue: {}
`;

test(
  'a compose file is shown before it changes anything, registered whole, and its services leave one by one',
  async () => {
    const { json: reading } = await api<ComposeReading>('POST', '/compose', { compose });
    expect(reading.services.map(({ name }) => name)).toEqual(['web', 'both']);
    expect(reading.left).toMatchObject([{ name: 'queue' }]);
    expect(await serviceNames()).toEqual([]);

    expect((await api('POST', '/compose/import', { compose })).status).toBe(200);
    expect(await serviceNames()).toEqual(['both', 'web']);
    const both = (await status()).workloads.find(({ service }) => service === 'both');
    expect(both).toMatchObject({
      version: 'v2',
      ports: [{ app: '127.0.0.1:17001' }, { app: '127.0.0.1:17002', protocol: 'grpc' }],
    });

    // What is there already is told when it is read, and refused when it is asked for again.
    const again = (await api<ComposeReading>('POST', '/compose', { compose })).json;
    expect([again.services, again.left.map(({ name }) => name)]).toEqual([[], ['web', 'both', 'queue']]);
    expect((await api('POST', '/compose/import', { compose })).status).toBe(409);
    expect((await api('POST', '/compose/import', { compose: 'no: compose' })).status).toBe(400);

    expect((await api('DELETE', '/services/default/web')).status).toBe(200);
    await engine.stop();
    await start();
    expect(await serviceNames()).toEqual(['both']);
  },
  patienceMs * 5,
);

test(
  'the demo starts its processes on free ports, stays over a restart, is not put in twice, and leaves without a trace',
  async () => {
    expect((await api('POST', '/demo')).status).toBe(200);
    const names = await serviceNames();
    expect(names).toEqual(['cart', 'catalog', 'customers', 'ledger', 'payments', 'ratings', 'reviews', 'stock', 'storefront']);
    expect((await api('POST', '/demo')).status).toBe(409);
    await vi.waitFor(
      async () => expect((await status()).workloads.filter(({ health }) => health === 'ready')).toHaveLength(11),
      patienceMs,
    );
    await engine.stop();
    await start();
    expect(await serviceNames()).toEqual(names);
    // What was changed in between goes too: it names services that go.
    const canary = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v2}}]}]}
`;
    expect((await api('POST', '/apply', canary)).status).toBe(200);
    expect((await api('DELETE', '/demo')).status).toBe(200);
    expect(await serviceNames()).toEqual([]);
    expect((await api('DELETE', '/demo')).status).toBe(404);
  },
  patienceMs * 5,
);
