import { describeError } from './client.ts';
import { createStore, type Store } from './store.ts';

/** How far the page is with a list that it reads once and keeps up with afterwards. */
export interface Reading {
  /** It was read at least once: an empty list is empty. */
  done: boolean;
  /** Why the latest attempt failed, in words. */
  error: string | null;
}

export type Readings = Readonly<Record<'exchanges' | 'events' | 'faults' | 'recordings', Reading>>;

const notRead: Reading = { done: false, error: null };

/** Reads lists, and tells how that goes. */
export class Reader {
  readonly #store = createStore<Readings>({ exchanges: notRead, events: notRead, faults: notRead, recordings: notRead });
  readonly #onError: (what: string, message: string) => void;

  constructor(onError: (what: string, message: string) => void = () => {}) {
    this.#onError = onError;
  }

  get store(): Store<Readings> {
    return this.#store;
  }

  /** Never throws: what fails is told, and what was read before stays. */
  async read<T>(what: keyof Readings, load: () => Promise<T>, keep: (value: T) => void): Promise<void> {
    try {
      keep(await load());
      this.#note(what, { done: true, error: null });
    } catch (error) {
      const message = describeError(error);
      this.#note(what, { done: this.#store.get()[what].done, error: message });
      this.#onError(what, message);
    }
  }

  #note(what: keyof Readings, { done, error }: Reading): void {
    const all = this.#store.get();
    if (all[what].done !== done || all[what].error !== error) this.#store.set({ ...all, [what]: { done, error } });
  }
}
