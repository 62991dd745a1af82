import type { Store } from '../../store/store.ts';
import type { StoreResult } from '../../store/store-types.ts';
import { type Stubs, stubsSchema } from './stub.ts';

const prefix = 'stubs/';

/** Stubs lie beside the recording they were imported as, under its id. */
export class StubStore {
  readonly #store: Store;
  #counts: Map<string, number> | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  async get(recordingId: string): Promise<Stubs | null> {
    const kept = await this.#store.getSetting<unknown>(`${prefix}${recordingId}`);
    return kept === null ? null : stubsSchema.parse(kept);
  }

  /** Already redacted ones. */
  async put(recordingId: string, stubs: Stubs): Promise<StoreResult<null>> {
    const result = await this.#store.setSetting(`${prefix}${recordingId}`, stubs);
    if (result.ok) this.#counts?.set(recordingId, stubs.stubs.length);
    return result;
  }

  /** What recordings have together, for one that is made of them; nothing when none has any. */
  async copy(from: readonly string[], to: string): Promise<StoreResult<null>> {
    const counts = await this.counts();
    const all: Stubs[] = [];
    for (const id of from) {
      const stubs = counts.has(id) ? await this.get(id) : null;
      if (stubs !== null) all.push(stubs);
    }
    const [first, ...more] = all;
    if (first === undefined) return { ok: true, value: null };
    return this.put(to, more.reduce(join, first));
  }

  /** How many stubs a recording has, by its id. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    if (this.#counts === null) {
      const kept = await this.#store.listSettings<Stubs>(prefix);
      this.#counts = new Map(kept.map(({ key, value }) => [key.slice(prefix.length), value.stubs.length]));
    }
    return this.#counts;
  }

  /** Removes those of recordings that are gone for good. When the engine starts: later a deleted recording may still come back. */
  async sweep(): Promise<void> {
    const known = new Set((await this.#store.listRecordings()).map(({ id }) => id));
    // A store that cannot be read answers nothing: no reason to throw anything away.
    if (known.size === 0) return;
    for (const id of [...(await this.counts()).keys()]) {
      if (known.has(id)) continue;
      await this.#store.deleteSetting(`${prefix}${id}`);
      this.#counts?.delete(id);
    }
  }
}

/** Where both name the same state, literal or variable, the first has it. */
function join(first: Stubs, second: Stubs): Stubs {
  return {
    source: first.source === second.source ? first.source : 'drydock',
    stubs: [...first.stubs, ...second.stubs],
    state: { ...second.state, ...first.state },
    delays: [...first.delays, ...second.delays],
    literals: { ...second.literals, ...first.literals },
    variables: { ...second.variables, ...first.variables },
  };
}
