import type { Exchange } from '../api/exchange.schema.ts';
import { defaultHealthThresholds, type HealthThresholds, judgeShares } from '../api/health.ts';
import type { Graph, GraphEdge, GraphNode, Red } from '../api/observability.schema.ts';
import { destinationNode, sourceNode, standsForCall } from './judge.ts';
import type { EdgeMetrics, Metrics } from './metrics.ts';
import type { Slot } from './slots.ts';

/** Traffic of the last `windowMs` is counted; rates are per second of `rateMs`, which is shorter while the engine is younger than that. */
export interface GraphSpan {
  windowMs: number;
  rateMs: number;
}

/** What the graph cannot know from traffic; the control plane hands it in. */
export interface GraphFacts {
  services: GraphServiceFact[];
  /** Armed faults: `from` null = every caller. Names are `namespace/service`. */
  faults: { name: string; from: string | null; to: string }[];
  /** Weights in force per edge: `from` null = every caller; version → share 0..1. */
  splits: { from: string | null; to: string; wanted: Record<string, number>; sinceMs?: number | null }[];
  /** Hosts ejected now, per edge. */
  ejections: { from: string; to: string; count: number }[];
  /** Calls that are copied to another service: `from` null = by every caller. */
  mirrors?: { from: string | null; to: string; mirror: string }[];
}
export interface GraphServiceFact {
  name: string;
  namespace: string;
  kind: 'service' | 'gateway' | 'external';
  protocol: string;
  /** `ready` counts workloads whose health is ready. */
  versions: { version: string; workloads: number; ready: number }[];
}

/** Who calls whom, from counted calls and from those that go on (`open`): never inferred from traces. */
export function buildGraph(
  metrics: Metrics,
  span: GraphSpan,
  nowMs: number,
  facts: GraphFacts,
  open: readonly Exchange[] = [],
  thresholds: HealthThresholds = defaultHealthThresholds,
): Graph {
  const byEdge = new Map<string, EdgeMetrics[]>();
  for (const edge of metrics.edges()) {
    const id = `${edge.from}->${edge.to}`;
    const list = byEdge.get(id);
    if (list === undefined) byEdge.set(id, [edge]);
    else list.push(edge);
  }
  const edges: GraphEdge[] = [];
  for (const [id, versions] of byEdge) {
    const total = metrics.total(versions, span.windowMs, nowMs);
    const ongoing = open.filter((exchange) => standsForCall(exchange) && edgeOf(exchange) === id);
    if (total.count === 0 && ongoing.length === 0) continue;
    const edge = buildEdge(id, versions, total, metrics, span, nowMs, facts);
    // Where nothing has ended yet, what goes on tells whether it is encrypted.
    const mtlsShare =
      total.reached > 0 ? edge.mtlsShare : ongoing.filter(({ mtls }) => mtls).length / Math.max(1, ongoing.length);
    edges.push(ongoing.length === 0 ? edge : { ...edge, mtlsShare, open: ongoing.length });
  }
  const nodes = facts.services.map((service) => {
    const node = buildNode(service, metrics, span, nowMs, thresholds);
    const isUsed = edges.some(({ open: ongoing, from, to }) => ongoing !== undefined && (from === node.id || to === node.id));
    return node.health === 'idle' && isUsed ? { ...node, health: 'ok' as const } : node;
  });
  const known = new Set(nodes.map((n) => n.id));
  for (const { from, to } of edges) {
    for (const id of [from, to]) {
      if (known.has(id)) continue;
      known.add(id);
      nodes.push(foreignNode(id, metrics, span, nowMs, thresholds));
    }
  }
  return {
    time: new Date(nowMs).toISOString(),
    windowSeconds: (Number.isFinite(span.windowMs) ? span.windowMs : span.rateMs) / 1000,
    nodes,
    edges,
    thresholds,
  };
}

function edgeOf(exchange: Exchange): string {
  return `${sourceNode(exchange)}->${destinationNode(exchange)}`;
}

