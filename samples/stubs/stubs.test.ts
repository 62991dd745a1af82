import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineClient } from '../../proxy/cli/client.ts';
import { importRecording } from '../../proxy/cli/import-recording.ts';
import { Engine } from '../../proxy/engine.ts';

const stubs = fileURLToPath(new URL('./ratings.hoverfly.json', import.meta.url));
let home: string;
let engine: Engine;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-sample-stubs-'));
  const mesh = path.join(home, 'mesh.yaml');
  // Nothing listens at these addresses: ratings is what the stubs answer, reviews only asks.
  const services = ['reviews', 'ratings'].map((name) => `{name: ${name}, port: 9080, workloads: [{address: '127.0.0.1:1'}]}`);
  await writeFile(
    mesh,
    `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: m}\nspec:\n  services: [${services.join(', ')}]\n`,
  );
  engine = await Engine.start({ home, paths: [mesh] });
}, 30_000);
afterAll(async () => {
  await engine.stop();
  await rm(home, { recursive: true, force: true });
});

test('the sample stubs are taken over whole, and answer for ratings', async () => {
  const client = await EngineClient.open(home);
  const imported = await importRecording(client, stubs, 'stubs');
  expect([imported.stubs, imported.notes]).toEqual([2, []]);
  await client.call('startSimulation', { body: { recording: 'stubs', service: 'ratings' } });
  expect(await ask('/ratings/compass')).toMatchObject({ stars: [1, 1] });
  expect(await ask('/ratings/bell')).toEqual({ id: 'bell', stars: [3, 3], servedBy: 'a stub' });
});

function ask(route: string): Promise<unknown> {
  const { hostname, port } = new URL(engine.ready().workloads[0]!.outbound);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, path: route, headers: { host: 'ratings:9080' }, agent: false as const };
    const request = http.get(options, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(JSON.parse(body)));
    });
    request.on('error', reject);
  });
}
