import { defaultHealthThresholds, type HealthThresholds, judgeShares } from '../api/health.ts';
import type { Graph, GraphEdge, GraphNode } from '../api/observability.schema.ts';
import { type GraphSpan, red } from './graph.ts';
import type { InferredCalls, InferredKind } from './spans/span-edges.ts';

/**
 * The graph with what only spans of the apps tell of: databases, readers of queues, services and hosts that are called past the mesh. An edge that
 * the proxies count stays as they count it. Nobody's node that no proxy knows is drawn as inferred, under the id `inferred/<name>`.
 */
export function addInferred(
  graph: Graph,
  calls: InferredCalls,
  span: GraphSpan,
  nowMs: number,
  thresholds: HealthThresholds = defaultHealthThresholds,
): Graph {
  const idOf = idsByName(graph.nodes);
  const counted = new Set(graph.edges.map(({ id }) => id));
  const edges: GraphEdge[] = [];
  for (const edge of calls.metrics.edges()) {
    const kind = calls.kinds.get(`${edge.from}->${edge.to}`);
    const total = calls.metrics.total([edge], span.windowMs, nowMs);
    const [from, to] = [idOf(edge.from), idOf(edge.to)];
    if (kind === undefined || total.count === 0 || counted.has(`${from}->${to}`)) continue;
    edges.push({ ...bareEdge(from, to, kind), ...red(total, span.rateMs) });
  }
  if (edges.length === 0) return graph;
  const known = new Set(graph.nodes.map(({ id }) => id));
  const fresh = new Map<string, GraphNode>();
  for (const { from, to } of edges)
    for (const id of [from, to]) if (!known.has(id)) fresh.set(id, inferredNode(id, edges, thresholds));
  return { ...graph, nodes: [...graph.nodes, ...fresh.values()], edges: [...graph.edges, ...edges] };
}

/** Apps name themselves and others without a namespace, by host or with a port: the first service of that name is meant. */
function idsByName(nodes: readonly GraphNode[]): (name: string) => string {
  const ids = new Map<string, string>();
  for (const { id, name, namespace, kind } of nodes) {
    if (kind !== 'service') continue;
    for (const host of [name, `${name}.${namespace}`, `${name}.${namespace}.svc`]) if (!ids.has(host)) ids.set(host, id);
  }
  const shorten = (name: string) => name.replace(/:\d+$/, '').replace(/^([^.]+\.[^.]+\.svc)\..+$/, '$1');
  return (name) => ids.get(shorten(name)) ?? `inferred/${name.replaceAll('/', '∕')}`;
}

function bareEdge(from: string, to: string, kind: InferredKind): Omit<GraphEdge, keyof ReturnType<typeof red>> {
  return {
    ...{ id: `${from}->${to}`, from, to, protocol: kind, inferred: kind },
    ...{ mtlsShare: 0, retryRatio: 0, timeouts: 0, overflows: 0, faults: [], faultHits: 0, ejected: 0, split: [] },
  };
}

/** It is known by its callers, or, where it only calls, by what it called. */
function inferredNode(id: string, edges: readonly GraphEdge[], thresholds: HealthThresholds): GraphNode {
  const into = edges.filter(({ to }) => to === id);
  const own = into.length > 0 ? into : edges.filter(({ from }) => from === id);
  const count = own.reduce((sum, edge) => sum + edge.count, 0);
  const share = (of: (edge: GraphEdge) => number) =>
    own.reduce((sum, edge) => sum + of(edge) * edge.count, 0) / Math.max(1, count);
  const [first] = own;
  const shares = { errorShare: share((edge) => edge.errorShare), clientErrorShare: share((edge) => edge.clientErrorShare ?? 0) };
  // Percentiles are of one edge, or of none: they cannot be averaged.
  const { p50, p95, p99 } = own.length === 1 && first ? first : { p50: null, p95: null, p99: null };
  return {
    ...{
      id,
      kind: 'external',
      name: id.replace(/^inferred\//, ''),
      namespace: '',
      protocol: first?.protocol ?? '',
      versions: [],
      inferred: true,
    },
    ...{ rate: own.reduce((sum, edge) => sum + edge.rate, 0), count, ...shares, p50, p95, p99 },
    health: judgeShares(shares, thresholds),
  };
}
