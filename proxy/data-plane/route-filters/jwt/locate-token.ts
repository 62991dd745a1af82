import type { ExchangeState } from '../../exchange.ts';
import { changeQuery } from '../../route/change-query.ts';
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

/**
 * Where a rule looks: what it lists, each kind in the order of its names (Envoy: Extractor keeps them in sorted maps), else
 * `Authorization: Bearer` and the query parameter `access_token`.
 */
export function locateTokens(rule: JwtSnapshot, exchange: Pick<ExchangeState, 'headers' | 'path'>): FoundToken[] {
  const nothingListed = rule.fromHeaders.length + rule.fromParams.length + rule.fromCookies.length === 0;
  const headers = nothingListed ? [{ name: 'authorization', prefix: 'Bearer ' }] : rule.fromHeaders;
  const parameters = nothingListed ? ['access_token'] : rule.fromParams;
  const found: FoundToken[] = [];
  for (const { name, prefix } of sorted(headers, (header) => header.name.toLowerCase() + header.prefix)) {
    // Several lines are one value, as Envoy reads it: a second token makes the first no token.
    const value = exchange.headers.getJoined(name.toLowerCase());
    const start = value?.indexOf(prefix) ?? -1;
    if (value === undefined || start === -1) continue;
    const token = bareToken(value.slice(start + prefix.length));
    found.push({ token, location: { kind: 'header', name: name.toLowerCase() } });
  }
  for (const name of sorted(parameters, String)) {
    const token = readQueryParameter(exchange.path, name);
    if (token !== undefined) found.push({ token: percentDecoded(token), location: { kind: 'parameter', name } });
  }
  for (const name of sorted(rule.fromCookies, String)) {
    const token = readCookie(exchange.headers.getAll('cookie'), name);
    if (token !== undefined) found.push({ token, location: { kind: 'cookie', name } });
  }
  return found;
}

const sorted = <T>(list: readonly T[], key: (entry: T) => string): readonly T[] =>
  list.length < 2 ? list : list.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));

/** From the first character a JWT may have to the end: what follows a token is part of it, and spoils it. */
function bareToken(text: string): string {
  const start = text.search(/[A-Za-z0-9_\-.]/);
  return start === -1 ? text.trim() : text.slice(start).trimEnd();
}

/** What is no escape stays as it is. */
function percentDecoded(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function readCookie(cookies: string[], name: string): string | undefined {
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
  return undefined;
}

/** Takes a token that was verified off the request. Cookies stay: they hold other things too. */
export function stripToken(exchange: Pick<ExchangeState, 'headers' | 'path'>, location: TokenLocation): void {
  if (location.kind === 'header') exchange.headers.remove(location.name);
  if (location.kind !== 'parameter') return;
  exchange.path = changeQuery(exchange.path, [], [location.name]);
}
