import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Recording, RecordingFilter } from '../api/recording.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import { parseDurationMs } from '../shared/duration.ts';
import type { Store } from '../store/store.ts';
import type { StoreResult } from '../store/store-types.ts';
import { type Har, readHar, writeHar } from './har.ts';
import { passesFilter } from './recording-filter.ts';
import type { Redactor } from './redact.ts';

export interface RecorderOptions {
  store: Store;
  clock: Clock;
  /** Uniform [0,1); ids. */
  random: () => number;
  /** For what does not come through the mesh: imported files. */
  redactor: Redactor;
  /** A first recording runs, or the last one has ended. */
  onRecording?: (isRecording: boolean) => void;
  /** `recording.started`, `recording.stopped`. */
  onEvent?: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

/** What was not yet acknowledged by the disk is at most this old. */
const FLUSH_MS = 200;
/** Waiting exchanges above which new ones are dropped and counted: a full disk must not fill the memory. */
const MAX_WAITING = 20_000;
const PAGE = 1000;

interface Running {
  recording: Recording;
  waiting: ExchangeDetail[];
  dropped: number;
  writing: Promise<void>;
  /** Asked to stop, but the disk has not taken it yet: nothing more comes in, and stopping again tries again. */
  closed: boolean;
  timer: Timer | null;
  stopTimer: Timer | null;
}

/** Takes exchanges into recordings. Never in a request's way: what cannot be kept is counted and told, traffic goes on. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: RecorderOptions) {
    this.#options = options;
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
    const { clock, store } = this.#options;
    const forMs = request.for === undefined ? null : parseDurationMs(request.for);
    if (request.for !== undefined && (forMs === null || forMs <= 0)) {
      return { ok: false, code: 'invalid', message: `"${request.for}" is not a duration such as 60s` };
    }
    const created = await store.createRecording({
      id: this.#newId(),
      name: request.name,
      filter: request.filter ?? {},
      startedAt: new Date(clock.wallNow()).toISOString(),
    });
    if (!created.ok) return created;
    const recording = created.value;
    const running: Running = {
      ...{ recording, waiting: [], dropped: 0, writing: Promise.resolve(), closed: false },
      ...{ timer: null, stopTimer: null },
    };
    this.#running.set(recording.id, running);
    this.#options.onRecording?.(true);
    if (forMs !== null) running.stopTimer = clock.setTimer(() => void this.stop(recording.id), forMs);
    this.#event('recording.started', recording, `Recording ${recording.name} started`);
    return created;
  }

  /** By id or name. When it answers ok, the recording is on disk. Stopping a stopped one answers it again. */
  async stop(idOrName: string): Promise<StoreResult<Recording>> {
    const { store, clock } = this.#options;
    const running = this.#find(idOrName);
    if (running === undefined) {
      const known = await store.getRecording(idOrName);
      return known ? { ok: true, value: known } : { ok: false, code: 'not_found', message: `There is no recording ${idOrName}` };
    }
    running.closed = true;
    running.stopTimer?.cancel();
    this.#options.onRecording?.(this.isRecording);
    await this.#flush(running);
    const stopped = await store.stopRecording({
      id: running.recording.id,
      stoppedAt: new Date(clock.wallNow()).toISOString(),
      dropped: running.dropped,
    });
    if (!stopped.ok) return stopped;
    if (!this.#running.delete(running.recording.id)) return stopped; // another stop was faster and has told
    const { exchanges, dropped } = stopped.value;
    const lost = dropped > 0 ? `, ${dropped} could not be kept` : '';
    this.#event('recording.stopped', stopped.value, `Recording ${stopped.value.name} stopped: ${exchanges} exchanges${lost}`);
    return stopped;
  }

  async list(): Promise<Recording[]> {
    return (await this.#options.store.listRecordings()).map((r) => this.#withLive(r));
  }

  async get(idOrName: string): Promise<Recording | null> {
    const recording = await this.#options.store.getRecording(idOrName);
    return recording === null ? null : this.#withLive(recording);
  }

  async exchanges(
    idOrName: string,
    query: { limit?: number; cursor?: string },
  ): Promise<{ exchanges: ExchangeDetail[]; next: string | null } | null> {
    const { store } = this.#options;
    const recording = await store.getRecording(idOrName);
    if (recording === null) return null;
    const running = this.#running.get(recording.id);
    if (running !== undefined) await this.#flush(running);
    return store.recordedExchanges(recording.id, query);
  }

  async delete(idOrName: string): Promise<StoreResult<null>> {
    const { store } = this.#options;
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
    }
    return store.deleteRecording(recording.id);
  }

  async exportHar(idOrName: string): Promise<Har | null> {
    const recording = await this.get(idOrName);
    if (recording === null) return null;
    return writeHar(recording, await this.#all(recording.id));
  }

  /** A recording from a HAR, redacted like traffic. `invalid` with words when it is not one. */
  async importHar(har: unknown, name?: string): Promise<StoreResult<Recording>> {
    const { store, clock } = this.#options;
    const base = this.#newId();
    const read = readHar(har, (index) => `${base}${String(index).padStart(7, '0')}`);
    if (typeof read === 'string') return { ok: false, code: 'invalid', message: read };
    const now = new Date(clock.wallNow()).toISOString();
    const created = await store.createRecording({ id: this.#newId(), name: name ?? read.name, filter: {}, startedAt: now });
    if (!created.ok) return created;
    for (let i = 0; i < read.exchanges.length; i += PAGE) {
      const appended = await store.appendToRecording(
        created.value.id,
        this.#options.redactor.redact(read.exchanges.slice(i, i + PAGE)),
      );
      if (!appended.ok) return appended;
    }
    return store.stopRecording({ id: created.value.id, stoppedAt: now, dropped: read.skipped });
  }

  /** Stops what runs, durably. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.stop(id)));
  }

  async #all(id: string): Promise<ExchangeDetail[]> {
    const running = this.#running.get(id);
    if (running !== undefined) await this.#flush(running);
    const exchanges: ExchangeDetail[] = [];
    for await (const exchange of this.#options.store.eachRecordedExchange(id)) exchanges.push(exchange);
    return exchanges;
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
        if (!result.ok) running.dropped += part.length;
      }
    });
    return running.writing;
  }

  #withLive(recording: Recording): Recording {
    const running = this.#running.get(recording.id);
    if (running === undefined) return recording;
    return {
      ...recording,
      exchanges: recording.exchanges + running.waiting.length,
      dropped: recording.dropped + running.dropped,
    };
  }

  #newId(): string {
    const { clock, random } = this.#options;
    const suffix = Math.floor(random() * 36 ** 8).toString(36);
    return `${Math.floor(clock.wallNow()).toString(36).padStart(9, '0')}${suffix.padStart(8, '0')}`;
  }

  #event(type: string, recording: Recording, message: string): void {
    const { id, name, exchanges, filter } = recording;
    this.#options.onEvent?.({ type, subject: name, message, data: { id, exchanges, filter } });
  }
}
