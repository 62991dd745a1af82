import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseXml } from '../../shared/xml-text.ts';
import { CliMesh } from '../test-kit.ts';

let mesh: CliMesh;
let price = 3;

beforeAll(async () => {
  mesh = await CliMesh.start('shop', (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/price' ? { price, token: 'value-12345678' } : { url: request.url }));
  });
  await mesh.drydock('record', 'start', 'tour');
  for (const route of ['/price', '/items/1', '/items/2']) await mesh.ask(route);
  await mesh.drydock('record', 'stop', 'tour');
});
afterAll(() => mesh.close());

test('a replay tells a line per endpoint and exits with 0 when all is as it was', async () => {
  const run = await mesh.drydock('replay', 'tour', '--pace', 'fast', '--diff', '--to', 'shop=v1');
  expect(run, run.stderr).toMatchObject({ code: 0 });
  expect(run.stdout).toContain('tour: 3 sent, 3 the same, 0 different, 0 failed');
  expect(run.stdout).toMatch(/✓\tGET \/items\/\{\}\tshop\t2\t2\t0\t0/);
});

test('differences are shown, written as JUnit with the command that repeats them, and exit with 1', async () => {
  price = 4;
  const run = await mesh.drydock('replay', 'tour', '--pace', 'fast', '--junit', 'out.xml', '--tolerance', '$.price±0.5');
  expect(run.code).toBe(1);
  expect(run.stdout).toContain('$.price: 3 → 4');
  const report = await readFile(path.join(mesh.home, 'out.xml'), 'utf8');
  const root = parseXml(report);
  expect(root?.attributes).toMatchObject({ tests: '2', failures: '1' });
  expect(report).toContain('GET /price (shop, 1 call)');
  expect(report).toContain('$.price: 3 -&gt; 4');
  expect(report).toContain('Repeat: npx drydock replay tour --pace fast');
  expect((await mesh.drydock('replay', 'tour', '--pace', 'fast', '--tolerance', '$.price±1')).code).toBe(0);
  const asJson = JSON.parse((await mesh.drydock('replay', 'tour', '--pace', 'fast', '--diff', '--json')).stdout);
  expect(asJson).toMatchObject({ state: 'finished', sent: 3, different: 1, verdict: 'different' });
  price = 3;
});

test('what cannot be done is said in words', async () => {
  expect((await mesh.drydock('replay', 'tour', '--plan')).stdout).toContain('3 calls over');
  expect((await mesh.drydock('replay', 'tour', '--to', 'shop=https://shop.example.com')).stderr).toContain(
    '--allow-remote shop.example.com',
  );
  expect((await mesh.drydock('replay', 'tour', '--capture', 'nonsense')).stderr).toContain('NAME=PLACE from METHOD PATH');
  expect(await mesh.drydock('replay', 'tour', '--pace', 'slow')).toMatchObject({ code: 2 });
});