function buildEdge(
  id: string,
  versions: EdgeMetrics[],
  total: Slot,
  metrics: Metrics,
  span: GraphSpan,
  nowMs: number,
  facts: GraphFacts,
): GraphEdge {
  const { from, to, protocol } = versions[0]!;
  const meant = (fact: { from: string | null; to: string }) => fact.to === to && (fact.from === null || fact.from === from);
  const wanted = facts.splits.find(meant);
  // Weights that changed a moment ago are held against what happened since, not against the whole window.
  const splitMs = wanted?.sinceMs == null ? span.windowMs : Math.min(span.windowMs, Math.max(1000, nowMs - wanted.sinceMs));
  return {
    id,
    from,
    to,
    protocol,
    ...red(total, span.rateMs),
    mtlsShare: total.reached === 0 ? 0 : total.mtls / total.reached,
    retryRatio: total.count === 0 ? 0 : total.retries / total.count,
    timeouts: total.timeouts,
    overflows: total.overflows,
    faults: facts.faults.filter(meant).map((f) => f.name),
    faultHits: total.faultHits,
    ejected: facts.ejections.filter((e) => e.from === from && e.to === to).reduce((sum, e) => sum + e.count, 0),
    bytesPerSecond: (total.requestBytes + total.responseBytes) / (span.rateMs / 1000),
    mirrors: (facts.mirrors ?? []).filter(meant).map((fact) => fact.mirror),
    split: buildSplit(versions, metrics, splitMs, nowMs, wanted?.wanted ?? null),
    ...(splitMs < span.rateMs ? { splitSeconds: splitMs / 1000 } : {}),
  };
}

function buildSplit(
  versions: EdgeMetrics[],
  metrics: Metrics,
  windowMs: number,
  nowMs: number,
  wanted: Record<string, number> | null,
): GraphEdge['split'] {
  const counts = new Map<string, number>(Object.keys(wanted ?? {}).map((version) => [version, 0]));
  const total = metrics.total(versions, windowMs, nowMs);
  for (const edge of versions) {
    const { count } = metrics.total([edge], windowMs, nowMs);
    if (count > 0 && edge.version !== '') counts.set(edge.version, (counts.get(edge.version) ?? 0) + count);
  }
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([version, count]) => ({
      version,
      wanted: wanted === null ? null : (wanted[version] ?? 0),
      actual: total.count === 0 ? 0 : count / total.count,
      count,
    }));
}

function buildNode(
  service: GraphServiceFact,
  metrics: Metrics,
  span: GraphSpan,
  nowMs: number,
  thresholds: HealthThresholds,
): GraphNode {
  const id = service.kind === 'gateway' ? 'ingress' : `${service.namespace}/${service.name}`;
  // A gateway has no callers of its own in the mesh: its requests are those it passes on.
  const own = [...metrics.edges()].filter((e) => (service.kind === 'gateway' ? e.from === id : e.to === id));
  const total = metrics.total(own, span.windowMs, nowMs);
  return {
    id,
    kind: service.kind,
    name: service.name,
    namespace: service.namespace,
    protocol: service.protocol,
    ...red(total, span.rateMs),
    versions: service.versions.map((fact) => {
      const slot = metrics.total(
        own.filter((e) => e.version === fact.version),
        span.windowMs,
        nowMs,
      );
      const { rate, errorShare, clientErrorShare } = red(slot, span.rateMs);
      return { ...fact, rate, errorShare, clientErrorShare };
    }),
    health: healthOf(service, total, thresholds),
  };
}

function healthOf(service: GraphServiceFact, total: Slot, thresholds: HealthThresholds): GraphNode['health'] {
  const workloads = service.versions.reduce((sum, v) => sum + v.workloads, 0);
  const ready = service.versions.reduce((sum, v) => sum + v.ready, 0);
  if (workloads > 0 && ready === 0) return 'down';
  return total.count === 0 ? 'idle' : judgeShares(red(total, 1), thresholds);
}

/** Callers without an identity, and hosts outside the mesh. */
function foreignNode(id: string, metrics: Metrics, span: GraphSpan, nowMs: number, thresholds: HealthThresholds): GraphNode {
  const outside = id === 'outside';
  const own = [...metrics.edges()].filter((e) => (outside ? e.from === id : e.to === id));
  const total = metrics.total(own, span.windowMs, nowMs);
  return {
    id,
    kind: outside ? 'outside' : 'external',
    name: id,
    namespace: '',
    protocol: own[0]?.protocol ?? '',
    ...red(total, span.rateMs),
    versions: [],
    health: total.count === 0 ? 'idle' : judgeShares(red(total, 1), thresholds),
  };
}

export function red(slot: Slot, rateMs: number): Red {
  return {
    rate: slot.count / (rateMs / 1000),
    count: slot.count,
    errorShare: slot.count === 0 ? 0 : slot.errors / slot.count,
    clientErrorShare: slot.count === 0 ? 0 : slot.classes['4xx'] / slot.count,
    p50: slot.latency.percentile(0.5),
    p95: slot.latency.percentile(0.95),
    p99: slot.latency.percentile(0.99),
  };
}
