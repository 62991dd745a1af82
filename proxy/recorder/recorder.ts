import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type {
  RecordedRowFilter,
  RecordedRowPage,
  Recording,
  RecordingFilter,
  RecordingTimeline,
} from '../api/recording.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import { parseDurationMs } from '../shared/duration.ts';
import type { Store } from '../store/store.ts';
import type { AnnotatedExchange, RecordedPage, StoreResult } from '../store/store-types.ts';
import { writeHar } from './har/write-har.ts';
import { writeRecordingFile } from './recording-file.ts';
import { passesFilter } from './recording-filter.ts';
import { makeRecordingId } from './recording-id.ts';
import { StubStore } from './stubs/stub-store.ts';

export interface RecorderOptions {
  store: Store;
  clock: Clock;
  /** Uniform [0,1); ids. */
  random: () => number;
  /** Resolves when everything that has ended so far was offered: what ended before a stop belongs to the recording. */
  collect?: () => Promise<void>;
  /** A first recording runs, or the last one has ended. */
  onRecording?: (isRecording: boolean) => void;
  /** `recording.started`, `recording.stopped`, `recording.failed`, `recording.deleted`. */
  onEvent?: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

/** What was not yet acknowledged by the disk is at most this old. */
const FLUSH_MS = 200;
/** Waiting exchanges above which new ones are dropped and counted: a full disk must not fill the memory. */
const MAX_WAITING = 20_000;
const PAGE = 1000;
/** A deleted recording can be brought back for this long, while the engine runs. */
const UNDO_MS = 10 * 60_000;
/** How often a recording that the disk did not even let end is tried again. */
const END_AGAIN_MS = 2000;

interface Running {
  recording: Recording;
  waiting: ExchangeDetail[];
  dropped: number;
  writing: Promise<void>;
  /** Asked to stop, but the disk has not taken it yet: nothing more comes in, and stopping again tries again. */
  closed: boolean;
  /** The disk took no more: the recording ends with this word. */
  failure: string;
  timer: Timer | null;
  stopTimer: Timer | null;
}

/** Takes exchanges into recordings. Never in a request's way: what cannot be kept is counted and told, traffic goes on. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #running = new Map<string, Running>();
  readonly #purges = new Set<Timer>();
  /** Imported stubs, which lie beside recordings. */
  readonly stubs: StubStore;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.stubs = new StubStore(options.store);
  }

  get isRecording(): boolean {
    return [...this.#running.values()].some((running) => !running.closed);
  }

  /** Exchanges that came without a record: whether a filter would have let them through is not known, so they count. */
  noteDropped(count: number): void {
    for (const running of this.#running.values()) if (!running.closed) running.dropped += count;
  }

  /** Already redacted exchanges; every running recording takes those its filter lets through. */
  offer(batch: readonly ExchangeDetail[]): void {
    for (const running of this.#running.values()) {
      if (running.closed) continue;
      for (const exchange of batch) {
        if (!passesFilter(exchange, running.recording.filter)) continue;
        if (running.waiting.length >= MAX_WAITING) running.dropped++;
        else running.waiting.push(exchange);
      }
      if (running.waiting.length > 0) running.timer ??= this.#options.clock.setTimer(() => void this.#flush(running), FLUSH_MS);
    }
  }

  async start(request: { name: string; filter?: RecordingFilter; for?: string }): Promise<StoreResult<Recording>> {
    const { clock, store, random } = this.#options;
    const forMs = request.for === undefined ? null : parseDurationMs(request.for);
    if (request.for !== undefined && (forMs === null || forMs <= 0)) {
      return { ok: false, code: 'invalid', message: `"${request.for}" is not a duration such as 60s` };
    }
    const created = await store.createRecording({
      id: makeRecordingId(clock, random),
      name: request.name,
      filter: request.filter ?? {},
      startedAt: new Date(clock.wallNow()).toISOString(),
    });
    if (!created.ok) return created;
    const recording = created.value;
    const running: Running = {
      ...{ recording, waiting: [], dropped: 0, writing: Promise.resolve(), closed: false, failure: '' },
      ...{ timer: null, stopTimer: null },
    };
    this.#running.set(recording.id, running);
    this.#options.onRecording?.(true);
    if (forMs !== null) running.stopTimer = clock.setTimer(() => void this.stop(recording.id), forMs);
    this.#tell('recording.started', recording, `Recording ${recording.name} started`);
    return created;
  }

  /** By id or name. When it answers ok, the recording is on disk. Stopping a stopped one answers it again. */
  async stop(idOrName: string): Promise<StoreResult<Recording>> {
    const { store } = this.#options;
    const running = this.#find(idOrName);
    if (running === undefined) {
      const known = await store.getRecording(idOrName);
      return known ? { ok: true, value: known } : { ok: false, code: 'not_found', message: `There is no recording ${idOrName}` };
    }
    running.stopTimer?.cancel();
    if (!running.closed && this.#options.collect) await this.#options.collect();
    running.closed = true;
    this.#options.onRecording?.(this.isRecording);
    await this.#flush(running);
    return this.#end(running);
  }

  async #end(running: Running): Promise<StoreResult<Recording>> {
    const { store, clock } = this.#options;
    const stopped = await store.stopRecording({
      id: running.recording.id,
      stoppedAt: new Date(clock.wallNow()).toISOString(),
      dropped: running.dropped,
      reason: running.failure,
    });
    if (!stopped.ok) return stopped;
    if (!this.#running.delete(running.recording.id)) return stopped; // another stop was faster and has told
    const { exchanges, dropped } = stopped.value;
    const lost = dropped > 0 ? `, ${dropped} could not be kept` : '';
    const why = running.failure === '' ? '' : ` (${running.failure})`;
    this.#tell(
      'recording.stopped',
      stopped.value,
      `Recording ${stopped.value.name} stopped${why}: ${exchanges} exchanges${lost}`,
    );
    return stopped;
  }

  async list(): Promise<Recording[]> {
    const stubs = await this.stubs.counts();
    return (await this.#options.store.listRecordings()).map((r) => this.#withLive(r, stubs));
  }

  async get(idOrName: string): Promise<Recording | null> {
    const recording = await this.#options.store.getRecording(idOrName);
    return recording === null ? null : this.#withLive(recording, await this.stubs.counts());
  }

  async exchanges(
    idOrName: string,
    query: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<RecordedPage | null> {
    const recording = await this.settle(idOrName);
    return recording && this.#options.store.recordedExchanges(recording.id, query);
  }

  async exchange(idOrName: string, exchangeId: string): Promise<AnnotatedExchange | null> {
    const recording = await this.settle(idOrName);
    return recording && this.#options.store.recordedExchange(recording.id, exchangeId);
  }

  async rows(idOrName: string, filter: RecordedRowFilter, offset: number, limit: number): Promise<RecordedRowPage | null> {
    const recording = await this.settle(idOrName);
    return recording && this.#options.store.recordedRows(recording.id, filter, offset, limit);
  }

  async timeline(idOrName: string, slices: number): Promise<RecordingTimeline | null> {
    const recording = await this.settle(idOrName);
    return recording && this.#options.store.recordingTimeline(recording.id, slices);
  }

  /** The recording with everything on disk that was offered so far; null when there is none. */
  async settle(idOrName: string): Promise<Recording | null> {
    const { store } = this.#options;
    const recording = await store.getRecording(idOrName);
    const running = recording && this.#running.get(recording.id);
    if (!running) return recording;
    await this.#flush(running);
    return store.getRecording(recording.id);
  }

  /** Out of every list at once; can be brought back for ten minutes, while the engine runs. Answers its id. */
  async delete(idOrName: string): Promise<StoreResult<string>> {
    const { store, clock } = this.#options;
    const recording = await store.getRecording(idOrName);
    if (recording === null) return { ok: false, code: 'not_found', message: `There is no recording ${idOrName}` };
    const running = this.#running.get(recording.id);
    if (running !== undefined) {
      running.closed = true;
      this.#running.delete(recording.id);
      running.timer?.cancel();
      running.stopTimer?.cancel();
      this.#options.onRecording?.(this.isRecording);
      await running.writing;
      // It would come back as one that still records.
      await this.#end(running);
    }
    const hidden = await store.hideRecording(recording.id, clock.wallNow());
    if (!hidden.ok) return hidden;
    this.#tell('recording.deleted', recording, `Recording ${recording.name} was deleted`);
    const timer = clock.setTimer(() => {
      this.#purges.delete(timer);
      void store.purgeRecordings(clock.wallNow() - UNDO_MS + 1);
    }, UNDO_MS);
    this.#purges.add(timer);
    return { ok: true, value: recording.id };
  }

  /** HAR 1.2, a piece at a time; null when there is no such recording. */
  async exportHar(idOrName: string): Promise<{ name: string; bytes: AsyncIterable<Uint8Array> } | null> {
    const recording = await this.settle(idOrName);
    if (recording === null) return null;
    const exchanges = this.#options.store.eachRecordedExchange(recording.id);
    return { name: recording.name, bytes: writeHar(recording, exchanges, await this.stubs.get(recording.id)) };
  }

  /** The recording as one file (recording-file.ts), a piece at a time; null when there is none. */
  async exportFile(idOrName: string): Promise<{ name: string; bytes: AsyncIterable<Uint8Array> } | null> {
    const recording = await this.settle(idOrName);
    if (recording === null) return null;
    const exchanges = this.#options.store.eachRecordedExchange(recording.id);
    return { name: recording.name, bytes: writeRecordingFile(recording, exchanges, await this.stubs.get(recording.id)) };
  }

  /** Stops what runs, durably. What was deleted goes for good when the next engine starts. */
  async close(): Promise<void> {
    for (const timer of this.#purges) timer.cancel();
    await Promise.all([...this.#running.keys()].map((id) => this.stop(id)));
  }

  #find(idOrName: string): Running | undefined {
    return this.#running.get(idOrName) ?? [...this.#running.values()].reverse().find((r) => r.recording.name === idOrName);
  }

  /** One write at a time per recording; resolves when everything offered before now is on disk or counted as dropped. */
  #flush(running: Running): Promise<void> {
    running.timer?.cancel();
    running.timer = null;
    running.writing = running.writing.then(async () => {
      while (running.waiting.length > 0) {
        const part = running.waiting.splice(0, PAGE);
        const result = await this.#options.store.appendToRecording(running.recording.id, part);
        if (result.ok) continue;
        running.dropped += part.length;
        if (result.code === 'disk') this.#fail(running, result.message);
      }
    });
    return running.writing;
  }

  /** A recording with a hole in it is worth less than one that ends: it stops, with a word, and traffic flows on. */
  #fail(running: Running, why: string): void {
    running.dropped += running.waiting.splice(0).length;
    if (running.closed) return;
    running.closed = true;
    running.failure = why;
    running.stopTimer?.cancel();
    this.#options.onRecording?.(this.isRecording);
    const { name } = running.recording;
    this.#tell('recording.failed', running.recording, `Recording ${name} stopped: ${why}. Traffic goes on.`);
    void this.#endWhenPossible(running);
  }

  /** The disk that took no exchange may not take the end either, for a while. */
  async #endWhenPossible(running: Running): Promise<void> {
    const ended = await this.#end(running);
    if (ended.ok || !this.#running.has(running.recording.id)) return;
    running.stopTimer = this.#options.clock.setTimer(() => void this.#endWhenPossible(running), END_AGAIN_MS);
  }

  #withLive(stored: Recording, stubs: ReadonlyMap<string, number>): Recording {
    const count = stubs.get(stored.id);
    const recording = count === undefined ? stored : { ...stored, stubs: count };
    const running = this.#running.get(recording.id);
    if (running === undefined) return recording;
    return {
      ...recording,
      ...(running.failure === '' ? {} : { state: 'stopped' as const, stopReason: running.failure }),
      waiting: running.waiting.length,
      dropped: recording.dropped + running.dropped,
    };
  }

  #tell(type: string, recording: Recording, message: string): void {
    const { id, name, exchanges, filter } = recording;
    this.#options.onEvent?.({ type, subject: name, message, data: { id, exchanges, filter } });
  }
}
