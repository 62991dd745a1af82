import { plainNumber } from '../http1/plain-number.ts';

/*
 * What a list of fields must be to be a head or trailers (RFC 9113 §8.1 to §8.3). The bytes of names and values are looked at where they are
 * decoded (hpack/decoder.ts). Malformed is null: the stream is reset with PROTOCOL_ERROR.
 */

export interface RequestHead {
  method: string;
  scheme: string;
  /** '' without one; then there is a host field. */
  authority: string;
  /** '' for CONNECT. */
  path: string;
  /** Fields without the pseudo-headers: name, value, name, value … */
  fields: string[];
  /** -1 when none is declared. */
  contentLength: number;
}

export interface ResponseHead {
  status: number;
  fields: string[];
  contentLength: number;
}

const colon = 0x3a;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const schemeForm = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
/** No spaces, no user information, nothing of a path: what Host may hold in HTTP/1.1. */
const badAuthority = /[\s@/?#\\]/;
const pathForm = /^(?:\/[^\s#]*|\*)$/;

export function readRequestHead(list: readonly string[]): RequestHead | null {
  const head: RequestHead = { method: '', scheme: '', authority: '', path: '', fields: [], contentLength: -1 };
  let hosts = 0;
  let seen = 0;
  let i = 0;
  for (; i < list.length && list[i]!.charCodeAt(0) === colon; i += 2) {
    const bit = pseudoBit(list[i]!);
    if (bit === 0 || (seen & bit) !== 0) return null;
    seen |= bit;
    const value = list[i + 1]!;
    if (bit === methodBit) head.method = value;
    else if (bit === schemeBit) head.scheme = value;
    else if (bit === authorityBit) head.authority = value;
    else head.path = value;
  }
  for (; i < list.length; i += 2) {
    if (!readField(list[i]!, list[i + 1]!, head)) return null;
    if (list[i] === 'host') hosts++;
  }
  if (!token.test(head.method) || hosts > 1 || (head.authority === '' && hosts === 0)) return null;
  if (badAuthority.test(head.authority)) return null;
  if (head.method === 'CONNECT') return (seen & (schemeBit | pathBit)) === 0 ? head : null;
  if (!schemeForm.test(head.scheme) || !pathForm.test(head.path)) return null;
  return head.path === '*' && head.method !== 'OPTIONS' ? null : head;
}

export function readResponseHead(list: readonly string[]): ResponseHead | null {
  const head: ResponseHead = { status: 0, fields: [], contentLength: -1 };
  if (list.length === 0 || list[0] !== ':status') return null;
  head.status = list[1]!.length === 3 ? plainNumber(list[1]!, 3) : -1;
  // 101 has no meaning in HTTP/2 (§8.6).
  if (head.status < 100 || head.status === 101) return null;
  for (let i = 2; i < list.length; i += 2) if (!readField(list[i]!, list[i + 1]!, head)) return null;
  return head;
}

/** Trailers have no pseudo-headers (§8.1). */
export function areTrailers(list: readonly string[]): boolean {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i]!.charCodeAt(0) === colon || isOfConnection(list[i]!, list[i + 1]!)) return false;
  }
  return true;
}

const methodBit = 1;
const schemeBit = 2;
const authorityBit = 4;
const pathBit = 8;

function pseudoBit(name: string): number {
  switch (name) {
    case ':method':
      return methodBit;
    case ':scheme':
      return schemeBit;
    case ':authority':
      return authorityBit;
    case ':path':
      return pathBit;
    default:
      return 0;
  }
}

/** False for a field that makes the head malformed. */
function readField(name: string, value: string, head: { fields: string[]; contentLength: number }): boolean {
  // Pseudo-headers come first, all of them (§8.3).
  if (name.charCodeAt(0) === colon || isOfConnection(name, value)) return false;
  if (name === 'content-length') {
    const length = plainNumber(value, 15);
    if (length < 0 || head.contentLength >= 0) return false;
    head.contentLength = length;
  }
  head.fields.push(name, value);
  return true;
}

/** Fields of an HTTP/1 connection are malformed in HTTP/2 (§8.2.2). By length first: nearly every name is none of them. */
function isOfConnection(name: string, value: string): boolean {
  switch (name.length) {
    case 2:
      return name === 'te' && value.toLowerCase() !== 'trailers';
    case 7:
      return name === 'upgrade';
    case 10:
      return name === 'connection' || name === 'keep-alive';
    case 16:
      return name === 'proxy-connection';
    case 17:
      return name === 'transfer-encoding';
    default:
      return false;
  }
}
