import type { ExchangeState, LocalReply } from '../../exchange.ts';
import { HeaderMap } from '../../header-map.ts';
import { changeQuery } from '../../route/change-query.ts';
import type { HeaderChange, Verdict } from './verdict.ts';

/** What an authorizer's word does to the request and to the responses on their way down (Envoy: ext_authz Filter::onComplete). */

export function applyAllowance(exchange: ExchangeState, verdict: Verdict & { kind: 'allowed' }): void {
  for (const change of verdict.request) changeRequest(exchange, change);
  // What a request cannot be without stays.
  for (const name of verdict.removeFromRequest) if (!name.startsWith(':') && name !== 'host') exchange.headers.remove(name);
  if (verdict.response.length > 0) {
    exchange.responseHeaderFilters.push(({ headers }) => {
      for (const change of verdict.response) changeHeader(headers, change);
    });
  }
  if (verdict.setQuery.length + verdict.removeQuery.length > 0) {
    exchange.path = changeQuery(exchange.path, verdict.setQuery, verdict.removeQuery);
  }
}

export function denialReply(verdict: { status: number; body: string; headers: HeaderChange[] }, details: string): LocalReply {
  const headers = new HeaderMap();
  for (const change of verdict.headers) changeHeader(headers, change);
  return { status: verdict.status, body: verdict.body, flag: 'UAEX', details, headers: headers.toPairs() };
}

function changeRequest(exchange: ExchangeState, change: HeaderChange): void {
  if (change.name === ':authority' || change.name === 'host') exchange.authority = change.value;
  else if (change.name === ':path') exchange.path = change.value;
  else if (change.name === ':method') exchange.method = change.value;
  else changeHeader(exchange.headers, change);
}

/** Names and values that would break a message's framing are left out. */
function isSound({ name, value }: HeaderChange): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && !/[\0\r\n]/.test(value);
}

function changeHeader(headers: HeaderMap, change: HeaderChange): void {
  if (!isSound(change)) return;
  const { name, value, action } = change;
  switch (action) {
    case 'add':
      headers.add(name, value);
      break;
    case 'join': {
      const at = headers.list.findIndex((entry, i) => i % 2 === 0 && entry === name);
      if (at >= 0) headers.list[at + 1] += `,${value}`;
      break;
    }
    case 'add-if-absent':
      if (!headers.has(name)) headers.add(name, value);
      break;
    case 'overwrite-if-exists':
      if (headers.has(name)) headers.set(name, value);
      break;
    default:
      headers.set(name, value);
  }
}
