import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Annotation, KeepTraffic, Recording, RecordingEdit, RecordingSelection } from '../api/recording.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { AnnotatedExchange, NewRecording, StoreResult } from '../store/store-types.ts';
import type { Recorder } from './recorder.ts';
import { makeRecordingId } from './recording-id.ts';

export interface RecordingEditorOptions {
  store: Store;
  recorder: Recorder;
  clock: Clock;
  /** Uniform [0,1); ids. */
  random: () => number;
  /** One that still goes on, redacted, as it stands; null when it does not, or nobody knows it. */
  openExchange?: (id: string) => Promise<ExchangeDetail | null>;
  /** `recording.changed`, `recording.made`, `recording.restored`: other pages read the list again. */
  onEvent?: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

/**
 * Changes to recordings. A name and a note are changed in place; a part of a recording, or several in one, is always a new recording, which shares
 * what is in the exchanges with the old ones: nothing is lost by an edit.
 */
export class RecordingEditor {
  readonly #options: RecordingEditorOptions;

  constructor(options: RecordingEditorOptions) {
    this.#options = options;
  }

  async edit(idOrName: string, change: RecordingEdit): Promise<StoreResult<Recording>> {
    const recording = await this.#find(idOrName);
    if (!recording.ok) return recording;
    const edited = await this.#options.store.editRecording(recording.value.id, change);
    return this.#told('recording.changed', edited, (now) =>
      now.name === recording.value.name
        ? `Recording ${now.name} has another note`
        : `Recording ${recording.value.name} is called ${now.name}`,
    );
  }

  /** Marks exchanges; null takes the marks away. `not_found` when none of them is in the recording. */
  async annotate(idOrName: string, exchanges: readonly string[], annotation: Annotation | null): Promise<StoreResult<number>> {
    const recording = await this.#find(idOrName);
    if (!recording.ok) return recording;
    const marked = await this.#options.store.annotateRecorded(recording.value.id, exchanges, annotation);
    if (!marked.ok || marked.value > 0) return marked;
    return { ok: false, code: 'not_found', message: `${recording.value.name} has no exchange ${exchanges[0]}` };
  }

