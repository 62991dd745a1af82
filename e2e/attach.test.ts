import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readySchema } from '../proxy/api/status.schema.ts';
import { launchDesktopApp } from './fixture/desktop-app.ts';
import { eventually } from './fixture/eventually.ts';
import { meshOf } from './fixture/mesh.ts';
import { Upstream } from './fixture/upstream.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

describe('an engine started from the command line', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'drydock-attach-'));
  const file = path.join(home, 'mesh.yaml');
  let engine: ChildProcess;
  let orders: Upstream;

  beforeAll(async () => {
    orders = await Upstream.listen('orders');
    writeFileSync(file, meshOf('attach', [{ name: 'orders', versions: { v1: orders } }]));
    const script = path.join(root, 'proxy', 'cli', 'drydock.mjs');
    engine = spawn(process.execPath, [script, 'up', '--json', '--headless', '--home', home, '-f', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    if (engine.exitCode === null) {
      engine.kill('SIGTERM');
      await ended;
    }
    await orders.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('is used by the app, and goes on when the app is closed', async () => {
    const ready = await readyLine(engine);
    const app = await launchDesktopApp({ home, meshFiles: [file] });
    expect((await app.ready()).pid).toBe(ready.pid);
    const { message } = await app.page.evaluate(
      () => new Promise<{ message: string }>((resolve) => window.drydock.onEngineState(resolve)),
    );
    expect(message).toContain('already running');
    await app.close();
    const response = await fetch(`${ready.control.url}/api/v1/status`, {
      headers: { authorization: `Bearer ${ready.control.token}` },
    });
    expect(response.status).toBe(200);
  });

  it('that is stopped is started again by the app with the mesh it served, not with what the app had open', async () => {
    const other = path.join(home, 'other.yaml');
    writeFileSync(other, meshOf('other', [{ name: 'payments', versions: { v1: orders } }]));
    const app = await launchDesktopApp({ home, meshFiles: [other] });
    const { pid } = await app.ready();
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    engine.kill('SIGTERM');
    await ended;
    // Between the two nobody answers.
    const status = () => app.ready().catch(() => null);
    const again = await eventually(status, (told) => told !== null && told.pid !== pid, 30_000);
    expect(again?.services.map(({ name }) => name)).toEqual(['orders']);
    await app.close();
  });
});

function readyLine(child: ChildProcess) {
  return new Promise<ReturnType<typeof readySchema.parse>>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the engine ended with exit code ${code}`)));
    if (!child.stdout) throw new Error('the engine has no stdout');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message: unknown = JSON.parse(line);
      const ready = readySchema.safeParse(message);
      if (ready.success) resolve(ready.data);
      else reject(new Error(line));
    });
  });
}
