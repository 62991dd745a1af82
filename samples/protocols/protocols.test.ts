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
  const passes = (to: string) => expect.poll(async () => (await seen(to)).exchanges, { timeout: 8_000 });
  const fromVisitor = { flags: '', mtls: true, source: 'visitor' };
  await passes('quotes').toContainEqual(expect.objectContaining({ ...fromVisitor, protocol: 'gRPC', grpcStatus: 0 }));
  await passes('counter').toContainEqual(expect.objectContaining({ ...fromVisitor, protocol: 'TCP' }));
  const visitor = workloads.find(({ service }) => service === 'visitor')!;
  const told = async () => (await (await fetch(`http://${visitor.app}/`)).json()) as { counted: number; failures: number };
  // The three start side by side: the first visit may find one of the others not listening yet, no later one.
  const before = await told();
  await expect.poll(async () => (await told()).counted, { timeout: 8_000 }).toBeGreaterThan(before.counted + 1);
  expect((await told()).failures).toBe(before.failures);

  const rehearsal = await readFile(path.join(folder, '../rehearsals/tcp-fault.yaml'), 'utf8');
  await ask('/apply', { method: 'POST', body: rehearsal, headers: { 'content-type': 'application/yaml' } });
  const faults = async () => (await seen('counter')).exchanges.flatMap((exchange) => exchange.faults as { effect: string }[]);
  await expect
    .poll(faults, { timeout: 8_000 })
    .toContainEqual({ name: 'default/slow-counter', effect: 'latency', side: 'server' });
}, 30_000);
