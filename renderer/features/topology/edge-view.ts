import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { defaultHealthThresholds, type HealthThresholds } from '../../../proxy/api/health.ts';
import type { GraphEdge } from '../../../proxy/api/observability.schema.ts';
import { formatBytes, formatCount, formatMs, formatRate, formatShare, plural } from '../../ui/format.ts';
import type { Tone } from '../../ui/surface.tsx';
import { failureWords, type Health, markErrors } from '../health/health-marks.ts';
import { briefFault, describeFault, faultsOnEdge } from './edge-faults.ts';
import { shortName } from './short-name.ts';

export const labelKinds = ['rate', 'p50', 'p95', 'p99', 'errors', 'split', 'throughput'] as const;
export type LabelKind = (typeof labelKinds)[number];

/** Something about an edge that its label alone does not tell. */
export interface EdgeBadge {
  id: 'fault' | 'ejected' | 'overflow' | 'timeout' | 'retry' | 'mirror';
  tone: Tone;
  text: string;
  /** In full, for the pointer and the table. */
  words: string;
  /** When it ends by itself, milliseconds since 1970: a countdown stands beside the text. */
  endsAt?: number;
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
  /** How quickly dots travel along it, pixels a second; 0 = nothing moves. */
  pace: number;
  lock: 'all' | 'some' | 'none' | 'outside';
  /** No sidecar sees it: the apps' spans tell of it. */
  inferred: boolean;
  badges: readonly EdgeBadge[];
  dim: boolean;
  /** Everything of the edge as one sentence. */
  words: string;
}

export function viewEdge(
  edge: GraphEdge,
  label: LabelKind,
  { thresholds = defaultHealthThresholds, faults = [] }: { thresholds?: HealthThresholds; faults?: readonly FaultStatus[] } = {},
): EdgeView {
  const mark = markErrors(edge, thresholds);
  const view = {
    id: edge.id,
    from: edge.from,
    to: edge.to,
    label: label === 'errors' ? failureWords(edge, thresholds) : edgeLabel(edge, label),
    wanted: label === 'split' ? wantedLabel(edge.split) : '',
    tone: mark?.tone ?? (edge.rate > 0 || edge.open ? ('ok' as const) : ('neutral' as const)),
    mark,
    width: edgeWidth(edge.rate),
    pace: edgePace(edge.rate) || (edge.open ? edgePace(1) : 0),
    lock: lockOf(edge),
    inferred: edge.inferred !== undefined,
    badges: badgesOf(edge, faults),
    dim: false,
    words: describeEdge(edge),
  };
  return { ...view, key: JSON.stringify(view) };
}

function lockOf({ from, mtlsShare, inferred }: GraphEdge): EdgeView['lock'] {
  if (from === 'outside' || inferred !== undefined) return 'outside';
  if (mtlsShare >= 0.999) return 'all';
  return mtlsShare > 0 ? 'some' : 'none';
}

/** Most urgent first. */
export function badgesOf(edge: GraphEdge, faults: readonly FaultStatus[] = []): EdgeBadge[] {
  const badges: EdgeBadge[] = [];
  if (edge.faults.length > 0) badges.push(faultBadge(edge, faultsOnEdge(faults, edge)));
  if (edge.ejected > 0)
    badges.push({ id: 'ejected', tone: 'bad', text: `${edge.ejected}`, words: `${plural(edge.ejected, 'host')} ejected` });
  if (edge.overflows > 0)
    badges.push({
      id: 'overflow',
      tone: 'bad',
      text: formatCount(edge.overflows),
      words: `${plural(edge.overflows, 'request')} refused by a connection-pool limit`,
    });
  if (edge.timeouts > 0)
    badges.push({ id: 'timeout', tone: 'warn', text: formatCount(edge.timeouts), words: plural(edge.timeouts, 'timeout') });
  if (edge.retryRatio > 0)
    badges.push({
      id: 'retry',
      tone: 'warn',
      text: formatShare(edge.retryRatio),
      words: `${edge.retryRatio.toFixed(2)} retries per request`,
    });
  const mirrors = (edge.mirrors ?? []).map(shortName).join(', ');
  if (mirrors !== '') badges.push({ id: 'mirror', tone: 'info', text: mirrors, words: `Requests are copied to ${mirrors}` });
  return badges;
}

