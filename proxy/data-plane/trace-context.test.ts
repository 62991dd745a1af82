import { describe, expect, test } from 'vitest';
import type { TraceContext } from './exchange.ts';
import { HeaderMap } from './header-map.ts';
import type { IdSource } from './ids.ts';
import { beginSpan, injectSpan } from './trace-context.ts';

/* Every form of trace headers that may come, and what goes on. Sources: W3C Trace Context, openzipkin/b3-propagation. */

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';
const own = 'a1b2c3d4e5f60718';
const fresh = 'f'.repeat(32);
const ids: IdSource = { traceId: () => fresh, spanId: () => own, requestId: () => '', exchangeId: () => '' };

/** What came is read, what goes on is written over it, as in a sidecar. */
function pass(
  headers: Record<string, string>,
  sampleNew = true,
): { began: TraceContext; sent: (name: string) => string | undefined } {
  const map = HeaderMap.from(Object.entries(headers));
  const began = beginSpan(map, ids, () => sampleNew);
  injectSpan(map, began);
  return { began, sent: (name) => map.getJoined(name) };
}

describe('W3C traceparent', () => {
  test('the caller’s span becomes the parent, and the sidecar’s own span is what goes on', () => {
    const { began, sent } = pass({ traceparent: `00-${trace}-${parent}-01` });
    expect(began).toMatchObject({ traceId: trace, parentSpanId: parent, spanId: own, sampled: true });
    expect(sent('traceparent')).toBe(`00-${trace}-${own}-01`);
  });

  test.each([
    ['version ff', `ff-${trace}-${parent}-01`],
    ['an all-zero trace id', `00-${'0'.repeat(32)}-${parent}-01`],
    ['an all-zero span id', `00-${trace}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${trace.toUpperCase()}-${parent}-01`],
    ['a version 00 that is longer', `00-${trace}-${parent}-01-more`],
    ['a later version that goes on without a dash', `01-${trace}-${parent}-01more`],
    ['one that is cut off', `00-${trace}-${parent}-0`],
  ])('%s is refused: a new trace begins', (_what, traceparent) => {
    const { began } = pass({ traceparent });
    expect(began).toMatchObject({ traceId: fresh, parentSpanId: '' });
  });

  test('of a higher version the first 55 characters are read, and version 00 goes on', () => {
    const { began, sent } = pass({ traceparent: `cc-${trace}-${parent}-01-what-the-future-brings` });
    expect(began).toMatchObject({ traceId: trace, parentSpanId: parent });
    expect(sent('traceparent')).toBe(`00-${trace}-${own}-01`);
  });

  test.each([
    ['00', '00'],
    ['01', '01'],
    ['02', '00'],
    ['03', '01'],
    ['ff', '01'],
  ])('flags %s are masked: %s goes on', (came, goes) => {
    const { sent } = pass({ traceparent: `00-${trace}-${parent}-${came}` });
    expect(sent('traceparent')).toBe(`00-${trace}-${own}-${goes}`);
  });
});

describe('tracestate', () => {
  const traceparent = `00-${trace}-${parent}-01`;

  test('goes on with our own entry leftmost, and once', () => {
    expect(pass({ traceparent, tracestate: 'a=1,b=2' }).sent('tracestate')).toBe(`drydock=${own},a=1,b=2`);
    expect(pass({ traceparent, tracestate: `a=1,drydock=${parent}` }).sent('tracestate')).toBe(`drydock=${own},a=1`);
  });

  test('several headers are one, and empty members are none', () => {
    const map = HeaderMap.from([
      ['traceparent', traceparent],
      ['tracestate', 'a=1, ,b=2'],
      ['tracestate', 'c=3'],
    ]);
    injectSpan(
      map,
      beginSpan(map, ids, () => true),
    );
    expect(map.getJoined('tracestate')).toBe(`drydock=${own},a=1,b=2,c=3`);
  });

  test('has 32 members at most: the oldest, rightmost, go', () => {
    const tracestate = Array.from({ length: 40 }, (_, n) => `v${n}=x`).join(',');
    const members = pass({ traceparent, tracestate }).sent('tracestate')!.split(',');
    expect([members.length, members[0], members.at(-1)]).toEqual([32, `drydock=${own}`, 'v30=x']);
  });

  test('is ignored when the traceparent failed, and where none came none is begun', () => {
    expect(pass({ traceparent: `ff-${trace}-${parent}-01`, tracestate: 'a=1' }).sent('tracestate')).toBeUndefined();
    expect(pass({ tracestate: 'a=1' }).sent('tracestate')).toBeUndefined();
    expect(pass({ traceparent }).sent('tracestate')).toBeUndefined();
  });

  test('that is malformed is dropped, and the traceparent is believed all the same', () => {
    for (const tracestate of ['no member', 'A=1', 'a=1,b', 'a=1=2']) {
      const { began, sent } = pass({ traceparent, tracestate });
      expect([began.traceId, sent('tracestate')]).toEqual([trace, undefined]);
    }
  });
});

