import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineProcess } from '../bench/lib/engine-process.ts';
import { listen } from './testing/listen.ts';

/* The engine as the process it is: what it listens on, what others can read of it, how it bears being stopped. */

const onLinux = process.platform === 'linux';
let home: string;
let app: Server;
let engine: EngineProcess;
let onRequest: (request: IncomingMessage, response: http.ServerResponse) => void;
const agent = new http.Agent({ keepAlive: true });

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-process-'));
  app = http.createServer((request, response) => onRequest(request, response));
  const address = `127.0.0.1:${await listen(app)}`;
  const served = `require('http').createServer((q, r) => r.end(String(process.pid))).listen(process.env.PORT, '127.0.0.1')`;
  engine = await EngineProcess.start({
    home,
    yaml: `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{version: v1, address: '${address}'}]}
    - {name: own, port: 9080, workloads: [{version: v1, run: ${JSON.stringify(`"${process.execPath}" -e "${served}"`)}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http:
    - match: [{uri: {regex: '/(a+)+b'}}]
      directResponse: {status: 418}
    - route: [{destination: {host: web}}]
`,
  });
});
afterAll(async () => {
  await engine.stop();
  agent.destroy();
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

function get(host: string, url = '/'): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(engine.ready.ingress);
  return new Promise((resolve) => {
    const request = http.get({ hostname, port, path: url, agent, headers: { host: `${host}.localhost` } }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.once('error', (error) => resolve({ status: 0, body: error.message }));
  });
}
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // Ended, and not yet collected by whoever has to.
    return !onLinux || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('an engine', () => {
  test.skipIf(!onLinux)('T6 listens on loopback addresses only', async () => {
    const folder = `/proc/${engine.pid}/fd`;
    const links = await Promise.all((await readdir(folder)).map((fd) => readlink(path.join(folder, fd)).catch(() => '')));
    const own = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
    const listening: string[] = [];
    for (const table of ['tcp', 'tcp6']) {
      const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '');
      for (const line of text.split('\n').slice(1)) {
        const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
        if (state === '0A' && own.has(inode)) listening.push(local.split(':')[0] ?? '');
      }
    }
    expect(listening.length).toBeGreaterThan(5);
    // 127.0.0.1 and ::1, as the kernel writes them.
    const others = listening.filter((address) => address !== '0100007F' && address !== '00000000000000000000000001000000');
    expect(others).toEqual([]);
  });

  test.skipIf(!onLinux)('T4 keeps its token out of its arguments and its environment, and out of its services’', async () => {
    onRequest = (_request, response) => response.end('web');
    const service = Number((await get('own')).body);
    for (const pid of [engine.pid, service]) {
      for (const file of ['cmdline', 'environ']) {
        expect(await readFile(`/proc/${pid}/${file}`, 'utf8')).not.toContain(engine.ready.control.token);
      }
    }
  });

  test('91 a regex made to be slow costs the other requests nothing', async () => {
    onRequest = (_request, response) => response.end('web');
    const hostile = `/${'a'.repeat(4_000)}!`;
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => get('web', n % 2 === 0 ? hostile : '/plain')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await get('web', '/aaab')).status).toBe(418);
  });

  test('105 stopped for a while and continued, it serves: idle connections that ended meanwhile are not used again', async () => {
    onRequest = (_request, response) => response.end('web');
    expect((await get('web')).status).toBe(200);
    process.kill(engine.pid, 'SIGSTOP');
    app.closeAllConnections();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    process.kill(engine.pid, 'SIGCONT');
    for (let n = 0; n < 5; n++) expect(await get('web')).toEqual({ status: 200, body: 'web' });
    expect((await engine.status()).health).toBe('ok');
  });

  test('110 told to end, it lets a request in progress finish, and leaves no service behind', async () => {
    const service = Number((await get('own')).body);
    expect(isAlive(service)).toBe(true);
    let finish: (() => void) | null = null;
    onRequest = (_request, response) => {
      finish = () => response.end('finished');
    };
    const answer = get('web', '/slow');
    await expect.poll(() => finish).not.toBeNull();
    process.kill(engine.pid, 'SIGTERM');
    const { hostname, port } = new URL(engine.ready.ingress);
    const isClosed = () =>
      new Promise<boolean>((resolve) => {
        const probe = http.get({ hostname, port, agent: false }, (response) => resolve(response.resume() === null));
        probe.once('error', () => resolve(true));
      });
    await expect.poll(isClosed).toBe(true);
    finish!();
    expect(await answer).toEqual({ status: 200, body: 'finished' });
    await expect.poll(() => isAlive(engine.pid)).toBe(false);
    await expect.poll(() => isAlive(service)).toBe(false);
  });
});
