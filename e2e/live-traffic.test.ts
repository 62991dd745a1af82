import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { eventually } from './fixture/eventually.ts';
import { meshOf, sendFromWorkload, sendThroughIngress } from './fixture/mesh.ts';
import { Upstream } from './fixture/upstream.ts';

describe('traffic through the mesh', () => {
  let app: DesktopApp;
  let orders: Upstream;
  let stock: Upstream;

  beforeAll(async () => {
    orders = await Upstream.listen('orders');
    stock = await Upstream.listen('stock');
    const mesh = meshOf('live', [
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

  it('appears in Requests while it happens', async () => {
    const status = await app.ready();
    await app.page.getByTestId('nav-requests').click();
    const marker = `/live-${Date.now()}`;
    expect((await sendThroughIngress(status.ingress, 'orders', marker)).status).toBe(200);
    await app.page.getByText(marker).first().waitFor();
    await app.screenshot('live-traffic');
  });

  it('is slowed by a fault on the server side, whose removal is felt at once', async () => {
    const status = await app.ready();
    const outbound = status.workloads.find(({ service }) => service === 'orders')?.outbound ?? '';
    const time = async () => {
      const startedMs = performance.now();
      const reply = await sendFromWorkload(outbound, 'http://stock:9080/timed');
      return { status: reply.status, tookMs: performance.now() - startedMs };
    };
    await expect.poll(async () => (await time()).tookMs).toBeLessThan(400);
    await app.api.call('apply', {
      body: `apiVersion: drydock.dev/v1
kind: Fault
metadata: {name: slow-stock}
spec: {to: {service: stock}, delay: {fixed: 500ms}}
`,
    });
    const slowed = await eventually(time, ({ tookMs }) => tookMs >= 500);
    expect(slowed.status).toBe(200);
    await app.api.call('deleteResource', { params: { kind: 'Fault', namespace: 'default', name: 'slow-stock' } });
    await eventually(time, ({ tookMs }) => tookMs < 400);
  });
});
