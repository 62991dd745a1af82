import { expect, test } from 'vitest';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import { blankFault, type FaultForm } from './fault-form.ts';
import { filterOf, wouldHit } from './would-hit.ts';

const nowMs = Date.parse('2026-01-01T00:01:00Z');
const exchange = (agoMs: number, more: Partial<Exchange> = {}): Exchange =>
  ({
    ...{ time: new Date(nowMs - agoMs).toISOString(), reporter: 'source', source: 'web', destination: 'pay', method: 'GET' },
    ...{ destinationVersion: 'v1', destinationWorkload: 'pay-v1-0', path: '/pay/1?user=7' },
    ...more,
  }) as Exchange;
const form = (change: Partial<FaultForm> = {}): FaultForm => ({ ...blankFault, to: 'pay', ...change });

test('counts each call of the last minute once, as its caller saw it', () => {
  const list = [exchange(1), exchange(2, { reporter: 'destination' }), exchange(3, { destination: 'web' }), exchange(61_000)];
  expect(wouldHit(list, false, form(), nowMs)).toEqual({ seen: 1, met: 1, hit: 1, seconds: 60, atMost: false });
});

test('says how far back it looked when what is at hand does not reach a minute', () => {
  const list = [exchange(1), exchange(8000)];
  expect(wouldHit(list, false, form(), nowMs).seconds).toBe(8);
  expect(wouldHit(list, true, form(), nowMs).seconds).toBe(60);
});

test('looks at caller, version, host, method, path and query; of headers it knows nothing and says so', () => {
  const list = [exchange(1), exchange(2, { method: 'POST', path: '/other', destinationVersion: 'v2', source: 'mail' })];
  const met = (change: Partial<FaultForm>) => wouldHit(list, true, form(change), nowMs).met;
  expect([met({}), met({ from: 'web' }), met({ version: 'v2' }), met({ workload: 'pay-v1-0' })]).toEqual([2, 1, 1, 2]);
  expect([met({ method: 'POST' }), met({ path: '/pay' }), met({ path: '/pay', pathIs: 'exact' })]).toEqual([1, 1, 0]);
  expect([met({ path: '/p.*', pathIs: 'regex' }), met({ path: '(', pathIs: 'regex' })]).toEqual([1, 0]);
  expect([met({ query: 'user=7' }), met({ query: 'user=~\\d+; x=1' }), met({ query: 'user=8' })]).toEqual([1, 0, 0]);
  expect(wouldHit(list, true, form({ header: 'x-qa: 1' }), nowMs).atMost).toBe(true);
  expect(wouldHit(list, true, form({ effect: 'toxics', header: 'x-qa: 1', path: '/no' }), nowMs)).toMatchObject({
    met: 2,
    atMost: false,
  });
});

test('takes its share of them, after those that pass and no more than it is for', () => {
  const list = Array.from({ length: 100 }, (_, n) => exchange(n));
  expect(wouldHit(list, true, form({ percentage: 30, skip: 10 }), nowMs)).toMatchObject({ met: 100, hit: 27 });
  expect(wouldHit(list, true, form({ first: 3 }), nowMs).hit).toBe(3);
});

test('the filter that leads to them can be read', () => {
  const text = filterOf(form({ from: 'web', version: 'v1', method: 'get', path: '/pay now' }));
  expect(text).toBe('dest:pay src:web version:v1 method:GET path:"/pay now"');
  expect(parseFilter(text).problems).toEqual([]);
});
