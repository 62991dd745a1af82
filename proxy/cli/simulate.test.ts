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
let shop: http.Server;

function drydock(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args, '--home', home], { cwd: home });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
function ask(route: string): Promise<string> {
  const { hostname, port } = new URL(engine.ready().workloads[0]!.outbound);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, path: route, headers: { host: 'shop:9080' }, agent: false as const };
    const request = http.get(options, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-cli-simulate-'));
  shop = http.createServer((_, response) => response.end('real'));
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  const file = path.join(home, 'mesh.yaml');
  const services = ['web', 'shop'].map(
    (name) => `{name: ${name}, port: 9080, workloads: [{address: '127.0.0.1:${(shop.address() as AddressInfo).port}'}]}`,
  );
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: m}\nspec:\n  services: [${services.join(', ')}]\n`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterAll(async () => {
  await engine.stop();
  shop.close();
  shop.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

test('stubs are imported with a report, stand in, are counted, switched and stopped: in words and as JSON', async () => {
  const file = path.join(home, 'mappings.json');
  const mappings = [
    { request: { urlPath: '/a' }, response: { body: 'stub' } },
    { name: 'odd', request: { urlPath: '/b', customMatcher: {} }, response: { body: 'b' } },
  ];
  await writeFile(file, JSON.stringify({ mappings }));
  const imported = await drydock('record', 'import', file, '--as', 'stubs');
  expect(imported.stdout).toMatch(
    /^Imported as stubs: 1 stub \(.*\)\n1 note:\n {2}mapping 2 "odd" request\.customMatcher: has no counterpart here; the mapping is left out\n$/,
  );
  const asJson = JSON.parse((await drydock('record', 'import', file, '--json')).stdout);
  expect(asJson).toMatchObject({ stubs: 1, notes: [{ entry: 'mapping 2 "odd"', field: 'request.customMatcher' }] });

  expect((await drydock('simulate', 'stubs', '--service', 'shop')).stdout).toBe(
    'sim-1: stubs answers for shop (1 answer, mode simulate)\n',
  );
  expect([await ask('/a'), await ask('/c')]).toEqual(['stub', expect.stringContaining('has no answer of shop')]);
  expect((await drydock('simulate', 'ls')).stdout).toBe(
    'sim-1\tshop\t\tstubs\tsimulate\t1\t0\t0\t0\t1\t0\n  shop missed GET /c; nearest /a: path /c, stub equal /a\n',
  );
  expect(JSON.parse((await drydock('simulate', 'ls', '--json')).stdout).simulations).toMatchObject([
    { id: 'sim-1', hits: { stub: 1 }, misses: 1 },
  ]);
  expect((await drydock('explain', '--from', 'web', '--to', 'shop:9080', '/a')).stdout).toContain(
    'stand-in sim-1: stubs for shop answers instead of the service (mode simulate)',
  );

  expect((await drydock('simulate', 'off', 'sim-1')).stdout).toContain('switched off');
  expect(await ask('/a')).toBe('real');
  expect(
    JSON.parse((await drydock('simulate', 'set', 'sim-1', '--from', 'web', '--mode', 'spy', '--json')).stdout),
  ).toMatchObject({ from: 'web', mode: 'spy' });
  expect((await drydock('simulate', 'on', 'sim-1')).stdout).toContain('mode spy, only for web');
  expect([await ask('/a'), await ask('/c')]).toEqual(['stub', 'real']);
  const watched = await drydock('simulate', 'watch', 'sim-1', '--for', '100ms');
  expect(watched).toMatchObject({ code: 0, stdout: 'sim-1 shop: 2 stub, 2 missed, 2 forwarded; last miss GET /c\n' });
  expect(JSON.parse((await drydock('simulate', 'watch', '--for', '1ms', '--json')).stdout)).toMatchObject({
    id: 'sim-1',
    misses: 2,
  });

  expect((await drydock('simulate', 'show', 'sim-1')).stdout).toMatch(
    /\n {2}[\d:]{8} miss {5}GET \/c from web: nearest \/a; path \/c, stub equal \/a\n {2}[\d:]{8} stub {5}GET \/a from web\n {2}[\d:]{8} miss {5}GET \/c from web: went to the service; nearest \/a; path/,
  );
  const set = [
    'simulate',
    'set',
    'sim-1',
    '--session',
    'header:x-user',
    '--exhaustion',
    'cycle',
    '--latency',
    '--latency-scale',
    '0.5',
  ];
  expect(JSON.parse((await drydock(...set, '--streams', 'timed', '--everyone', '--json')).stdout)).toMatchObject({
    ...{ session: 'header:x-user', exhaustion: 'cycle', latency: true, latencyScale: 0.5, streams: 'timed', mode: 'spy' },
  });
  expect(JSON.parse((await drydock('simulate', 'set', 'sim-1', '--no-latency', '--json')).stdout)).toMatchObject({
    ...{ latency: false, latencyScale: 0.5, session: 'header:x-user' },
  });
  expect((await drydock('simulate', 'set', 'sim-1', '--latency-scale', 'fast')).code).toBe(2);
  expect((await drydock('status')).stdout).toContain('◇ stubs answers for shop (sim-1, 2 missed)');

  expect(JSON.parse((await drydock('simulate', 'stop', 'sim-1', '--json')).stdout)).toEqual({ removed: 'sim-1' });
  expect(await ask('/a')).toBe('real');
  expect(await drydock('simulate', 'stop', 'sim-1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no simulation sim-1'),
  });
  expect((await drydock('simulate', 'stop')).code).toBe(2);
  expect((await drydock('simulate', 'stubs')).stderr).toContain('--service');
}, 60_000);
