import type { ExchangeState } from '../../exchange.ts';
import type { LoadBalancer } from '../../snapshot.ts';
import { type Hash64, toHex, xxHash64 } from './xxhash64.ts';

export interface HashKey {
  /** null: the request has no key, any host will do. */
  hash: Hash64 | null;
  /** A set-cookie value to add to the upstream's response; '' when none was generated. */
  setCookie: string;
}

const NO_KEY: HashKey = { hash: null, setCookie: '' };

/** Consistent-hash key of a request (DestinationRule consistentHash; Envoy: route hash_policy, source/common/http/hash_policy.cc). */
export function extractHashKey(exchange: ExchangeState, loadBalancer: LoadBalancer): HashKey {
  if (loadBalancer.kind !== 'consistent-hash') return NO_KEY;
  const { key } = loadBalancer;
  switch (key.kind) {
    case 'header':
      return { hash: hashHeader(exchange, key.name), setCookie: '' };
    case 'source-ip':
      return { hash: xxHash64(withoutPort(exchange.downstream.connection.remoteAddress)), setCookie: '' };
    case 'query': {
      const value = queryValue(exchange.path, key.name);
      return value === undefined ? NO_KEY : { hash: xxHash64(value), setCookie: '' };
    }
    case 'cookie': {
      const value = cookieValue(exchange, key.name);
      if (value !== '') return { hash: xxHash64(value), setCookie: '' };
      if (key.ttlSeconds === null) return NO_KEY;
      // Per connection, as in Envoy: parallel requests of one client get the same cookie.
      const { remoteAddress, localAddress } = exchange.downstream.connection;
      const generated = toHex(xxHash64(remoteAddress + localAddress)).replace(/^0+(?=.)/, '');
      return { hash: xxHash64(generated), setCookie: setCookieValue(key, generated) };
    }
  }
}

function hashHeader(exchange: ExchangeState, name: string): Hash64 | null {
  const lower = name.toLowerCase();
  if (lower === ':authority' || lower === 'host') return xxHash64(exchange.authority);
  const values = exchange.headers.getAll(lower);
  if (values.length === 0) return null;
  // Order of repeated headers must not matter: sorted, each hash seeds the next.
  if (values.length > 1) values.sort();
  let hash: Hash64 = { high: 0, low: 0 };
  for (const value of values) hash = xxHash64(value, hash);
  return hash;
}

function cookieValue(exchange: ExchangeState, name: string): string {
  for (const header of exchange.headers.getAll('cookie')) {
    for (const part of header.split(';')) {
      const equals = part.indexOf('=');
      if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
      return part
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
    }
  }
  return '';
}

type CookieKey = Extract<Extract<LoadBalancer, { kind: 'consistent-hash' }>['key'], { kind: 'cookie' }>;

function setCookieValue(key: CookieKey, value: string): string {
  const age = key.ttlSeconds === null || key.ttlSeconds === 0 ? '' : `; Max-Age=${Math.floor(key.ttlSeconds)}`;
  const path = key.path === '' ? '' : `; Path=${key.path}`;
  const attributes = (key.attributes ?? [])
    .map((one) => (one.value === '' ? `; ${one.name}` : `; ${one.name}=${one.value}`))
    .join('');
  return `${key.name}="${value}"${age}${path}${attributes}; HttpOnly`;
}

function queryValue(path: string, name: string): string | undefined {
  const start = path.indexOf('?');
  if (start < 0) return undefined;
  const end = path.indexOf('#', start);
  for (const pair of path.slice(start + 1, end < 0 ? undefined : end).split('&')) {
    const equals = pair.indexOf('=');
    if ((equals < 0 ? pair : pair.slice(0, equals)) === name) return equals < 0 ? '' : pair.slice(equals + 1);
  }
  return undefined;
}

function withoutPort(address: string): string {
  const colon = address.lastIndexOf(':');
  return (colon < 0 ? address : address.slice(0, colon)).replace(/^\[|\]$/g, '');
}
