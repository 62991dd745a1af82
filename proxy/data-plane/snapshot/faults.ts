import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import type { RouteMatch } from './routes.ts';

/* Our Fault objects, of both sides. */

export type DelayDistribution =
  | { kind: 'fixed'; ms: number }
  | { kind: 'uniform'; minMs: number; maxMs: number }
  | { kind: 'normal'; meanMs: number; stddevMs: number }
  | { kind: 'pareto'; scaleMs: number; shape: number };

export interface FaultSnapshot {
  /** `default/slow-ratings` */
  id: string;
  name: string;
  namespace: string;
  resource: ResourceRef;
  side: 'server' | 'client';
  /** fqdn of the callee; version and port narrow it; '' / 0 = any. */
  toService: string;
  toVersion: string;
  toPort: number;
  toWorkload: string;
  /** `namespace/service` of the caller, '' = anyone. */
  fromService: string;
  match: RouteMatch[];
  percentage: number;
  delay: DelayDistribution | null;
  abort: null | { kind: 'http'; status: number } | { kind: 'grpc'; status: number } | { kind: 'reset' } | { kind: 'hang' };
  response: { truncateAfterBytes: number | null; bytesPerSecond: number | null; corruptPercent: number } | null;
  /** Toxics on TCP connections; absent = none. */
  tcp?: { type: string; stream: 'upstream' | 'downstream'; toxicity: number; attributes: Record<string, number> }[];
  only: { skip: number; first: number | null } | null;
  per: 'request' | 'connection' | 'trace' | 'client';
  schedule: { afterMs: number; forMs: number | null; everyMs: number | null } | null;
  /** Epoch ms; null = stays. */
  expiresAt: number | null;
  /** Epoch ms it was armed at: schedules count from here. */
  armedAt: number;
  seed: number | null;
  enabled: boolean;
  /** What it has done so far, where several workers count together (shared/fault-memory.ts); absent = the worker's own. */
  memory?: SharedArrayBuffer;
}
