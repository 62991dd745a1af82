import { expect, test } from 'vitest';
import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { parseFilter } from '../requests/filter.ts';
import { compileTraceFilter, seenInTraces, unansweredByTraces } from './trace-filter.ts';

const trace = (over: Partial<TraceSummary>): TraceSummary => ({
  ...{ traceId: 'aa', start: '2026-01-01T00:00:00Z', durationMs: 20, rootService: 'ingress', rootName: 'GET /orders/17' },
  ...{ services: ['ingress', 'orders', 'stock'], spans: 4, errors: 0, status: 200, faults: 0 },
  ...over,
});
const all = [
  trace({ traceId: 'fine' }),
  trace({ traceId: 'slow', durationMs: 900, services: ['ingress', 'payments'], rootName: 'POST /pay' }),
  trace({ traceId: 'saved', errors: 1, faults: 1 }),
  trace({ traceId: 'failed', errors: 2, status: 503, rootService: 'cart' }),
  trace({ traceId: 'tcp', status: 0, rootService: 'payments', rootName: 'tcp ledger' }),
];
const found = (text: string) => all.filter(compileTraceFilter(parseFilter(text))).map(({ traceId }) => traceId);

test('traces are found in the words of the requests list', () => {
  expect(found('')).toHaveLength(5);
  expect(found('dest:payments')).toEqual(['slow']);
  expect(found('src:cart,payments')).toEqual(['failed', 'tcp']);
  expect(found('ms>100 method:post')).toEqual(['slow']);
  expect(found('template:/orders/* -status>=500')).toEqual(['fine']);
  expect(found('path:/pay')).toEqual(['slow']);
  expect(found('fault:*')).toEqual(['saved']);
  expect(found('ledger')).toEqual(['tcp']);
  expect(found('trace:saved')).toEqual(['saved']);
});

test('errors are those of any call in it, a single code is the first caller’s', () => {
  expect(found('status>=500')).toEqual(['saved', 'failed']);
  expect(found('status:5xx')).toEqual(['saved', 'failed']);
  expect(found('status=503')).toEqual(['failed']);
  expect(found('status:200')).toEqual(['fine', 'slow', 'saved']);
  expect(found('status<400')).toEqual(['fine', 'slow', 'saved', 'tcp']);
});

test('what only single requests know is told, and takes no part', () => {
  expect(unansweredByTraces(parseFilter('flag:UO dest:a tries>1 flag:UT'))).toEqual(['flag', 'tries']);
  expect(found('flag:UO')).toHaveLength(5);
});

test('completions are what the traces have', () => {
  expect(seenInTraces(all)).toMatchObject({ method: ['GET', 'POST', 'tcp'], src: ['ingress', 'cart', 'payments'] });
});