  /** A new recording with what the selection lets through; without conditions a copy. `invalid` when that is nothing. */
  async keep(idOrName: string, selection: RecordingSelection, name?: string): Promise<StoreResult<Recording>> {
    const found = await this.#find(idOrName);
    if (!found.ok) return found;
    const from = found.value;
    const isCopy = Object.values(selection).every((value) => value === undefined);
    const made = await this.#make([from], selection, {
      name: name ?? `${from.name} (${isCopy ? 'copy' : 'part'})`,
      note: from.note,
      filter: from.filter,
      startedAt: from.startedAt,
      origin: `${isCopy ? 'copied' : 'kept'} from ${from.name}`,
    });
    if (made.ok && made.value.exchanges === 0 && !isCopy) {
      await this.#options.store.deleteRecording(made.value.id);
      return { ok: false, code: 'invalid', message: `Nothing in ${from.name} meets the conditions; no recording was made` };
    }
    return this.#told('recording.made', made, ({ name, origin }) => `Recording ${name} was ${origin}`);
  }

  /**
   * A new recording of requests that passed already, as the store keeps them: redacted, with the beginning of long bodies. What is no longer kept
   * is left out; `not_found` when that is all. One that still goes on is kept as it stands, and the recording's note says so.
   */
  async keepTraffic({ name, exchanges, wholeTraces }: KeepTraffic): Promise<StoreResult<Recording>> {
    const { store, clock, random } = this.#options;
    const { kept, open } = await this.#gather(exchanges, wholeTraces);
    const [first] = kept;
    if (first === undefined) return { ok: false, code: 'not_found', message: 'None of these requests is kept any more' };
    const now = clock.wallNow();
    const id = makeRecordingId(clock, random);
    const created = await store.createRecording({
      ...{ id, name: name ?? `requests of ${first.time.slice(0, 19).replace('T', ' ')}`, filter: {} },
      ...{ startedAt: first.time, hiddenSince: now, origin: 'kept from the list of requests' },
      ...(open > 0 ? { note: `What still went on is kept as far as it had come: ${open} of ${kept.length}.` } : {}),
    });
    if (!created.ok) return created;
    const appended = await store.appendToRecording(id, kept);
    if (!appended.ok) return appended;
    const made = await store.stopRecording({ id, stoppedAt: new Date(now).toISOString(), dropped: 0 });
    return this.#told('recording.made', made, (recording) => `Recording ${recording.name} was ${recording.origin}`);
  }

  /** In order of time, each once; how many of them still go on. */
  async #gather(wanted: KeepTraffic['exchanges'], wholeTraces: boolean): Promise<{ kept: AnnotatedExchange[]; open: number }> {
    const { store } = this.#options;
    const all = new Map<string, AnnotatedExchange>();
    const traces = new Set<string>();
    let open = 0;
    for (const { id, annotation } of wanted) {
      const found = await this.#exchange(id);
      if (found === null) continue;
      if (found.open) open++;
      // A recording is of the past: what it has of an open one is all it will have.
      const { open: _open, ...exchange } = found;
      all.set(id, annotation ? { ...exchange, annotation } : exchange);
      if (wholeTraces && exchange.traceId !== '') traces.add(exchange.traceId);
    }
    for (const traceId of traces)
      for (const exchange of await store.exchangesOfTrace(traceId))
        if (!exchange.open && !all.has(exchange.id)) all.set(exchange.id, exchange);
    const kept = [...all.values()].sort((a, b) => a.time.localeCompare(b.time) || a.id.localeCompare(b.id));
    return { kept, open };
  }

  async #exchange(id: string): Promise<ExchangeDetail | null> {
    const { store, openExchange } = this.#options;
    // It may end between the two.
    return (await store.getExchange(id)) ?? (await openExchange?.(id)) ?? (await store.getExchange(id));
  }

  /** One new recording of several, in order of time. What is in two of them is taken once. */
  async merge(idsOrNames: readonly string[], name?: string): Promise<StoreResult<Recording>> {
    const all: Recording[] = [];
    for (const one of idsOrNames) {
      const found = await this.#find(one);
      if (!found.ok) return found;
      if (!all.some(({ id }) => id === found.value.id)) all.push(found.value);
    }
    if (all.length < 2) return { ok: false, code: 'invalid', message: 'Name at least two different recordings to merge' };
    const names = all.map((recording) => recording.name);
    const notes = all.filter(({ note }) => note !== '').map((recording) => `${recording.name}: ${recording.note}`);
    return this.#make(
      all,
      {},
      {
        name: name ?? names.join(' + ').slice(0, 200),
        note: notes.join('\n').slice(0, 10_000),
        filter: {},
        startedAt: all.map(({ startedAt }) => startedAt).sort()[0]!,
        origin: `merged from ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`,
      },
    );
  }

  /** Brings a deleted one back while it is still there; by its id. */
  async restore(id: string): Promise<StoreResult<Recording>> {
    const restored = await this.#options.store.unhideRecording(id);
    return this.#told('recording.restored', restored, ({ name }) => `Recording ${name} is back`);
  }

  /** Hidden until it is whole, so that nobody meets half of it. */
  async #make(
    from: readonly Recording[],
    selection: RecordingSelection,
    { startedAt, ...made }: Omit<NewRecording, 'id' | 'hiddenSince'>,
  ): Promise<StoreResult<Recording>> {
    const { store, clock, random, recorder } = this.#options;
    const id = makeRecordingId(clock, random);
    const created = await store.createRecording({ ...made, id, startedAt, hiddenSince: clock.wallNow() });
    if (!created.ok) return created;
    for (const one of from) {
      const copied = await store.copyRecorded(one.id, id, selection);
      if (!copied.ok) return copied;
    }
    const stubs = await recorder.stubs.copy(
      from.map((one) => one.id),
      id,
    );
    if (!stubs.ok) return stubs;
    const ends = from.map(({ stoppedAt }) => stoppedAt ?? new Date(clock.wallNow()).toISOString()).sort();
    return store.stopRecording({ id, stoppedAt: ends.at(-1)!, dropped: from.reduce((sum, { dropped }) => sum + dropped, 0) });
  }

  #told(type: string, result: StoreResult<Recording>, words: (recording: Recording) => string): StoreResult<Recording> {
    if (!result.ok) return result;
    const { id, name } = result.value;
    this.#options.onEvent?.({ type, subject: name, message: words(result.value), data: { id } });
    return result;
  }

  async #find(idOrName: string): Promise<StoreResult<Recording>> {
    const recording = await this.#options.recorder.settle(idOrName);
    return recording
      ? { ok: true, value: recording }
      : { ok: false, code: 'not_found', message: `There is no recording ${idOrName}` };
  }
}
