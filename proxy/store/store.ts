import type { Exchange, ExchangeDetail, ExchangePage, ExchangeQuery } from '../api/exchange.schema.ts';
import type { LogRecord } from '../api/log.schema.ts';
import type { MeshEvent, Span } from '../api/observability.schema.ts';
import { DurableStore } from './durable-store.ts';
import { compileExchangeFilter } from './exchange-filter.ts';
import { approximateBytes, newestFirst, RecentExchanges, toSummary } from './recent-exchanges.ts';
import { StoreCalls } from './store-calls.ts';
import type { EventQuery, NewEvent, StoreCounters, StoreLimits, StoreOptions, TraceGroup } from './store-types.ts';
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

/**
 * The database, seen from the main thread. The worker owns the file; here are a bounded queue before it and the newest rows in memory, so
 * that an exchange is found the moment it is known.
 *
 *   insertExchanges ─┬─▶ RecentExchanges (memory) ───────────┐
 *                    └─▶ WriteQueue ─▶ worker ─▶ SQLite ──────┴─▶ queryExchanges (merged by id)
 *
 * No method rejects or throws: reads answer empty, durable writes answer a StoreResult. Telemetry that could not be written is counted in
 * `counters().dropped`, and `store.degraded` is told once until it works again. Here is the telemetry; what is durable stands in
 * durable-store.ts.
 */
export class Store extends DurableStore {
  readonly #options: StoreOptions;
  readonly #recent = new RecentExchanges(recentRows, recentBytes);
  /** In progress, without contents; never written. */
  readonly #open = new Map<string, Exchange>();
  readonly #recentEvents: MeshEvent[] = [];
  readonly #exchangeQueue: WriteQueue<ExchangeDetail>;
  readonly #eventQueue: WriteQueue<MeshEvent>;
  readonly #spanQueue: WriteQueue<Span>;
  readonly #logQueue: WriteQueue<LogRecord>;
  #lastEventId = 0;
  #inserted = 0;
  #usage = { rows: 0, bytes: 0 };

