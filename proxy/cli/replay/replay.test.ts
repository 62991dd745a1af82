import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../engine.ts';
import { parseXml } from '../../shared/xml-text.ts';

const bin = fileURLToPath(new URL('../drydock.mjs', import.meta.url));
let home: string;
let engine: Engine;
let shop: http.Server;
let price = 3;

function drydock(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args, '--home', home], { cwd: home });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function ask(route: string): Promise<void> {
  const { hostname, port } = new URL(engine.ready().workloads[0]!.outbound);
  await new Promise<void>((resolve, reject) => {
    const options = { host: hostname, port, path: route, headers: { host: 'shop:9080' }, agent: false as const };
    const request = http.get(options, (response) => response.resume().on('end', () => resolve()));
    request.on('error', reject);
  });
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-cli-replay-'));
  shop = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/price' ? { price, token: 'value-12345678' } : { url: request.url }));
  });
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  const file = path.join(home, 'mesh.yaml');
  const services = ['web', 'shop'].map(
    (name) =>
      `{name: ${name}, port: 9080, workloads: [{version: v1, address: '127.0.0.1:${(shop.address() as AddressInfo).port}'}]}`,
  );
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: m}\nspec:\n  services: [${services.join(', ')}]\n`,
  );
  engine = await Engine.start({ home, paths: [file] });
  await drydock('record', 'start', 'tour');
  for (const route of ['/price', '/items/1', '/items/2']) await ask(route);
  await drydock('record', 'stop', 'tour');
});
afterAll(async () => {
  await engine.stop();
  shop.close();
  shop.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

test('a replay tells a line per endpoint and exits with 0 when all is as it was', async () => {
  const run = await drydock('replay', 'tour', '--pace', 'fast', '--diff', '--to', 'shop=v1');
  expect(run, run.stderr).toMatchObject({ code: 0 });
  expect(run.stdout).toContain('tour: 3 sent, 3 the same, 0 different, 0 failed');
  expect(run.stdout).toMatch(/✓\tGET \/items\/\{\}\tshop\t2\t2\t0\t0/);
});

test('differences are shown, written as JUnit with the command that repeats them, and exit with 1', async () => {
  price = 4;
  const run = await drydock('replay', 'tour', '--pace', 'fast', '--junit', 'out.xml', '--tolerance', '$.price±0.5');
  expect(run.code).toBe(1);
  expect(run.stdout).toContain('$.price: 3 → 4');
  const report = await readFile(path.join(home, 'out.xml'), 'utf8');
  const root = parseXml(report);
  expect(root?.attributes).toMatchObject({ tests: '2', failures: '1' });
  expect(report).toContain('GET /price (shop, 1 call)');
  expect(report).toContain('$.price: 3 -&gt; 4');
  expect(report).toContain('Repeat: npx drydock replay tour --pace fast');
  expect((await drydock('replay', 'tour', '--pace', 'fast', '--tolerance', '$.price±1')).code).toBe(0);
  const asJson = JSON.parse((await drydock('replay', 'tour', '--pace', 'fast', '--diff', '--json')).stdout);
  expect(asJson).toMatchObject({ state: 'finished', sent: 3, different: 1, verdict: 'different' });
  price = 3;
});

test('what cannot be done is said in words', async () => {
  expect((await drydock('replay', 'tour', '--plan')).stdout).toContain('3 calls over');
  expect((await drydock('replay', 'tour', '--to', 'shop=https://shop.example.com')).stderr).toContain(
    '--allow-remote shop.example.com',
  );
  expect((await drydock('replay', 'tour', '--capture', 'nonsense')).stderr).toContain('NAME=PLACE from METHOD PATH');
  expect(await drydock('replay', 'tour', '--pace', 'slow')).toMatchObject({ code: 2 });
});
