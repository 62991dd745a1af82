import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { sendFromWorkload } from './fixture/mesh.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';

describe('traffic through the mesh', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('live', { orders: {}, stock: {} });
  });
  afterAll(() => app?.close());

  it('appears in Requests while it happens', async () => {
    await app.page.getByTestId('nav-requests').click();
    const marker = `live-${Date.now()}`;
    expect((await app.enter(`orders/${marker}`)).status).toBe(200);
    await app.page.getByText(`/${marker}`).first().waitFor();
    await app.screenshot('live-traffic');
  });

  it('is slowed by a fault on the server side, whose removal is felt at once', async () => {
    const outbound = await app.outboundOf('orders');
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
