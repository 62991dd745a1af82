import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type { MeshEvent } from '../api/observability.schema.ts';
import type { Annotation, Recording, RecordingFilter } from '../api/recording.schema.ts';
import type { Clock } from '../shared/clock.ts';

export interface StoreLimits {
  /** Exchanges kept; the service that has most loses first. */
  maxExchanges: number;
  maxExchangeBytes: number;
  maxEvents: number;
  maxAppSpans: number;
  maxAppLogs: number;
  maxResourceHistory: number;
  maxReplays: number;
  /** Exchanges waiting for the worker; beyond it they are dropped and counted. */
  maxPending: number;
  maxPendingBytes: number;
  /** Write-ahead log; above it telemetry is dropped until a checkpoint succeeds. */
  maxWalBytes: number;
}

export interface StoreOptions {
  /** Database file; `<path>-wal`, `<path>-shm` and `<path>.lock` lie beside it. */
  path: string;
  clock: Clock;
  limits?: Partial<StoreLimits>;
  /** How long to wait for a lock another process holds. Default 5 s. */
  lockTimeoutMs?: number;
  /** The worker's file, when it does not lie beside store.ts. */
  workerUrl?: URL;
  /** Things a person should know: `store.degraded`, `store.recovered`, `store.quarantined`. Called once per change, never per operation. */
  onNotice?: (notice: StoreNotice) => void;
}

export interface StoreNotice {
  type: 'store.degraded' | 'store.recovered' | 'store.quarantined';
  message: string;
  data: Record<string, unknown>;
}

/** Why Store.open refused. Nothing was changed on disk. */
export type StoreOpenErrorCode = 'newer-schema' | 'locked' | 'worker-failed';

/** A durable write: `ok` means it is on disk (fsync done). A failed one changed nothing. */
export type StoreResult<T> = { ok: true; value: T } | { ok: false; code: StoreErrorCode; message: string };
export type StoreErrorCode = 'disk' | 'busy' | 'closed' | 'not_found' | 'conflict' | 'invalid' | 'internal';

export interface StoreCounters {
  inserted: number;
  /** Telemetry rows given up: queue full, disk full, I/O error, WAL too large. */
  dropped: number;
  pending: number;
  degraded: boolean;
  /** Of the exchanges table, as the worker last reported it. */
  rows: number;
  bytes: number;
}

export type NewEvent = Omit<MeshEvent, 'id'>;
export interface EventQuery {
  since?: string;
  type?: string;
  limit?: number;
}

export interface NewRecording {
  id: string;
  name: string;
  filter: RecordingFilter;
  startedAt: string;
  note?: string;
  /** How it came to be; see Recording.origin. */
  origin?: string;
  /** Out of sight until it is stopped, epoch milliseconds: one that is being made from others. */
  hiddenSince?: number | null;
}
export interface RecordingChange {
  name?: string | undefined;
  note?: string | undefined;
}
/** An exchange of a recording, with what someone marked on it. */
export type AnnotatedExchange = ExchangeDetail & { annotation?: Annotation };
export interface AppendOutcome {
  exchanges: number;
  bytes: number;
}
export interface RecordedPage {
  exchanges: AnnotatedExchange[];
  next: string | null;
}
export interface StopRecording {
  id: string;
  stoppedAt: string;
  /** Exchanges that passed the filter and were not kept. */
  dropped: number;
  /** Why it ended unasked; see Recording.stopReason. */
  reason?: string;
}
export type { Recording };

export interface TraceGroup {
  traceId: string;
  /** Id of its first exchange; the cursor. */
  firstId: string;
  /** None of a trace that only apps sent spans of. */
  exchanges: Exchange[];
  /** How many spans the apps sent of it. */
  appSpans: number;
}

export interface ResourceChange {
  time: string;
  action: 'applied' | 'deleted';
  kind: string;
  namespace: string;
  name: string;
  yaml: string;
}
