import { type HealthThresholds, judgeShares } from '../../../proxy/api/health.ts';
import type { GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { formatRate } from '../../ui/format.ts';
import { failureWords, type Health, healthAmong, healthOf, markErrors } from '../health/health-marks.ts';

/** A recording that answers in a service's place. */
export type StandIn = NonNullable<Status['simulations']>[number];

/** What one node of the picture shows. Two views with equal `key` look the same. */
export interface NodeView {
  id: string;
  key: string;
  kind: GraphNode['kind'] | 'version';
  name: string;
  /** Shown only when services of several namespaces are on show. */
  namespace: string;
  /** Known from spans of the apps alone. */
  inferred: boolean;
  health: Health;
  rate: string;
  /** Something has ended in the window. */
  busy: boolean;
  /** What it does while nobody calls it: `3 open`, `calls 12/s`; else ''. */
  aside: string;
  errors: string;
  errorMark: Health | null;
  versions: VersionShare[];
  /** Of its instances, as the caller who ejected most of them has it. */
  ejected: number;
  /** Whose recorded answers it gives; '' when it answers itself. */
  standIn: string;
  /** Something else is looked for. */
  dim: boolean;
}

export interface VersionShare {
  version: string;
  share: number;
  text: string;
  ready: number;
  workloads: number;
  errorMark: Health | null;
}

/** What a node's view is made of beside the node. */
export interface NodeSurroundings {
  showNamespace: boolean;
  /** Versions have boxes of their own. */
  splitVersions: boolean;
  edges: readonly GraphEdge[];
  thresholds: HealthThresholds;
  standIns: readonly StandIn[];
}

export function viewNode(node: GraphNode, around: NodeSurroundings): NodeView {
  const { thresholds } = around;
  const named = node.versions.filter(({ version }) => version !== '');
  const view = {
    id: node.id,
    kind: node.kind,
    name: node.name,
    namespace: around.showNamespace && node.kind === 'service' ? node.namespace : '',
    inferred: node.inferred === true,
    health: healthAmong(node, around.edges),
    rate: `${formatRate(node.rate)}/s`,
    busy: node.count > 0,
    aside: asideOf(node, around.edges),
    errors: failureWords(node, thresholds),
    errorMark: markErrors(node, thresholds),
    versions: around.splitVersions && named.length > 1 ? [] : named.map((one) => viewShare(one, node.rate, thresholds)),
    ejected: Math.max(0, ...around.edges.filter(({ to }) => to === node.id).map(({ ejected }) => ejected)),
    standIn: standInWords(node.id, around.standIns),
    dim: false,
  };
  return { ...view, key: JSON.stringify(view) };
}

function asideOf({ id, count }: GraphNode, edges: readonly GraphEdge[]): string {
  if (count > 0) return '';
  const open = edges.reduce((sum, { to, open: ongoing = 0 }) => sum + (to === id ? ongoing : 0), 0);
  if (open > 0) return `${open} open`;
  const calls = edges.reduce((sum, { from, rate }) => sum + (from === id ? rate : 0), 0);
  return calls > 0 ? `calls ${formatRate(calls)}/s` : '';
}

/** `monday, only for orders; tuesday`. */
function standInWords(id: string, standIns: readonly StandIn[]): string {
  return standIns
    .filter(({ namespace, service, enabled }) => enabled && `${namespace}/${service}` === id)
    .map(({ recording, from }) => (from ? `${recording}, only for ${from}` : recording))
    .join('; ');
}

function viewShare(version: GraphNode['versions'][number], rate: number, thresholds: HealthThresholds): VersionShare {
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

export function viewVersion(node: GraphNode, version: GraphNode['versions'][number], thresholds: HealthThresholds): NodeView {
  const view = {
    id: `${node.id}@${version.version}`,
    kind: 'version' as const,
    name: version.version,
    namespace: '',
    inferred: false,
    health: healthOf(healthOfVersion(version, thresholds)),
    rate: `${formatRate(version.rate)}/s`,
    busy: version.rate > 0,
    aside: '',
    errors: failureWords(version, thresholds),
    errorMark: markErrors(version, thresholds),
    versions: [],
    ejected: 0,
    standIn: '',
    dim: false,
  };
  return { ...view, key: JSON.stringify(view) };
}

function healthOfVersion(version: GraphNode['versions'][number], thresholds: HealthThresholds): GraphNode['health'] {
  if (version.workloads > 0 && version.ready === 0) return 'down';
  return version.rate === 0 ? 'idle' : judgeShares(version, thresholds);
}
