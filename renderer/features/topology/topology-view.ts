import { defaultHealthThresholds, type HealthThresholds, judgeShares } from '../../../proxy/api/health.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { formatBytes, formatMs, formatRate, formatShare } from '../../ui/format.ts';
import type { Tone } from '../../ui/surface.tsx';
import { failureWords, type Health, healthOf, markErrors } from '../health/health-marks.ts';
import type { Found } from './topology-find.ts';

export const labelKinds = ['rate', 'p50', 'p95', 'p99', 'errors', 'split', 'throughput'] as const;
export type LabelKind = (typeof labelKinds)[number];
export type GroupBy = 'service' | 'version';

/** What one node of the picture shows. Two views with equal `key` look the same. */
export interface NodeView {
  id: string;
  key: string;
  kind: GraphNode['kind'] | 'version';
  /** Nothing but the apps' spans tells of it. */
  inferred: boolean;
  name: string;
  /** Shown only when services of several namespaces are on show. */
  namespace: string;
  health: Health;
  rate: string;
  /** What goes on, shown while nothing has ended. */
  open: string;
  errors: string;
  errorMark: Health | null;
  versions: { version: string; share: number; text: string; ready: number; workloads: number; errorMark: Health | null }[];
  /** Something else is looked for. */
  dim: boolean;
}

/** What one edge of the picture shows. Two views with equal `key` look the same. */
export interface EdgeView {
  id: string;
  key: string;
  from: string;
  to: string;
  label: string;
  /** Under the label. */
  wanted: string;
  tone: Tone;
  mark: Health | null;
  /** Stroke width, CSS pixels. */
  width: number;
  /** Seconds a dash takes for its way; 0 = stands still. */
  paceSeconds: number;
  lock: 'all' | 'some' | 'none' | 'outside';
  /** No sidecar sees it: the apps' spans tell of it. */
  inferred: boolean;
  faults: number;
  retries: string;
  timeouts: number;
  overflows: number;
  ejected: number;
  /** Services that get copies. */
  mirrors: string;
  dim: boolean;
  /** Everything of the edge as one sentence. */
  words: string;
}

export interface TopologyView {
  nodes: ReadonlyMap<string, NodeView>;
  edges: ReadonlyMap<string, EdgeView>;
  /** Changes only when a node or edge comes or goes: the signal to lay out again. */
  structure: string;
}

export const emptyView: TopologyView = { nodes: new Map(), edges: new Map(), structure: '' };

/** `default/reviews` → `reviews`; `ingress` stays. */
export const shortName = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/** The picture of a graph. Views that look as they did before are the same objects, so that a tick redraws only what changed. */
export function viewGraph(
  graph: Graph,
  options: { label: LabelKind; group: GroupBy; found?: Pick<Found, 'nodes' | 'edges'> | null },
  before: TopologyView = emptyView,
): TopologyView {
  const nodes = new Map<string, NodeView>();
  const edges = new Map<string, EdgeView>();
  const manyNamespaces = new Set(graph.nodes.filter(({ kind }) => kind === 'service').map(({ namespace }) => namespace)).size > 1;
  const { found = null } = options;
  const { thresholds = defaultHealthThresholds } = graph;
  // A version's box and edge are found with their service.
  const keepNode = (view: NodeView) => {
    const dim = found !== null && !found.nodes.has(view.id.split('@')[0] ?? view.id);
    nodes.set(view.id, reuse(before.nodes.get(view.id), dim ? { ...view, dim, key: `${view.key} dim` } : view));
  };
  const keepEdge = (view: EdgeView) => {
    const dim = found !== null && !(view.to.includes('@') ? found.nodes.has(view.from) : found.edges.has(view.id));
    edges.set(view.id, reuse(before.edges.get(view.id), dim ? { ...view, dim, key: `${view.key} dim` } : view));
  };
  for (const node of graph.nodes) {
    keepNode(viewNode(node, manyNamespaces, options.group, openInto(graph.edges, node.id), thresholds));
    if (options.group !== 'version' || node.versions.length < 2) continue;
    for (const version of node.versions) {
      keepNode(viewVersion(node, version, thresholds));
      keepEdge(viewVersionEdge(node, version, graph.edges, options.label, thresholds));
    }
  }
  for (const edge of graph.edges)
    if (nodes.has(edge.from) && nodes.has(edge.to)) keepEdge(viewEdge(edge, options.label, thresholds));
  return { nodes, edges, structure: structureOf(nodes, edges) };
}

/** Boxes grow with their versions, so their number belongs to it. */
function structureOf(nodes: ReadonlyMap<string, NodeView>, edges: ReadonlyMap<string, EdgeView>): string {
  return [...[...nodes.values()].map(({ id, versions }) => `${id} ${versions.length}`), ...edges.keys()].sort().join('\n');
}

function reuse<T extends { key: string }>(before: T | undefined, view: T): T {
  return before?.key === view.key ? before : view;
}

