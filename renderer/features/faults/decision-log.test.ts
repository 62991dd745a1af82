import { expect, test } from 'vitest';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { decisionOf } from './decision-log.ts';
import { scheduleWords } from './schedule-words.ts';

const exchange = (notes: string[]): ExchangeDetail =>
  ({
    id: 'x1',
    time: 't',
    method: 'GET',
    path: '/a',
    status: 503,
    decision: { notes },
  }) as Partial<ExchangeDetail> as ExchangeDetail;
const fault = { namespace: 'default', name: 'slow' };

test('a decision says whether it was drawn, why, and what was done', () => {
  const notes = [
    'something else',
    'fault default/slow: matched, drawn (draw 9.8 of 20 %)',
    'fault default/slow: delayed 20 ms',
    'fault default/slow: abort 503',
  ];
  expect(decisionOf(exchange(notes), fault)).toMatchObject({
    request: 'GET /a',
    drawn: true,
    why: 'draw 9.8 of 20 %',
    did: 'delayed 20 ms, abort 503',
  });
});

test('a request that it let pass is told too, one that it did not match is not', () => {
  const passed = decisionOf(exchange(['fault default/slow: matched, not drawn (draw 71.2 of 20 %)']), fault);
  expect(passed).toMatchObject({ drawn: false, why: 'draw 71.2 of 20 %', did: '' });
  expect(decisionOf(exchange(['fault default/slower: matched, drawn (x)']), fault)).toBe(null);
  expect(decisionOf(exchange([]), fault)).toBe(null);
});

test('a fault for every request draws nothing, and is told all the same', () => {
  const decision = decisionOf(exchange(['fault default/slow: delayed 105.2 ms', 'fault default/slow: abort 503']), fault);
  expect(decision).toMatchObject({ drawn: true, why: '', did: 'delayed 105.2 ms, abort 503' });
});

test('counts and timetables in words', () => {
  expect(scheduleWords({ per: 'request' })).toBe('');
  expect(scheduleWords({ per: 'trace', only: { skip: 2, first: 3 } })).toBe('2 pass, then 3, per trace');
  expect(scheduleWords({ per: 'request', only: { first: 3 } })).toBe('the first 3');
  expect(scheduleWords({ per: 'request', schedule: { after: '10s', for: '30s', every: '60s' } })).toBe(
    '30s every 60s, from 10s on',
  );
});
