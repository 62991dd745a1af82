import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { ExplainRequest, Explanation } from '../api/explain.schema.ts';
import type { ClusterStatus } from '../api/observability.schema.ts';
import type { MeshSnapshot, PrepareResult } from './snapshot.ts';

/** Certificates of one workload identity, PEM. They travel apart from snapshots so that rotation needs no new config. */
export interface IdentityMaterial {
  spiffeId: string;
  certificatePem: string;
  privateKeyPem: string;
  /** Trust bundle: every CA certificate to accept, newest first. */
  caPem: string;
}

/** Control plane → data plane. `id` pairs a question with its answer. */
export type ToDataPlane =
  | { type: 'identities'; identities: IdentityMaterial[] }
  | { type: 'apply'; id: number; snapshot: MeshSnapshot }
  | { type: 'clusters'; id: number }
  | { type: 'explain'; id: number; request: ExplainRequest; snapshotVersion?: number }
  | { type: 'counters'; id: number }
  /** Stop accepting, let requests in flight end within graceMs, then close. */
  | { type: 'drain'; id: number; graceMs: number }
  /** Bodies are captured up to the snapshot's limit when on; headers always. */
  | { type: 'capture'; bodies: boolean };

/** An event as the data plane sees it; the control plane gives it an id and a wall-clock time. */
export interface DataPlaneEvent {
  /** Epoch ms. */
  at: number;
  type: string;
  subject: string;
  message: string;
  data: Record<string, unknown>;
}

export interface FaultCounters {
  id: string;
  matched: number;
  hits: number;
}
export interface DataPlaneCounters {
  downstreamConnections: number;
  activeRequests: number;
  requests: number;
  /** `VirtualService/default/ratings` → requests it decided. */
  resources: Record<string, number>;
  faults: FaultCounters[];
  droppedExchanges: number;
}

/** Data plane → control plane. */
export type FromDataPlane =
  | { type: 'online' }
  | { type: 'applied'; id: number; result: PrepareResult }
  | { type: 'exchanges'; exchanges: ExchangeDetail[]; dropped: number }
  | { type: 'events'; events: DataPlaneEvent[] }
  | { type: 'clusters'; id: number; clusters: ClusterStatus[] }
  | { type: 'explained'; id: number; explanation: Explanation | null; error: string }
  | { type: 'counters'; id: number; counters: DataPlaneCounters }
  | { type: 'drained'; id: number; cut: number }
  | { type: 'failed'; message: string; stack: string };