/** How many calls to it go on and have not been counted yet. */
function openInto(edges: readonly GraphEdge[], id: string): number {
  return edges.reduce((sum, { to, open = 0 }) => sum + (to === id ? open : 0), 0);
}

function viewNode(node: GraphNode, showNamespace: boolean, group: GroupBy, open: number, thresholds: HealthThresholds): NodeView {
  const named = node.versions.filter(({ version }) => version !== '');
  const view = {
    id: node.id,
    kind: node.kind,
    inferred: node.inferred === true,
    name: node.name,
    namespace: showNamespace && node.kind === 'service' ? node.namespace : '',
    health: healthOf(node.health),
    rate: `${formatRate(node.rate)}/s`,
    open: open > 0 ? `${open} open` : '',
    errors: failureWords(node, thresholds),
    errorMark: markErrors(node, thresholds),
    versions: group === 'version' && named.length > 1 ? [] : named.map((version) => viewShare(version, node.rate, thresholds)),
    dim: false,
  };
  return { ...view, key: JSON.stringify(view) };
}

function viewShare(
  version: GraphNode['versions'][number],
  rate: number,
  thresholds: HealthThresholds,
): NodeView['versions'][number] {
  const share = rate > 0 ? Math.min(1, version.rate / rate) : 0;
  return {
    version: version.version,
    share: Math.round(share * 100) / 100,
    text: rate > 0 ? `${Math.round(share * 100)}%` : '–',
    ready: version.ready,
    workloads: version.workloads,
    errorMark: markErrors(version, thresholds),
  };
}

function viewVersion(node: GraphNode, version: GraphNode['versions'][number], thresholds: HealthThresholds): NodeView {
  const health: GraphNode['health'] =
    version.workloads > 0 && version.ready === 0 ? 'down' : version.rate === 0 ? 'idle' : judgeShares(version, thresholds);
  const view = {
    id: `${node.id}@${version.version}`,
    kind: 'version' as const,
    inferred: false,
    name: version.version,
    namespace: '',
    health: healthOf(health),
    rate: `${formatRate(version.rate)}/s`,
    open: '',
    errors: failureWords(version, thresholds),
    errorMark: markErrors(version, thresholds),
    versions: [],
    dim: false,
  };
  return { ...view, key: JSON.stringify(view) };
}

/** From a service to one of its versions: the share of the traffic that went there. */
function viewVersionEdge(
  node: GraphNode,
  version: GraphNode['versions'][number],
  all: readonly GraphEdge[],
  label: LabelKind,
  thresholds: HealthThresholds,
): EdgeView {
  const share = node.rate > 0 ? Math.min(1, version.rate / node.rate) : 0;
  const into = all.filter((edge) => edge.to === node.id);
  const wanted = into.flatMap((edge) => edge.split).find((split) => split.version === version.version)?.wanted ?? null;
  const edge: GraphEdge = {
    ...(into[0] ?? emptyEdge),
    id: `${node.id}->${node.id}@${version.version}`,
    from: node.id,
    to: `${node.id}@${version.version}`,
    rate: version.rate,
    errorShare: version.errorShare,
    clientErrorShare: version.clientErrorShare,
    count: Math.round(node.count * share),
    faults: [],
    retryRatio: 0,
    timeouts: 0,
    overflows: 0,
    ejected: 0,
    mirrors: [],
    split: [],
  };
  const view = viewEdge(edge, label === 'errors' ? 'errors' : 'rate', thresholds);
  const text = label === 'errors' ? view.label : `${formatShare(share)}${wanted === null ? '' : ` of ${formatShare(wanted)}`}`;
  return { ...view, label: text, lock: 'outside', key: `${view.key}${text}` };
}

const emptyEdge: GraphEdge = {
  id: '',
  from: '',
  to: '',
  protocol: '',
  rate: 0,
  count: 0,
  errorShare: 0,
  p50: null,
  p95: null,
  p99: null,
  mtlsShare: 0,
  retryRatio: 0,
  timeouts: 0,
  overflows: 0,
  faults: [],
  faultHits: 0,
  ejected: 0,
  split: [],
};

/**
 * Edges seen before stay on the picture, at rest, when their traffic leaves the window: the layout holds still while a fault or an ejection
 * stops the calls. `seen` is what the last call returned; edges whose ends are gone are forgotten.
 */
export function restEdges(graph: Graph, seen: readonly GraphEdge[]): Graph {
  const known = new Set(graph.edges.map(({ id }) => id));
  const ids = new Set(graph.nodes.map(({ id }) => id));
  const resting = seen
    .filter(({ id, from, to }) => !known.has(id) && ids.has(from) && ids.has(to))
    .map((edge) => ({
      ...emptyEdge,
      id: edge.id,
      from: edge.from,
      to: edge.to,
      protocol: edge.protocol,
      mtlsShare: edge.mtlsShare,
    }));
  return resting.length === 0 ? graph : { ...graph, edges: [...graph.edges, ...resting] };
}

