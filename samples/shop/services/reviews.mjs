// What customers say. GET /reviews/:id
// One program, three versions: v1 shows no stars and never asks ratings; v2 shows black stars, v3 red ones (STAR=black|red).
import { getJson } from '../lib/client.mjs';
import { describeSelf, serve, work } from '../lib/service.mjs';

const star = process.env.STAR;

const texts = {
  sextant: ['Found my own garden within half a mile.', 'Heavier than it looks, finer than it costs.'],
  compass: ['Points north. Has not changed its mind since.', 'Calm in a following sea, which is more than I am.'],
  lantern: ['Stayed lit when nothing else did.', 'Warm light, greasy glass.'],
  rope: ['Holds. Smells. Perfect.', 'My hands disagree, my boat does not.'],
  bell: ['The neighbours know the watch now.', 'A voice you can hear across the roads.'],
  charts: ['The rock is where it says.', 'Paper does not run out of battery.'],
};

serve('reviews', {
  'GET /reviews/:id': async ({ request, params }) => {
    const id = params[0];
    await work(star === 'red' ? 14 : 7);
    const reviews = (texts[id] ?? ['Good.', 'Very good.']).map((text, index) => ({
      text,
      by: index === 0 ? 'A. Mariner' : 'Skipper B.',
    }));
    const answer = { id, reviews, star: star ?? null, servedBy: describeSelf('reviews') };
    if (!star) return answer;
    try {
      const { stars } = await getJson(`http://ratings:9080/ratings/${encodeURIComponent(id)}`, { from: request });
      return { ...answer, reviews: reviews.map((review, index) => ({ ...review, stars: stars[index] })) };
    } catch (error) {
      return { ...answer, ratingsError: error.message };
    }
  },
});
