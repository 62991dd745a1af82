import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MeshEvent } from './api/observability.schema.ts';
import type { Ready, Status } from './api/status.schema.ts';
import { demandOfEngine, getThrough } from './testing/ask-engine.ts';

/* Engines as processes of their own, ended by SIGKILL and by request: what stood in for a service does so again. */

const bin = fileURLToPath(new URL('./cli/drydock.mjs', import.meta.url));
let home: string;
let mesh: string;
let child: ChildProcess | null = null;
let ready: Ready;

async function up(): Promise<void> {
  const args = [bin, 'up', '--json', '--headless', '--home', home, '-f', mesh, '--toxiproxy-port', '0'];
  child = spawn(process.execPath, args, { cwd: home, stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.includes('"event":"ready"')) continue;
    ready = JSON.parse(line) as Ready;
    return;
  }
  throw new Error('the engine ended before it was ready');
}
async function killed(): Promise<void> {
  const ended = once(child!, 'exit');
  child!.kill('SIGKILL');
  await ended;
}
async function down(): Promise<void> {
  const ended = once(child!, 'exit');
  await api('POST', '/shutdown');
  await ended;
}
async function api<T>(method: string, route: string, body?: unknown): Promise<T> {
  return demandOfEngine<T>(ready.control, method, route, body);
}
const ask = async () => (await getThrough(ready.workloads[0]!.outbound, 'shop:9080', '/a')).status;
const events = async (type: string): Promise<MeshEvent[]> =>
  (await api<{ events: MeshEvent[] }>('GET', '/events?limit=200')).events.filter((event) => event.type === type);
const writeMesh = (...services: string[]) =>
  writeFile(
    mesh,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: m}
spec: {services: [${services.map((name) => `{name: ${name}, port: 9080, workloads: [{address: '127.0.0.1:9'}]}`).join(', ')}]}
`,
  );

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-restart-'));
  mesh = path.join(home, 'mesh.yaml');
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) await killed();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

test('a simulation goes on after kill -9 and after a regular end, as it was last changed, until it is stopped', async () => {
  await writeMesh('web', 'shop');
  await up();
  const mapping = { request: { urlPath: '/a' }, response: { status: 299 } };
  const { name } = await api<{ name: string }>('POST', '/recordings/import', [mapping]);
  await api('POST', '/simulations', { recording: name, service: 'shop', latencyScale: 2 });
  await api('POST', '/simulations/sim-1', { mode: 'spy', from: 'web' });
  expect(await ask()).toBe(299);
  await killed();

  await up();
  expect(await ask()).toBe(299);
  const status = await api<Status>('GET', '/status');
  expect(status.simulations).toMatchObject([
    { id: 'sim-1', service: 'shop', recording: name, mode: 'spy', from: 'web', enabled: true, hits: 1 },
  ]);
  expect(status.simulations?.[0]?.restoredAt).toMatch(/^2\d{3}-/);
  expect(await events('simulation.restored')).toMatchObject([{ subject: 'shop', data: { id: 'sim-1' } }]);
  await api('POST', '/simulations/sim-1', { enabled: false });
  await down();

  await up();
  expect(await ask(), 'the service is not there').toBe(503);
  await api('POST', '/simulations/sim-1', { enabled: true });
  expect(await ask()).toBe(299);
  const second = await api<{ id: string }>('POST', '/simulations', { recording: name, service: 'web' });
  expect(second.id, 'numbers go on').toBe('sim-2');
  await api('DELETE', '/simulations/sim-1');
  await killed();

  // What it answered for is no longer there.
  await writeMesh('client', 'shop');
  await up();
  expect((await api<{ simulations: unknown[] }>('GET', '/simulations')).simulations).toEqual([]);
  const [lost] = await events('simulation.lost');
  expect(lost?.message).toBe(
    'Nothing answers for web any more, as sim-2 did before the restart: There is no service web with a workload in default',
  );
}, 120_000);
