import { createContext, useContext } from 'react';
import { createStore, type Store } from '../engine/store.ts';
import { useStore } from '../engine/use-engine.ts';

/** `#/traces/7f3a?critical=1` → {screen: 'traces', rest: ['7f3a'], query}. Every view is such a URL; Back works. */
export interface Route {
  screen: string;
  rest: readonly string[];
  query: URLSearchParams;
}

export type QueryChange = Record<string, string | null | undefined>;

export interface Router {
  route: Store<Route>;
  /** `navigate('requests', {filter: 'status>=500'})`, `navigate('traces/7f3a')`. Replaces the whole query. */
  navigate(path: string, query?: QueryChange, options?: { replace?: boolean }): void;
  /** Changes some query values of the current view; null and '' remove one. Replaces the history entry unless `push`. */
  setQuery(change: QueryChange, options?: { push?: boolean }): void;
  close(): void;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [screen = '', ...rest] = path.split('/').map(decodeURIComponent);
  return { screen, rest, query: new URLSearchParams(query) };
}

/** `hrefTo('requests', {filter: 'dest:ratings'})` → `#/requests?filter=dest%3Aratings`: for links. */
export function hrefTo(path: string, query: QueryChange = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}

export function createRouter(page: Window): Router {
  const route = createStore(parseRoute(page.location.hash));
  const read = () => route.set(parseRoute(page.location.hash));
  page.addEventListener('hashchange', read);
  page.addEventListener('popstate', read);
  const go = (hash: string, replace: boolean) => {
    if (hash === page.location.hash) return;
    page.history[replace ? 'replaceState' : 'pushState'](null, '', hash);
    read();
  };
  return {
    route,
    navigate: (path, query, options) => go(hrefTo(path, query), options?.replace ?? false),
    setQuery: (change, options) => {
      const { screen, rest, query } = route.get();
      const next = Object.fromEntries(query);
      for (const [name, value] of Object.entries(change)) next[name] = value ?? '';
      go(hrefTo([screen, ...rest].map(encodeURIComponent).join('/'), next), !options?.push);
    },
    close: () => {
      page.removeEventListener('hashchange', read);
      page.removeEventListener('popstate', read);
    },
  };
}

export const RouterContext = createContext<Router | null>(null);

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (!router) throw new Error('useRouter outside RouterContext');
  return router;
}

export function useRoute(): Route {
  return useStore(useRouter().route);
}
