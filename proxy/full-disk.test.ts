import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import http, { type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Recording } from './api/recording.schema.ts';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* A whole engine whose home is a small file system that really fills up (ENOSPC), where this may be mounted. */

const home = tryMount();
let app: Server;
let engine: Engine;

beforeEach(async () => {
  app = http.createServer((_request, response) => response.end(Buffer.alloc(20_000, 120)));
  await listen(app);
});
afterEach(async () => {
  await engine?.stop();
  app.closeAllConnections();
  app.close();
  if (home === null) return;
  execFileSync('umount', ['-l', home], { stdio: 'ignore' });
  rmSync(home, { recursive: true, force: true });
});

function tryMount(): string | null {
  const folder = mkdtempSync(path.join(tmpdir(), 'drydock-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true, force: true }); // not root, or no mount in this container: the test is skipped
    return null;
  }
}
async function api<T>(method: string, route: string, body?: unknown): Promise<T> {
  return (await askEngine<T>(engine.ready().control, method, route, body)).json;
}
function call(n: number): Promise<number> {
  const { hostname, port } = new URL(engine.ready().workloads[0]!.outbound);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, path: `/big/${n}`, headers: { host: 'ratings:9080' }, agent: false as const };
    http
      .get(options, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      })
      .on('error', reject);
  });
}

test.skipIf(home === null)(
  'a full disk ends a recording with a word, keeps what was recorded, and traffic flows on',
  { timeout: 60_000 },
  async () => {
    const address = `127.0.0.1:${(app.address() as AddressInfo).port}`;
    const file = path.join(home!, 'mesh.yaml');
    writeFileSync(
      file,
      `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${address}'}]}
    - {name: ratings, port: 9080, workloads: [{address: '${address}'}]}
`,
    );
    engine = await Engine.start({ home: home!, paths: [file] });
    const { id } = await api<Recording>('POST', '/recordings', { name: 'long' });
    const filler = path.join(home!, 'filler');
    const { bavail, bsize } = statfsSync(home!);
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 1_500_000)));
    const statuses = new Set<number>();
    let recording = await api<Recording>('GET', `/recordings/${id}`);
    for (let n = 0; n < 3000 && recording.state === 'recording'; n++) {
      statuses.add(await call(n));
      if (n % 20 === 19) recording = await api<Recording>('GET', `/recordings/${id}`);
    }
    expect(recording).toMatchObject({ state: 'stopped', stopReason: expect.stringMatching(/disk|full/) });
    expect(recording.dropped).toBeGreaterThan(0);
    for (let n = 0; n < 20; n++) statuses.add(await call(n));
    expect([...statuses]).toEqual([200]);
    const { events } = await api<{ events: { type: string; message: string }[] }>('GET', '/events');
    expect(events.find(({ type }) => type === 'recording.failed')?.message).toContain('Recording long stopped');
    unlinkSync(filler);
    await expect
      .poll(async () => (await api<{ rows: unknown[]; total: number }>('GET', `/recordings/${id}/rows?limit=1000`)).total, {
        timeout: 15_000,
      })
      .toBe((await api<Recording>('GET', `/recordings/${id}`)).exchanges);
    await expect.poll(async () => (await api<Recording>('POST', '/recordings', { name: 'again' })).state).toBe('recording');
  },
);
