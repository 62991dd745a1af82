import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readySchema } from '../proxy/api/status.schema.ts';
import { type RunningCommand, startCommand } from './fixture/command-line.ts';
import { launchDesktopApp } from './fixture/desktop-app.ts';
import { eventually } from './fixture/eventually.ts';
import { meshOf } from './fixture/mesh.ts';
import { Upstream } from './fixture/upstream.ts';

describe('an engine started from the command line', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'drydock-attach-'));
  const file = path.join(home, 'mesh.yaml');
  let engine: RunningCommand;
  let orders: Upstream;

  beforeAll(async () => {
    orders = await Upstream.listen('orders');
    writeFileSync(file, meshOf('attach', [{ name: 'orders', versions: { v1: orders } }]));
    engine = startCommand(home, 'up', '--json', '--headless', '-f', file);
  });
  afterAll(async () => {
    await engine?.stop();
    await orders?.close();
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
    await engine.stop();
    // Between the two nobody answers.
    const status = () => app.ready().catch(() => null);
    const again = await eventually(status, (told) => told !== null && told.pid !== pid, 30_000);
    expect(again?.services.map(({ name }) => name)).toEqual(['orders']);
    await app.close();
  });
});

async function readyLine({ lines }: RunningCommand) {
  const [first = ''] = await eventually(
    () => lines,
    ({ length }) => length > 0,
    60_000,
  );
  return readySchema.parse(JSON.parse(first));
}