/** The shares that are wanted, `of 50 / 35 / 15 %`; '' without weights. */
export function wantedLabel(split: GraphEdge['split']): string {
  if (split.length < 2 || split.every(({ wanted }) => wanted === null)) return '';
  return `of ${split.map(({ wanted }) => Math.round((wanted ?? 0) * 100)).join(' / ')} %`;
}

/** Where the requests went: `48 / 37 / 15 %`. */
export function splitLabel(split: GraphEdge['split']): string {
  if (split.length < 2) return split[0] ? `all ${split[0].version}` : '–';
  return `${split.map(({ actual }) => Math.round(actual * 100)).join(' / ')} %`;
}

export function edgeLabel(edge: GraphEdge, kind: LabelKind): string {
  // Nothing has ended, something goes on: a rate of nothing would tell the opposite.
  if (kind === 'rate') return edge.count === 0 && edge.open ? `${edge.open} open` : `${formatRate(edge.rate)}/s`;
  if (kind === 'errors') return formatShare(edge.errorShare);
  if (kind === 'split') return splitLabel(edge.split);
  if (kind === 'throughput') return `${formatBytes(Math.round(edge.bytesPerSecond ?? 0))}/s`;
  return formatMs(edge[kind]);
}

/** 1.5 px for a trickle to 6 px from 1,000 requests a second on, by the logarithm. */
export function edgeWidth(rate: number): number {
  return Math.round((1.5 + Math.min(4.5, Math.log10(1 + rate) * 1.5)) * 4) / 4;
}

/** In four steps, so that an edge's animation does not start anew with every small change of its rate. */
export function edgePace(rate: number): number {
  if (rate <= 0) return 0;
  if (rate < 2) return 2.4;
  if (rate < 20) return 1.5;
  return rate < 200 ? 0.9 : 0.55;
}

function viewEdge(edge: GraphEdge, label: LabelKind, thresholds: HealthThresholds): EdgeView {
  const mark = markErrors(edge, thresholds);
  const outside = edge.from === 'outside' || edge.inferred !== undefined;
  const lock = outside ? 'outside' : edge.mtlsShare >= 0.999 ? 'all' : edge.mtlsShare > 0 ? 'some' : 'none';
  const view = {
    id: edge.id,
    from: edge.from,
    to: edge.to,
    label: label === 'errors' ? failureWords(edge, thresholds) : edgeLabel(edge, label),
    wanted: label === 'split' ? wantedLabel(edge.split) : '',
    tone: mark?.tone ?? (edge.rate > 0 || edge.open ? ('ok' as const) : ('neutral' as const)),
    mark,
    width: edgeWidth(edge.rate),
    paceSeconds: edgePace(edge.rate) || (edge.open ? edgePace(1) : 0),
    lock: lock as EdgeView['lock'],
    inferred: edge.inferred !== undefined,
    faults: edge.faults.length,
    retries: edge.retryRatio > 0 ? formatShare(edge.retryRatio) : '',
    timeouts: edge.timeouts,
    overflows: edge.overflows,
    ejected: edge.ejected,
    mirrors: (edge.mirrors ?? []).map(shortName).join(', '),
    dim: false,
    words: describeEdge(edge),
  };
  return { ...view, key: JSON.stringify(view) };
}

const inferredWords: Record<NonNullable<GraphEdge['inferred']>, string> = {
  call: 'past the mesh',
  database: 'a database',
  messaging: 'messages',
};

/** Everything of an edge in words, for the label's accessible name. */
export function describeEdge(edge: GraphEdge): string {
  const parts = [
    `${shortName(edge.from)} to ${shortName(edge.to)}`,
    `${formatRate(edge.rate)} requests per second`,
    `${formatShare(edge.errorShare)} errors`,
    edge.clientErrorShare ? `${formatShare(edge.clientErrorShare)} 4xx` : '',
    `p95 ${formatMs(edge.p95)}`,
    edge.inferred
      ? `${inferredWords[edge.inferred]}, known from the apps’ spans`
      : edge.mtlsShare >= 0.999
        ? 'mutual TLS'
        : edge.mtlsShare > 0
          ? `mutual TLS on ${formatShare(edge.mtlsShare)}`
          : 'plain text',
  ];
  if (edge.open) parts.push(`${edge.open} open`);
  if (edge.faults.length > 0) parts.push(`${edge.faults.length} armed: ${edge.faults.join(', ')}`);
  if (edge.retryRatio > 0) parts.push(`${formatShare(edge.retryRatio)} retried`);
  if (edge.timeouts > 0) parts.push(`${edge.timeouts} timeouts`);
  if (edge.overflows > 0) parts.push(`${edge.overflows} overflows`);
  if (edge.ejected > 0) parts.push(`${edge.ejected} hosts ejected`);
  if (edge.mirrors?.length) parts.push(`copied to ${edge.mirrors.map(shortName).join(', ')}`);
  return parts.filter(Boolean).join(', ');
}
