import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../exchange.schema.ts';
import { makeExchange } from '../test-exchange.ts';
import { describeFilter } from './filter-words.ts';
import { compileFilter } from './match-exchange.ts';
import { hasTerm, parseFilter, termOf, toggleTerm } from './request-filter.ts';

const matches = (text: string, exchange: Partial<Exchange>) => compileFilter(parseFilter(text))(makeExchange(exchange));

describe('the filter', () => {
  test('an empty filter shows everything', () => {
    expect(matches('', {})).toBe(true);
    expect(matches('   ', {})).toBe(true);
  });

  test.each([
    ['status>=500', { status: 503 }, true],
    ['status>=500', { status: 499 }, false],
    ['status:5xx', { status: 504 }, true],
    ['status:4xx,503', { status: 503 }, true],
    ['status!=200', { status: 200 }, false],
    ['-status:200', { status: 201 }, true],
    ['since:2026-01-31T10:00:00Z', { time: '2026-01-31T10:00:00.000Z' }, true],
    ['since:2026-01-31T10:00:00Z until:2026-01-31T11:00:00Z', { time: '2026-01-31T11:00:00.001Z' }, false],
    ['-since:00:00', { time: '2020-01-31T11:00:00.001Z' }, true],
    ['dest:ratings', { destination: 'ratings' }, true],
    ['dest:RATINGS', { destination: 'ratings' }, true],
    ['dest:rat', { destination: 'ratings' }, false],
    ['dest:rat*', { destination: 'ratings' }, true],
    ['dest:default/ratings', { destination: 'ratings', destinationNamespace: 'default' }, true],
    ['src:reviews-v1-0', { sourceWorkload: 'reviews-v1-0' }, true],
    ['-src:ingress', { source: 'ingress' }, false],
    ['from:reviews To:ratings', {}, true],
    ['from:other', {}, false],
    ['reporter:source', {}, true],
    ['reporter:destination', {}, false],
    ['method:post,put', { method: 'PUT' }, true],
    ['path:/pay', { path: '/pay/1042?x=1' }, true],
    ['path=/pay', { path: '/pay/1042' }, false],
    ['path:*/reviews', { path: '/api/v1/products/0/reviews?page=2' }, true],
    ['path:/a*c*e', { path: '/abcd' }, false],
    ['flag:URX', { flags: 'UF,URX' }, true],
    ['flag:*', { flags: '' }, false],
    ['-flag:*', { flags: '' }, true],
    ['tries>1', { attempts: [] }, false],
    ['ms>200', { durationMs: 200.5 }, true],
    ['mtls:no', { mtls: false }, true],
    ['"hello world"', { path: '/x?q=hello world' }, true],
    ['via_upstream', { details: 'via_upstream' }, true],
    ['-via_upstream', { details: 'via_upstream' }, false],
    ['status>=500 dest:ratings', { status: 503, destination: 'reviews' }, false],
  ] as const)('%s on %o is %s', (text, exchange, expected) => {
    expect(matches(text, exchange as Partial<Exchange>)).toBe(expected);
  });

  test('fault:* finds exchanges a fault acted on, by name and by effect too', () => {
    const faulted: Partial<Exchange> = { faults: [{ name: 'slow-ratings', effect: 'delay', side: 'server' }] };
    expect(matches('fault:*', faulted)).toBe(true);
    expect(matches('fault:slow-ratings', faulted)).toBe(true);
    expect(matches('fault:delay', faulted)).toBe(true);
    expect(matches('fault:*', {})).toBe(false);
  });

  test('what it cannot understand is a problem with its place, in words, and filters nothing out', () => {
    const filter = parseFilter('dest:ratings stauts:500');
    expect(filter.problems).toEqual([
      { from: 13, to: 23, message: expect.stringContaining('There is no “stauts”. Did you mean status?') },
    ]);
    expect(filter.terms).toHaveLength(1);
    expect(parseFilter('status>=abc').problems[0]?.message).toContain('A status is a number');
    expect(parseFilter('dest>ratings').problems[0]?.message).toContain('dest has no order');
    expect(parseFilter('dest:').problems[0]?.message).toContain('needs a value');
  });

  test('addresses and queries someone pastes are text, not misspelt keys', () => {
    for (const text of ['http://ratings/x', 'localhost:9080', 'page=2']) {
      expect(parseFilter(text).problems).toEqual([]);
      expect(parseFilter(text).terms[0]?.key).toBeNull();
    }
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => void matches(text, {})),
      { numRuns: 300, seed: 7 },
    );
  });

  test('quick filters switch a term on and off and leave the rest alone', () => {
    expect(toggleTerm('dest:ratings', 'tries>1')).toBe('dest:ratings tries>1');
    expect(toggleTerm('tries>1 dest:ratings', 'tries>1')).toBe('dest:ratings');
    expect(hasTerm('dest:ratings TRIES>1', 'tries>1')).toBe(true);
  });
});

describe('the filter in words', () => {
  test.each([
    ['status>=500 dest:ratings', 'status at least 500, to ratings'],
    ['-src:ingress', 'not from ingress'],
    ['src!=ingress', 'not from ingress'],
    ['flag:*', 'with any response flag'],
    ['-to:*', 'without any destination'],
    ['from:web reporter:gateway', 'from web, as told by the gateway'],
    ['-fault:*', 'without any fault'],
    ['path:/pay', 'path starting with /pay'],
    ['mtls:no', 'without mutual TLS'],
    ['ms>200 -ms>=900', 'taking more than 200 ms, not taking at least 900 ms'],
    ['method:GET,HEAD boom', 'method GET or HEAD, containing “boom”'],
  ])('%s reads: %s', (text, words) => {
    expect(describeFilter(parseFilter(text))).toBe(words);
  });
});

test('a term made of a value finds that value again, whatever it is', () => {
  for (const source of ['reviews', 'a, b', '']) {
    expect(parseFilter(termOf('src', source)).problems).toEqual([]);
    expect(matches(termOf('src', source), { source, sourceWorkload: '', sourceNamespace: '' })).toBe(true);
    expect(matches(termOf('src', source), { source: 'other', sourceWorkload: '', sourceNamespace: 'x' })).toBe(false);
  }
});
