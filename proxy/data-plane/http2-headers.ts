import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { HeaderMap, joinInline } from './header-map.ts';
import { cleanValue } from './http1/write-head.ts';

/* Header lists between our HeaderMap and node:http2, the same for both directions. */

/** Connection headers have no place in HTTP/2 (RFC 9113 §8.2.2). */
function isConnectionHeader(name: string, value: string): boolean {
  switch (name) {
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
    case 'upgrade':
    case 'http2-settings':
    case 'host':
    case 'expect':
      return true;
    case 'te':
      return value !== 'trailers';
    default:
      return name.startsWith(':');
  }
}

/** Node's raw list: the pseudo-headers in `list`, then `headers` in their order; the cheapest form, and the only one that keeps that order. */
export function toHttp2List(headers: HeaderMap, list: string[]): string[] {
  const own = headers.list;
  for (let i = 0; i < own.length; i += 2) {
    const name = own[i]!;
    const value = own[i + 1]!;
    if (!isConnectionHeader(name, value)) list.push(name, cleanValue(value));
  }
  return list;
}

/** Adds `headers` to the pseudo-headers in `target`, repetitions as lists: for trailers and interim heads, which take no raw list. */
export function toHttp2Headers(headers: HeaderMap, target: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const list = headers.list;
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    const value = list[i + 1]!;
    if (isConnectionHeader(name, value)) continue;
    const before = target[name];
    if (before === undefined) target[name] = cleanValue(value);
    else if (Array.isArray(before)) before.push(cleanValue(value));
    else target[name] = [String(before), cleanValue(value)];
  }
  return target;
}

/** An empty object without prototype, so that a header may be called anything. */
export function emptyHeaders(): OutgoingHttpHeaders {
  return Object.create(null) as OutgoingHttpHeaders;
}

/** Regular headers from node's raw list [name, value, …]; cookies that HTTP/2 split are joined again (RFC 9113 §8.2.3). */
export function fromHttp2Headers(raw: readonly string[], kind: 'request' | 'response'): HeaderMap {
  const list: string[] = [];
  let cookieAt = -1;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    if (name.charCodeAt(0) === 0x3a) continue;
    if (name === 'cookie' && cookieAt !== -1) {
      list[cookieAt] += `; ${value}`;
      continue;
    }
    list.push(name, value);
    if (name === 'cookie') cookieAt = list.length - 1;
  }
  joinInline(list, kind);
  return new HeaderMap(list);
}

/** What node:http2 passes as the last argument of `stream`, `response`, `headers` and `trailers`; its types know only the object form. */
export function rawList(raw: unknown, headers: IncomingHttpHeaders): string[] {
  if (Array.isArray(raw)) return raw as string[];
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [String(value)]).flatMap((item) => [name, item]),
  );
}

/** Declared length, -1 when absent. */
export function lengthOf(headers: HeaderMap): number {
  const value = headers.get('content-length');
  return value === undefined ? -1 : Number(value);
}
