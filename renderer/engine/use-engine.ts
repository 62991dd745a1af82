import { createContext, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { ApiResponse, ApiRouteName } from '../../proxy/api/routes.ts';
import { type CallArgs, describeError } from './client.ts';
import type { Engine } from './engine.ts';
import type { Reading, Readings } from './readings.ts';
import type { Store } from './store.ts';

export const EngineContext = createContext<Engine | null>(null);

export function useEngine(): Engine {
  const engine = useContext(EngineContext);
  if (!engine) throw new Error('useEngine outside EngineContext');
  return engine;
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(
    useCallback((listener: () => void) => store.subscribe(listener), [store]),
    () => store.get(),
  );
}

/** What `read` makes of the value; renders again only when that is another word, number or object, however often the value changes. */
export function useSelected<T, R>(store: Store<T>, read: (value: T) => R): R {
  return useSyncExternalStore(
    useCallback((listener: () => void) => store.subscribe(listener), [store]),
    () => read(store.get()),
  );
}

export const useStatus = () => useStore(useEngine().status);
export const useGraph = () => useStore(useEngine().graph);
export const useEvents = () => useStore(useEngine().events);
export const useFaults = () => useStore(useEngine().faults);
export const useRecordings = () => useStore(useEngine().recordings);
/** Whether an empty list is empty or not read. */
export const useReading = (what: keyof Readings): Reading => useSelected(useEngine().readings, (all) => all[what]);
export const useStreamState = () => useStore(useEngine().stream);
/** Re-renders at most ten times a second; read exchanges with `useEngine().exchanges.at(n)`. */
export const useRingView = () => useStore(useEngine().exchanges);

export interface Loaded<T> {
  /** The last good answer; stays while a refresh runs or fails. */
  data: T | null;
  /** In words. */
  error: string | null;
  loading: boolean;
  reload: () => void;
}

/**
 * Loads an API answer and keeps it fresh: on mount, when the arguments change, when the stream comes back, and every `refreshMs` if given.
 * `args: null` loads nothing (nothing selected yet).
 */
export function useCall<K extends ApiRouteName>(
  route: K,
  args: CallArgs<K> | null = {},
  refreshMs?: number,
): Loaded<ApiResponse<K>> {
  const engine = useEngine();
  const live = useStreamState().phase === 'live';
  const key = args === null ? null : JSON.stringify(args);
  const [result, setResult] = useState<{ key: string | null; data: ApiResponse<K> | null; error: string | null }>({
    key: null,
    data: null,
    error: null,
  });
  const [round, setRound] = useState(0);
  const argsRef = useRef(args);
  argsRef.current = args;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the arguments, `round` asks again.
  useEffect(() => {
    if (key === null || !live) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      try {
        const data = await engine.call(route, { ...(argsRef.current as CallArgs<K>), signal: abort.signal });
        if (!abort.signal.aborted) setResult({ key, data, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        setResult((before) => ({ key, data: before.key === key ? before.data : null, error: describeError(error) }));
      }
      if (refreshMs && !abort.signal.aborted) timer = setTimeout(() => void load(), refreshMs);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [engine, route, key, live, refreshMs, round]);

  const current = result.key === key && key !== null;
  return {
    data: current ? result.data : null,
    error: current ? result.error : null,
    loading: key !== null && !current,
    reload: useCallback(() => setRound((n) => n + 1), []),
  };
}
