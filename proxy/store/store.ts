import type { Exchange, ExchangeDetail, ExchangePage, ExchangeQuery } from '../api/exchange.schema.ts';
import type { LogRecord } from '../api/log.schema.ts';
import type { MeshEvent, Span } from '../api/observability.schema.ts';
import type {
  Annotation,
  RecordedRowFilter,
  RecordedRowPage,
  Recording,
  RecordingSelection,
  RecordingTimeline,
} from '../api/recording.schema.ts';
import type { Replay } from '../api/replay.schema.ts';
import type { ScenarioRun } from '../api/scenario.schema.ts';
import { eachPage } from '../shared/each-page.ts';
import { compileExchangeFilter } from './exchange-filter.ts';
import { type EncodedExchange, encodeExchange } from './exchange-row.ts';
import type { OperationResult } from './messages.ts';
import type { OperationName, Operations } from './operations.ts';
import { approximateBytes, newestFirst, RecentExchanges, toSummary } from './recent-exchanges.ts';
import type {
  AnnotatedExchange,
  AppendOutcome,
  EventQuery,
  NewEvent,
  NewRecording,
  RecordedPage,
  RecordingChange,
  ResourceChange,
  StopRecording,
  StoreCounters,
  StoreErrorCode,
  StoreLimits,
  StoreOptions,
  StoreResult,
  TraceGroup,
} from './store-types.ts';
import { WorkerClient } from './worker-client.ts';
import { WriteQueue } from './write-queue.ts';

export { StoreOpenError } from './worker-client.ts';

const defaultLimits: StoreLimits = {
  maxExchanges: 50_000,
  maxExchangeBytes: 512 * 1024 * 1024,
  maxEvents: 20_000,
  maxAppSpans: 100_000,
  maxAppLogs: 100_000,
  maxResourceHistory: 2000,
  maxReplays: 100,
  maxPending: 20_000,
  maxPendingBytes: 64 * 1024 * 1024,
  maxWalBytes: 64 * 1024 * 1024,
};
const recentRows = 4000;
const recentBytes = 32 * 1024 * 1024;
const recentEvents = 500;
const maxExchangesPerTrace = 5000;
/** Before anything was hidden. */
const longAgo = 0;

/**
 * The database, seen from the main thread. The worker owns the file; here are a bounded queue before it and the newest rows in memory, so
 * that an exchange is found the moment it is known.
 *
 *   insertExchanges ─┬─▶ RecentExchanges (memory) ───────────┐
 *                    └─▶ WriteQueue ─▶ worker ─▶ SQLite ──────┴─▶ queryExchanges (merged by id)
 *
 * No method rejects or throws: reads answer empty, durable writes answer a StoreResult. Telemetry that could not be written is counted in
 * `counters().dropped`, and `store.degraded` is told once until it works again.
 */
export class Store {
  readonly #worker: WorkerClient;
  readonly #options: StoreOptions;
  readonly #recent = new RecentExchanges(recentRows, recentBytes);
  /** In progress, without contents; never written. */
  readonly #open = new Map<string, Exchange>();
  readonly #recentEvents: MeshEvent[] = [];
  readonly #exchangeQueue: WriteQueue<ExchangeDetail>;
  readonly #eventQueue: WriteQueue<MeshEvent>;
  readonly #spanQueue: WriteQueue<Span>;
  readonly #logQueue: WriteQueue<LogRecord>;
  readonly #encoded = new WeakMap<ExchangeDetail, EncodedExchange>();
  #lastEventId = 0;
  #inserted = 0;
  #dropped = 0;
  #degraded = false;
  #usage = { rows: 0, bytes: 0 };

