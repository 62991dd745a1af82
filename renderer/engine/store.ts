/** A value outside React with listeners: what `useSyncExternalStore` reads. */
export interface Store<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

export interface WritableStore<T> extends Store<T> {
  set(value: T): void;
}

export function createStore<T>(initial: T): WritableStore<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A store that, while paused, remembers the newest value and shows it when the pause ends. */
export function createPausable<T>(initial: T): WritableStore<T> & { setPaused(paused: boolean): void } {
  const shown = createStore(initial);
  let latest = initial;
  let paused = false;
  return {
    ...shown,
    set: (value) => {
      latest = value;
      if (!paused) shown.set(value);
    },
    setPaused: (next) => {
      paused = next;
      if (!paused) shown.set(latest);
    },
  };
}
