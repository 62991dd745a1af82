import type { ExchangeDetail } from '../api/exchange.schema.ts';
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
import { type EncodedExchange, encodeExchange } from './exchange-row.ts';
import type { StoreCalls } from './store-calls.ts';
import type {
  AnnotatedExchange,
  AppendOutcome,
  NewRecording,
  RecordedPage,
  RecordingChange,
  ResourceChange,
  StopRecording,
  StoreResult,
} from './store-types.ts';

/** Before anything was hidden. */
const longAgo = 0;

/** What is durable: an `ok` is on disk. Recordings, replays, runs of scenarios, settings, the history of resources. */
export class DurableStore {
  protected readonly calls: StoreCalls;
  readonly #encoded = new WeakMap<ExchangeDetail, EncodedExchange>();

  constructor(calls: StoreCalls) {
    this.calls = calls;
  }

  createRecording(recording: NewRecording): Promise<StoreResult<Recording>> {
    return this.calls.durable('createRecording', recording);
  }

  async appendToRecording(id: string, exchanges: readonly AnnotatedExchange[]): Promise<StoreResult<AppendOutcome>> {
    const encoded = exchanges.map(({ annotation, ...exchange }, n) => ({
      exchange: annotation === undefined ? this.encode(exchanges[n]!) : encodeExchange(exchange),
      annotation: annotation ?? null,
    }));
    return notFoundWhenNull(await this.calls.durable('appendToRecording', id, encoded), `recording ${id}`);
  }

  async stopRecording(stop: StopRecording): Promise<StoreResult<Recording>> {
    return notFoundWhenNull(await this.calls.durable('stopRecording', stop), `recording ${stop.id}`);
  }

  /** Newest first. */
  async listRecordings(): Promise<Recording[]> {
    return (await this.calls.read('listRecordings')) ?? [];
  }

  /** By id, else the newest of that name. */
  getRecording(idOrName: string): Promise<Recording | null> {
    return this.calls.read('getRecording', idOrName);
  }

  /** Oldest first. */
  async recordedExchanges(id: string, query: { limit?: number; cursor?: string }): Promise<RecordedPage> {
    return (await this.calls.read('recordedExchanges', id, query.cursor, query.limit ?? 1000)) ?? { exchanges: [], next: null };
  }

  /** All of them, oldest first, a page of `pageSize` in memory at a time. Nothing for a recording that is not there. */
  async *eachRecordedExchange(
    id: string,
    { pageSize = 1000 }: { pageSize?: number } = {},
  ): AsyncGenerator<AnnotatedExchange, void, void> {
    for await (const page of eachPage((cursor) => this.recordedExchanges(id, { limit: pageSize, cursor }))) yield* page.exchanges;
  }

  recordedExchange(id: string, exchangeId: string): Promise<AnnotatedExchange | null> {
    return this.calls.read('recordedExchange', id, exchangeId);
  }

  /** Lines of a list, oldest first, from any place on. */
  async recordedRows(id: string, filter: RecordedRowFilter, offset: number, limit: number): Promise<RecordedRowPage> {
    return (await this.calls.read('recordedRows', id, filter, offset, limit)) ?? { rows: [], total: 0 };
  }

  async recordingTimeline(id: string, slices: number): Promise<RecordingTimeline> {
    return (await this.calls.read('recordingTimeline', id, slices)) ?? { from: null, to: null, sliceMs: 0, slices: [] };
  }

  async editRecording(id: string, change: RecordingChange): Promise<StoreResult<Recording>> {
    return notFoundWhenNull(await this.calls.durable('editRecording', id, change), `recording ${id}`);
  }

  /** How many of the exchanges are in the recording. */
  annotateRecorded(id: string, exchangeIds: readonly string[], annotation: Annotation | null): Promise<StoreResult<number>> {
    return this.calls.durable('annotateRecorded', id, exchangeIds, annotation);
  }

