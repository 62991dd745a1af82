// What the shop sells, and how much of it is left: asked of `stock` over gRPC, and followed there. GET /products, /products/:id
import { GrpcClient } from '../lib/grpc.mjs';
import { decode, encode } from '../lib/protobuf.mjs';
import { describeSelf, serve, work } from '../lib/service.mjs';

const products = [
  {
    id: 'sextant',
    name: 'Brass sextant',
    price: 289,
    unit: 'each',
    colour: '#d9a441',
    blurb: 'Read the sun at noon and know your latitude to a mile. Silvered arc, seven shades, teak case.',
  },
  {
    id: 'compass',
    name: 'Steering compass',
    price: 174,
    unit: 'each',
    colour: '#4aa3b5',
    blurb: 'A card that stays still while the boat does not. Gimballed, oil-damped, lit from below.',
  },
  {
    id: 'lantern',
    name: 'Storm lantern',
    price: 64,
    unit: 'each',
    colour: '#e07a4f',
    blurb: 'Burns nine hours in a gale. The glass slides up for lighting with cold hands.',
  },
  {
    id: 'rope',
    name: 'Tarred hemp',
    price: 38,
    unit: '50 m',
    colour: '#a68a64',
    blurb: 'Three-strand, laid by hand, smells of every harbour you have been to.',
  },
  {
    id: 'bell',
    name: 'Ship’s bell',
    price: 119,
    unit: 'each',
    colour: '#c9b037',
    blurb: 'Cast bronze, clear in fog. Eight bells and all is well.',
  },
  {
    id: 'charts',
    name: 'Chart folio',
    price: 92,
    unit: '24 sheets',
    colour: '#6b8fb3',
    blurb: 'From the Skagerrak to Ushant, corrected to this month. Ruled by hand where it matters.',
  },
];

const { STOCK_SERVICE_HOST, STOCK_SERVICE_PORT } = process.env;
const stock = STOCK_SERVICE_PORT ? new GrpcClient(STOCK_SERVICE_HOST, STOCK_SERVICE_PORT, 'stock:9090') : null;
const traceHeaders = ['traceparent', 'tracestate', 'x-request-id'];
/** What the last message said of each product. */
const left = new Map();

function noteLevel(message) {
  const fields = decode(message);
  left.set(String(fields.get(1)), fields.get(2) ?? 0);
}

/** A stream that stays open; when it ends it is opened again. */
function followStock() {
  stock?.watch('/shop.Stock/Watch', encode([]), noteLevel).once('close', () => setTimeout(followStock, 2_000).unref());
}
followStock();

/** null when nobody knows: the page does without. */
async function askStock(id, request) {
  if (!stock) return null;
  const headers = Object.fromEntries(
    traceHeaders.flatMap((name) => (request.headers[name] ? [[name, request.headers[name]]] : [])),
  );
  try {
    for (const message of await stock.call('/shop.Stock/Get', encode([[1, id]]), { headers })) noteLevel(message);
  } catch (error) {
    console.error(error.message);
  }
  return left.get(id) ?? null;
}

serve('catalog', {
  'GET /products': async () => {
    await work(6);
    return { products, servedBy: describeSelf('catalog') };
  },
  'GET /products/:id': async ({ request, params }) => {
    await work(4);
    const found = products.find(({ id }) => id === params[0]);
    const product = found && { ...found, left: await askStock(found.id, request) };
    return product ? { product, servedBy: describeSelf('catalog') } : { status: 404, json: { error: `no product ${params[0]}` } };
  },
});
