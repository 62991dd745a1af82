import type { DesktopApi } from './desktop-api.d.ts';

/** Where the control API is and the token that opens it. */
export interface Connection {
  /** Without a trailing slash. */
  url: string;
  token: string;
}

/** Asked again before every connect: a restarted engine has another port and token. null = there is nothing to connect to yet. */
export type FindConnection = () => Promise<Connection | null>;

export interface BrowserPage {
  location: { origin: string; pathname: string; search: string; hash: string };
  history: { replaceState(data: unknown, unused: string, url: string): void };
  sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
}

const tokenKey = 'drydock.token';

/** Takes `token=…` out of a URL fragment: `#token=abc` and `#/requests?x=1&token=abc` both work. */
export function splitToken(hash: string): { token: string | null; rest: string } {
  const text = hash.startsWith('#') ? hash.slice(1) : hash;
  const match = /(^|[&?])token=([^&]*)/.exec(text);
  if (!match) return { token: null, rest: text };
  const rest = (text.slice(0, match.index) + text.slice(match.index + match[0].length)).replace(/[?&]$/, '').replace(/^[&?]/, '');
  return { token: decodeURIComponent(match[2] ?? ''), rest };
}

/** In a browser: the page's own origin, the token from the fragment, kept for this tab and taken out of the address bar. */
export function findBrowserConnection(page: BrowserPage): FindConnection {
  const { token, rest } = splitToken(page.location.hash);
  if (token !== null) {
    page.sessionStorage.setItem(tokenKey, token);
    page.history.replaceState(null, '', page.location.pathname + page.location.search + (rest ? `#${rest}` : ''));
  }
  return () => {
    const kept = page.sessionStorage.getItem(tokenKey);
    return Promise.resolve(kept ? { url: page.location.origin, token: kept } : null);
  };
}

export function findDesktopConnection(desktop: DesktopApi): FindConnection {
  return async () => {
    const found = await desktop.getConnection();
    return found && { url: found.url.replace(/\/$/, ''), token: found.token };
  };
}
