import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { eventually } from './fixture/eventually.ts';
import { meshOf, sendFromWorkload, sendThroughIngress } from './fixture/mesh.ts';
import { Upstream } from './fixture/upstream.ts';

describe('an engine that is killed', () => {
  let app: DesktopApp;
  let orders: Upstream;
  let stock: Upstream;

  beforeAll(async () => {
    orders = await Upstream.listen('orders');
    stock = await Upstream.listen('stock');
    const mesh = meshOf('recovery', [
      { name: 'orders', versions: { v1: orders } },
      { name: 'stock', versions: { v1: stock } },
    ]);
    app = await launchDesktopApp({ mesh });
  });
  afterAll(async () => {
    await app?.close();
    await orders?.close();
    await stock?.close();
  });

  it('is started again, the ports come back, and the page says so', async () => {
    const before = await app.ready();
    const outbound = (status: typeof before) => status.workloads.find(({ service }) => service === 'orders')?.outbound ?? '';
    expect((await sendThroughIngress(before.ingress, 'orders', '/first')).status).toBe(200);
    expect((await sendFromWorkload(outbound(before), 'http://stock:9080/first')).body).toContain('stock');

    process.kill(before.pid, 'SIGKILL');
    await eventually(
      () => app.page.evaluate(() => window.drydock.getConnection()),
      (connection) => connection === null,
    );
    const after = await eventually(
      () => app.ready(),
      (status) => status.pid !== before.pid,
    );
    expect(after.ingress).toBe(before.ingress);
    expect(outbound(after)).toBe(outbound(before));
    expect((await sendThroughIngress(after.ingress, 'orders', '/second')).status).toBe(200);
    expect((await sendFromWorkload(outbound(after), 'http://stock:9080/second')).body).toContain('stock');
    await app.screenshot('engine-recovered');
  });
});
