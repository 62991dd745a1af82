// One cart per customer, in memory. GET /cart/:user, POST /cart/:user {id}, DELETE /cart/:user
import { getJson } from '../lib/client.mjs';
import { describeSelf, serve, work } from '../lib/service.mjs';

const maxCustomers = 1_000;
const maxItems = 50;
const carts = new Map();

serve('cart', {
  'GET /cart/:user': async ({ params }) => {
    await work(3);
    return { items: carts.get(params[0]) ?? [], servedBy: describeSelf('cart') };
  },
  'POST /cart/:user': async ({ request, params, body }) => {
    const { product } = await getJson(`http://catalog:9080/products/${encodeURIComponent(String(body?.id))}`, { from: request });
    const items = [...(carts.get(params[0]) ?? []), { id: product.id, name: product.name, price: product.price }].slice(
      -maxItems,
    );
    carts.delete(params[0]);
    carts.set(params[0], items);
    if (carts.size > maxCustomers) carts.delete(carts.keys().next().value);
    return { status: 201, json: { items, servedBy: describeSelf('cart') } };
  },
  'DELETE /cart/:user': async ({ params }) => {
    carts.delete(params[0]);
    return { items: [], servedBy: describeSelf('cart') };
  },
});
