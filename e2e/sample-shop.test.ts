import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { eventually } from './fixture/eventually.ts';
import { sendThroughIngress } from './fixture/mesh.ts';

const sample = fileURLToPath(new URL('../samples/shop', import.meta.url));

const expectedEdges = [
  'ingress->default/storefront',
  'default/storefront->default/catalog',
  'default/storefront->default/reviews',
  'default/storefront->default/cart',
  'default/storefront->default/payments',
  'default/cart->default/catalog',
  'default/reviews->default/ratings',
];

// What `npm start` opens: the engine runs the shop's programs, the shell sends its customers.
describe('the sample shop', () => {
  let app: DesktopApp;

  beforeAll(async () => {
    app = await launchDesktopApp({ meshFiles: [sample], sampleTraffic: true });
  });
  afterAll(async () => {
    await app?.close();
  });

  it('is up with every program ready', async () => {
    const status = await eventually(
      () => app.ready(),
      ({ workloads }) => workloads.length === 9 && workloads.every(({ health }) => health === 'ready'),
      30_000,
    );
    expect(status.problems).toEqual([]);
    const page = await sendThroughIngress(status.ingress, 'storefront', '/products/sextant');
    expect(page.status).toBe(200);
    expect(page.body).toContain('Brass sextant');
  });

  it('has customers, whose requests reach every service and all three versions of reviews', async () => {
    const graph = await eventually(
      () => app.api.call('getGraph', { query: { window: '60s' } }),
      ({ edges }) => expectedEdges.every((id) => edges.some((edge) => edge.id === id)),
      40_000,
    );
    expect(JSON.stringify(graph.nodes)).toContain('payments');
    const { exchanges } = await eventually(
      () => app.api.call('listExchanges', { query: { to: 'reviews', limit: '200' } }),
      ({ exchanges: seen }) => new Set(seen.map((exchange) => exchange.destinationVersion)).size === 3,
      40_000,
    );
    expect(exchanges.length).toBeGreaterThan(0);
    await app.screenshot('sample-shop');
  });
});
