import { expect, test } from 'vitest';
import type { TraceLog } from '../../../proxy/api/log.schema.ts';
import { linkSpans } from '../../../proxy/api/span-tree.ts';
import { makeSpan } from '../../../proxy/testing/spans.ts';
import { describeSeverity, spanOfLog, unfoldTo } from './log-words.ts';

test('severity is told by its number, else by what the app calls it', () => {
  const word = (severity: number, severityText = '') => describeSeverity({ severity, severityText }).word;
  expect([1, 4, 5, 8, 9, 13, 16, 17, 21, 24].map((number) => word(number))).toEqual([
    ...['trace', 'trace', 'debug', 'debug', 'info', 'warn', 'warn', 'error', 'fatal', 'fatal'],
  ]);
  expect(['WARNING', 'Err', 'information', 'CRITICAL', 'notice', ''].map((text) => word(0, text))).toEqual([
    ...['warn', 'error', 'info', 'fatal', 'notice', 'log'],
  ]);
  expect(word(99, 'ERROR')).toBe('error');
});

const log = (over: Partial<TraceLog>): TraceLog => ({
  ...{ time: '', traceId: 't', spanId: 'x', service: 's', severity: 9, severityText: '', body: '', attributes: {}, atMs: 0 },
  ...over,
});

test('a record belongs to the app’s span of its id, in its own trace', () => {
  const nodes = linkSpans([
    makeSpan({ spanId: 'x', kind: 'client' }),
    makeSpan({ spanId: 'x', kind: 'server', mesh: false }),
    makeSpan({ spanId: 'y', traceId: 'other' }),
  ]);
  expect(spanOfLog(nodes, log({}))).toBe(1);
  expect(spanOfLog(nodes, log({ spanId: 'y' }))).toBeNull();
  expect(spanOfLog(nodes, log({ spanId: '' }))).toBeNull();
});

test('what hides a span is unfolded, and nothing else', () => {
  const nodes = linkSpans([
    makeSpan({ spanId: 'a' }),
    makeSpan({ spanId: 'b', parentSpanId: 'a' }),
    makeSpan({ spanId: 'c', parentSpanId: 'b' }),
    makeSpan({ spanId: 'd' }),
  ]);
  expect([...unfoldTo(nodes, 2, new Set([0, 1, 3]))]).toEqual([3]);
  const kept = new Set([2, 3]);
  expect(unfoldTo(nodes, 2, kept)).toBe(kept);
});
