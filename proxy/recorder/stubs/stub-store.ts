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

  /** How many stubs a recording has, by its id. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    if (this.#counts === null) {
      const kept = await this.#store.listSettings<Stubs>(prefix);
      this.#counts = new Map(kept.map(({ key, value }) => [key.slice(prefix.length), value.stubs.length]));
    }
    return this.#counts;
  }

  /** Of recordings that are gone for good. */
  async sweep(isKept: (recordingId: string) => Promise<boolean>): Promise<void> {
    for (const id of [...(await this.counts()).keys()]) {
      if (await isKept(id)) continue;
      await this.#store.deleteSetting(`${prefix}${id}`);
      this.#counts?.delete(id);
    }
  }
}
