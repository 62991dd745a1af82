import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Engine } from './engine.ts';
import { askEngine, getThrough } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* A whole engine with real handshakes: a certificate goes wrong while connections are open, and is healed. */

const ratingsId = 'spiffe://cluster.local/ns/default/sa/ratings';
let home: string;
let engine: Engine;
let app: Server;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-broken-certificates-'));
  app = http.createServer((_request, response) => response.end('ok'));
  const address = `127.0.0.1:${await listen(app)}`;
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${address}'}]}
    - {name: ratings, port: 9080, workloads: [{version: v1, address: '${address}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine.stop();
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

async function api<T>(method: string, route: string, body?: unknown): Promise<T> {
  const { status, json } = await askEngine<T>(engine.ready().control, method, route, body);
  expect(status).toBe(200);
  return json;
}

const askRatings = () => getThrough(engine.ready().workloads[0]!.outbound, 'ratings:9080');

test.each([
  ['expired', 'CERTIFICATE_VERIFY_FAILED'],
  ['wrong-name', 'CERTIFICATE_VERIFY_FAILED'],
  ['untrusted', 'CERTIFICATE_VERIFY_FAILED'],
])('a certificate that is %s is refused at the next request, and heals with all faults', async (as, reason) => {
  expect(await askRatings()).toEqual({ status: 200, body: 'ok' });
  const { certificates } = await api<{ certificates: { flaw?: string; healsAt?: string }[] }>('POST', '/certificates/break', {
    spiffeId: ratingsId,
    as,
  });
  expect(certificates).toMatchObject([{ spiffeId: ratingsId, flaw: as }]);
  const refused = await askRatings();
  expect(refused.status).toBe(503);
  expect(refused.body).toContain('remote connection failure');
  const latest = async () =>
    (await api<{ exchanges: { flags: string; details: string }[] }>('GET', '/exchanges?reporter=source&limit=1')).exchanges[0];
  await expect.poll(async () => (await latest())?.flags).toContain('UF');
  expect((await latest())?.details).toContain(reason);
  expect((await api<{ stopped: string[] }>('POST', '/faults/stop', {})).stopped).toEqual([ratingsId]);
  expect(await askRatings()).toEqual({ status: 200, body: 'ok' });
  const events = await api<{ events: { type: string; message: string }[] }>('GET', '/events?type=certificate.broken');
  expect(events.events).toMatchObject([{ type: 'certificate.broken', subject: ratingsId }]);
});
