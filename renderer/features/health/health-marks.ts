import { defaultHealthThresholds, type HealthThresholds, judgeShares, levelOf, onlyCalls } from '../../../proxy/api/health.ts';
import type { GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { formatShare } from '../../ui/format.ts';
import type { Tone } from '../../ui/surface.tsx';

/* How a state of health looks, on every screen. What is healthy is judged in one place, proxy/api/health.ts. */

export interface Health {
  tone: Tone;
  glyph: string;
  word: string;
}

export interface FailureShares {
  errorShare: number;
  clientErrorShare?: number;
}

const healths: Record<GraphNode['health'], Health> = {
  ok: { tone: 'ok', glyph: '●', word: 'Healthy' },
  degraded: { tone: 'warn', glyph: '▲', word: 'Degraded' },
  failing: { tone: 'bad', glyph: '■', word: 'Failing' },
  down: { tone: 'bad', glyph: '✖', word: 'Down' },
  idle: { tone: 'neutral', glyph: '○', word: 'No traffic' },
};

export const healthOf = (health: GraphNode['health']): Health => healths[health];

/** Of a service among its calls: one that only calls others says so. */
export function healthAmong(node: GraphNode | undefined, edges: readonly GraphEdge[]): Health {
  if (node === undefined) return healths.idle;
  return onlyCalls(node, edges) ? { ...healths.ok, word: 'Calls only' } : healths[node.health];
}

/** The mark of failed requests; null when there is nothing to mark. */
export function markErrors(shares: FailureShares, thresholds: HealthThresholds = defaultHealthThresholds): Health | null {
  const level = judgeShares(shares, thresholds);
  if (level === 'failing') return { tone: 'bad', glyph: '■', word: 'Failing' };
  return level === 'degraded' ? { tone: 'warn', glyph: '▲', word: 'Some errors' } : null;
}

/** The state of an edge; without requests in the window it is at rest. */
export function healthOfEdge(edge: FailureShares & { count: number }, thresholds: HealthThresholds): Health {
  const rest = edge.count === 0 ? { ...healths.idle, word: 'At rest' } : healths.ok;
  return markErrors(edge, thresholds) ?? rest;
}

/** `3.1 %`, and `12 % 4xx` where the callers' own errors are what is wrong. */
export function failureWords(shares: FailureShares, thresholds: HealthThresholds = defaultHealthThresholds): string {
  const { errorShare, clientErrorShare = 0 } = shares;
  const isClients = levelOf(clientErrorShare, thresholds.clientErrors) !== 'ok';
  if (!isClients) return formatShare(errorShare);
  return errorShare > 0
    ? `${formatShare(errorShare)} + ${formatShare(clientErrorShare)} 4xx`
    : `${formatShare(clientErrorShare)} 4xx`;
}
