import { beforeEach, describe, expect, test } from 'vitest';
import type { Graph, GraphNode, Span } from '../../api/observability.schema.ts';
import { makeExchange } from '../../store/fixtures.ts';
import { makeSpan } from '../../testing/spans.ts';
import { addInferred } from '../inferred-graph.ts';
import { SpanEdges } from './span-edges.ts';

/* Edges that no sidecar sees, from the spans of the apps. */

const now = Date.UTC(2026, 0, 1);
const start = new Date(now - 1000).toISOString();
const app = (spanId: string, service: string, kind: Span['kind'], change: Partial<Span> = {}): Span =>
  makeSpan({ spanId, service, kind, mesh: false, start, durationMs: 8, ...change });
let edges: SpanEdges;
beforeEach(() => {
  edges = new SpanEdges();
});

const red = { rate: 0, count: 0, errorShare: 0, p50: null, p95: null, p99: null };
const service = (name: string): GraphNode => ({
  ...{
    id: `default/${name}`,
    kind: 'service',
    name,
    namespace: 'default',
    protocol: 'http',
    versions: [],
    health: 'idle',
    ...red,
  },
});
const graphOf = (services: string[], counted: Graph['edges'] = [], afterMs = 0): Graph =>
  addInferred(
    { time: '', windowSeconds: 60, nodes: services.map(service), edges: counted },
    edges.calls(now + afterMs),
    { windowMs: 60_000, rateMs: 60_000 },
    now + afterMs,
  );
const edgesOf = (graph: Graph) => graph.edges.map(({ id, inferred, count }) => `${id} ${inferred} ${count}`);

describe('calls past the mesh', () => {
  test.each(['client first', 'server first'])('CLIENT and SERVER of one call are an edge, once: %s', (order) => {
    const halves = [app('a', 'orders', 'client'), app('b', 'legacy', 'server', { parentSpanId: 'a' })];
    for (const span of order === 'client first' ? halves : halves.toReversed()) edges.recordSpans([span], now);
    expect(edgesOf(graphOf(['orders']))).toEqual(['default/orders->inferred/legacy call 1']);
    expect(edgesOf(graphOf(['orders'], [], 20_000))).toHaveLength(1);
  });

  test('one span id on both sides, as B3 has it, is one call', () => {
    edges.recordSpans([app('a', 'orders', 'client'), app('a', 'legacy', 'server', { parentSpanId: 'root' })], now);
    expect(edgesOf(graphOf(['orders']))).toEqual(['default/orders->inferred/legacy call 1']);
  });

  test('PRODUCER and CONSUMER are an edge of messages, by parent or by link', () => {
    edges.recordSpans([app('a', 'orders', 'producer'), app('b', 'mail', 'consumer', { parentSpanId: 'a' })], now);
    edges.recordSpans([app('c', 'orders', 'producer')], now);
    edges.recordSpans([app('d', 'mail', 'consumer', { traceId: 'other', links: [{ traceId: 't', spanId: 'c' }] })], now);
    expect(edgesOf(graphOf(['orders', 'mail']))).toEqual(['default/orders->default/mail messaging 2']);
  });

  test('a CLIENT that names a database has no other side to wait for', () => {
    edges.recordSpans([app('a', 'orders', 'client', { attributes: { 'db.system': 'redis', 'db.name': '0' } })], now);
    edges.recordSpans(
      [app('b', 'orders', 'client', { attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'shop' }, error: true })],
      now,
    );
    const graph = graphOf(['orders']);
    expect(edgesOf(graph)).toEqual([
      'default/orders->inferred/redis database 1',
      'default/orders->inferred/shop (postgresql) database 1',
    ]);
    expect(graph.edges[1]).toMatchObject({ errorShare: 1 });
    expect(graph.nodes.find(({ name }) => name === 'redis')).toMatchObject({
      kind: 'external',
      inferred: true,
      count: 1,
      health: 'ok',
    });
  });

  test('a CLIENT whose other side never comes leads to whom it names, after ten seconds and not before', () => {
    edges.recordSpans([app('a', 'orders', 'client', { attributes: { 'server.address': 'api.stripe.com' } })], now);
    expect(edgesOf(graphOf(['orders'], [], 9000))).toEqual([]);
    expect(edgesOf(graphOf(['orders'], [], 10_000))).toEqual(['default/orders->inferred/api.stripe.com call 1']);
  });

  test('one that names nobody, and a SERVER whose caller is unknown, are no edge', () => {
    edges.recordSpans([app('a', 'orders', 'client'), app('b', 'legacy', 'server', { parentSpanId: 'gone' })], now);
    expect(edgesOf(graphOf(['orders'], [], 20_000))).toEqual([]);
  });

  test('a PRODUCER nobody reads from leads to its queue', () => {
    const attributes = { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders.placed' };
    edges.recordSpans([app('a', 'orders', 'producer', { attributes })], now);
    expect(edgesOf(graphOf(['orders'], [], 20_000))).toEqual(['default/orders->inferred/orders.placed (kafka) messaging 1']);
  });
});

describe('what the proxies know', () => {
  const call = { traceId: 't', spanId: 'side', parentSpanId: 'a' };
  const client = app('a', 'orders', 'client', { attributes: { 'server.address': 'ratings' } });

  test.each(['before', 'after'])(
    'a call that went through a sidecar is no edge of spans: its record came %s the span',
    (when) => {
      const record = () => edges.recordExchanges([makeExchange(1, call)]);
      if (when === 'before') record();
      edges.recordSpans([client], now);
      if (when === 'after') record();
      expect(edgesOf(graphOf(['orders', 'ratings'], [], 20_000))).toEqual([]);
    },
  );

  test('an edge that is counted stays as it is counted', () => {
    edges.recordSpans([client], now);
    const id = 'default/orders->default/ratings';
    const counted = { ...red, id, from: 'default/orders', to: 'default/ratings', protocol: 'HTTP/1.1', mtlsShare: 1, count: 40 };
    const rest = { retryRatio: 0, timeouts: 0, overflows: 0, faults: [], faultHits: 0, ejected: 0, split: [] };
    expect(edgesOf(graphOf(['orders', 'ratings'], [{ ...counted, ...rest }], 20_000))).toEqual([`${id} undefined 40`]);
  });

  test('a service called past its sidecar is its own node, by any of its names', () => {
    edges.recordSpans(
      [app('a', 'orders', 'client', { attributes: { 'server.address': 'ratings.default.svc.cluster.local' } })],
      now,
    );
    expect(edgesOf(graphOf(['orders', 'ratings'], [], 20_000))).toEqual(['default/orders->default/ratings call 1']);
  });
});

test('what waits is bounded, the oldest gives way', () => {
  for (let n = 0; n < 10_050; n++) {
    edges.recordSpans([app(`s${n}`, 'orders', 'client', { attributes: { 'server.address': n < 50 ? 'early' : 'late' } })], now);
  }
  expect(edgesOf(graphOf(['orders']))).toEqual(['default/orders->inferred/early call 50']);
});
