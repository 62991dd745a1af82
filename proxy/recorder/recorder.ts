import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Recording, RecordingFilter } from '../api/recording.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { StoreResult } from '../store/store-types.ts';

export interface RecorderOptions {
  store: Store;
  clock: Clock;
  /** Uniform [0,1); ids. */
  random: () => number;
  /** `recording.started`, `recording.stopped`. */
  onEvent?: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

/** Shape published first; the body follows. */
export declare class Recorder {
  constructor(options: RecorderOptions);
  /** Already redacted exchanges; every running recording takes those its filter lets through. */
  offer(batch: readonly ExchangeDetail[]): void;
  start(request: { name: string; filter?: RecordingFilter; for?: string }): Promise<StoreResult<Recording>>;
  /** By id or name. When it answers ok, the recording is on disk. Stopping a stopped one answers it again. */
  stop(idOrName: string): Promise<StoreResult<Recording>>;
  list(): Promise<Recording[]>;
  get(idOrName: string): Promise<Recording | null>;
  exchanges(
    idOrName: string,
    query: { limit?: number; cursor?: string },
  ): Promise<{ exchanges: ExchangeDetail[]; next: string | null } | null>;
  delete(idOrName: string): Promise<StoreResult<null>>;
  exportHar(idOrName: string): Promise<{ log: { entries: unknown[] } & Record<string, unknown> } | null>;
  importHar(har: unknown, name?: string): Promise<StoreResult<Recording>>;
  close(): Promise<void>;
}
