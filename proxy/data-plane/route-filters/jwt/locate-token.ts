import type { ExchangeState } from '../../exchange.ts';
import { readQueryParameter } from '../../route/match-request.ts';
import type { JwtSnapshot } from '../../snapshot.ts';

export type TokenLocation =
  | { kind: 'header'; name: string }
  | { kind: 'parameter'; name: string }
  | { kind: 'cookie'; name: string };
export interface FoundToken {
  token: string;
  location: TokenLocation;
}

/** Where a rule looks: what it lists, else `Authorization: Bearer` and the query parameter `access_token`. */
export function locateTokens(rule: JwtSnapshot, exchange: Pick<ExchangeState, 'headers' | 'path'>): FoundToken[] {
  const nothingListed = rule.fromHeaders.length + rule.fromParams.length + rule.fromCookies.length === 0;
  const headers = nothingListed ? [{ name: 'authorization', prefix: 'Bearer ' }] : rule.fromHeaders;
  const parameters = nothingListed ? ['access_token'] : rule.fromParams;
  const found: FoundToken[] = [];
  for (const { name, prefix } of headers) {
    for (const value of exchange.headers.getAll(name.toLowerCase())) {
      const start = value.indexOf(prefix);
      if (start === -1) continue;
      const token = bareToken(value.slice(start + prefix.length));
      if (token !== '') found.push({ token, location: { kind: 'header', name: name.toLowerCase() } });
    }
  }
  for (const name of parameters) {
    const token = readQueryParameter(exchange.path, name);
    if (token !== undefined && token !== '') found.push({ token, location: { kind: 'parameter', name } });
  }
  for (const name of rule.fromCookies) {
    const token = readCookie(exchange.headers.getAll('cookie'), name);
    if (token !== '') found.push({ token, location: { kind: 'cookie', name } });
  }
  return found;
}

/** The first run of characters a JWT may have; what has none is taken as it is, and fails as a token. */
function bareToken(text: string): string {
  return /[A-Za-z0-9_\-.]+/.exec(text)?.[0] ?? text.trim();
}

function readCookie(cookies: string[], name: string): string {
  for (const line of cookies) {
    for (const pair of line.split(';')) {
      const equals = pair.indexOf('=');
      if (equals !== -1 && pair.slice(0, equals).trim() === name)
        return pair
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1');
    }
  }
  return '';
}

/** Takes a token that was verified off the request. Cookies stay: they hold other things too. */
export function stripToken(exchange: Pick<ExchangeState, 'headers' | 'path'>, location: TokenLocation): void {
  if (location.kind === 'header') exchange.headers.remove(location.name);
  if (location.kind !== 'parameter') return;
  const start = exchange.path.indexOf('?');
  const kept = exchange.path
    .slice(start + 1)
    .split('&')
    .filter((pair) => pair !== location.name && !pair.startsWith(`${location.name}=`));
  exchange.path = exchange.path.slice(0, start) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}
