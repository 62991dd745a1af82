import { expect, test } from 'vitest';
import type { AppMetric } from '../api/app-metric.schema.ts';
import { AppMetrics } from './app-metrics.ts';

const make = (name: string, over: Partial<AppMetric> = {}): AppMetric => ({
  ...{ service: 'orders', name, unit: 'By', kind: 'gauge', attributes: {}, value: 1, time: '2026-01-01T00:00:00.000Z' },
  ...over,
});

test('of each series the last value is kept, whatever the order of its attributes', () => {
  const kept = new AppMetrics();
  kept.record([make('heap', { attributes: { a: 1, b: 2 }, value: 1 }), make('cpu'), make('cpu', { service: 'web' })]);
  kept.record([make('heap', { attributes: { b: 2, a: 1 }, value: 7 })]);
  expect(kept.list('orders').metrics.map(({ name, value }) => [name, value])).toEqual([
    ['cpu', 1],
    ['heap', 7],
  ]);
  expect(kept.list().metrics).toHaveLength(3);
  expect(kept.list('nobody')).toEqual({ metrics: [], dropped: 0 });
});

test('a service that labels by user fills its own share only, and what was dropped is told', () => {
  const kept = new AppMetrics({ perService: 10, services: 2 });
  kept.record(Array.from({ length: 100 }, (_, user) => make('hits', { attributes: { user } })));
  kept.record([
    make('hits', { attributes: { user: 3 }, value: 9 }),
    make('up', { service: 'web' }),
    make('up', { service: 'third' }),
  ]);
  expect(kept.list('orders').metrics).toHaveLength(10);
  expect(kept.list('orders').metrics.find(({ attributes }) => attributes.user === 3)?.value).toBe(9);
  expect(kept.list('orders').dropped).toBe(90);
  expect(kept.list('web').metrics).toHaveLength(1);
  expect(kept.list('third')).toEqual({ metrics: [], dropped: 1 });
});
