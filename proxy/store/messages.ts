import type { FailureKind } from './errors.ts';
import type { OperationName, Operations } from './operations.ts';
import type { StoreLimits } from './store-types.ts';

/** What the worker is started with. */
export interface WorkerSetup {
  path: string;
  lockTimeoutMs: number;
  limits: StoreLimits;
}

/** Client → worker. `id` pairs a question with its answer. */
export type ToStoreWorker =
  | { type: 'call'; id: number; name: OperationName; parameters: unknown[] }
  | { type: 'close'; id: number };

/** Worker → client. */
export type FromStoreWorker =
  | { type: 'opened'; quarantined: { file: string; reason: string } | null; problem: string | null }
  | { type: 'refused'; code: 'newer-schema' | 'locked'; message: string }
  | { type: 'answer'; id: number; ok: true; value: unknown }
  | { type: 'answer'; id: number; ok: false; kind: FailureKind; message: string }
  | { type: 'quarantined'; file: string; reason: string }
  | { type: 'closed'; id: number };

export type OperationResult<K extends OperationName> =
  | { ok: true; value: ReturnType<Operations[K]> }
  | { ok: false; kind: FailureKind | 'closed' | 'overloaded'; message: string };
