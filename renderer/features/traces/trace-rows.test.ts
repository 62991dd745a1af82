import { expect, test } from 'vitest';
import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { type TracePage, TraceRows } from './trace-rows.ts';

const trace = (n: number, over: Partial<TraceSummary> = {}): TraceSummary => ({
  ...{ traceId: `t${n}`, start: new Date(n * 1000).toISOString(), durationMs: 20, rootService: 'a', rootName: 'GET /' },
  ...{ services: ['a'], spans: 4, errors: 0, status: 200, faults: 0 },
  ...over,
});
const idsOf = (rows: TraceRows) => rows.view.get().traces?.map(({ traceId }) => traceId);

/** Pages of two, back to the first. */
const pages = (cursor: string): Promise<TracePage> => {
  const before = Number(cursor);
  const traces = [before - 1, before - 2].filter((n) => n > 0).map((n) => trace(n));
  return Promise.resolve({ traces, next: before - 2 > 1 ? String(before - 2) : null });
};

test('behind the newest come the older ones, page by page, until the engine keeps none', async () => {
  const rows = new TraceRows(pages);
  rows.addNewest({ traces: [trace(6), trace(5)], next: '5' });
  expect(rows.view.get().phase).toBe('more');
  await rows.lookBack();
  expect(idsOf(rows)).toEqual(['t6', 't5', 't4', 't3']);
  await rows.lookBack();
  expect([idsOf(rows)?.length, rows.view.get().phase]).toEqual([6, 'all']);
  await rows.lookBack();
  expect(idsOf(rows)).toHaveLength(6);
});

test('newer ones come in front, a trace that grew is told once and as it is now, nothing that was there goes', () => {
  const rows = new TraceRows(pages);
  rows.addNewest({ traces: [trace(2), trace(1)], next: null });
  rows.addNewest({ traces: [trace(3), trace(2, { spans: 9 })], next: '2' });
  expect(idsOf(rows)).toEqual(['t3', 't2', 't1']);
  expect([rows.view.get().traces?.[1]?.spans, rows.view.get().phase]).toEqual([9, 'all']);
});

test('a page that could not be read is read when asked again; what came meanwhile stays', async () => {
  let broken = true;
  const rows = new TraceRows((cursor) => (broken ? Promise.reject(new Error('gone')) : pages(cursor)));
  rows.addNewest({ traces: [trace(5)], next: '5' });
  const first = rows.lookBack();
  rows.addNewest({ traces: [trace(6)], next: '5' });
  expect(rows.view.get().phase).toBe('loading');
  await expect(first).rejects.toThrow('gone');
  broken = false;
  await rows.lookBack();
  expect(idsOf(rows)).toEqual(['t6', 't5', 't4', 't3']);
});
