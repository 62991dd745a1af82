import { expect, test } from 'vitest';
import { makeSpan } from '../testing/spans.ts';
import { findCriticalPath, summarizeCauses } from './critical-path.ts';
import type { Span } from './observability.schema.ts';
import { linkSpans } from './span-tree.ts';

const span = (spanId: string, parentSpanId: string, startMs: number, durationMs: number, more: Partial<Span> = {}): Span =>
  makeSpan({ spanId, parentSpanId, startMs, durationMs, service: spanId, mesh: false, ...more });
const pathOf = (spans: Span[], durationMs: number) => {
  const nodes = linkSpans(spans);
  return findCriticalPath(nodes, durationMs).map((s) => `${nodes[s.index]?.span.name ?? '-'} ${s.fromMs}-${s.toMs}`);
};
const causesOf = (spans: Span[], durationMs: number) => {
  const nodes = linkSpans(spans);
  const shares = summarizeCauses(nodes, findCriticalPath(nodes, durationMs));
  return Object.fromEntries(shares.map((share) => [share.who || share.cause, Math.round(share.ms * 1000) / 1000]));
};

test('a span waits for the child that finished last, and works before and after it', () => {
  expect(pathOf([span('root', '', 0, 100), span('fast', 'root', 10, 20), span('slow', 'root', 10, 80)], 100)).toEqual([
    'root 0-10',
    'slow 10-90',
    'root 90-100',
  ]);
});

test('children one after the other are all on the path, with the gap between them the parent’s own', () => {
  expect(pathOf([span('root', '', 0, 100), span('a', 'root', 0, 40), span('b', 'root', 50, 50)], 100)).toEqual([
    'a 0-40',
    'root 40-50',
    'b 50-100',
  ]);
});

test('a child that outlasts its parent is clamped, one wholly outside is left out', () => {
  expect(pathOf([span('root', '', 0, 50), span('late', 'root', 40, 100), span('after', 'root', 60, 10)], 50)).toEqual([
    'root 0-40',
    'late 40-50',
  ]);
});

test('nobody waits for a consumer', () => {
  expect(pathOf([span('root', '', 0, 50), span('job', 'root', 10, 40, { kind: 'consumer' })], 50)).toEqual(['root 0-50']);
});

test('a trace with two roots covers the time between them as unmeasured', () => {
  expect(pathOf([span('a', '', 0, 20), span('b', '', 30, 20)], 50)).toEqual(['a 0-20', '- 20-30', 'b 30-50']);
});

test('the path covers the whole trace exactly, whatever the shape', () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let round = 0; round < 50; round++) {
    const spans = [span('s0', '', 0, 1000)];
    for (let i = 1; i < 60; i++) spans.push(span(`s${i}`, `s${Math.floor(random() * i)}`, random() * 1100, random() * 500));
    const nodes = linkSpans(spans);
    const segments = findCriticalPath(nodes, 1700);
    let at = 0;
    for (const segment of segments) {
      expect(segment.fromMs).toBe(at);
      at = segment.toMs;
    }
    expect(at).toBe(1700);
    expect(summarizeCauses(nodes, segments).reduce((sum, share) => sum + share.ms, 0)).toBeCloseTo(1700, 6);
  }
});

test('causes: the injected delay, connecting, the wait between attempts, the app, and what is left to the proxies', () => {
  const mesh = { mesh: true, attributes: { 'network.peer.address': '127.0.0.1', 'drydock.upstream.address': '127.0.0.1:1' } };
  const attempt = (n: number, backoff: number) => ({
    mesh: true,
    attributes: { 'drydock.attempt': n, 'drydock.backoff_ms': backoff, 'network.peer.address': '127.0.0.1:1' },
  });
  const spans = [
    span('call', '', 0, 400, mesh),
    span('try1', 'call', 0, 210, attempt(1, 0)),
    span('in1', 'call', 5, 200, {
      ...mesh,
      kind: 'server',
      service: 'ratings',
      events: [{ name: 'fault default/slow: delay 150 ms', atMs: 5 }],
    }),
    span('try2', 'call', 240, 160, attempt(2, 25)),
    span('in2', 'call', 250, 150, { ...mesh, kind: 'server', service: 'ratings' }),
  ];
  expect(causesOf(spans, 400)).toEqual({ fault: 150, ratings: 200, backoff: 25, proxy: 25 });
});

test('what a reader of messages does after the answer is work aside, what no span covers is unmeasured', () => {
  const spans = [span('orders', '', 0, 10), span('publish', 'orders', 5, 1, { kind: 'producer' })];
  const reader = span('mail', 'publish', 14, 6, { kind: 'consumer' });
  expect(causesOf([...spans, reader], 20)).toEqual({ orders: 9, publish: 1, aside: 10 });
  expect(causesOf(spans, 20)).toEqual({ orders: 9, publish: 1, unmeasured: 10 });
});

test('connecting is told apart where the sidecar measured it', () => {
  const call = span('call', '', 0, 100, { mesh: true, attributes: { 'drydock.connect_ms': 4 } });
  expect(causesOf([call, span('app', 'call', 10, 90)], 100)).toMatchObject({ connect: 4, proxy: 6, app: 90 });
});

test('a call to somebody without spans is their time; one that reached nobody is the proxy’s', () => {
  const peer = { 'service.peer.name': 'stripe', 'network.peer.address': '203.0.113.5:443', 'http.response.status_code': 200 };
  expect(causesOf([span('out', '', 0, 30, { mesh: true, attributes: peer })], 30)).toEqual({ stripe: 30 });
  const unreachable = { ...peer, 'http.response.status_code': 503, response_flags: 'URX,UF' };
  expect(causesOf([span('out', '', 0, 30, { mesh: true, attributes: unreachable, error: true })], 30)).toEqual({ proxy: 30 });
  const refused = { ...peer, 'network.peer.address': '', 'http.response.status_code': 503 };
  expect(causesOf([span('out', '', 0, 30, { mesh: true, attributes: refused })], 30)).toEqual({ proxy: 30 });
});

test('ten thousand spans, deep or wide, are measured in well under the time to draw them', () => {
  const deep = Array.from({ length: 10_000 }, (_, i) => span(`s${i}`, i === 0 ? '' : `s${i - 1}`, i / 10, 2000 - i / 5));
  const wide = Array.from({ length: 10_000 }, (_, i) =>
    i === 0 ? span('s0', '', 0, 10_000) : span(`s${i}`, 's0', i, 0.5 + (i % 7)),
  );
  expect(findCriticalPath(linkSpans(deep), 2000).length).toBeGreaterThan(9000);
  expect(findCriticalPath(linkSpans(wide), 10_000).length).toBeGreaterThan(1000);
});
