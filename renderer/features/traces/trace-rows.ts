import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { createStore, type Store } from '../../engine/store.ts';

export interface TracePage {
  traces: readonly TraceSummary[];
  next: string | null;
}

/** `all`: everything the engine keeps was looked through. `full`: the page holds as many as it can. */
export type LookBackPhase = 'more' | 'loading' | 'all' | 'full';

export interface TraceRowsView {
  /** Newest first; null until the first page came. */
  traces: readonly TraceSummary[] | null;
  phase: LookBackPhase;
}

const maxRows = 10_000;

/**
 * The traces of one filter: the newest, read again and again, and behind them what the engine keeps, read page by page when somebody looks for it.
 *
 *   newest page, every two seconds  [ … ]
 *   what it had before                   [ … ]
 *   looked back                               [ … oldest kept ]
 */
export class TraceRows {
  readonly #read: (cursor: string) => Promise<TracePage>;
  readonly #byId = new Map<string, TraceSummary>();
  readonly #view = createStore<TraceRowsView>({ traces: null, phase: 'more' });
  /** Where to go on looking back; undefined until the newest page came. */
  #cursor: string | null | undefined;
  #loading = false;

  constructor(read: (cursor: string) => Promise<TracePage>) {
    this.#read = read;
  }

  get view(): Store<TraceRowsView> {
    return this.#view;
  }

  /** The newest page, as it is now. */
  addNewest({ traces, next }: TracePage): void {
    if (this.#cursor === undefined) this.#cursor = next;
    this.#show(traces);
  }

  /** One page further back; nothing while one is on its way. A page that cannot be read may be asked for again. */
  async lookBack(): Promise<void> {
    const cursor = this.#cursor;
    if (typeof cursor !== 'string' || this.#view.get().phase !== 'more') return;
    this.#loading = true;
    this.#view.set({ ...this.#view.get(), phase: 'loading' });
    try {
      const page = await this.#read(cursor);
      this.#cursor = page.next;
      this.#loading = false;
      this.#show(page.traces);
    } catch (error) {
      this.#loading = false;
      this.#show([]);
      throw error;
    }
  }

  #show(more: readonly TraceSummary[]): void {
    for (const trace of more) this.#byId.set(trace.traceId, trace);
    const traces = [...this.#byId.values()].sort(newestFirst);
    for (const { traceId } of traces.splice(maxRows)) this.#byId.delete(traceId);
    const ended = this.#cursor === null ? 'all' : traces.length >= maxRows ? 'full' : 'more';
    this.#view.set({ traces, phase: this.#loading ? 'loading' : ended });
  }
}

export function newestFirst(a: TraceSummary, b: TraceSummary): number {
  if (a.start !== b.start) return a.start < b.start ? 1 : -1;
  return a.traceId < b.traceId ? 1 : a.traceId > b.traceId ? -1 : 0;
}