describe('B3', () => {
  const multi = { 'x-b3-traceid': trace, 'x-b3-spanid': parent };

  test.each([
    ['sampled', `${trace}-${parent}-1`, true, `${trace}-${own}-1-${parent}`],
    ['with its own parent', `${trace}-${parent}-1-05e3ac9a4f6e3b90`, true, `${trace}-${own}-1-${parent}`],
    ['denied', `${trace}-${parent}-0`, false, `${trace}-${own}-0-${parent}`],
    ['debug', `${trace}-${parent}-d`, true, `${trace}-${own}-d-${parent}`],
    ['deferred', `${trace}-${parent}`, true, `${trace}-${own}-1-${parent}`],
    ['16 digits of trace id', `a3ce929d0e0e4736-${parent}-1`, true, `${'0'.repeat(16)}a3ce929d0e0e4736-${own}-1-${parent}`],
  ])('single header, %s', (_what, b3, sampled, goes) => {
    const { began, sent } = pass({ b3 });
    expect([began.parentSpanId, began.sampled]).toEqual([parent, sampled]);
    expect(sent('b3')).toBe(goes);
    expect(sent('traceparent')).toBe(`00-${began.traceId}-${own}-${sampled ? '01' : '00'}`);
  });

  test.each([
    ['0', false, '0'],
    ['1', true, '1'],
    ['d', true, 'd'],
  ])('single header %s alone decides, without a parent', (b3, sampled, state) => {
    const { began, sent } = pass({ b3 }, false);
    expect(began).toMatchObject({ traceId: fresh, parentSpanId: '', sampled });
    expect(sent('b3')).toBe(`${fresh}-${own}-${state}`);
  });

  test.each([
    ['sampled', { ...multi, 'x-b3-sampled': '1' }, true, '1', undefined],
    ['denied', { ...multi, 'x-b3-sampled': '0' }, false, '0', undefined],
    ['the words of its first tracers', { ...multi, 'x-b3-sampled': 'false' }, false, '0', undefined],
    ['deferred', multi, true, '1', undefined],
    ['debug', { ...multi, 'x-b3-flags': '1' }, true, undefined, '1'],
  ])('several headers, %s', (_what, headers, sampled, sentSampled, sentFlags) => {
    const { began, sent } = pass(headers);
    expect(began).toMatchObject({ traceId: trace, parentSpanId: parent, sampled });
    expect([sent('x-b3-traceid'), sent('x-b3-spanid'), sent('x-b3-parentspanid')]).toEqual([trace, own, parent]);
    expect([sent('x-b3-sampled'), sent('x-b3-flags')]).toEqual([sentSampled, sentFlags]);
  });

  test('X-B3-Sampled: 0 alone denies, X-B3-Flags: 1 alone is debug, and a parent that has none is not passed on', () => {
    expect(pass({ 'x-b3-sampled': '0' }).began).toMatchObject({ sampled: false, parentSpanId: '' });
    const debug = pass({ 'x-b3-flags': '1', 'x-b3-parentspanid': parent }, false);
    expect(debug.began.sampled).toBe(true);
    expect([debug.sent('x-b3-flags'), debug.sent('x-b3-parentspanid')]).toEqual(['1', undefined]);
  });

  test('absent defers to the sampling of the mesh', () => {
    expect(pass({}, false).began.sampled).toBe(false);
    expect(pass({ ...multi }, false).began.sampled).toBe(true);
  });

  test.each(['zz', `${trace}-${parent}-x`, `${trace}-zz-1`, `${'0'.repeat(32)}-${parent}-1`])(
    'a broken one, %s, is as if absent',
    (b3) => {
      expect(pass({ b3 }).began).toMatchObject({ traceId: fresh, parentSpanId: '', sampled: true });
    },
  );
});

describe('several kinds at once', () => {
  test('traceparent is believed before b3, b3 before X-B3-*; a broken one gives way to the next', () => {
    const other = 'e'.repeat(32);
    const b3 = `${other}-${parent}-1`;
    const multi = { 'x-b3-traceid': 'd'.repeat(32), 'x-b3-spanid': parent };
    expect(pass({ traceparent: `00-${trace}-${parent}-01`, b3, ...multi }).began.traceId).toBe(trace);
    expect(pass({ traceparent: 'broken', b3, ...multi }).began.traceId).toBe(other);
    expect(pass({ b3: 'broken', ...multi }).began.traceId).toBe('d'.repeat(32));
  });

  test('traceparent goes on always, and B3 in the forms that came, all of the same span', () => {
    const { sent } = pass({
      traceparent: `00-${trace}-${parent}-01`,
      b3: `${trace}-${parent}-1`,
      'x-b3-traceid': trace,
      'x-b3-spanid': parent,
    });
    expect(sent('traceparent')).toBe(`00-${trace}-${own}-01`);
    expect(sent('b3')).toBe(`${trace}-${own}-1-${parent}`);
    expect([sent('x-b3-traceid'), sent('x-b3-spanid')]).toEqual([trace, own]);
    expect(pass({ traceparent: `00-${trace}-${parent}-01` }).sent('b3')).toBeUndefined();
  });
});
