import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliMesh } from './test-kit.ts';

let mesh: CliMesh;
beforeAll(async () => {
  mesh = await CliMesh.start('stock', (_, response) => response.end('real'));
});
afterAll(() => mesh.close());

test('a fault is added, listed with its hits, and all are removed at once', async () => {
  const added = await mesh.drydock('fault', 'add', '--to', 'stock', '--abort', '503', '--name', 'gone');
  expect(added.stdout).toMatch(/^Fault gone is armed until \d{4}-/);
  expect((await mesh.ask('/items')).status).toBe(503);
  // Counters are read when asked for, so the hit is there.
  expect((await mesh.drydock('fault', 'ls')).stdout).toMatch(
    /^gone\tarmed\tanyone → stock\t100 %\tabort \{"httpStatus":503\}\t1 of 1\t/,
  );
  expect((await mesh.drydock('fault', 'rm', '--all')).stdout).toBe('Stopped: gone\n');
  expect((await mesh.ask('/items')).status).toBe(200);
});

test('a refusal says what was probably meant', async () => {
  const refused = await mesh.drydock('fault', 'add', '--to', 'stok', '--delay', '1s');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    'drydock: No service is called `stok` (fault).\n    → Did you mean `stock`?\n',
  ]);
});

test('a certificate is found by service and by workload', async () => {
  const byService = await mesh.drydock('cert', 'show', 'stock');
  expect(byService.stdout).toMatch(/^spiffeId: spiffe:\/\/cluster\.local\/ns\/default\/sa\/stock\nservice: stock\n/);
  expect((await mesh.drydock('cert', 'show', 'stock-v1-0')).stdout).toBe(byService.stdout);
  expect((await mesh.drydock('cert', 'show', 'stoc')).stderr).toBe(
    'drydock: There is no certificate for stoc: did you mean stock?\n',
  );
});

test('what runs is exported without naming its files', async () => {
  const istio = await mesh.drydock('export', 'istio');
  expect(istio.stdout).toContain('kind: Service\nmetadata:\n  name: web\n');
  expect(istio.stderr).toContain('note: Workloads are local processes');
  const envoy = JSON.parse((await mesh.drydock('export', 'envoy', '--workload', 'stock-v1-0', '--json')).stdout);
  expect(envoy.node.id).toContain('stock-v1-0');
});

test('doctor knows the ports of its own engine', async () => {
  const { findings } = JSON.parse((await mesh.drydock('doctor', '--json')).stdout);
  const port = new URL(mesh.engine.ready().toxiproxy).port;
  const finding = findings.find(({ check }: { check: string }) => check === `port ${port}`);
  // Another program may hold the default port; the engine then has another one, which doctor does not look at.
  if (finding) expect(finding).toMatchObject({ state: 'ok', message: 'held by the running engine' });
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'engine', message: expect.stringContaining('runs at http://127.0.0.1:') }),
  );
});
