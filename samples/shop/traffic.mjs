// The shop's customers: an endless, gentle stream of requests through the ingress, until SIGTERM.
//   node traffic.mjs http://127.0.0.1:8080 [requests per second, default 20]
import http from 'node:http';

const ingress = new URL(process.argv[2] ?? 'http://127.0.0.1:8080');
const perSecond = Number(process.argv[3] ?? 20);
const maxInFlight = 200;
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
const products = ['sextant', 'compass', 'lantern', 'rope', 'bell', 'charts'];
const customers = ['jason', 'mira', 'ole', 'ada', '', '', '', ''];

/** What customers do, and how often out of 100 times. */
const visits = [
  [18, () => ({ path: '/' })],
  [36, () => ({ path: `/products/${pick(products)}` })],
  [12, () => ({ path: `/api/products/${pick(products)}` })],
  [6, () => ({ path: '/api/products' })],
  [5, () => ({ path: '/cart' })],
  [12, () => ({ path: '/api/cart', method: 'POST', body: { id: pick(products) } })],
  [10, () => ({ path: '/api/checkout', method: 'POST', body: {} })],
  [1, () => ({ path: '/products/figurehead' })],
];

let inFlight = 0;
let timer = null;
let stopped = false;

function visit() {
  if (inFlight >= maxInFlight) return; // the shop is stuck; customers do not queue for ever
  const { path, method = 'GET', body } = draw(visits);
  const customer = pick(customers);
  const payload = body && JSON.stringify(body);
  const headers = { host: 'storefront.localhost', 'user-agent': 'shop-customers' };
  if (customer) headers['end-user'] = customer;
  if (payload) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) });
  inFlight += 1;
  const request = http.request(
    { host: ingress.hostname, port: ingress.port || 80, path, method, headers, agent, timeout: 15_000 },
    (response) => response.resume(),
  );
  request.once('timeout', () => request.destroy());
  request.on('error', () => {}); // a failing shop is what this is for; the mesh shows it
  request.once('close', () => {
    inFlight -= 1;
  });
  request.end(payload);
}

/** Arrivals are random as customers are: the gaps are exponential. */
function keepVisiting() {
  if (stopped) return;
  visit();
  timer = setTimeout(keepVisiting, (-Math.log(1 - Math.random()) * 1_000) / perSecond);
}

function draw(choices) {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = Math.random() * total;
  for (const [weight, make] of choices) if ((left -= weight) < 0) return make();
  return choices[0][1]();
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    stopped = true;
    clearTimeout(timer);
    agent.destroy();
    process.exit(0);
  });
}
// Started by another program, it ends with it: an orphan would send traffic for ever.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, 2_000).unref();
keepVisiting();
