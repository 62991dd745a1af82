import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { statusSchema } from './api/status.schema.ts';
import { HomeBusy } from './control-plane/home.ts';
import { StartError } from './control-plane/start-listeners.ts';
import { Engine } from './engine.ts';
import { askEngine, demandOfEngine, getThrough } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

let home: string;
let file: string;
let engine: Engine | null;
let app: Server;
let address: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-engine-'));
  file = path.join(home, 'mesh.yaml');
  engine = null;
  app = http.createServer((_request, response) => response.end('ratings'));
  address = `127.0.0.1:${await listen(app)}`;
});
afterEach(async () => {
  await engine?.stop();
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

const mesh = (extra = '') => `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  ${extra}
  services:
    - {name: reviews, port: 9080, workloads: [{version: v1, address: '${address}'}]}
    - {name: ratings, port: 9080, workloads: [{version: v1, address: '${address}'}]}
`;
async function start(text = mesh()): Promise<Engine> {
  await writeFile(file, text);
  engine = await Engine.start({ home, paths: [file] });
  return engine;
}
const api = (method: string, route: string, body?: unknown) => askEngine<unknown>(engine!.ready().control, method, route, body);
const read = <T>(route: string) => demandOfEngine<T>(engine!.ready().control, 'GET', route);
const call = () => getThrough(engine!.ready().workloads[0]!.outbound, 'ratings:9080');
const fault = (name: string) =>
  `apiVersion: drydock.dev/v1\nkind: Fault\nmetadata: {name: ${name}}\nspec: {to: {service: ratings}, abort: {httpStatus: 418}}\n`;

test('what is valid but does nothing is among the diagnostics of the status, and of its object', async () => {
  const policy = `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: nobody}
spec: {selector: {matchLabels: {app: nobody}}, rules: [{}]}
`;
  await start(mesh() + policy);
  const found = statusSchema.parse(await read('/status')).diagnostics;
  expect(found.map(({ code, resource }) => [code, resource])).toContainEqual(['DD4020', 'AuthorizationPolicy/default/nobody']);
  const kept = await read<{ status: { state: string } }>('/resources/AuthorizationPolicy/default/nobody');
  expect(kept.status.state).toBe('warning');
});

describe('the engine', () => {
  test('writes the access log that the mesh asks for beside the mesh file, complete when it has stopped', async () => {
    await start(mesh('accessLog: {file: logs/access.log}'));
    await call();
    await engine!.stop();
    const lines = (await readFile(path.join(home, 'logs', 'access.log'), 'utf8')).trimEnd().split('\n');
    expect(
      lines.map((line) => /"GET \/ HTTP\/1.1" 200 - via_upstream .* (outbound|inbound)\|9080\|\|/.exec(line)?.[1]).sort(),
    ).toEqual(['inbound', 'outbound']);
  });

  test('serves the mesh it was given, says so in its status, and keeps its ports over a restart', async () => {
    const before = (await start()).ready();
    expect(await call()).toEqual({ status: 200, body: 'ratings' });
    expect(statusSchema.safeParse(await read('/status')).error).toBeUndefined();
    await engine!.stop();
    const after = (await start()).ready();
    const ports = (ready: typeof before) => [ready.control.url, ready.ingress, ...ready.workloads.map((one) => one.outbound)];
    expect(ports(after)).toEqual(ports(before));
    expect(after.control.token).not.toBe(before.control.token);
  });

  test('a database that is damaged is put aside, and an event says so', async () => {
    await writeFile(path.join(home, 'drydock.db'), 'this is no database, and long enough to be looked at '.repeat(100));
    await start();
    const { events } = await read<{ events: { message: string }[] }>('/events?type=store.quarantined');
    expect(events.map(({ message }) => message)).toEqual([expect.stringContaining(path.join(home, 'drydock.db.quarantine-'))]);
    expect((await call()).status).toBe(200);
  });

  test('a rejected apply changes nothing, an accepted one acts at once, a removed one is gone', async () => {
    await start();
    expect((await api('POST', '/apply', 'apiVersion: v1\nkind: [')).status).toBe(422);
    expect((await api('POST', '/apply', `${fault('teapot')}---\n${fault('teapot')}`)).status).toBe(422);
    expect((await call()).status).toBe(200);
    expect((await api('POST', '/apply', fault('teapot'))).status).toBe(200);
    expect((await call()).status).toBe(418);
    expect((await api('DELETE', '/faults/teapot')).status).toBe(200);
    expect((await call()).status).toBe(200);
  });

  test('follows its files; a half-saved one keeps the old configuration', async () => {
    await start();
    await writeFile(file, `${mesh()}---\n${fault('from-file')}`);
    await expect.poll(async () => (await call()).status).toBe(418);
    await writeFile(file, `${mesh()}---\nkind: [`);
    const events = async () => (await read<{ events: { type: string }[] }>('/events')).events;
    await expect.poll(async () => (await events()).map((event) => event.type)).toContain('config.rejected');
    expect((await call()).status).toBe(418);
    expect(String((await read<{ problems: unknown }>('/status')).problems)).toContain('The files on disk are not in force');
    await writeFile(file, mesh());
    await expect.poll(async () => (await call()).status).toBe(200);
    expect(String((await read<{ problems: unknown }>('/status')).problems)).not.toContain('not in force');
  });

  test('a service registered live is there again after a restart, until it is taken out', async () => {
    await start();
    const body = { name: 'details', port: 9080, address };
    expect((await api('POST', '/services', body)).status).toBe(200);
    expect((await api('POST', '/services', { name: 'ratings', port: 9080, address })).status).toBe(409);
    await engine!.stop();
    await start();
    expect(engine!.ready().workloads.map((one) => one.service)).toContain('details');
    expect((await api('DELETE', '/services/default/details')).status).toBe(200);
    expect(engine!.ready().workloads.map((one) => one.service)).not.toContain('details');
  });

  describe('a run: service whose port another program took', () => {
    const runMesh = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: reviews, port: 9080, workloads: [{version: v1, address: '127.0.0.1:9'}]}
    - {name: ratings, port: 9080, workloads: [{version: v1, run: '"${process.execPath}" ratings.cjs'}]}
`;
    const program = `require('node:http').createServer((q, s) => q.url === '/die' ? process.exit(3) : s.end('own')).listen(process.env.PORT, '127.0.0.1')`;
    const appPort = () =>
      Number(
        engine!
          .ready()
          .workloads.find((one) => one.service === 'ratings')!
          .app.split(':')[1],
      );
    const hold = async (port: number) => {
      const other = http.createServer((_request, response) => response.end('stranger')).listen(port, '127.0.0.1');
      await new Promise((resolve, reject) => other.once('listening', resolve).once('error', reject));
      return other;
    };
    /** Ends the program and takes its port before it is started again. The port is free a moment after the program's last sign of life. */
    const takeOver = async (port: number): Promise<http.Server> => {
      for (let tries = 0; tries < 500; tries++) {
        await fetch(`http://127.0.0.1:${port}/die`).catch(() => undefined);
        const other = await hold(port).catch(() => null);
        if (other !== null) return other;
      }
      throw new Error(`port ${port} was never free`);
    };
    const startRun = async () => {
      await writeFile(path.join(home, 'ratings.cjs'), program);
      return start(runMesh);
    };

    test('while the engine was away: it starts on another', async () => {
      await startRun();
      const before = appPort();
      await engine!.stop();
      const other = await hold(before);
      await startRun();
      expect(appPort()).not.toBe(before);
      expect(await call()).toEqual({ status: 200, body: 'own' });
      other.close();
    });

    test('while it was down: it moves, and says from where, to where and why', async () => {
      await startRun();
      const before = appPort();
      const other = await takeOver(before);
      await expect.poll(() => appPort()).not.toBe(before);
      await expect.poll(async () => (await call()).body).toBe('own');
      const { events } = await read<{ events: { message: string }[] }>('/events?type=service.moved');
      expect(events.map(({ message }) => message)).toEqual([
        expect.stringMatching(
          new RegExp(`^ratings-v1-0 moved from port ${before}, which .*pid ${process.pid}.* holds, to ${appPort()}$`),
        ),
      ]);
      const told = async () => {
        const { workloads } = await read<{ workloads: { service: string; healthMessage: string }[] }>('/status');
        return workloads.find(({ service }) => service === 'ratings')!.healthMessage;
      };
      await expect.poll(told).toContain(`holds port ${before}`);
      other.close();
    });
  });

  test('a second engine for the same home is refused', async () => {
    await start();
    await expect(Engine.start({ home, paths: [file] })).rejects.toBeInstanceOf(HomeBusy);
    expect((await call()).status).toBe(200);
  });

  test('a fixed port that is taken is an error that names its owner; nothing is left running', async () => {
    const holder = net.createServer();
    const port = await listen(holder);
    const failed = await start(mesh(`ingress: {port: ${port}}`)).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StartError);
    expect((failed as StartError).diagnostics.map((diagnostic) => diagnostic.message).join()).toContain(`(pid ${process.pid})`);
    holder.close();
    await start();
    expect((await call()).status).toBe(200);
  });

  test('a run: service gets its port, its sidecar as proxy and its upstreams, runs beside the mesh file, and ends with the engine', async () => {
    const script = `require('http').createServer((q, s) => s.end(JSON.stringify({ ...process.env, cwd: process.cwd(), pid: process.pid })))
      .listen(process.env.PORT, '127.0.0.1')`;
    await writeFile(path.join(home, 'app.cjs'), script);
    const command = JSON.stringify(`"${process.execPath}" app.cjs`);
    await start(`${mesh()}    - name: app
      port: 9080
      workloads:
        - {run: ${command}, env: {STAR: red}, upstreams: [{service: ratings, port: 0}], readiness: {httpGet: {path: /health}}}
`);
    const workload = engine!.ready().workloads.find((one) => one.id === 'app-x-0')!;
    expect(workload.health).toBe('ready');
    const seen = (await (await fetch(`http://${workload.app}/`)).json()) as Record<string, string>;
    const upstream = new URL(workload.upstreams.ratings!);
    expect(seen).toMatchObject({
      STAR: 'red',
      PORT: workload.app.split(':')[1],
      HTTP_PROXY: workload.outbound,
      http_proxy: workload.outbound,
    });
    expect([seen.RATINGS_SERVICE_HOST, seen.RATINGS_SERVICE_PORT]).toEqual([upstream.hostname, upstream.port]);
    expect(seen.cwd).toBe(await realpath(home));
    expect(await (await fetch(`${upstream.href}x`)).text()).toBe('ratings');
    const output = await read<{ workload: string }>('/workloads/app-x-0/output');
    expect(output.workload).toBe('app-x-0');
    await engine!.stop();
    await expect(fetch(`http://${workload.app}/`)).rejects.toThrow();
  });

  test('nothing in the mesh reaches the control API', async () => {
    await start();
    const { control, workloads } = engine!.ready();
    const outbound = new URL(workloads[0]!.outbound);
    const status = await new Promise((resolve, reject) => {
      const options = { host: outbound.hostname, port: outbound.port, path: `${control.url}/api/v1/status`, agent: false };
      const headers = { host: new URL(control.url).host, authorization: `Bearer ${control.token}` };
      http.get({ ...options, headers }, (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
    expect(status).not.toBe(200);
  });
});
