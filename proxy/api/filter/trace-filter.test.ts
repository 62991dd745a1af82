import { expect, test } from 'vitest';
import type { Exchange } from '../exchange.schema.ts';
import type { TraceSummary } from '../observability.schema.ts';
import { makeExchange } from '../test-exchange.ts';
import { parseFilter } from './request-filter.ts';
import { compileTraceFilter, unansweredByTraces } from './trace-filter.ts';

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
const calls: Record<string, Partial<Exchange>[]> = {
  saved: [{ flags: 'UO', faults: [{ name: 'slow', effect: 'delay', side: 'client' }] }, { destinationVersion: 'v2' }],
  failed: [{ mtls: false, open: true }],
};
const found = (text: string) => {
  const matches = compileTraceFilter(parseFilter(text));
  return all.filter((one) => matches(one, (calls[one.traceId] ?? [{}]).map(makeExchange))).map(({ traceId }) => traceId);
};

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

test('a trace is found by what any call in it was, and left out when any was', () => {
  expect(found('flag:UO')).toEqual(['saved']);
  expect(found('fault:slow')).toEqual(['saved']);
  expect(found('version:v2 flag:UO')).toEqual(['saved']);
  expect(found('mtls:no')).toEqual(['failed']);
  expect(found('open:yes')).toEqual(['failed']);
  expect(found('-flag:*')).toEqual(['fine', 'slow', 'failed', 'tcp']);
  expect(found('version!=v2')).toEqual(['fine', 'slow', 'failed', 'tcp']);
  expect(found('status!=503')).toEqual(['fine', 'slow', 'saved', 'tcp']);
});

test('traces are found by when they began', () => {
  expect(found('since:2026-01-01T00:00:00Z')).toHaveLength(5);
  expect(found('until:2025-12-31T23:59:59Z')).toEqual([]);
});

test('what only single requests know is told, and takes no part', () => {
  expect(unansweredByTraces(parseFilter('mark:red dest:a reporter:source mark:*'))).toEqual(['mark', 'reporter']);
  expect(found('mark:red')).toHaveLength(5);
});
