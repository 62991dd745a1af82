import { expect, test } from 'vitest';
import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { seenInTraces } from './trace-filter.ts';

const trace = (over: Partial<TraceSummary>): TraceSummary => ({
  ...{ traceId: 'aa', start: '2026-01-01T00:00:00Z', durationMs: 20, rootService: 'ingress', rootName: 'GET /orders/17' },
  ...{ services: ['ingress', 'orders', 'stock'], spans: 4, errors: 0, status: 200, faults: 0 },
  ...over,
});

test('completions are what the traces have', () => {
  const all = [
    trace({}),
    trace({ rootService: 'cart', rootName: 'POST /pay' }),
    trace({ rootService: 'payments', rootName: 'tcp ledger' }),
  ];
  expect(seenInTraces(all)).toMatchObject({ method: ['GET', 'POST', 'tcp'], src: ['ingress', 'cart', 'payments'] });
});
