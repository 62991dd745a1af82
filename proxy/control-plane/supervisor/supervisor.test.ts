import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../shared/clock.ts';
import { unusedPort } from '../../testing/unused-port.ts';
import { isPortFree } from '../app-ports.ts';
import { findPortOwner } from '../port-owner.ts';
import { type SupervisedWorkload, Supervisor } from './supervisor.ts';

const clock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  // Ten times faster: back-off and probe periods are promises about order and growth here, not about seconds.
  setTimer(callback, delayMs) {
    const handle = setTimeout(callback, delayMs / 10);
    return { cancel: () => clearTimeout(handle) };
  },
};
let folder: string;
let supervisor: Supervisor;
let events: { type: string; message: string }[];
let taken: { id: string; port: number; owner: string }[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-run-'));
  events = [];
  taken = [];
  supervisor = new Supervisor({
    clock,
    onEvent: (event) => events.push(event),
    onChange: () => {},
    isPortFree,
    findPortOwner,
    onPortTaken: (id, port, owner) => taken.push({ id, port, owner }),
  });
});
afterEach(async () => {
  await supervisor.close();
  await rm(folder, { recursive: true, force: true });
});

const server = `
const http = require('node:http');
console.log('hello from', process.env.NAME); console.error('on stderr');
http.createServer((q, s) => q.url === '/die' ? process.exit(3) : s.end('ok')).listen(process.env.PORT, '127.0.0.1');
require('node:fs').appendFileSync('pids', process.pid + '\\n');
`;
async function web(changes: Partial<NonNullable<SupervisedWorkload['run']>> = {}): Promise<SupervisedWorkload> {
  await writeFile(path.join(folder, 'server.cjs'), server);
  const port = await unusedPort();
  const env = { PATH: process.env.PATH ?? '', PORT: String(port), NAME: 'web' };
  const run = { command: `"${process.execPath}" server.cjs`, cwd: folder, env, readyTimeoutMs: 30_000, ...changes };
  return { id: 'web-v1-0', target: { host: '127.0.0.1', port, httpPath: '/' }, portIsOurs: true, note: '', run };
}
const pids = async () => (await readFile(path.join(folder, 'pids'), 'utf8')).trim().split('\n').map(Number);
/** Not even a zombie counts: where nobody reaps orphans at once, a dead process keeps its id for a while. */
function alive(pid: number): boolean {
  const answer = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  const state = answer.stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

describe('run: services', () => {
  test('start in their folder with their environment, are ready once they answer, and their output is kept', async () => {
    const workload = await web();
    await supervisor.setWorkloads([workload]);
    await supervisor.settled(10_000_000);
    expect(supervisor.health(workload.id)).toMatchObject({ health: 'ready', process: { restarts: 0 } });
    const lines = supervisor.output(workload.id)!.lines.map((line) => [line.stream, line.text]);
    expect(lines).toContainEqual(['stdout', 'hello from web']);
    expect(lines).toContainEqual(['stderr', 'on stderr']);
    expect(events.map((event) => event.type)).toEqual(['service.started', 'service.ready']);
  });

  test('restart after a crash, and say how they ended', async () => {
    const workload = await web();
    await supervisor.setWorkloads([workload]);
    await supervisor.settled(10_000_000);
    await fetch(`http://127.0.0.1:${workload.target.port}/die`).catch(() => {});
    await expect.poll(() => events.map((event) => event.type)).toContain('service.exited');
    expect(events.find((event) => event.type === 'service.exited')!.message).toMatch(
      /exited with code 3 after .* it said: on stderr/,
    );
    await expect.poll(() => supervisor.health(workload.id)).toMatchObject({ health: 'ready', process: { restarts: 1 } });
  });

  test('a command that cannot run is told and tried again with growing pauses', async () => {
    await supervisor.setWorkloads([{ ...(await web({ command: 'exit 7' })) }]);
    await supervisor.settled(10_000_000);
    await expect.poll(() => events.filter((event) => event.type === 'service.exited').length).toBeGreaterThanOrEqual(3);
    const waits = events
      .filter((event) => event.type === 'service.exited')
      .map((event) => (event as unknown as { data: { restartInMs: number } }).data.restartInMs);
    expect(waits.slice(0, 3)).toEqual([500, 1000, 2000]);
  });

  test('stopping ends the whole group, also what ignores SIGTERM', async () => {
    const stubborn = `trap '' TERM; ("${process.execPath}" server.cjs) & wait; sleep 100`;
    const workload = await web({ command: stubborn });
    await supervisor.setWorkloads([workload]);
    await supervisor.settled(10_000_000);
    const running = await pids();
    await supervisor.close();
    await expect.poll(() => running.some(alive)).toBe(false);
  });

  test('a changed environment restarts it, an unchanged one does not, a removed one stops', async () => {
    const workload = await web();
    await supervisor.setWorkloads([workload]);
    await supervisor.settled(10_000_000);
    await supervisor.setWorkloads([structuredClone(workload)]);
    expect((await pids()).length).toBe(1);
    await supervisor.setWorkloads([{ ...workload, run: { ...workload.run!, env: { ...workload.run!.env, NAME: 'other' } } }]);
    await supervisor.settled(10_000_000);
    expect((await pids()).length).toBe(2);
    await supervisor.setWorkloads([]);
    await expect.poll(async () => (await pids()).some(alive)).toBe(false);
  });

  async function hold(port: number): Promise<net.Server> {
    const other = net.createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    return other;
  }
  const moveTo = (workload: SupervisedWorkload, port: number): SupervisedWorkload => ({
    ...workload,
    note: 'Moved here',
    target: { ...workload.target, port },
    run: { ...workload.run!, env: { ...workload.run!.env, PORT: String(port) } },
  });

  test('a port of ours that another program holds is asked to be another, and is never taken for the service', async () => {
    const workload = await web();
    const other = await hold(workload.target.port);
    await supervisor.setWorkloads([workload]);
    await supervisor.settled(10_000_000);
    expect(taken).toEqual([
      { id: workload.id, port: workload.target.port, owner: expect.stringContaining(`(pid ${process.pid})`) },
    ]);
    expect(supervisor.health(workload.id)).toMatchObject({ health: 'down', message: expect.stringContaining('it gets another') });
    const moved = moveTo(workload, await unusedPort());
    await supervisor.setWorkloads([moved]);
    await supervisor.settled(10_000_000);
    expect(supervisor.health(workload.id)).toMatchObject({ health: 'ready', message: 'Moved here', process: { restarts: 0 } });
    other.close();
  });

  test('a port the mesh file fixes is waited for; who holds it is told once', async () => {
    const workload = { ...(await web()), portIsOurs: false };
    const other = await hold(workload.target.port);
    await supervisor.setWorkloads([workload]);
    await supervisor.settled(10_000_000);
    expect(supervisor.health(workload.id)).toMatchObject({
      health: 'down',
      message: expect.stringContaining(`its port ${workload.target.port} is held by`),
      process: { pid: null, restarts: 0 },
    });
    other.close();
    await expect.poll(() => supervisor.health(workload.id).health).toBe('ready');
    expect(events.map((event) => event.type)).toEqual(['service.blocked', 'service.started', 'service.ready']);
    expect(taken).toEqual([]);
  });

  test('no orphan is left when the engine is killed with -9', async () => {
    const workload = await web();
    const script = path.join(folder, 'engine.mjs');
    const module = fileURLToPath(new URL('./supervisor.ts', import.meta.url));
    await writeFile(
      script,
      `import { Supervisor } from ${JSON.stringify(module)};
       const clock = { now: () => performance.now(), wallNow: () => Date.now(),
         setTimer: (f, ms) => { const t = setTimeout(f, ms); return { cancel: () => clearTimeout(t) }; } };
       const supervisor = new Supervisor({ clock, onEvent: () => {}, onChange: () => {},
         isPortFree: async () => true, findPortOwner: async () => '', onPortTaken: () => {} });
       await supervisor.setWorkloads(${JSON.stringify([workload])});
       await supervisor.settled(10000);
       console.log('settled');`,
    );
    const engine = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => engine.stdout.once('data', resolve));
    const [service] = await pids();
    expect(alive(service!)).toBe(true);
    engine.kill('SIGKILL');
    await expect.poll(() => alive(service!)).toBe(false);
  });
});

describe('workloads the developer runs', () => {
  test('are seen coming and going, in words', async () => {
    const port = await unusedPort();
    const target = { host: '127.0.0.1', port, httpPath: null };
    const workload = { id: 'app-x-0', target, portIsOurs: false, note: '', run: null };
    await supervisor.setWorkloads([workload]);
    await expect
      .poll(() => supervisor.health('app-x-0'))
      .toMatchObject({ health: 'down', message: `nothing listens on 127.0.0.1:${port}` });
    const app = net.createServer((socket) => socket.end()).listen(port, '127.0.0.1');
    await expect.poll(() => supervisor.health('app-x-0').health).toBe('ready');
    expect(events.map((event) => event.type)).toEqual(['service.down', 'service.up']);
    app.close();
    await expect.poll(() => supervisor.health('app-x-0').health).toBe('down');
  });
});
