// Stars per product. GET /ratings/:id
import { describeSelf, serve, work } from '../lib/service.mjs';

const stars = { sextant: [5, 4], compass: [5, 5], lantern: [4, 3], rope: [5, 4], bell: [3, 5], charts: [5, 4] };

serve('ratings', {
  'GET /ratings/:id': async ({ params }) => {
    await work(9);
    return { id: params[0], stars: stars[params[0]] ?? [4, 4], servedBy: describeSelf('ratings') };
  },
});
