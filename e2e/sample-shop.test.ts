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
  'default/catalog->default/stock',
  'default/payments->default/ledger',
  'ingress->default/desk',
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
      ({ workloads }) => workloads.length === 12 && workloads.every(({ health }) => health === 'ready'),
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

  it('speaks each protocol: gRPC with names, a WebSocket and an event stream seen while they are open, and opaque TCP', async () => {
    const first = (query: Record<string, string>) =>
      eventually(
        async () => (await app.api.call('listExchanges', { query: { limit: '20', ...query } })).exchanges[0],
        (exchange) => exchange !== undefined,
        20_000,
      );
    const messagesOf = async (query: Record<string, string>, enough: (count: number) => boolean) => {
      const exchange = await first(query);
      return eventually(
        () => app.api.call('listMessages', { params: { id: exchange?.id ?? '' } }),
        ({ messages }) => enough(messages.length),
        20_000,
      );
    };
    const stock = await messagesOf({ to: 'stock', open: 'false', reporter: 'source' }, (count) => count === 2);
    expect(stock).toMatchObject({ protocol: 'gRPC', names: 'reflection' });
    expect(stock.messages[1]?.fields?.map(({ name }) => name)).toContain('shelf');
    const chat = await messagesOf({ to: 'desk', open: 'true', reporter: 'gateway' }, (count) => count >= 2);
    expect(chat).toMatchObject({ protocol: 'WebSocket', open: true });
    expect(JSON.stringify(chat.messages)).toContain('Ahoy');
    const sales = await messagesOf({ to: 'storefront', path: '/api/sales', open: 'true' }, (count) => count >= 2);
    expect(sales.messages.map(({ event }) => event?.event)).toContain('sale');
    expect(await first({ to: 'ledger' })).toMatchObject({ protocol: 'TCP' });
    await app.page.evaluate(`location.hash = '#/requests?id=${chat.exchange}'`);
    await app.page.getByTestId('message-row').first().waitFor();
    expect(await app.page.getByTestId('request-detail').textContent()).toContain('open for');
    await app.screenshot('sample-shop-chat');
  });
});
