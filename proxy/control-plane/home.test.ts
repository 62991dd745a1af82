import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultHome, HomeBusy, lockHome, readEngineFile } from './home.ts';

let home: string;
beforeEach(async () => {
  home = path.join(await mkdtemp(path.join(tmpdir(), 'drydock-home-')), 'home');
});
afterEach(() => rm(path.dirname(home), { recursive: true, force: true }));

const engine = { pid: process.pid, url: 'http://127.0.0.1:1', token: 't', paths: ['/meshes/shop'] };

test('the home and the token file are private, and gone after the engine', async () => {
  const lock = await lockHome(home);
  await lock.publish(engine);
  expect((await stat(home)).mode & 0o777).toBe(0o700);
  expect((await stat(path.join(home, 'engine.json'))).mode & 0o777).toBe(0o600);
  expect(await readEngineFile(home)).toEqual(engine);
  await lock.release();
  expect(await readEngineFile(home)).toBeNull();
});

test('a second engine is refused with the pid and URL of the first', async () => {
  const lock = await lockHome(home);
  await lock.publish(engine);
  const second = await lockHome(home).catch((error: Error) => error);
  expect(second).toBeInstanceOf(HomeBusy);
  expect((second as Error).message).toContain(`pid ${process.pid} at http://127.0.0.1:1`);
  await lock.release();
});

test('the lock of a process that was killed is taken over', async () => {
  const module = fileURLToPath(new URL('./home.ts', import.meta.url));
  const script = `import { lockHome } from ${JSON.stringify(module)};
    const lock = await lockHome(${JSON.stringify(home)});
    await lock.publish({ pid: process.pid, url: 'http://127.0.0.1:1', token: 't' });
    console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  expect(await readEngineFile(home)).toMatchObject({ pid: child.pid });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
  expect(await readEngineFile(home)).toBeNull();
  await (await lockHome(home)).release();
});

test('a lock whose process id belongs to another program by now is stale', async () => {
  const lock = await lockHome(home);
  await writeFile(path.join(home, 'engine.lock'), JSON.stringify({ pid: process.pid, started: 'long ago' }));
  const again = await lockHome(home);
  expect(JSON.parse(await readFile(path.join(home, 'engine.lock'), 'utf8')).started).not.toBe('long ago');
  await again.release();
  await lock.release();
});

test('the home folder comes from DRYDOCK_HOME, else from the platform', () => {
  expect(defaultHome({ DRYDOCK_HOME: '/x/y' })).toBe('/x/y');
  if (process.platform === 'linux') expect(defaultHome({ XDG_DATA_HOME: '/data' })).toBe('/data/drydock');
});
