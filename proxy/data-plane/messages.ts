import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type { ExplainRequest, Explanation } from '../api/explain.schema.ts';
import type { ClusterStatus } from '../api/observability.schema.ts';
import type { RotationAction } from '../api/status.schema.ts';
import type { BoundListener, MeshSnapshot, PrepareResult } from './snapshot.ts';

/** Certificates of one workload identity, PEM. They travel apart from snapshots so that rotation needs no new config. */
export interface IdentityMaterial {
  spiffeId: string;
  certificatePem: string;
  privateKeyPem: string;
  /** Trust bundle: every CA certificate to accept, newest first. */
  caPem: string;
  /** Connections made with the former certificate end after the request in progress; otherwise only later handshakes use the new one. */
  replaceConnections?: boolean;
}

/**
 * Exchanges without full records, that metrics cannot tell apart but by time and size: one stands for all. `values` holds duration (ms), request
 * bytes and response bytes of each, one after another.
 */
export interface ExchangeTally {
  exchange: ExchangeDetail;
  values: Float64Array;
}

/** Where calls of some traces go instead of where their routes say. */
export interface TracePin {
  /** fqdn */
  service: string;
  to:
    | { kind: 'version'; version: string }
    | { kind: 'address'; scheme: 'http' | 'https'; host: string; port: number; authority: string };
}

/** Control plane → data plane. `id` pairs a question with its answer. */
export type ToDataPlane =
  | { type: 'identities'; identities: IdentityMaterial[] }
  /** First half of an apply: build filters, bind ports of the proxies in `own`, serve nothing of it yet. `workers`: how many share the mesh. */
  | { type: 'prepare'; id: number; snapshot: MeshSnapshot; own: string[]; workers: number }
  /** Second half. `bound`: the listeners of every worker, for dialling the sidecars of others. */
  | { type: 'commit'; id: number; bound: BoundListener[] }
  /** Every worker has committed: what the snapshot no longer has stops. */
  | { type: 'settle' }
  /** Another worker, or another listener, refused: what was prepared is not wanted. */
  | { type: 'abandon' }
  /** A worker was started again: where the listeners of all are now. */
  | { type: 'peers'; bound: BoundListener[] }
  | { type: 'clusters'; id: number }
  | { type: 'explain'; id: number; request: ExplainRequest; snapshotVersion?: number }
  | { type: 'counters'; id: number }
  /** One that still goes on, as it is now. */
  | { type: 'open-exchange'; id: number; exchange: string }
  /** Hand over all exchanges and events finished so far; they arrive before the answer. */
  | { type: 'flush'; id: number }
  /** Stop accepting, let requests in flight end within graceMs, then close. */
  | { type: 'drain'; id: number; graceMs: number }
  /** This many full records have been taken: more may come. */
  | { type: 'acknowledge'; exchanges: number }
  /** A recording runs: full records of everything, as far as they are taken. */
  | { type: 'keep-all'; on: boolean }
  /** Creates or changes a toxic proxy; toxics are brought in line on open connections. */
  | { type: 'set-toxic-proxy'; id: number; spec: ToxicProxySpec }
  | { type: 'remove-toxic-proxy'; id: number; name: string }
  /** By hand, in every cluster that has the workload. */
  | { type: 'rotate'; id: number; workload: string; action: RotationAction }
  /** Traces whose ids begin like this go where the pins say (pinned-traces.ts); none: as routed again. */
  | { type: 'pin-traces'; id: number; prefix: string; pins: TracePin[] };

export interface ToxicSpec {
  name: string;
  type: string;
  stream: 'upstream' | 'downstream';
  /** Share of connections it acts on, 0..1, drawn per connection and direction. */
  toxicity: number;
  attributes: Record<string, number>;
}

/** A TCP proxy with toxics, as Toxiproxy's API describes one. `listen` and `upstream` are host:port. */
export interface ToxicProxySpec {
  name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: ToxicSpec[];
}

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
  /** Exchanges that were counted but have no full record, because there were too many. */
  droppedExchanges: number;
}

/** Data plane → control plane. */
export type FromDataPlane =
  | { type: 'online' }
  | { type: 'prepared'; id: number; result: PrepareResult }
  | { type: 'committed'; id: number }
  /** `dropped` exchanges have no full record; the tallies count them. */
  | { type: 'exchanges'; exchanges: ExchangeDetail[]; dropped: number; tallies?: ExchangeTally[] }
  | { type: 'events'; events: DataPlaneEvent[] }
  | { type: 'clusters'; id: number; clusters: ClusterStatus[] }
  | { type: 'explained'; id: number; explanation: Explanation | null; error: string }
  | { type: 'counters'; id: number; counters: DataPlaneCounters }
  /** `changed`: exchanges that go on for long, without their contents; `ids`: all of these there are. */
  | { type: 'open'; changed: Exchange[]; ids: string[] }
  | { type: 'open-exchange'; id: number; detail: ExchangeDetail | null }
  | { type: 'flushed'; id: number }
  | { type: 'drained'; id: number; cut: number }
  | { type: 'pinned'; id: number }
  | { type: 'rotated'; id: number; clusters: number }
  /** `listen` with the port really bound; `error` in the words of Go's net package, '' when all is well. */
  | { type: 'toxic-proxy'; id: number; listen: string; error: string }
  | { type: 'failed'; message: string; stack: string };
