import { createContext, useContext } from 'react';
import { useStore as useZustand } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';

/** `run`: everything since the engine started. */
export const windows = ['1m', '5m', '15m', '1h', 'run'] as const;
export type TimeWindow = (typeof windows)[number];
export type Theme = 'system' | 'light' | 'dark';

/** `Show the last 5m` */
export const windowWords = (window: TimeWindow): string =>
  window === 'run' ? 'Show everything since the engine started' : `Show the last ${window}`;

/** As the API takes it. */
export const windowQuery: Record<TimeWindow, string> = { '1m': '60s', '5m': '300s', '15m': '900s', '1h': '3600s', run: 'run' };

export interface Preferences {
  theme: Theme;
  motion: 'system' | 'reduced';
  window: TimeWindow;
  /** The view stands still; the capture goes on. Not kept between starts. */
  paused: boolean;
}

export type PreferencesStore = StoreApi<Preferences>;

export const defaultPreferences: Preferences = { theme: 'system', motion: 'system', window: '5m', paused: false };

const key = 'drydock.preferences';

/** Kept in local storage; anything unreadable there is left behind for the defaults. */
export function createPreferences(storage: Pick<Storage, 'getItem' | 'setItem'>): PreferencesStore {
  const store = createStore<Preferences>(() => ({
    ...defaultPreferences,
    ...readKept(storage),
  }));
  store.subscribe(({ theme, motion, window }) => storage.setItem(key, JSON.stringify({ theme, motion, window })));
  return store;
}

function readKept(storage: Pick<Storage, 'getItem'>): Partial<Preferences> {
  const text = storage.getItem(key);
  if (!text) return {};
  try {
    const kept = JSON.parse(text) as Partial<Preferences>;
    const known: Partial<Preferences> = {};
    if (kept.theme === 'system' || kept.theme === 'light' || kept.theme === 'dark') known.theme = kept.theme;
    if (kept.motion === 'system' || kept.motion === 'reduced') known.motion = kept.motion;
    if (windows.includes(kept.window as TimeWindow)) known.window = kept.window;
    return known;
  } catch {
    return {};
  }
}

/** Puts theme and motion on <html>, follows the system's theme while that is asked for. Returns the function that stops it. */
export function applyAppearance(store: PreferencesStore, page: Window): () => void {
  const dark = page.matchMedia('(prefers-color-scheme: dark)');
  const still = page.matchMedia('(prefers-reduced-motion: reduce)');
  const apply = () => {
    const { theme, motion } = store.getState();
    const root = page.document.documentElement;
    root.dataset.theme = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
    root.dataset.motion = still.matches ? 'reduced' : motion;
  };
  apply();
  dark.addEventListener('change', apply);
  still.addEventListener('change', apply);
  const stop = store.subscribe(apply);
  return () => {
    dark.removeEventListener('change', apply);
    still.removeEventListener('change', apply);
    stop();
  };
}

export const PreferencesContext = createContext<PreferencesStore | null>(null);

export function usePreferencesStore(): PreferencesStore {
  const store = useContext(PreferencesContext);
  if (!store) throw new Error('usePreferencesStore outside PreferencesContext');
  return store;
}

export function usePreferences(): Preferences {
  return useZustand(usePreferencesStore());
}
