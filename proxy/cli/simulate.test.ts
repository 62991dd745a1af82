import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliMesh } from './test-kit.ts';

let mesh: CliMesh;
const ask = async (route: string) => (await mesh.ask(route)).body;
beforeAll(async () => {
  mesh = await CliMesh.start('shop', (_, response) => response.end('real'));
});
afterAll(() => mesh.close());

test('stubs are imported with a report, stand in, are counted, switched and stopped: in words and as JSON', async () => {
  const file = path.join(mesh.home, 'mappings.json');
  const mappings = [
    { request: { urlPath: '/a' }, response: { body: 'stub' } },
    { name: 'odd', request: { urlPath: '/b', customMatcher: {} }, response: { body: 'b' } },
  ];
  await writeFile(file, JSON.stringify({ mappings }));
  const imported = await mesh.drydock('record', 'import', file, '--as', 'stubs');
  expect(imported.stdout).toMatch(
    /^Imported as stubs: 1 stub \(.*\)\n1 note:\n {2}mapping 2 "odd" request\.customMatcher: has no counterpart here; the mapping is left out\n$/,
  );
  const asJson = JSON.parse((await mesh.drydock('record', 'import', file, '--json')).stdout);
  expect(asJson).toMatchObject({ stubs: 1, notes: [{ entry: 'mapping 2 "odd"', field: 'request.customMatcher' }] });

  expect((await mesh.drydock('simulate', 'stubs', '--service', 'shop')).stdout).toBe(
    'sim-1: stubs answers for shop (1 answer, mode simulate)\n',
  );
  expect([await ask('/a'), await ask('/c')]).toEqual(['stub', expect.stringContaining('has no answer of shop')]);
  expect((await mesh.drydock('simulate', 'ls')).stdout).toBe(
    'sim-1\tshop\t\tstubs\tsimulate\t1\t0\t0\t0\t1\t0\n  shop missed GET /c; nearest /a: path /c, stub equal /a\n',
  );
  expect(JSON.parse((await mesh.drydock('simulate', 'ls', '--json')).stdout).simulations).toMatchObject([
    { id: 'sim-1', hits: { stub: 1 }, misses: 1 },
  ]);
  expect((await mesh.drydock('explain', '--from', 'web', '--to', 'shop:9080', '/a')).stdout).toContain(
    'stand-in sim-1: stubs for shop answers instead of the service (mode simulate)',
  );

  expect((await mesh.drydock('simulate', 'off', 'sim-1')).stdout).toContain('switched off');
  expect(await ask('/a')).toBe('real');
  expect(
    JSON.parse((await mesh.drydock('simulate', 'set', 'sim-1', '--from', 'web', '--mode', 'spy', '--json')).stdout),
  ).toMatchObject({ from: 'web', mode: 'spy' });
  expect((await mesh.drydock('simulate', 'on', 'sim-1')).stdout).toContain('mode spy, only for web');
  expect([await ask('/a'), await ask('/c')]).toEqual(['stub', 'real']);
  const watched = await mesh.drydock('simulate', 'watch', 'sim-1', '--for', '100ms');
  expect(watched).toMatchObject({ code: 0, stdout: 'sim-1 shop: 2 stub, 2 missed, 2 forwarded; last miss GET /c\n' });
  expect(JSON.parse((await mesh.drydock('simulate', 'watch', '--for', '1ms', '--json')).stdout)).toMatchObject({
    id: 'sim-1',
    misses: 2,
  });

  expect((await mesh.drydock('simulate', 'show', 'sim-1')).stdout).toMatch(
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
  expect(JSON.parse((await mesh.drydock(...set, '--streams', 'timed', '--everyone', '--json')).stdout)).toMatchObject({
    ...{ session: 'header:x-user', exhaustion: 'cycle', latency: true, latencyScale: 0.5, streams: 'timed', mode: 'spy' },
  });
  expect(JSON.parse((await mesh.drydock('simulate', 'set', 'sim-1', '--no-latency', '--json')).stdout)).toMatchObject({
    ...{ latency: false, latencyScale: 0.5, session: 'header:x-user' },
  });
  expect((await mesh.drydock('simulate', 'set', 'sim-1', '--latency-scale', 'fast')).code).toBe(2);
  expect((await mesh.drydock('status')).stdout).toContain('◇ stubs answers for shop (sim-1, 2 missed)');

  expect(JSON.parse((await mesh.drydock('simulate', 'stop', 'sim-1', '--json')).stdout)).toEqual({ removed: 'sim-1' });
  expect(await ask('/a')).toBe('real');
  expect(await mesh.drydock('simulate', 'stop', 'sim-1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no simulation sim-1'),
  });
  expect((await mesh.drydock('simulate', 'stop')).code).toBe(2);
  expect((await mesh.drydock('simulate', 'stubs')).stderr).toContain('--service');
}, 60_000);
