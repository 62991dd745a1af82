import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../engine.ts';

const bin = fileURLToPath(new URL('./drydock.mjs', import.meta.url));
let home: string;
let engine: Engine;
let app: http.Server;

function drydock(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args, '--home', home], { cwd: home });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function ask(route: string): Promise<number> {
  const { hostname, port } = new URL(engine.ready().workloads[0]!.outbound);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, path: route, headers: { host: 'stock:9080' }, agent: false as const };
    http.get(options, (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0))).on('error', reject);
  });
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-cli-everyday-'));
  app = http.createServer((_, response) => response.end('real'));
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const file = path.join(home, 'mesh.yaml');
  const services = ['web', 'stock'].map(
    (name) =>
      `{name: ${name}, port: 9080, workloads: [{version: v1, address: '127.0.0.1:${(app.address() as AddressInfo).port}'}]}`,
  );
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: m}\nspec:\n  services: [${services.join(', ')}]\n`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterAll(async () => {
  await engine.stop();
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

test('a fault is added, listed with its hits, and all are removed at once', async () => {
  const added = await drydock('fault', 'add', '--to', 'stock', '--abort', '503', '--name', 'gone');
  expect(added.stdout).toMatch(/^Fault gone is armed until \d{4}-/);
  expect(await ask('/items')).toBe(503);
  // Counters are read when asked for, so the hit is there.
  expect((await drydock('fault', 'ls')).stdout).toMatch(
    /^gone\tarmed\tanyone → stock\t100 %\tabort \{"httpStatus":503\}\t1 of 1\t/,
  );
  expect((await drydock('fault', 'rm', '--all')).stdout).toBe('Stopped: gone\n');
  expect(await ask('/items')).toBe(200);
});

test('a refusal says what was probably meant', async () => {
  const refused = await drydock('fault', 'add', '--to', 'stok', '--delay', '1s');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    'drydock: No service is called `stok` (fault).\n    → Did you mean `stock`?\n',
  ]);
});

test('a certificate is found by service and by workload', async () => {
  const byService = await drydock('cert', 'show', 'stock');
  expect(byService.stdout).toMatch(/^spiffeId: spiffe:\/\/cluster\.local\/ns\/default\/sa\/stock\nservice: stock\n/);
  expect((await drydock('cert', 'show', 'stock-v1-0')).stdout).toBe(byService.stdout);
  expect((await drydock('cert', 'show', 'stoc')).stderr).toBe('drydock: There is no certificate for stoc: did you mean stock?\n');
});

test('what runs is exported without naming its files', async () => {
  const istio = await drydock('export', 'istio');
  expect(istio.stdout).toContain('kind: Service\nmetadata:\n  name: web\n');
  expect(istio.stderr).toContain('note: Workloads are local processes');
  const envoy = JSON.parse((await drydock('export', 'envoy', '--workload', 'stock-v1-0', '--json')).stdout);
  expect(envoy.node.id).toContain('stock-v1-0');
});

test('doctor knows the ports of its own engine', async () => {
  const { findings } = JSON.parse((await drydock('doctor', '--json')).stdout);
  const port = new URL(engine.ready().toxiproxy).port;
  const finding = findings.find(({ check }: { check: string }) => check === `port ${port}`);
  // Another program may hold the default port; the engine then has another one, which doctor does not look at.
  if (finding) expect(finding).toMatchObject({ state: 'ok', message: 'held by the running engine' });
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'engine', message: expect.stringContaining('runs at http://127.0.0.1:') }),
  );
});
