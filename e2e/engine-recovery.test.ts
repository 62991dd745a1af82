import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';

describe('an engine that is killed', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('recovery', { orders: {}, stock: {} });
  });
  afterAll(() => app?.close());

  it('is started again, the ports come back, and the page says so', async () => {
    const before = await app.ready();
    const outbound = await app.outboundOf('orders');
    expect((await app.enter('orders/first')).status).toBe(200);
    expect((await app.call('orders', 'stock/first')).body).toContain('stock');

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
    expect(await app.outboundOf('orders')).toBe(outbound);
    expect((await app.enter('orders/second')).status).toBe(200);
    expect((await app.call('orders', 'stock/second')).body).toContain('stock');
    await app.screenshot('engine-recovered');
  });
});
