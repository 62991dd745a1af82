import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { Engine } from '../../proxy/engine.ts';

const folder = path.dirname(fileURLToPath(import.meta.url));
let engine: Engine | null = null;
let home = '';
afterEach(async () => {
  await engine?.stop();
  await rm(home, { recursive: true, force: true });
});

test('the protocols sample runs with nothing installed: gRPC and TCP pass with mutual TLS, and its rehearsal acts', async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-sample-'));
  engine = await Engine.start({ home, paths: [folder] });
  const { control, workloads } = engine.ready();
  const ask = async (route: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${control.token}`, ...(init.headers as Record<string, string>) };
    const response = await fetch(`${control.url}/api/v1${route}`, { ...init, headers });
    return (await response.json()) as { exchanges: Record<string, unknown>[] };
  };
  const seen = (to: string) => ask(`/exchanges?to=${to}&reporter=destination&limit=20`);
  await expect.poll(async () => (await seen('quotes')).exchanges.length, { timeout: 8_000 }).toBeGreaterThan(0);
  await expect.poll(async () => (await seen('counter')).exchanges.length, { timeout: 8_000 }).toBeGreaterThan(0);
  expect((await seen('quotes')).exchanges[0]).toMatchObject({ protocol: 'gRPC', grpcStatus: 0, mtls: true, source: 'visitor' });
  expect((await seen('counter')).exchanges[0]).toMatchObject({ protocol: 'TCP', flags: '', mtls: true, source: 'visitor' });
  const visitor = workloads.find(({ service }) => service === 'visitor')!;
  expect(await (await fetch(`http://${visitor.app}/`)).json()).toMatchObject({ failures: 0 });

  const rehearsal = await readFile(path.join(folder, '../rehearsals/tcp-fault.yaml'), 'utf8');
  await ask('/apply', { method: 'POST', body: rehearsal, headers: { 'content-type': 'application/yaml' } });
  const faults = async () => (await seen('counter')).exchanges.flatMap((exchange) => exchange.faults as { effect: string }[]);
  await expect
    .poll(faults, { timeout: 8_000 })
    .toContainEqual({ name: 'default/slow-counter', effect: 'latency', side: 'server' });
}, 30_000);
