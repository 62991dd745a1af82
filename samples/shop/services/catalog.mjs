// What the shop sells. GET /products, /products/:id
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

serve('catalog', {
  'GET /products': async () => {
    await work(6);
    return { products, servedBy: describeSelf('catalog') };
  },
  'GET /products/:id': async ({ params }) => {
    await work(4);
    const product = products.find(({ id }) => id === params[0]);
    return product ? { product, servedBy: describeSelf('catalog') } : { status: 404, json: { error: `no product ${params[0]}` } };
  },
});
