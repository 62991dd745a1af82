import { expect, test } from 'vitest';
import { assignProxies } from './assign-proxies.ts';

test('proxies are spread evenly, and each stays where it is whatever comes and goes', () => {
  const first = assignProxies(['ingress', 'web', 'reviews', 'ratings'], 2, new Map());
  expect([...first]).toEqual([
    ['ingress', 0],
    ['web', 1],
    ['reviews', 0],
    ['ratings', 1],
  ]);
  const second = assignProxies(['ingress', 'details', 'reviews', 'cart'], 2, first);
  expect(Object.fromEntries(second)).toEqual({ ingress: 0, reviews: 0, details: 1, cart: 1 });
});
