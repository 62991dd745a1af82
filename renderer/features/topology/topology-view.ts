import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { defaultHealthThresholds, type HealthThresholds } from '../../../proxy/api/health.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { formatShare } from '../../ui/format.ts';
import { type EdgeView, type LabelKind, viewEdge } from './edge-view.ts';
import { type NodeView, type StandIn, viewNode, viewVersion } from './node-view.ts';
import type { Found } from './topology-find.ts';

export type { EdgeView } from './edge-view.ts';
export type { NodeView } from './node-view.ts';

export type GroupBy = 'service' | 'version';

export interface TopologyView {
  nodes: ReadonlyMap<string, NodeView>;
  edges: ReadonlyMap<string, EdgeView>;
  /** Changes only when a node or edge comes or goes: the signal to lay out again. */
  structure: string;
}

export const emptyView: TopologyView = { nodes: new Map(), edges: new Map(), structure: '' };

export interface ViewOptions {
  label: LabelKind;
  group: GroupBy;
  found?: Pick<Found, 'nodes' | 'edges'> | null;
  faults?: readonly FaultStatus[];
  standIns?: readonly StandIn[];
}

/** The picture of a graph. Views that look as they did before are the same objects, so that a tick redraws only what changed. */
export function viewGraph(graph: Graph, options: ViewOptions, before: TopologyView = emptyView): TopologyView {
  const nodes = new Map<string, NodeView>();
  const edges = new Map<string, EdgeView>();
  const { found = null, label, faults, standIns = [] } = options;
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
  const around = {
    showNamespace: namespacesOf(graph) > 1,
    splitVersions: options.group === 'version',
    edges: graph.edges,
    thresholds,
    standIns,
  };
  for (const node of graph.nodes) {
    keepNode(viewNode(node, around));
    if (!around.splitVersions || node.versions.length < 2) continue;
    for (const version of node.versions) {
      keepNode(viewVersion(node, version, thresholds));
      keepEdge(viewVersionEdge(node, version, graph.edges, label, thresholds));
    }
  }
  for (const edge of graph.edges)
    if (nodes.has(edge.from) && nodes.has(edge.to)) keepEdge(viewEdge(edge, label, { thresholds, faults }));
  return { nodes, edges, structure: structureOf(nodes, edges) };
}

const namespacesOf = ({ nodes }: Graph): number =>
  new Set(nodes.filter(({ kind }) => kind === 'service').map(({ namespace }) => namespace)).size;

/** Boxes grow with their versions, so their number belongs to it. */
function structureOf(nodes: ReadonlyMap<string, NodeView>, edges: ReadonlyMap<string, EdgeView>): string {
  return [...[...nodes.values()].map(({ id, versions }) => `${id} ${versions.length}`), ...edges.keys()].sort().join('\n');
}

function reuse<T extends { key: string }>(before: T | undefined, view: T): T {
  return before?.key === view.key ? before : view;
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
    ...emptyEdge,
    protocol: into[0]?.protocol ?? '',
    id: `${node.id}->${node.id}@${version.version}`,
    from: node.id,
    to: `${node.id}@${version.version}`,
    rate: version.rate,
    errorShare: version.errorShare,
    clientErrorShare: version.clientErrorShare,
    count: Math.round(node.count * share),
  };
  const view = viewEdge(edge, label === 'errors' ? 'errors' : 'rate', { thresholds });
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