  private constructor(options: StoreOptions, limits: StoreLimits, worker: WorkerClient) {
    this.#options = options;
    this.#worker = worker;
    const shared = {
      clock: options.clock,
      maxBytes: limits.maxPendingBytes,
      onDropped: (count: number) => this.#countDropped(count),
    };
    this.#exchangeQueue = new WriteQueue({
      ...shared,
      maxItems: limits.maxPending,
      sizeOf: approximateBytes,
      write: (batch) => this.#writeExchanges(batch),
    });
    this.#eventQueue = new WriteQueue({
      ...shared,
      maxItems: 5000,
      sizeOf: (event) => 300 + event.message.length,
      write: async (batch) => (await this.#telemetry('insertEvents', batch)) !== null,
    });
    this.#spanQueue = new WriteQueue({
      ...shared,
      maxItems: limits.maxPending,
      sizeOf: () => 600,
      write: async (batch) => (await this.#telemetry('insertAppSpans', batch)) !== null,
    });
    this.#logQueue = new WriteQueue({
      ...shared,
      maxItems: limits.maxPending,
      sizeOf: (log) => 400 + log.body.length * 2,
      write: async (batch) => (await this.#telemetry('insertAppLogs', batch)) !== null,
    });
  }

  /**
   * Opens (or makes) the database. Throws StoreOpenError when it must not be used (a newer schema, held by another process); a corrupt file
   * is put aside and a fresh one made; a full or broken disk opens degraded and is retried.
   */
  static async open(options: StoreOptions): Promise<Store> {
    const limits = { ...defaultLimits, ...options.limits };
    const holder: { store: Store | null; notices: (() => void)[] } = { store: null, notices: [] };
    const tell = (notice: (store: Store) => void): void => {
      if (holder.store) notice(holder.store);
      else holder.notices.push(() => notice(holder.store!));
    };
    const { client, problem } = await WorkerClient.start(
      { path: options.path, lockTimeoutMs: options.lockTimeoutMs ?? 5000, limits },
      options.workerUrl ?? defaultWorkerUrl(),
      {
        onQuarantined: (file, reason) => tell((store) => store.#noticeQuarantine(file, reason)),
        onCrash: (message) => tell((store) => store.#noteFailure(message)),
      },
    );
    const store = new Store(options, limits, client);
    holder.store = store;
    for (const notice of holder.notices) notice();
    if (problem !== null) store.#noteFailure(problem);
    else await store.#loadState();
    // What was deleted, or was being made, when the last engine ended.
    if (problem === null) void store.purgeRecordings(options.clock.wallNow());
    return store;
  }

  /** Flushes what is pending and closes the database. */
  async close(): Promise<void> {
    await this.flush();
    await this.#worker.close();
  }

  get #queues() {
    return [this.#exchangeQueue, this.#eventQueue, this.#spanQueue, this.#logQueue];
  }

  counters(): StoreCounters {
    return {
      inserted: this.#inserted,
      dropped: this.#dropped,
      pending: this.#queues.reduce((sum, queue) => sum + queue.pending, 0),
      degraded: this.#degraded,
      ...this.#usage,
    };
  }

  /** Resolves when everything given so far was written or dropped. */
  async flush(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.flush()));
  }

  // ── telemetry: best effort, batched, already redacted ───────────────────────────────────────────────────────────

  insertExchanges(exchanges: readonly ExchangeDetail[]): void {
    for (const exchange of exchanges) {
      this.#recent.add(exchange);
      this.#open.delete(exchange.id);
    }
    this.#exchangeQueue.add(exchanges);
  }

  /** Exchanges in progress: the ones that changed, and the ids of all; the others are forgotten. Answers what was forgotten. */
  setOpenExchanges(changed: readonly Exchange[], ids: readonly string[]): Exchange[] {
    const kept = new Set(ids);
    const gone = [...this.#open.values()].filter(({ id }) => !kept.has(id));
    for (const { id } of gone) this.#open.delete(id);
    for (const exchange of changed) if (kept.has(exchange.id)) this.#open.set(exchange.id, exchange);
    return gone;
  }

  /** Without contents. */
  openExchanges(): Exchange[] {
    return [...this.#open.values()];
  }

  /** Newest first; `next` is the cursor of the following page. */
  async queryExchanges(query: Partial<ExchangeQuery>): Promise<ExchangePage> {
    const { limit = 100, cursor, open: wanted, ...filter } = query;
    const { matches } = compileExchangeFilter(filter);
    const isOpen = (exchange: Exchange) => matches(exchange) && (cursor === undefined || exchange.id < cursor);
    const open =
      wanted === 'false'
        ? []
        : [...this.#open.values()]
            .filter(isOpen)
            .sort(newestFirst)
            .slice(0, limit + 1);
    if (wanted === 'true') return pageOf(open, limit);
    const stored = (await this.#read('queryExchanges', filter, cursor, limit + 1)) ?? [];
    const recent = this.#recent.query(compileExchangeFilter(filter), cursor, limit + 1);
    return pageOf(mergeById(open, mergeById(stored, recent)).sort(newestFirst), limit);
  }

  async getExchange(id: string): Promise<ExchangeDetail | null> {
    return this.#recent.get(id) ?? (await this.#read('getExchange', id));
  }

  /** Oldest first. */
  async exchangesOfTrace(traceId: string): Promise<ExchangeDetail[]> {
    const stored = (await this.#read('exchangesOfTrace', traceId, maxExchangesPerTrace)) ?? [];
    return mergeById(stored, this.#recent.ofTrace(traceId)).sort((a, b) => newestFirst(b, a));
  }

  /** Newest first, by each trace's first exchange. telemetry/traces.ts makes summaries of them. */
  async listTraceGroups(query: { limit?: number; cursor?: string }): Promise<{ groups: TraceGroup[]; next: string | null }> {
    const { limit = 50, cursor } = query;
    const stored = (await this.#read('traceGroups', cursor, limit + 1)) ?? [];
    const groups = new Map(stored.map((group) => [group.traceId, group]));
    for (const [traceId, exchanges] of this.#recentTraces()) {
      const group = groups.get(traceId);
      const all = mergeById(group?.exchanges ?? [], exchanges).sort((a, b) => newestFirst(b, a));
      // A trace that only looks younger than the cursor because its beginning is on disk alone belongs to another page.
      const firstId = group && group.firstId < all[0]!.id ? group.firstId : all[0]!.id;
      if (cursor === undefined || firstId < cursor) groups.set(traceId, { traceId, firstId, exchanges: all });
    }
    const sorted = [...groups.values()].sort((a, b) => newestFirst({ id: a.firstId }, { id: b.firstId }));
    const page = sorted.slice(0, limit);
    return { groups: page, next: sorted.length > limit ? page.at(-1)!.firstId : null };
  }

  /** Gives ids at once; they go on from the last run. */
  insertEvents(events: readonly NewEvent[]): MeshEvent[] {
    const numbered = events.map((event) => ({ ...event, id: ++this.#lastEventId }));
    this.#recentEvents.push(...numbered);
    if (this.#recentEvents.length > recentEvents) this.#recentEvents.splice(0, this.#recentEvents.length - recentEvents);
    this.#eventQueue.add(numbered);
    return numbered;
  }

  /** Newest first. `type` is exact, or a prefix when it ends in `.`. */
  async listEvents(query: EventQuery): Promise<MeshEvent[]> {
    const limit = query.limit ?? 200;
    await this.#eventQueue.flush();
    const stored = await this.#read('listEvents', { ...query, limit });
    if (stored && !this.#degraded) return stored;
    const since = query.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(query.since);
    const type = query.type;
    const recent = this.#recentEvents.filter(
      (e) => Date.parse(e.time) >= since && (!type || e.type === type || (type.endsWith('.') && e.type.startsWith(type))),
    );
    const all = new Map([...(stored ?? []), ...recent].map((event) => [event.id, event]));
    return [...all.values()].sort((a, b) => b.id - a.id).slice(0, limit);
  }

  insertAppSpans(spans: readonly Span[]): void {
    this.#spanQueue.add(spans);
  }

  async appSpansOfTrace(traceId: string): Promise<Span[]> {
    await this.#spanQueue.flush();
    return (await this.#read('appSpansOfTrace', traceId)) ?? [];
  }

  insertAppLogs(logs: readonly LogRecord[]): void {
    this.#logQueue.add(logs);
  }

  /** In the order they came, the first five thousand. */
  async appLogsOfTrace(traceId: string): Promise<LogRecord[]> {
    await this.#logQueue.flush();
    return (await this.#read('appLogsOfTrace', traceId)) ?? [];
  }

  // ── durable: an `ok` is on disk ─────────────────────────────────────────────────────────────────────────────────

  createRecording(recording: NewRecording): Promise<StoreResult<Recording>> {
    return this.#durable('createRecording', recording);
  }

  async appendToRecording(id: string, exchanges: readonly AnnotatedExchange[]): Promise<StoreResult<AppendOutcome>> {
    const encoded = exchanges.map(({ annotation, ...exchange }, n) => ({
      exchange: annotation === undefined ? this.#encode(exchanges[n]!) : encodeExchange(exchange),
      annotation: annotation ?? null,
    }));
    return notFoundWhenNull(await this.#durable('appendToRecording', id, encoded), `recording ${id}`);
  }

  async stopRecording(stop: StopRecording): Promise<StoreResult<Recording>> {
    return notFoundWhenNull(await this.#durable('stopRecording', stop), `recording ${stop.id}`);
  }

  /** Newest first. */
  async listRecordings(): Promise<Recording[]> {
    return (await this.#read('listRecordings')) ?? [];
  }

  /** By id, else the newest of that name. */
  getRecording(idOrName: string): Promise<Recording | null> {
    return this.#read('getRecording', idOrName);
  }

  /** Oldest first. */
  async recordedExchanges(id: string, query: { limit?: number; cursor?: string }): Promise<RecordedPage> {
    return (await this.#read('recordedExchanges', id, query.cursor, query.limit ?? 1000)) ?? { exchanges: [], next: null };
  }

  /** All of them, oldest first, a page of `pageSize` in memory at a time. Nothing for a recording that is not there. */
  async *eachRecordedExchange(
    id: string,
    { pageSize = 1000 }: { pageSize?: number } = {},
  ): AsyncGenerator<AnnotatedExchange, void, void> {
    for await (const page of eachPage((cursor) => this.recordedExchanges(id, { limit: pageSize, cursor }))) yield* page.exchanges;
  }

  recordedExchange(id: string, exchangeId: string): Promise<AnnotatedExchange | null> {
    return this.#read('recordedExchange', id, exchangeId);
  }

  /** Lines of a list, oldest first, from any place on. */
  async recordedRows(id: string, filter: RecordedRowFilter, offset: number, limit: number): Promise<RecordedRowPage> {
    return (await this.#read('recordedRows', id, filter, offset, limit)) ?? { rows: [], total: 0 };
  }

  async recordingTimeline(id: string, slices: number): Promise<RecordingTimeline> {
    return (await this.#read('recordingTimeline', id, slices)) ?? { from: null, to: null, sliceMs: 0, slices: [] };
  }

  async editRecording(id: string, change: RecordingChange): Promise<StoreResult<Recording>> {
    return notFoundWhenNull(await this.#durable('editRecording', id, change), `recording ${id}`);
  }

  /** How many of the exchanges are in the recording. */
  annotateRecorded(id: string, exchangeIds: readonly string[], annotation: Annotation | null): Promise<StoreResult<number>> {
    return this.#durable('annotateRecorded', id, exchangeIds, annotation);
  }

  /** Takes what the selection lets through of one recording into another. Not at once: others are served between the steps. */
  async copyRecorded(from: string, to: string, selection: RecordingSelection): Promise<StoreResult<null>> {
    for (let after: string | undefined; ; ) {
      const step = notFoundWhenNull(await this.#durable('copyRecorded', { from, to, selection, after }), `recording ${from}`);
      if (!step.ok) return step;
      if (step.value.next === null) return { ok: true, value: null };
      after = step.value.next;
    }
  }

  /** Out of sight; `unhideRecording` brings it back until it is purged. */
  async hideRecording(id: string, now: number): Promise<StoreResult<null>> {
    const result = await this.#durable('hideRecording', id, now);
    return result.ok && !result.value ? notFound(`recording ${id}`) : toNull(result);
  }

  async unhideRecording(id: string): Promise<StoreResult<Recording>> {
    return notFoundWhenNull(await this.#durable('unhideRecording', id), `recording ${id} any more`);
  }

  /** Removes for good what was hidden before `until`. */
  async purgeRecordings(until: number): Promise<StoreResult<null>> {
    for (;;) {
      const step = await this.#durable('purgeRecordings', until);
      if (!step.ok || !step.value) return toNull(step);
    }
  }

  /** For good, at once. */
  async deleteRecording(id: string): Promise<StoreResult<null>> {
    const hidden = await this.hideRecording(id, longAgo);
    return hidden.ok ? this.purgeRecordings(longAgo + 1) : hidden;
  }

  async saveReplay(replay: Replay): Promise<StoreResult<null>> {
    return toNull(await this.#durable('saveReplay', replay));
  }

  getReplay(id: string): Promise<Replay | null> {
    return this.#read('getReplay', id);
  }

  /** Newest first. */
  async listReplays(): Promise<Replay[]> {
    return (await this.#read('listReplays')) ?? [];
  }

  /** The last fifty are kept. */
  async saveScenarioRun(run: ScenarioRun): Promise<StoreResult<null>> {
    return toNull(await this.#durable('saveScenarioRun', run));
  }

  getScenarioRun(id: string): Promise<ScenarioRun | null> {
    return this.#read('getScenarioRun', id);
  }

  /** Newest first. */
  async listScenarioRuns(scenario?: string, namespace?: string): Promise<ScenarioRun[]> {
    return (await this.#read('listScenarioRuns', scenario, namespace)) ?? [];
  }

  /** A JSON value: ports kept between runs, live resources, saved faults. */
  async getSetting<T>(key: string): Promise<T | null> {
    const json = await this.#read('getSetting', key);
    return json === null ? null : (JSON.parse(json) as T);
  }

  async setSetting(key: string, value: unknown): Promise<StoreResult<null>> {
    return toNull(await this.#durable('setSetting', key, JSON.stringify(value ?? null)));
  }

  async deleteSetting(key: string): Promise<StoreResult<null>> {
    return toNull(await this.#durable('deleteSetting', key));
  }

  /** Sorted by key. */
  async listSettings<T>(prefix: string): Promise<{ key: string; value: T }[]> {
    const rows = (await this.#read('listSettings', prefix)) ?? [];
    return rows.map(({ key, value }) => ({ key, value: JSON.parse(value) as T }));
  }

  async appendResourceHistory(changes: readonly ResourceChange[]): Promise<StoreResult<null>> {
    return toNull(await this.#durable('appendResourceHistory', changes));
  }

  /** Newest first. */
  async listResourceHistory(query: {
    kind?: string;
    namespace?: string;
    name?: string;
    limit?: number;
  }): Promise<ResourceChange[]> {
    return (await this.#read('listResourceHistory', query)) ?? [];
  }

  // ── how it goes ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #loadState(): Promise<void> {
    const usage = await this.#read('usage');
    if (usage) this.#usage = usage;
    this.#lastEventId = Math.max(this.#lastEventId, (await this.#read('lastEventId')) ?? 0);
  }

  async #writeExchanges(batch: ExchangeDetail[]): Promise<boolean> {
    const encoded = batch.map((exchange) => this.#encode(exchange));
    const outcome = await this.#telemetry('insertExchanges', encoded);
    if (outcome === null) return false;
    this.#inserted += outcome.inserted;
    this.#usage = { rows: outcome.rows, bytes: outcome.bytes };
    return true;
  }

  async #telemetry<K extends OperationName>(
    name: K,
    ...parameters: Parameters<Operations[K]>
  ): Promise<ReturnType<Operations[K]> | null> {
    const result = await this.#worker.call(name, ...parameters);
    this.#note(result);
    return result.ok ? result.value : null;
  }

  async #read<K extends OperationName>(
    name: K,
    ...parameters: Parameters<Operations[K]>
  ): Promise<ReturnType<Operations[K]> | null> {
    const result = await this.#worker.call(name, ...parameters);
    if (!result.ok) this.#note(result);
    return result.ok ? result.value : null;
  }

  async #durable<K extends OperationName>(
    name: K,
    ...parameters: Parameters<Operations[K]>
  ): Promise<StoreResult<ReturnType<Operations[K]>>> {
    const result = await this.#worker.call(name, ...parameters);
    this.#note(result);
    if (result.ok) return result;
    return { ok: false, code: errorCodes[result.kind], message: `not saved: ${result.message}` };
  }

  #note(result: OperationResult<OperationName>): void {
    if (result.ok) this.#noteSuccess();
    else if (result.kind !== 'closed') this.#noteFailure(result.message);
  }

  #noteFailure(message: string): void {
    if (this.#degraded) return;
    this.#degraded = true;
    this.#options.onNotice?.({
      type: 'store.degraded',
      message: `the database takes nothing for now: ${message}. Traffic goes on; what is not kept is counted.`,
      data: { reason: message, dropped: this.#dropped },
    });
  }

  #noteSuccess(): void {
    if (!this.#degraded) return;
    this.#degraded = false;
    this.#options.onNotice?.({
      type: 'store.recovered',
      message: `the database takes writes again; ${this.#dropped} rows were not kept`,
      data: { dropped: this.#dropped },
    });
  }

  #noticeQuarantine(file: string, reason: string): void {
    this.#options.onNotice?.({
      type: 'store.quarantined',
      message: `the database could not be used (${reason}); it was kept as ${file} and a fresh one was made`,
      data: { file, reason },
    });
  }

  #countDropped(count: number): void {
    this.#dropped += count;
  }

  /** Once for all tables it goes to. */
  #encode(exchange: ExchangeDetail): EncodedExchange {
    let encoded = this.#encoded.get(exchange);
    if (encoded === undefined) this.#encoded.set(exchange, (encoded = encodeExchange(exchange)));
    return encoded;
  }

  #recentTraces(): Map<string, Exchange[]> {
    const traces = new Map<string, Exchange[]>();
    for (const exchange of this.#recent.all()) {
      if (exchange.traceId === '') continue;
      const list = traces.get(exchange.traceId);
      if (list) list.push(toSummary(exchange));
      else traces.set(exchange.traceId, [toSummary(exchange)]);
    }
    return traces;
  }
}

const errorCodes: Record<Extract<OperationResult<OperationName>, { ok: false }>['kind'], StoreErrorCode> = {
  disk: 'disk',
  corrupt: 'disk',
  busy: 'busy',
  overloaded: 'busy',
  closed: 'closed',
  internal: 'internal',
};

/** Beside this file, as source or as built. */
function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}

function pageOf(sorted: readonly Exchange[], limit: number): ExchangePage {
  const exchanges = sorted.slice(0, limit);
  return { exchanges, next: sorted.length > limit ? exchanges.at(-1)!.id : null };
}

function mergeById<T extends { id: string }>(stored: readonly T[], recent: readonly T[]): T[] {
  const byId = new Map(stored.map((exchange) => [exchange.id, exchange]));
  for (const exchange of recent) byId.set(exchange.id, exchange);
  return [...byId.values()];
}

function toNull(result: StoreResult<unknown>): StoreResult<null> {
  return result.ok ? { ok: true, value: null } : result;
}

function notFoundWhenNull<T>(result: StoreResult<T | null>, what: string): StoreResult<T> {
  if (!result.ok) return result;
  return result.value === null ? notFound(what) : { ok: true, value: result.value };
}

function notFound(what: string): { ok: false; code: 'not_found'; message: string } {
  return { ok: false, code: 'not_found', message: `there is no ${what}` };
}
