// The shop's customers: an endless, gentle stream of requests through the ingress, until SIGTERM. Beside it one customer at a time talks to the
// help desk over a WebSocket, and one screen shows the sales as they happen, over server-sent events.
//   node traffic.mjs http://127.0.0.1:8080 [requests per second, default 20]
import http from 'node:http';
import { openWebSocket } from './lib/websocket.mjs';

const ingress = new URL(process.argv[2] ?? 'http://127.0.0.1:8080');
const perSecond = Number(process.argv[3] ?? 20);
const maxInFlight = 200;
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
const products = ['sextant', 'compass', 'lantern', 'rope', 'bell', 'charts'];
const customers = ['jason', 'mira', 'ole', 'ada', '', '', '', ''];

/** What customers do, and how often out of 100 times. A purchase is two requests: into the cart, then to the till. */
const visits = [
  [20, () => send({ path: '/' })],
  [36, () => send({ path: `/products/${pick(products)}` })],
  [14, () => send({ path: `/api/products/${pick(products)}` })],
  [6, () => send({ path: '/api/products' })],
  [5, () => send({ path: '/cart' })],
  [18, () => buy(pick(products))],
  [1, () => send({ path: '/products/figurehead' })],
];

let inFlight = 0;
let timer = null;
let stopped = false;

/** @returns {Promise<number>} the status; 0 when there was no answer, which is no concern of a customer: the mesh shows it */
function send({ path, method = 'GET', body, customer = pick(customers) }) {
  if (inFlight >= maxInFlight) return Promise.resolve(0); // the shop is stuck; customers do not queue for ever
  const payload = body && JSON.stringify(body);
  const headers = { host: 'storefront.localhost', 'user-agent': 'shop-customers' };
  if (customer) headers['end-user'] = customer;
  if (payload) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) });
  const place = { host: ingress.hostname, port: ingress.port || 80, path, method, headers, agent, timeout: 15_000 };
  inFlight += 1;
  return new Promise((resolve) => {
    const request = http.request(place, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    request.once('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
    request.once('close', () => {
      inFlight -= 1;
      resolve(0);
    });
    request.end(payload);
  });
}

async function buy(id) {
  const customer = pick(customers) || `guest-${Math.floor(Math.random() * 500)}`;
  const status = await send({ path: '/api/cart', method: 'POST', body: { id }, customer });
  if (status === 201 && !stopped) await send({ path: '/api/checkout', method: 'POST', body: {}, customer });
}

const questions = [
  'Is your rope tarred?',
  'Which compass for a small boat?',
  'Do you have charts?',
  'Are you open?',
  'A lantern for fog?',
  'Any parrots?',
];

/** One conversation of less than half a minute, then the next customer. */
async function talk() {
  if (stopped) return;
  const place = { host: ingress.hostname, port: ingress.port || 80, path: '/chat' };
  try {
    const peer = await openWebSocket({ ...place, headers: { host: 'desk.localhost', 'end-user': pick(customers) || 'guest' } });
    let asked = 0;
    const ask = () => {
      if (asked === questions.length) return peer.close(1000, 'thanks');
      peer.send('text', JSON.stringify({ text: questions[asked++] }));
      later = setTimeout(ask, 4_000);
    };
    let later = setTimeout(ask, 1_000);
    peer.onClose = () => {
      clearTimeout(later);
      setTimeout(talk, 3_000);
    };
  } catch {
    setTimeout(talk, 3_000); // the desk is not there: the next customer tries again
  }
}

/** Listens to the sales for two minutes, as often as it is cut or ends. */
function listen() {
  if (stopped) return;
  const headers = { host: 'storefront.localhost', accept: 'text/event-stream', 'user-agent': 'sales-screen' };
  const request = http.request({ host: ingress.hostname, port: ingress.port || 80, path: '/api/sales', headers, agent: false });
  request.on('response', (response) => {
    response.resume();
    response.on('error', () => request.destroy());
  });
  request.on('error', () => request.destroy());
  const enough = setTimeout(() => request.destroy(), 120_000);
  request.once('close', () => {
    clearTimeout(enough);
    setTimeout(listen, 2_000);
  });
  request.end();
}

/** Arrivals are random as customers are: the gaps are exponential. */
function keepVisiting() {
  if (stopped) return;
  void draw(visits)();
  timer = setTimeout(keepVisiting, (-Math.log(1 - Math.random()) * 1_000) / perSecond);
}

function draw(choices) {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = Math.random() * total;
  for (const [weight, make] of choices) if ((left -= weight) < 0) return make;
  return choices[0][1];
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
void talk();
listen();
