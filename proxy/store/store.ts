import type { ExchangeDetail, ExchangePage, ExchangeQuery } from '../api/exchange.schema.ts';
import type { MeshEvent, Span } from '../api/observability.schema.ts';
import type { Recording, Replay } from '../api/recording.schema.ts';
import type {
  AppendOutcome,
  EventQuery,
  NewEvent,
  NewRecording,
  RecordedPage,
  ResourceChange,
  StopRecording,
  StoreCounters,
  StoreOpenErrorCode,
  StoreOptions,
  StoreResult,
  TraceGroup,
} from './store-types.ts';

/** Store.open refused; the file is untouched. `message` is for a person. */
export declare class StoreOpenError extends Error {
  readonly code: StoreOpenErrorCode;
}

/** Shape published first; the body follows. No method rejects or throws: reads answer empty, durable writes answer a StoreResult. */
export declare class Store {
  static open(options: StoreOptions): Promise<Store>;
  /** Flushes what is pending (bounded) and closes the database. */
  close(): Promise<void>;
  counters(): StoreCounters;
  /** Resolves when everything given so far was written or dropped. */
  flush(): Promise<void>;

  // telemetry: best effort, batched, already redacted
  insertExchanges(exchanges: ExchangeDetail[]): void;
  queryExchanges(query: Partial<ExchangeQuery>): Promise<ExchangePage>;
  getExchange(id: string): Promise<ExchangeDetail | null>;
  /** Oldest first. */
  exchangesOfTrace(traceId: string): Promise<ExchangeDetail[]>;
  /** Newest first; telemetry/traces.ts makes summaries of them. */
  listTraceGroups(query: { limit?: number; cursor?: string }): Promise<{ groups: TraceGroup[]; next: string | null }>;
  /** Gives ids at once; they go on from the last run. */
  insertEvents(events: NewEvent[]): MeshEvent[];
  listEvents(query: EventQuery): Promise<MeshEvent[]>;
  insertAppSpans(spans: Span[]): void;
  appSpansOfTrace(traceId: string): Promise<Span[]>;

  // durable
  createRecording(recording: NewRecording): Promise<StoreResult<Recording>>;
  appendToRecording(id: string, exchanges: ExchangeDetail[]): Promise<StoreResult<AppendOutcome>>;
  stopRecording(stop: StopRecording): Promise<StoreResult<Recording>>;
  /** Newest first. */
  listRecordings(): Promise<Recording[]>;
  /** By id, else the newest of that name. */
  getRecording(idOrName: string): Promise<Recording | null>;
  recordedExchanges(id: string, query: { limit?: number; cursor?: string }): Promise<RecordedPage>;
  deleteRecording(id: string): Promise<StoreResult<null>>;
  saveReplay(replay: Replay): Promise<StoreResult<null>>;
  getReplay(id: string): Promise<Replay | null>;
  listReplays(): Promise<Replay[]>;
  /** JSON values. Ports kept between runs, live resources, saved faults. */
  getSetting<T>(key: string): Promise<T | null>;
  setSetting(key: string, value: unknown): Promise<StoreResult<null>>;
  deleteSetting(key: string): Promise<StoreResult<null>>;
  listSettings<T>(prefix: string): Promise<{ key: string; value: T }[]>;
  appendResourceHistory(changes: ResourceChange[]): Promise<StoreResult<null>>;
  listResourceHistory(query: { kind?: string; namespace?: string; name?: string; limit?: number }): Promise<ResourceChange[]>;
}