  private constructor(options: StoreOptions, limits: StoreLimits, worker: WorkerClient) {
    super(new StoreCalls(worker, (notice) => options.onNotice?.(notice)));
    this.#options = options;
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
      write: async (batch) => (await this.calls.telemetry('insertEvents', batch)) !== null,
    });
    this.#spanQueue = new WriteQueue({
      ...shared,
      maxItems: limits.maxPending,
      sizeOf: () => 600,
      write: async (batch) => (await this.calls.telemetry('insertAppSpans', batch)) !== null,
    });
    this.#logQueue = new WriteQueue({
      ...shared,
      maxItems: limits.maxPending,
      sizeOf: (log) => 400 + log.body.length * 2,
      write: async (batch) => (await this.calls.telemetry('insertAppLogs', batch)) !== null,
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
        onCrash: (message) => tell((store) => store.calls.noteFailure(message)),
      },
    );
    const store = new Store(options, limits, client);
    holder.store = store;
    for (const notice of holder.notices) notice();
    if (problem !== null) store.calls.noteFailure(problem);
    else await store.#loadState();
    // What was deleted, or was being made, when the last engine ended.
    if (problem === null) void store.purgeRecordings(options.clock.wallNow());
    return store;
  }

  /** Flushes what is pending and closes the database. */
  async close(): Promise<void> {
    await this.flush();
    await this.calls.close();
  }

  get #queues() {
    return [this.#exchangeQueue, this.#eventQueue, this.#spanQueue, this.#logQueue];
  }

  counters(): StoreCounters {
    return {
      inserted: this.#inserted,
      dropped: this.calls.dropped,
      pending: this.#queues.reduce((sum, queue) => sum + queue.pending, 0),
      degraded: this.calls.degraded,
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
    const stored = (await this.calls.read('queryExchanges', filter, cursor, limit + 1)) ?? [];
    const recent = this.#recent.query(compileExchangeFilter(filter), cursor, limit + 1);
    return pageOf(mergeById(open, mergeById(stored, recent)).sort(newestFirst), limit);
  }

  async getExchange(id: string): Promise<ExchangeDetail | null> {
    return this.#recent.get(id) ?? (await this.calls.read('getExchange', id));
  }

  /** Oldest first. */
  async exchangesOfTrace(traceId: string): Promise<ExchangeDetail[]> {
    const stored = (await this.calls.read('exchangesOfTrace', traceId, maxExchangesPerTrace)) ?? [];
    return mergeById(stored, this.#recent.ofTrace(traceId)).sort((a, b) => newestFirst(b, a));
  }

  /** Newest first, by each trace's first exchange, or first span where apps alone sent any. telemetry/traces.ts makes summaries of them. */
  async listTraceGroups(query: { limit?: number; cursor?: string }): Promise<{ groups: TraceGroup[]; next: string | null }> {
    const { limit = 50, cursor } = query;
    const stored = (await this.calls.read('traceGroups', cursor, limit + 1)) ?? [];
    const groups = new Map<string, TraceGroup>(stored.map((group) => [group.traceId, { ...group, appSpans: 0 }]));
    for (const [traceId, exchanges] of this.#recentTraces()) {
      const group = groups.get(traceId);
      const all = mergeById(group?.exchanges ?? [], exchanges).sort((a, b) => newestFirst(b, a));
      // A trace that only looks younger than the cursor because its beginning is on disk alone belongs to another page.
      const firstId = group && group.firstId < all[0]!.id ? group.firstId : all[0]!.id;
      if (cursor === undefined || firstId < cursor) groups.set(traceId, { traceId, firstId, exchanges: all, appSpans: 0 });
    }
    await this.#spanQueue.flush();
    for (const group of (await this.calls.read('appTraceGroups', cursor, limit + 1)) ?? [])
      if (!groups.has(group.traceId)) groups.set(group.traceId, { ...group, exchanges: [], appSpans: 0 });
    const sorted = [...groups.values()].sort((a, b) => newestFirst({ id: a.firstId }, { id: b.firstId }));
    const page = sorted.slice(0, limit);
    const counts =
      (await this.calls.read(
        'appSpanCounts',
        page.map(({ traceId }) => traceId),
      )) ?? [];
    for (const [place, group] of page.entries()) group.appSpans = counts[place] ?? 0;
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
    const stored = await this.calls.read('listEvents', { ...query, limit });
    if (stored && !this.calls.degraded) return stored;
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
    return (await this.calls.read('appSpansOfTrace', traceId)) ?? [];
  }

  insertAppLogs(logs: readonly LogRecord[]): void {
    this.#logQueue.add(logs);
  }

  /** In the order they came, the first five thousand. */
  async appLogsOfTrace(traceId: string): Promise<LogRecord[]> {
    await this.#logQueue.flush();
    return (await this.calls.read('appLogsOfTrace', traceId)) ?? [];
  }

  // ── how it goes ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #loadState(): Promise<void> {
    const usage = await this.calls.read('usage');
    if (usage) this.#usage = usage;
    this.#lastEventId = Math.max(this.#lastEventId, (await this.calls.read('lastEventId')) ?? 0);
  }

  async #writeExchanges(batch: ExchangeDetail[]): Promise<boolean> {
    const encoded = batch.map((exchange) => this.encode(exchange));
    const outcome = await this.calls.telemetry('insertExchanges', encoded);
    if (outcome === null) return false;
    this.#inserted += outcome.inserted;
    this.#usage = { rows: outcome.rows, bytes: outcome.bytes };
    return true;
  }

  #noticeQuarantine(file: string, reason: string): void {
    this.#options.onNotice?.({
      type: 'store.quarantined',
      message: `the database could not be used (${reason}); it was kept as ${file} and a fresh one was made`,
      data: { file, reason },
    });
  }

  #countDropped(count: number): void {
    this.calls.dropped += count;
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
