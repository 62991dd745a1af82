import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineState } from '../desktop-api.ts';
import { probeEngine, readEngineFile } from './engine-file.ts';
import { launchWithNode } from './engine-process.ts';
import { EngineSupervisor, type SupervisorParts } from './engine-supervisor.ts';

// A real process that behaves as `drydock up --json` does, as told by the mesh file's text.
const standIn = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const file = process.argv[process.argv.indexOf('-f') + 1];
const told = JSON.parse(readFileSync(file, 'utf8'));
if (told.diagnostics) {
  console.log(JSON.stringify({ event: 'error', diagnostics: told.diagnostics }));
  process.exit(1);
}
if (told.crashAlways) { console.error('no memory left'); process.exit(7); }
process.on('SIGTERM', () => { writeFileSync(file + '.drained', 'yes'); process.exit(0); });
console.log('some other line');
console.log(JSON.stringify({ event: 'ready', pid: process.pid, control: { url: 'http://127.0.0.1:1', token: 't' }, ingress: 'http://127.0.0.1:2' }));
setInterval(() => {}, 1000);
`;

const folder = mkdtempSync(path.join(os.tmpdir(), 'drydock-shell-'));
const script = path.join(folder, 'engine.mjs');
writeFileSync(script, standIn);
const open: EngineSupervisor[] = [];

function supervise(parts: Partial<SupervisorParts> = {}) {
  const supervisor = new EngineSupervisor({
    launch: launchWithNode({ node: process.execPath, script, home: folder, cwd: folder, env: process.env }),
    findRunning: () => Promise.resolve(null),
    log: () => {},
    backoffMs: () => 1,
    ...parts,
  });
  open.push(supervisor);
  const states: EngineState[] = [];
  supervisor.onChange((state) => states.push(state));
  const reached = (wanted: EngineState['state']) =>
    new Promise<EngineState>((resolve) => {
      const stop = supervisor.onChange((state) => {
        if (state.state !== wanted) return;
        stop();
        resolve(state);
      });
    });
  return { supervisor, states, reached };
}

function mesh(content: object): string {
  const file = path.join(folder, `${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

afterEach(async () => {
  for (const supervisor of open.splice(0)) await supervisor.stop();
});

describe('the engine supervisor', () => {
  it('starts an engine, gives its connection, and drains it when it stops', async () => {
    const file = mesh({});
    const { supervisor, states, reached } = supervise();
    const running = reached('running');
    await supervisor.start([file]);
    await running;
    expect(supervisor.engine).toMatchObject({ connection: { url: 'http://127.0.0.1:1', token: 't' }, ours: true });
    const { pid } = supervisor.engine ?? { pid: 0 };
    await supervisor.stop();
    expect(() => process.kill(pid, 0)).toThrow();
    expect(existsSync(`${file}.drained`)).toBe(true);
    expect(states.map((state) => state.state)).toEqual(['stopped', 'starting', 'running', 'stopped']);
  });

  it('restarts an engine that was killed, and says so', async () => {
    const { supervisor, reached } = supervise();
    const running = reached('running');
    await supervisor.start([mesh({})]);
    await running;
    const first = supervisor.engine?.pid ?? 0;
    const restarting = reached('restarting');
    const again = restarting.then(() => reached('running'));
    process.kill(first, 'SIGKILL');
    expect((await restarting).message).toContain('SIGKILL');
    await again;
    expect(supervisor.engine?.pid).not.toBe(first);
  });

  it('gives up on an engine that ends at once every time, with its last words', async () => {
    const { supervisor, states, reached } = supervise();
    const failed = reached('failed');
    await supervisor.start([mesh({ crashAlways: true })]);
    expect((await failed).message).toMatch(/6 times in a row \(exit code 7: no memory left\)/);
    expect(states.filter((state) => state.state === 'restarting')).toHaveLength(5);
  });

  it('does not retry a mesh file that is wrong, and names the place', async () => {
    const { supervisor, states, reached } = supervise();
    const failed = reached('failed');
    await supervisor.start([
      mesh({ diagnostics: [{ severity: 'error', message: 'unknown field "prot"', file: 'a.yaml', line: 3 }] }),
    ]);
    expect((await failed).message).toBe('The engine could not start: unknown field "prot" (a.yaml:3).');
    expect(states.some((state) => state.state === 'restarting')).toBe(false);
  });

  it('attaches to a running engine, leaves it running, and starts its mesh again when it ends, not the own one', async () => {
    let alive = true;
    const theirs = mesh({});
    const live = { pid: 4711, connection: { url: 'http://127.0.0.1:3', token: 'theirs' }, ingress: '', files: [theirs] };
    const { supervisor, reached } = supervise({ findRunning: () => Promise.resolve(alive ? live : null), watchMs: 1 });
    await supervisor.start(['/the/sample']);
    expect(supervisor.meshFiles).toEqual([theirs]);
    expect(supervisor.engine).toMatchObject({ pid: 4711, ours: false });
    const restarting = reached('restarting');
    const running = restarting.then(() => reached('running'));
    alive = false;
    await running;
    expect(supervisor.engine).toMatchObject({ ours: true });
  });
});

describe('the engine file', () => {
  it('is believed only when an engine answers with its token', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.headers.authorization === 'Bearer right' ? 200 : 401;
      response.end(JSON.stringify({ pid: 12, ingress: 'http://127.0.0.1:8080', files: ['a.yaml'] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(path.join(folder, 'engine.json'), JSON.stringify({ pid: 12, url, token: 'right' }));
    const file = await readEngineFile(folder);
    expect(file).not.toBeNull();
    expect(await probeEngine(file!)).toMatchObject({ pid: 12, ingress: 'http://127.0.0.1:8080', files: ['a.yaml'] });
    expect(await probeEngine({ ...file!, paths: ['/meshes'] })).toMatchObject({ files: ['/meshes'] });
    expect(await probeEngine({ ...file!, token: 'wrong' })).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    expect(await probeEngine(file!)).toBeNull();
  });

  it('is ignored when it points off this machine or is damaged', async () => {
    writeFileSync(path.join(folder, 'engine.json'), JSON.stringify({ pid: 12, url: 'http://example.org', token: 't' }));
    expect(await readEngineFile(folder)).toBeNull();
    writeFileSync(path.join(folder, 'engine.json'), '{"pid": 12');
    expect(await readEngineFile(folder)).toBeNull();
    rmSync(folder, { recursive: true });
    expect(await readEngineFile(folder)).toBeNull();
  });
});