  /** Takes what the selection lets through of one recording into another. Not at once: others are served between the steps. */
  async copyRecorded(from: string, to: string, selection: RecordingSelection): Promise<StoreResult<null>> {
    for (let after: string | undefined; ; ) {
      const step = notFoundWhenNull(
        await this.calls.durable('copyRecorded', { from, to, selection, after }),
        `recording ${from}`,
      );
      if (!step.ok) return step;
      if (step.value.next === null) return { ok: true, value: null };
      after = step.value.next;
    }
  }

  /** Out of sight; `unhideRecording` brings it back until it is purged. */
  async hideRecording(id: string, now: number): Promise<StoreResult<null>> {
    const result = await this.calls.durable('hideRecording', id, now);
    return result.ok && !result.value ? notFound(`recording ${id}`) : toNull(result);
  }

  async unhideRecording(id: string): Promise<StoreResult<Recording>> {
    return notFoundWhenNull(await this.calls.durable('unhideRecording', id), `recording ${id} any more`);
  }

  /** Removes for good what was hidden before `until`. */
  async purgeRecordings(until: number): Promise<StoreResult<null>> {
    for (;;) {
      const step = await this.calls.durable('purgeRecordings', until);
      if (!step.ok || !step.value) return toNull(step);
    }
  }

  /** For good, at once. */
  async deleteRecording(id: string): Promise<StoreResult<null>> {
    const hidden = await this.hideRecording(id, longAgo);
    return hidden.ok ? this.purgeRecordings(longAgo + 1) : hidden;
  }

  async saveReplay(replay: Replay): Promise<StoreResult<null>> {
    return toNull(await this.calls.durable('saveReplay', replay));
  }

  getReplay(id: string): Promise<Replay | null> {
    return this.calls.read('getReplay', id);
  }

  /** Newest first. */
  async listReplays(): Promise<Replay[]> {
    return (await this.calls.read('listReplays')) ?? [];
  }

  /** The last fifty are kept. */
  async saveScenarioRun(run: ScenarioRun): Promise<StoreResult<null>> {
    return toNull(await this.calls.durable('saveScenarioRun', run));
  }

  getScenarioRun(id: string): Promise<ScenarioRun | null> {
    return this.calls.read('getScenarioRun', id);
  }

  /** Newest first. */
  async listScenarioRuns(scenario?: string, namespace?: string): Promise<ScenarioRun[]> {
    return (await this.calls.read('listScenarioRuns', scenario, namespace)) ?? [];
  }

  /** A JSON value: ports kept between runs, live resources, saved faults. */
  async getSetting<T>(key: string): Promise<T | null> {
    const json = await this.calls.read('getSetting', key);
    return json === null ? null : (JSON.parse(json) as T);
  }

  async setSetting(key: string, value: unknown): Promise<StoreResult<null>> {
    return toNull(await this.calls.durable('setSetting', key, JSON.stringify(value ?? null)));
  }

  async deleteSetting(key: string): Promise<StoreResult<null>> {
    return toNull(await this.calls.durable('deleteSetting', key));
  }

  /** Sorted by key. */
  async listSettings<T>(prefix: string): Promise<{ key: string; value: T }[]> {
    const rows = (await this.calls.read('listSettings', prefix)) ?? [];
    return rows.map(({ key, value }) => ({ key, value: JSON.parse(value) as T }));
  }

  async appendResourceHistory(changes: readonly ResourceChange[]): Promise<StoreResult<null>> {
    return toNull(await this.calls.durable('appendResourceHistory', changes));
  }

  /** Newest first. */
  async listResourceHistory(query: {
    kind?: string;
    namespace?: string;
    name?: string;
    limit?: number;
  }): Promise<ResourceChange[]> {
    return (await this.calls.read('listResourceHistory', query)) ?? [];
  }

  /** Once for all tables it goes to. */
  protected encode(exchange: ExchangeDetail): EncodedExchange {
    let encoded = this.#encoded.get(exchange);
    if (encoded === undefined) this.#encoded.set(exchange, (encoded = encodeExchange(exchange)));
    return encoded;
  }
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
