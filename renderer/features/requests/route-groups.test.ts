import { describe, expect, test } from 'vitest';
import { compileFilter } from '../../../proxy/api/filter/match-exchange.ts';
import { fitsTemplate, templateOf } from '../../../proxy/api/filter/path-template.ts';
import { parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { filterOf, groupRequests, keepOrder } from './route-groups.ts';

describe('the template of a path', () => {
  test('has * for what looks like an id, and no query', () => {
    expect(templateOf('/orders/17?full=1')).toBe('/orders/*');
    expect(templateOf('/v1/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301/cart')).toBe('/v1/users/*/cart');
    expect(templateOf('/cart/guest-276')).toBe('/cart/*');
    expect(templateOf('/blobs/deadbeef00')).toBe('/blobs/*');
    expect(templateOf('/api/v2/oauth2/feedback')).toBe('/api/v2/oauth2/feedback');
    expect(templateOf('/shop.Stock/Get')).toBe('/shop.Stock/Get');
    expect(['', '/', '*'].map(templateOf)).toEqual(['', '/', '*']);
  });

  test('fits part by part', () => {
    expect(fitsTemplate('/orders/17?x=/1/2', '/orders/*')).toBe(true);
    expect(fitsTemplate('/orders/17/items', '/orders/*')).toBe(false);
    expect(fitsTemplate('/orders', '/orders/*')).toBe(false);
  });
});

describe('groups', () => {
  const call = (source: string, path: string, over: object = {}) =>
    makeExchange({ source, destination: 'catalog', path, ...over });

  test('are edges with their routes, the busiest first, in numbers of their own requests', () => {
    const groups = groupRequests([
      call('web', '/items/1', { durationMs: 10, status: 503 }),
      call('web', '/items/2', { durationMs: 30 }),
      call('web', '/items/3', { durationMs: 20, attempts: [{}, {}] as never }),
      call('web', '/', { durationMs: 5, method: 'POST' }),
      call('cart', '/items/1', { durationMs: 1, grpcStatus: 14 }),
      call('cart', '/stream', { open: true }),
    ]);
    expect(groups.map(({ key, count, failed, retried }) => [key, count, failed, retried])).toEqual([
      ['web→catalog', 4, 1, 1],
      ['web→catalog GET /items/*', 3, 1, 1],
      ['web→catalog POST /', 1, 0, 0],
      ['cart→catalog', 1, 1, 0],
      ['cart→catalog GET /items/*', 1, 1, 0],
    ]);
    expect(groups[1]).toMatchObject({ p50: 20, p95: 30, slowest: 30 });
  });

  test('take many names under one path for one route, but not the methods of a gRPC service', () => {
    const names = ['sextant', 'compass', 'lantern', 'rope', 'bell', 'charts', 'figurehead'];
    const merged = groupRequests(names.map((name) => call('web', `/products/${name}`)));
    expect(merged.map(({ key }) => key)).toEqual(['web→catalog', 'web→catalog GET /products/*']);
    expect(groupRequests(names.map((name) => call('web', `/shop.Stock/${name}`)))).toHaveLength(8);
    expect(groupRequests(names.map((name) => call('web', `/${name}`)))).toHaveLength(8);
  });

  test('hold their places while their numbers change', () => {
    const early = groupRequests([call('web', '/a'), call('web', '/a'), call('web', '/b'), call('cart', '/a')]);
    const later = groupRequests([
      ...['/b', '/b', '/b', '/a', '/c', '/c', '/c', '/c'].map((path) => call('web', path)),
      ...Array.from({ length: 20 }, () => call('cart', '/a')),
      ...Array.from({ length: 30 }, () => call('desk', '/a')),
    ]);
    const order = keepOrder(
      later,
      early.map(({ key }) => key),
    );
    expect(order.map(({ key }) => key.replace('→catalog', '').replace('GET ', ''))).toEqual([
      ...['web', 'web /a', 'web /b', 'web /c', 'cart', 'cart /a', 'desk', 'desk /a'],
    ]);
  });

  test('are a filter, and the filter finds as many', () => {
    const all = [
      call('web', '/items/1'),
      call('web', '/items/22?full=1'),
      call('web', '/items/1/price'),
      call('web', '/items/1', { method: 'POST' }),
      call('cart', '/items/1'),
    ];
    for (const group of groupRequests(all)) {
      const filter = parseFilter(filterOf(group));
      expect(filter.problems).toEqual([]);
      expect(all.filter(compileFilter(filter))).toHaveLength(group.count);
    }
  });
});
