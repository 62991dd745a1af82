import { describe, expect, test } from 'vitest';
import { faultStatusSchema } from '../../../proxy/api/fault.schema.ts';
import { parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { markErrors } from '../health/health-marks.ts';
import { briefFault, describeFault, faultsOnEdge, quickFault } from './edge-faults.ts';
import { edgeLabel, edgePace, edgeWidth } from './edge-view.ts';
import { ejectedHosts } from './ejected-section.tsx';
import { firstCalls } from './first-calls.ts';
import { requestsHref, slowerThan } from './request-links.ts';
import { shortName } from './short-name.ts';
import { findInGraph, hideOthers } from './topology-find.ts';
import { layOut } from './topology-layout.ts';
import { emptyView, restEdges, viewGraph } from './topology-view.ts';

const red = { rate: 10, count: 600, errorShare: 0, p50: 5, p95: 20, p99: 50 };
const node = (name: string, over: Partial<GraphNode> = {}): GraphNode => ({
  ...red,
  id: `default/${name}`,
  kind: 'service',
  name,
  namespace: 'default',
  protocol: 'http',
  versions: [{ version: 'v1', workloads: 1, ready: 1, rate: 10, errorShare: 0 }],
  health: 'ok',
  ...over,
});
const edge = (from: string, to: string, over: Partial<GraphEdge> = {}): GraphEdge => ({
  ...red,
  id: `default/${from}->default/${to}`,
  from: `default/${from}`,
  to: `default/${to}`,
  protocol: 'HTTP/1.1',
  mtlsShare: 1,
  retryRatio: 0,
  timeouts: 0,
  overflows: 0,
  faults: [],
  faultHits: 0,
  ejected: 0,
  split: [],
  ...over,
});
const graph = (nodes: GraphNode[], edges: GraphEdge[]): Graph => ({ time: '', windowSeconds: 60, nodes, edges });
const rate = { label: 'rate', group: 'service' } as const;

describe('the picture', () => {
  test('keeps every node and edge that looks as before, so that a tick redraws only what changed', () => {
    const before = viewGraph(graph([node('a'), node('b')], [edge('a', 'b')]), rate);
    const after = viewGraph(graph([node('a'), node('b', { rate: 11 })], [edge('a', 'b')]), rate, before);
    expect(after.nodes.get('default/a')).toBe(before.nodes.get('default/a'));
    expect(after.nodes.get('default/b')).not.toBe(before.nodes.get('default/b'));
    expect(after.edges.get('default/a->default/b')).toBe(before.edges.get('default/a->default/b'));
  });

  test('is laid out again only when a node or edge comes or goes', () => {
    const before = viewGraph(graph([node('a'), node('b')], [edge('a', 'b')]), rate);
    const busier = viewGraph(
      graph([node('b', { rate: 99, health: 'failing' }), node('a')], [edge('a', 'b', { rate: 99 })]),
      rate,
    );
    expect(busier.structure).toBe(before.structure);
    expect(viewGraph(graph([node('a'), node('b'), node('c')], []), rate).structure).not.toBe(before.structure);
  });

  test('keeps an edge at rest when its traffic leaves the window, and forgets it with its service', () => {
    const seen = [edge('a', 'b')];
    const rested = restEdges(graph([node('a'), node('b')], []), seen);
    expect(rested.edges).toMatchObject([{ id: 'default/a->default/b', rate: 0, count: 0, mtlsShare: 1 }]);
    expect(restEdges(graph([node('a')], []), seen).edges).toEqual([]);
  });

  test('by version hangs each version on its service with the share that went there', () => {
    const versions = ['v1', 'v2'].map((version, at) => ({
      version,
      workloads: 1,
      ready: 1,
      rate: at === 0 ? 9 : 1,
      errorShare: 0,
    }));
    const split = [
      { version: 'v1', wanted: 0.8, actual: 0.9, count: 540 },
      { version: 'v2', wanted: 0.2, actual: 0.1, count: 60 },
    ];
    const view = viewGraph(graph([node('a'), node('b', { versions })], [edge('a', 'b', { split })]), {
      label: 'rate',
      group: 'version',
    });
    expect([...view.nodes.keys()]).toEqual(['default/a', 'default/b', 'default/b@v1', 'default/b@v2']);
    expect(view.edges.get('default/b->default/b@v2')?.label).toBe('10 % of 20 %');
  });

  test('labels what is asked for', () => {
    const split = [
      { version: 'v1', wanted: null, actual: 0.904, count: 9 },
      { version: 'v2', wanted: null, actual: 0.096, count: 1 },
    ];
    const one = edge('a', 'b', { errorShare: 0.021, split });
    expect((['rate', 'p95', 'errors', 'split'] as const).map((kind) => edgeLabel(one, kind))).toEqual([
      '10/s',
      '20.0 ms',
      '2.1 %',
      '90 / 10 %',
    ]);
  });

  test('marks errors in two steps, and shows more traffic as thicker and faster', () => {
    expect([0, 0.001, 0.099, 0.1].map((share) => markErrors({ errorShare: share })?.tone)).toEqual([
      undefined,
      'warn',
      'warn',
      'bad',
    ]);
    expect([0, 1, 100, 1e6].map(edgeWidth)).toEqual([1.5, 2, 4.5, 6]);
    expect(edgePace(0)).toBe(0);
    expect(edgePace(500)).toBeGreaterThan(edgePace(5));
  });

  test('draws what spans alone tell of as inferred, without a lock and without saying plain text', () => {
    const redis = node('redis', { id: 'inferred/redis', kind: 'external', versions: [], inferred: true });
    const call = edge('orders', 'redis', {
      id: 'default/orders->inferred/redis',
      to: 'inferred/redis',
      mtlsShare: 0,
      inferred: 'database',
    });
    const view = viewGraph(graph([node('orders'), redis], [call]), rate);
    expect(view.nodes.get('inferred/redis')?.inferred).toBe(true);
    expect(view.edges.get(call.id)).toMatchObject({ inferred: true, lock: 'outside' });
    expect(view.edges.get(call.id)?.words).toContain('a database, known from the apps’ spans');
    expect(requestsHref(call)).toBe('#/traces?service=orders');
  });

  test('a service that only calls others says so; one that nobody calls and that calls nobody has no traffic', () => {
    const still = { health: 'idle', count: 0, rate: 0 } as const;
    const shown = viewGraph(
      graph([node('a', still), node('b'), node('c', still)], [edge('a', 'b'), edge('c', 'b', { count: 0 })]),
      rate,
    );
    const words = ['a', 'b', 'c'].map((name) => shown.nodes.get(`default/${name}`)?.health.word);
    expect(words).toEqual(['Calls only', 'Healthy', 'No traffic']);
  });

  test('names namespaces only where there are several', () => {
    const other = node('c', { namespace: 'other', id: 'other/c' });
    expect(viewGraph(graph([node('a')], []), rate).nodes.get('default/a')?.namespace).toBe('');
    expect(viewGraph(graph([node('a'), other], []), rate).nodes.get('other/c')?.namespace).toBe('other');
    expect(emptyView.nodes.size).toBe(0);
  });
});

describe('finding', () => {
  const split = [{ version: 'v2', wanted: null, actual: 1, count: 9 }];
  const all = graph(
    [node('a'), node('b'), node('c')],
    [edge('a', 'b', { errorShare: 0.2, p95: 80, faults: ['slow'] }), edge('b', 'c', { mtlsShare: 0, split, retryRatio: 0.5 })],
  );
  const find = (text: string) => {
    const found = findInGraph(all, parseFilter(text));
    return found && [[...found.edges].map((id) => id.replaceAll('default/', '')), [...found.nodes].map(shortName).sort()];
  };

  test('uses the language of the requests list; an edge brings its ends along', () => {
    expect(find('')).toBe(null);
    expect(find('status>=500')).toEqual([['a->b'], ['a', 'b']]);
    expect(find('dest:c')).toEqual([['b->c'], ['b', 'c']]);
    expect(find('-dest:c')).toEqual([['a->b'], ['a', 'b']]);
    expect(find('ms>50 fault:*')).toEqual([['a->b'], ['a', 'b']]);
    expect(find('mtls:no version:v2 tries>1')).toEqual([['b->c'], ['b', 'c']]);
    expect(find('flag:UO')).toEqual([[], []]);
    expect(findInGraph(all, parseFilter('path:/x'))?.unanswered).toEqual(['path']);
  });

  test('marks the others, or leaves them out', () => {
    const found = findInGraph(all, parseFilter('dest:c'));
    if (!found) throw new Error('nothing asked for');
    const view = viewGraph(all, { ...rate, found });
    expect([...view.nodes.values()].map(({ name, dim }) => [name, dim])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
    expect(view.edges.get('default/a->default/b')?.dim).toBe(true);
    expect(hideOthers(all, found)).toMatchObject({
      nodes: [{ name: 'b' }, { name: 'c' }],
      edges: [{ id: 'default/b->default/c' }],
    });
  });
});

describe('the layout', () => {
  const boxes = ['a', 'b', 'c', 'd'].map((id) => ({ id, width: 200, height: 80 }));
  const ends = [
    { id: 'a->b', from: 'a', to: 'b' },
    { id: 'b->c', from: 'b', to: 'c' },
    { id: 'a->c', from: 'a', to: 'c' },
  ];

  test('puts callers left of callees, and is the same whatever the order', () => {
    const one = layOut(boxes, ends);
    const other = layOut([...boxes].reverse(), [...ends].reverse());
    const x = (id: string) => one.nodes.get(id)?.x ?? Number.NaN;
    expect(x('a')).toBeLessThan(x('b'));
    expect(x('b')).toBeLessThan(x('c'));
    expect([...other.nodes].sort()).toEqual([...one.nodes].sort());
    expect([...other.edges].sort()).toEqual([...one.edges].sort());
  });

  test('stands boxes without an edge below, over nobody', () => {
    const { nodes } = layOut(boxes, ends);
    const lowest = Math.max(...['a', 'b', 'c'].map((id) => (nodes.get(id)?.y ?? 0) + 80));
    expect(nodes.get('d')?.y).toBeGreaterThan(lowest);
  });

  test('draws circles, loops and nothing at all', () => {
    const round = layOut(boxes, [...ends, { id: 'c->a', from: 'c', to: 'a' }, { id: 'b->b', from: 'b', to: 'b' }]);
    expect(round.edges.size).toBe(5);
    for (const line of round.edges.values()) expect(line.path).not.toContain('NaN');
    expect(round.edges.get('c->a')?.forward).toBe(false);
    expect(layOut([], []).nodes.size).toBe(0);
  });

  test('leaves room for each label', () => {
    const { nodes, edges } = layOut(boxes, ends);
    const [a, b] = [nodes.get('a'), nodes.get('b')];
    const label = edges.get('a->b')?.label;
    expect(label?.x).toBeGreaterThan((a?.x ?? 0) + 200);
    expect(label?.x).toBeLessThan(b?.x ?? 0);
  });
});

describe('faults of an edge', () => {
  const fault = (spec: Record<string, unknown>, over: Record<string, unknown> = {}) =>
    faultStatusSchema.parse({
      name: 'f',
      namespace: 'default',
      spec,
      state: 'armed',
      matched: 0,
      hits: 0,
      expiresAt: null,
      saved: false,
      reacts: { retries: true, ejection: true, callerTimeout: true },
      ...over,
    });

  test('are those for it and those for every caller, while they act', () => {
    const here = edge('storefront', 'reviews');
    const faults = [
      fault({ to: { service: 'reviews' } }, { name: 'every' }),
      fault({ to: { service: 'reviews' }, from: { service: 'storefront' } }, { name: 'mine' }),
      fault({ to: { service: 'reviews' }, from: { service: 'cart' } }, { name: 'theirs' }),
      fault({ to: { service: 'reviews', namespace: 'other' } }, { name: 'elsewhere' }),
      fault({ to: { service: 'reviews' } }, { name: 'over', state: 'expired' }),
    ];
    expect(faultsOnEdge(faults, here).map(({ name }) => name)).toEqual(['every', 'mine']);
  });

  test('in two clicks stand on the callee’s side, and the same button arms the same fault', () => {
    const ends = { from: 'default/storefront', to: 'default/reviews' };
    expect(quickFault(ends, 'delay')).toMatchObject({
      name: 'delay-storefront-reviews',
      spec: { side: 'server', to: { service: 'reviews' }, from: { service: 'storefront' }, delay: { fixed: '500ms' } },
    });
    expect(quickFault({ ...ends, from: 'ingress' }, 'error').spec.from).toEqual({ service: 'ingress', namespace: undefined });
    expect(quickFault({ ...ends, from: 'outside' }, 'error').spec.from).toBeUndefined();
  });

  test('are told in words', () => {
    expect(describeFault(fault({ to: { service: 'r' }, percentage: 30, abort: { httpStatus: 503 } }).spec)).toBe(
      'Error 503 for 30\u00a0%',
    );
    expect(describeFault(fault({ to: { service: 'r' }, delay: { fixed: '2s' }, abort: { reset: true } }).spec)).toBe(
      'Delay 2s, connection reset',
    );
    const tcp = [
      { type: 'latency', stream: 'upstream', attributes: { latency: 100, jitter: 20 }, toxicity: 0.5 },
      { type: 'refuse' },
    ];
    const toxic = fault({ to: { service: 'r' }, tcp }).spec;
    expect(describeFault(toxic)).toBe('Latency 100 ms ± 20 ms on requests, for 50 % of connections, connections refused');
    expect(briefFault(toxic)).toBe('latency +');
  });
});

describe('ejected instances', () => {
  test('are told once per caller, with the time they come back', () => {
    const out = { reason: 'consecutive 5xx', until: '', remainingMs: 9000, count: 1 };
    const cluster = (source: string, subset: string) =>
      ({
        ...{ source, service: 'pay', namespace: 'default', subset },
        endpoints: [
          { workload: 'pay-v1-0', address: '', ejected: null },
          { workload: 'pay-v1-1', address: '', ejected: out },
        ],
      }) as never;
    const clusters = [cluster('web', ''), cluster('web', 'v1'), cluster('cart', '')];
    expect(ejectedHosts(clusters, { name: 'pay', namespace: 'default' })).toEqual([
      { workload: 'pay-v1-1', source: 'web', reason: 'consecutive 5xx', remainingMs: 9000, of: 2 },
      { workload: 'pay-v1-1', source: 'cart', reason: 'consecutive 5xx', remainingMs: 9000, of: 2 },
    ]);
    expect(ejectedHosts(clusters, { name: 'web', namespace: 'default' })).toEqual([]);
  });
});

describe('numbers', () => {
  test('lead to the requests behind them', () => {
    const href = requestsHref({ from: 'default/a', to: 'default/b' }, 'status>=500');
    expect(decodeURIComponent(href.replaceAll('+', ' '))).toBe('#/requests?filter=src:a dest:b status>=500');
    expect([slowerThan(48.39), slowerThan(6.04), slowerThan(null)]).toEqual(['ms>=48', 'ms>=6', '']);
  });

  test('the first requests go through the ingress and through a caller’s sidecar', () => {
    const service = (name: string) => ({
      name,
      namespace: 'default',
      serviceAccount: name,
      ports: [{ name: 'http', port: 9080, protocol: 'http' }],
      workloads: [],
    });
    const workload = {
      id: 'a-v1-0',
      service: 'a',
      namespace: 'default',
      version: 'v1',
      app: '',
      inbound: '',
      outbound: 'http://127.0.0.1:4',
      upstreams: {},
      spiffeId: '',
    };
    expect(
      firstCalls({ ingress: 'http://127.0.0.1:8080', services: [service('a'), service('b')], workloads: [workload] }),
    ).toEqual(["curl -H 'Host: a.localhost' http://127.0.0.1:8080/", 'curl -x http://127.0.0.1:4 http://b:9080/']);
    expect(firstCalls(null)).toEqual([]);
  });
});
