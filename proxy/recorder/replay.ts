import type { Replay, ReplayRequest } from '../api/recording.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { StoreResult } from '../store/store-types.ts';

export interface ReplayCall {
  /** Who sends it: a workload id's sidecar (`reviews-v1-0`; '' with `service` when unknown), or the ingress. */
  source: { kind: 'workload'; workload: string; service: string; namespace: string } | { kind: 'ingress' };
  method: string;
  authority: string;
  /** With query. */
  path: string;
  /** Without hop and trace headers. */
  headers: [string, string][];
  body: Buffer;
  /** `to: reviews=v2`, when it concerns this call's recording: what goes to the service must go to that version. */
  override: { service: string; version: string } | null;
  signal: AbortSignal;
}
export interface ReplayAnswer {
  /** 0 with `error` set: a transport failure. */
  status: number;
  headers: [string, string][];
  body: Buffer;
  traceId: string;
  durationMs: number;
  error: string;
}
export type ReplaySend = (call: ReplayCall) => Promise<ReplayAnswer>;

export interface ReplayerOptions {
  store: Store;
  clock: Clock;
  random: () => number;
  send: ReplaySend;
  /** In flight at most; default 32. */
  concurrency?: number;
}

/** Shape published first; the body follows. */
export declare class Replayer {
  constructor(options: ReplayerOptions);
  start(recordingIdOrName: string, request: Partial<ReplayRequest>): Promise<StoreResult<Replay>>;
  get(id: string): Promise<Replay | null>;
  list(): Promise<Replay[]>;
  cancel(id: string): Promise<StoreResult<Replay>>;
  close(): Promise<void>;
}
