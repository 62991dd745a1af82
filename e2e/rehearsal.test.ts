import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { sendFromWorkload } from './fixture/mesh.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';
import { answerJson, Upstream } from './fixture/upstream.ts';

/**
 * The rehearsal the app is for, as a user clicks it: register a service, see its traffic, slow an edge down, watch p95 and the mark on the
 * request, stop that, record, replay, read the difference.
 */
describe('a rehearsal from start to end', () => {
  let app: MeshApp;
  let stock: Upstream;
  /** Calls orders → stock, a few at once, until the test ends. */
  let traffic: { stop(): Promise<void> };

  beforeAll(async () => {
    stock = await Upstream.listen('stock', answerJson({ sku: 'rope', left: 7 }));
    app = await openMeshApp('rehearsal', { orders: {} });
    await app.ready();
  });
  afterAll(async () => {
    await traffic?.stop();
    await app?.close();
    await stock?.close();
  });

  const screen = (id: string) => app.page.getByTestId(`nav-${id}`).click();
  const byId = (id: string) => app.page.getByTestId(id);

  it('registers a service by form', async () => {
    await screen('topology');
    await byId('add-service').first().click();
    await byId('register-name').fill('stock');
    await byId('register-port').fill('9080');
    await byId('register-address').fill(stock.address);
    await byId('register-version').fill('v1');
    await app.screenshot('register');
    await byId('register-submit').click();
    const status = await eventually(app.ready, (s) => s.services.some((service) => service.name === 'stock'));
    expect(status.workloads.map((workload) => workload.id)).toContain('stock-v1-0');
    await app.page.keyboard.press('Escape');
  });

  it('shows its traffic on an edge with rate and p95', async () => {
    traffic = keepCalling(await app.outboundOf('orders'), 'http://stock:9080/items/rope');
    await byId('topology-edge-orders-stock').first().waitFor({ timeout: 20_000 });
    await openEdge();
    const p95 = await eventually(readP95, (ms) => ms > 0);
    expect(p95).toBeLessThan(400);
    await app.screenshot('topology');
  });

  it('slows the edge by 500 ms in two clicks: p95 moves and the request carries the mark', async () => {
    await byId('inject-delay').click();
    const p95 = await eventually(readP95, (ms) => ms >= 450, 25_000);
    expect(p95).toBeGreaterThanOrEqual(450);
    await app.screenshot('topology-fault');
    const { exchanges } = await app.api.call('listExchanges', { query: { to: 'stock', reporter: 'destination', limit: '5' } });
    expect(exchanges[0]?.faults[0]?.effect).toBe('delay');
    await screen('requests');
    await app.page
      .getByTestId('request-row')
      .filter({ hasText: 'stock' })
      .filter({ hasText: /delay|DI|⚡/ })
      .first()
      .waitFor();
    await app.screenshot('requests-fault');
  });

  it('stops the fault, and the next request is fast again', async () => {
    await screen('topology');
    await openEdge();
    await byId('stop-edge-faults').click();
    await eventually(
      () => app.api.call('listFaults'),
      ({ faults }) => faults.every((fault) => fault.state !== 'armed'),
    );
    const outbound = await app.outboundOf('orders');
    const timed = async () => {
      const startedMs = performance.now();
      expect((await sendFromWorkload(outbound, 'http://stock:9080/items/rope')).status).toBe(200);
      return performance.now() - startedMs;
    };
    await expect.poll(timed).toBeLessThan(400);
  });

  it('records, replays against a changed service, and opens the first difference', async () => {
    await screen('recordings');
    await byId('record-name').fill('checkout');
    await byId('record-start').click();
    await eventually(
      () => app.api.call('listRecordings'),
      ({ recordings }) => (recordings[0]?.exchanges ?? 0) >= 6,
    );
    await byId('record-stop').first().click();
    await traffic.stop();
    const row = byId('recording-row-checkout').first();
    await row.click();
    stock.answer = answerJson({ sku: 'rope', left: 8 });
    await byId('replay-start').first().click();
    await byId('replay-submit').click();
    await byId('replay-result').waitFor({ timeout: 30_000 });
    const { replays } = await eventually(
      () => app.api.call('listReplays'),
      ({ replays: list }) => list[0]?.state === 'finished',
      30_000,
    );
    expect(replays[0]).toMatchObject({ same: 0, failed: 0 });
    expect(replays[0]?.different).toBe(replays[0]?.sent);
    expect(replays[0]?.differences[0]?.fields).toEqual([{ path: '$.left', kind: 'changed', recorded: '7', replayed: '8' }]);
    await byId('replay-diff-row').first().waitFor();
    await app.page.getByText('$.left').first().waitFor();
    await app.screenshot('replay');
    expect(app.complaints).toEqual([]);
  });

  /** The edge's panel; it may be open already. */
  async function openEdge(): Promise<void> {
    if (!(await byId('edge-panel').isVisible())) await byId('topology-edge-orders-stock').first().click({ force: true });
    await byId('edge-panel').waitFor();
  }

  /** Milliseconds as the panel shows them: `503 ms`, `1.2 s`; 0 while there is nothing. */
  async function readP95(): Promise<number> {
    const match = /([\d.,]+)\s*(ms|s)\b/.exec((await byId('edge-p95').first().textContent()) ?? '');
    return match === null ? 0 : Number(match[1]!.replace(',', '')) * (match[2] === 's' ? 1000 : 1);
  }
});

function keepCalling(outbound: string, url: string): { stop(): Promise<void> } {
  let going = true;
  const callers = Array.from({ length: 4 }, async () => {
    while (going) {
      await sendFromWorkload(outbound, url);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  });
  return {
    async stop() {
      going = false;
      await Promise.all(callers);
    },
  };
}
