// The shop's face: pages for people, /api for programs. Every page asks several services.
import { call, getJson } from '../lib/client.mjs';
import { cartPage, errorPage, homePage, productPage, receiptPage } from '../lib/pages.mjs';
import { serve } from '../lib/service.mjs';

const catalog = 'http://catalog:9080';
const reviews = 'http://reviews:9080';
const cart = 'http://cart:9080';
const payments = 'http://payments:9080';

/** Who hears of each sale, and how many there were. */
const listeners = new Set();
let sales = 0;

serve('storefront', {
  'GET /': ({ request }) => page(request, async (user) => homePage(await shopFront(request, user))),
  'GET /products/:id': ({ request, params }) =>
    page(request, async (user) => {
      const product = await productView(request, params[0], user);
      return product ? productPage(product) : null;
    }),
  'GET /cart': ({ request }) => page(request, async (user) => cartPage({ user, ...(await readCart(request, user)) })),
  'POST /cart': async ({ request, body }) => {
    await addToCart(request, userOf(request), body?.id);
    return { location: '/cart' };
  },
  'POST /checkout': ({ request }) =>
    page(request, async (user) => {
      const { status, ...result } = await checkOut(request, user);
      return receiptPage({ user, status, ...result });
    }),
  'GET /login': ({ query }) => {
    const user = (query.get('user') ?? '').replace(/[^\w-]/g, '').slice(0, 30);
    return {
      location: '/',
      headers: { 'set-cookie': `user=${user}; Path=/; HttpOnly; SameSite=Lax${user ? '' : '; Max-Age=0'}` },
    };
  },
  'GET /api/products': ({ request }) => getJson(`${catalog}/products`, { from: request }),
  'GET /api/products/:id': async ({ request, params }) => {
    const view = await productView(request, params[0], userOf(request));
    return view ?? { status: 404, json: { error: `no product ${params[0]}` } };
  },
  'GET /api/sales': () => ({
    events: (send) => {
      listeners.add(send);
      return () => listeners.delete(send);
    },
  }),
  'GET /api/cart': ({ request }) => readCart(request, userOf(request)),
  'POST /api/cart': async ({ request, body }) => ({ status: 201, json: await addToCart(request, userOf(request), body?.id) }),
  'POST /api/checkout': async ({ request }) => {
    const { status, ...json } = await checkOut(request, userOf(request));
    return { status, json };
  },
});

/** The customer: the header a gateway would set, else the cookie of /login. Goes along to every service as `end-user`. */
function userOf(request) {
  const fromCookie = /(?:^|;\s*)user=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const user = request.headers['end-user'] ?? fromCookie ?? '';
  if (user) request.headers['end-user'] = user;
  return user || 'guest';
}

async function page(request, render) {
  const user = userOf(request);
  try {
    const html = await render(user);
    return html === null
      ? { status: 404, html: errorPage({ user, title: 'Not on our shelves', text: 'We do not stock that.' }) }
      : { html };
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${error.message}`);
    return { status: 503, html: errorPage({ user, title: 'The shop is closed for a moment', text: error.message }) };
  }
}

async function shopFront(request, user) {
  const [list, basket] = await Promise.all([getJson(`${catalog}/products`, { from: request }), readCart(request, user)]);
  return { user, products: list.products, count: basket.items.length, servedBy: [list.servedBy, basket.servedBy] };
}

/** null when there is no such product. Reviews and cart may fail without taking the page along. */
async function productView(request, id, user) {
  const found = await call(`${catalog}/products/${encodeURIComponent(id)}`, { from: request });
  if (found.status === 404) return null;
  if (found.status >= 400) throw Object.assign(new Error(`catalog answered ${found.status}`), { status: found.status });
  const [said, basket] = await Promise.all([
    getJson(`${reviews}/reviews/${encodeURIComponent(id)}`, { from: request }).catch((error) => ({ error: error.message })),
    readCart(request, user).catch(() => ({ items: [], servedBy: 'cart is away' })),
  ]);
  const servedBy = [found.body.servedBy, said.servedBy, basket.servedBy].filter(Boolean);
  return { user, product: found.body.product, reviews: said, count: basket.items.length, servedBy };
}

function readCart(request, user) {
  return getJson(`${cart}/cart/${encodeURIComponent(user)}`, { from: request });
}

function addToCart(request, user, id) {
  return getJson(`${cart}/cart/${encodeURIComponent(user)}`, { from: request, method: 'POST', body: { id } });
}

async function checkOut(request, user) {
  const basket = await readCart(request, user);
  if (basket.items.length === 0) return { status: 400, error: 'the cart is empty' };
  const amount = basket.items.reduce((sum, item) => sum + item.price, 0);
  const paid = await call(`${payments}/charge`, { from: request, method: 'POST', body: { user, amount } });
  if (paid.status >= 400)
    return { status: 502, amount, error: paid.body?.error ?? `payments answered ${paid.status}: ${paid.body}` };
  await call(`${cart}/cart/${encodeURIComponent(user)}`, { from: request, method: 'DELETE' });
  const sale = { receipt: paid.body.receipt, amount, items: basket.items.map(({ name }) => name) };
  sales += 1;
  for (const send of listeners) send({ event: 'sale', id: sales, data: sale });
  return { status: 201, amount, receipt: paid.body.receipt, servedBy: [basket.servedBy, paid.body.servedBy] };
}
