// The demo's customers: they look around in the shop and buy, 20 requests a second, through their own sidecar like any other service.
import { call } from '../shop/lib/client.mjs';
import { serve } from '../shop/lib/service.mjs';

const shop = 'http://storefront:9080';
const perSecond = 20;
const maxInFlight = 100;
const products = ['sextant', 'compass', 'lantern', 'rope', 'bell', 'charts'];
const names = ['jason', 'mira', 'ole', 'ada'];

let inFlight = 0;
let sent = 0;

/** What customers do, and how often out of 10 times. A purchase is two requests: into the cart, then to the till. */
const visits = [
  [2, (customer) => visit('/', customer)],
  [4, (customer) => visit(`/products/${pick(products)}`, customer)],
  [1, (customer) => visit(`/api/products/${pick(products)}`, customer)],
  [3, buy],
];

async function visit(path, customer, body) {
  if (inFlight >= maxInFlight) return 0; // the shop is stuck; customers do not queue for ever
  inFlight += 1;
  sent += 1;
  const options = { from: { headers: { 'end-user': customer } }, ...(body ? { method: 'POST', body } : {}) };
  try {
    return (await call(`${shop}${path}`, options)).status;
  } catch {
    return 0; // no answer is no concern of a customer: the mesh shows it
  } finally {
    inFlight -= 1;
  }
}

async function buy(customer) {
  const status = await visit('/api/cart', customer, { id: pick(products) });
  if (status === 201) await visit('/api/checkout', customer, {});
}

/** Arrivals are random as customers are: the gaps are exponential. */
function keepVisiting() {
  const total = visits.reduce((sum, [weight]) => sum + weight, 0);
  let left = Math.random() * total;
  const chosen = visits.find(([weight]) => (left -= weight) < 0) ?? visits[0];
  void chosen[1](pick(names));
  // Three visits in ten are two requests.
  setTimeout(keepVisiting, (-Math.log(1 - Math.random()) * 1_300) / perSecond);
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

serve('customers', { 'GET /sent': () => ({ json: { sent } }) });
keepVisiting();