/** Says what is broken and until when, when one fault is armed here; else how many are. */
function faultBadge(edge: GraphEdge, armed: readonly FaultStatus[]): EdgeBadge {
  const [only] = armed;
  const words = armed.map(({ spec }) => describeFault(spec)).join('; ') || `Armed here: ${edge.faults.join(', ')}`;
  if (armed.length !== 1 || !only) return { id: 'fault', tone: 'fault', text: `${edge.faults.length}`, words };
  const badge: EdgeBadge = { id: 'fault', tone: 'fault', text: briefFault(only.spec), words };
  return only.expiresAt === null ? badge : { ...badge, endsAt: Date.parse(only.expiresAt) };
}

export function edgeLabel(edge: GraphEdge, kind: LabelKind): string {
  // Nothing has ended, something goes on: a rate of nothing would tell the opposite.
  if (kind === 'rate') return edge.count === 0 && edge.open ? `${edge.open} open` : `${formatRate(edge.rate)}/s`;
  if (kind === 'errors') return formatShare(edge.errorShare);
  if (kind === 'split') return splitLabel(edge.split);
  if (kind === 'throughput') return throughputLabel(edge);
  return formatMs(edge[kind]);
}

export const throughputLabel = ({ bytesPerSecond = 0 }: GraphEdge): string => `${formatBytes(Math.round(bytesPerSecond))}/s`;

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

/** 1.5 px for a trickle to 6 px from 1,000 requests a second on, by the logarithm. */
export function edgeWidth(rate: number): number {
  return Math.round((1.5 + Math.min(4.5, Math.log10(1 + rate) * 1.5)) * 4) / 4;
}

/** In four steps, pixels a second: a change of pace is one that somebody sees. */
export function edgePace(rate: number): number {
  if (rate <= 0) return 0;
  if (rate < 2) return 28;
  if (rate < 20) return 44;
  return rate < 200 ? 72 : 112;
}

const inferredWords: Record<NonNullable<GraphEdge['inferred']>, string> = {
  call: 'past the mesh',
  database: 'a database',
  messaging: 'messages',
};

/** `mutual TLS`, `plain text`, or how else it is known. */
export function lockWords({ inferred, mtlsShare }: GraphEdge): string {
  if (inferred) return `${inferredWords[inferred]}, known from the apps’ spans`;
  if (mtlsShare >= 0.999) return 'mutual TLS';
  return mtlsShare > 0 ? `mutual TLS on ${formatShare(mtlsShare)}` : 'plain text';
}

/** Everything of an edge in words, for the label's accessible name. */
function describeEdge(edge: GraphEdge): string {
  const parts = [
    `${shortName(edge.from)} to ${shortName(edge.to)}`,
    `${formatRate(edge.rate)} requests per second`,
    `${formatShare(edge.errorShare)} errors`,
    edge.clientErrorShare ? `${formatShare(edge.clientErrorShare)} 4xx` : '',
    `p95 ${formatMs(edge.p95)}`,
    lockWords(edge),
  ];
  if (edge.open) parts.push(`${edge.open} open`);
  if (edge.faults.length > 0) parts.push(`${edge.faults.length} armed: ${edge.faults.join(', ')}`);
  if (edge.retryRatio > 0) parts.push(`${formatShare(edge.retryRatio)} retried`);
  if (edge.timeouts > 0) parts.push(plural(edge.timeouts, 'timeout'));
  if (edge.overflows > 0) parts.push(plural(edge.overflows, 'overflow'));
  if (edge.ejected > 0) parts.push(`${plural(edge.ejected, 'host')} ejected`);
  if (edge.mirrors?.length) parts.push(`copied to ${edge.mirrors.map(shortName).join(', ')}`);
  return parts.filter(Boolean).join(', ');
}
