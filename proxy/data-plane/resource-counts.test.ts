import { expect, test } from 'vitest';
import { ResourceCounts } from './resource-counts.ts';

test('a resource keeps its count when a new snapshot brings a new reference to it', () => {
  const counts = new ResourceCounts();
  const reference = () => ({ kind: 'VirtualService', namespace: 'default', name: 'reviews' });
  const first = reference();
  counts.add(first);
  counts.add(first);
  counts.settle();
  counts.add(reference());
  counts.add({ ...reference(), name: 'ratings' });
  expect(counts.totals()).toEqual({ 'VirtualService/default/reviews': 3, 'VirtualService/default/ratings': 1 });
  expect(counts.totals()).toEqual({ 'VirtualService/default/reviews': 3, 'VirtualService/default/ratings': 1 });
});
