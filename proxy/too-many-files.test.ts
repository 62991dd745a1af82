import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ready } from './api/status.schema.ts';
import { listen } from './testing/listen.ts';

/* An engine that may open few files only, and clients that take them all. */

let home: string;
let app: Server;
let engine: ChildProcess;
let clients: Socket[];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-files-'));
  app = http.createServer((_request, response) => response.end('ok'));
  await listen(app);
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  const ended = new Promise((resolve) => engine.once('exit', resolve));
  if (engine.exitCode === null && engine.kill('SIGTERM')) await ended;
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

async function start(limit: number): Promise<Ready> {
  const file = path.join(home, 'mesh.yaml');
  const address = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  const services = `[{name: web, port: 9080, workloads: [{version: v1, address: '${address}'}]}]`;
  await writeFile(file, `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: shop}\nspec: {services: ${services}}\n`);
  const command = fileURLToPath(new URL('./cli/drydock.mjs', import.meta.url));
  const script = `ulimit -n ${limit}; exec "$0" "$1" up --json -f "$2" --home "$3"`;
  engine = spawn('sh', ['-c', script, process.execPath, command, file, home], { stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    let text = '';
    engine.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(JSON.parse(text.slice(0, text.indexOf('\n'))) as Ready);
    });
    engine.once('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}

test.skipIf(process.platform === 'win32')(
  '106 out of descriptors it goes on serving who is connected, and takes new clients when there is room again',
  async () => {
    const { hostname, port } = new URL((await start(200)).ingress);
    const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const get = (agent: http.Agent | false) =>
      new Promise<number>((resolve) => {
        const request = http.get({ hostname, port, agent, headers: { host: 'web.localhost' } }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0));
        });
        request.setTimeout(5_000, () => request.destroy());
        request.once('error', () => resolve(0));
      });
    expect(await get(kept)).toBe(200);
    let closed = 0;
    clients = Array.from({ length: 400 }, () => net.connect(Number(port), hostname));
    for (const client of clients) client.on('error', () => undefined).once('close', () => closed++);
    await expect.poll(() => closed).toBeGreaterThan(150);
    for (let n = 0; n < 5; n++) expect(await get(kept)).toBe(200);
    for (const client of clients) client.destroy();
    await expect.poll(() => get(false)).toBe(200);
    expect(await get(kept)).toBe(200);
    kept.destroy();
  },
);
