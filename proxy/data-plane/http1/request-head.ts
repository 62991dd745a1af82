import { METHODS } from 'node:http';
import { HeaderMap, joinInline } from '../header-map.ts';
import { type Fields, type Framing, listHas, malformedBytes, parseLength, scanFields, token } from './fields.ts';
import { type Http1Error, refuse } from './http1-error.ts';
import type { Http1Limits } from './limits.ts';

/*
 * A message head as text in, a checked head or a named refusal out. What is accepted is RFC 9112's grammar without its courtesies (no bare
 * LF, no obs-fold, no space before a colon): a proxy that is lenient here is half of a request-smuggling attack.
 */

export interface RequestHead {
  method: string;
  version: 'HTTP/1.0' | 'HTTP/1.1';
  /** Null when the target named none. */
  scheme: 'http' | 'https' | null;
  /** Target's authority, or Host. */
  authority: string;
  /** Path with query; `*` for OPTIONS *; '' for CONNECT. */
  path: string;
  /** Hop-by-hop headers, Host and Expect are gone. */
  headers: HeaderMap;
  framing: Framing;
  /** The client asked for (or, with 1.0, implied) a close after the response. */
  close: boolean;
  /** Lower-case protocol of a usable Upgrade; '' otherwise. */
  upgrade: string;
  expectContinue: boolean;
}

/** Envoy's codec does not know M-SEARCH either. */
const knownMethods: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'M-SEARCH'));
const versionForm = /^HTTP\/\d\.\d$/;
const authorityForm = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::\d{0,5})?$/;

/** Headers a `connection` header may not make us drop: framing, routing and security depend on them. */
const neverNominated: ReadonlySet<string> = new Set([
  'content-length',
  'host',
  'transfer-encoding',
  'content-type',
  'content-encoding',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'expect',
  'origin',
  'traceparent',
  'tracestate',
  'b3',
]);

/**
 * Parses one request head. `text` is latin1, from the method to the last header's last character (without CRLF CRLF).
 * `clean`: scanHead has looked at its bytes. Errors carry the status to answer: 400, 414, 417, 431, 501, 505.
 */
export function parseRequestHead(text: string, limits: Http1Limits, clean = false): RequestHead | Http1Error {
  if (!clean && malformedBytes.test(text)) return refuse(400, 'bytes', 'control character, bare CR or bare LF in the head');
  let lineEnd = text.indexOf('\r\n');
  if (lineEnd === -1) lineEnd = text.length;
  const methodEnd = text.indexOf(' ');
  const targetEnd = methodEnd === -1 ? -1 : text.indexOf(' ', methodEnd + 1);
  if (targetEnd === -1 || targetEnd >= lineEnd || targetEnd === methodEnd + 1)
    return refuse(400, 'request-line', 'request line is not method, target and version');
  const method = text.slice(0, methodEnd);
  if (!knownMethods.has(method)) return refuse(400, 'method', 'method is unknown (RFC 9110, WebDAV and the like are known)');
  const version = text.slice(targetEnd + 1, lineEnd);
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    return versionForm.test(version)
      ? refuse(505, 'version', 'HTTP version is not 1.1')
      : refuse(400, 'version', 'HTTP version is malformed');
  }
  if (targetEnd - methodEnd - 1 > limits.targetBytes)
    return refuse(414, 'target-length', `target over ${limits.targetBytes} bytes`);
  const target = parseTarget(method, text.slice(methodEnd + 1, targetEnd));
  if ('kind' in target) return target;
  const fields = scanFields(text, lineEnd + 2, limits.requestHeaderCount);
  if ('kind' in fields) return fields;
  return assembleRequest(method, version, target, fields);
}

function assembleRequest(
  method: string,
  version: 'HTTP/1.0' | 'HTTP/1.1',
  target: Target,
  fields: Fields,
): RequestHead | Http1Error {
  const framing = requestFraming(fields, version);
  if ('detail' in framing) return framing;
  if (fields.host === null) {
    if (version === 'HTTP/1.1') return refuse(400, 'host', 'no Host header');
  } else if (!authorityForm.test(fields.host) && !(fields.host === '' && target.authority !== null)) {
    return refuse(400, 'host', 'Host header is malformed');
  }
  if (fields.expect !== null && fields.expect !== '100-continue') return refuse(417, 'expect', 'Expect is not 100-continue');
  const { list, connection } = fields;
  if (connection !== '') dropNominated(list, connection);
  if (fields.te !== '' && listHas(fields.te, 'trailers')) list.push('te', 'trailers');
  joinInline(list, 'request');
  const upgrade =
    fields.upgrade !== '' && fields.upgrade !== 'h2c' && framing.kind === 'none' && listHas(connection, 'upgrade')
      ? fields.upgrade
      : '';
  return {
    method,
    version,
    scheme: target.scheme,
    authority: target.authority ?? fields.host ?? '',
    path: target.path,
    headers: new HeaderMap(list),
    framing,
    close: version === 'HTTP/1.0' ? !listHas(connection, 'keep-alive') : connection !== '' && listHas(connection, 'close'),
    upgrade,
    expectContinue: fields.expect !== null && version === 'HTTP/1.1',
  };
}

function requestFraming(fields: Fields, version: string): Framing | Http1Error {
  const { transferEncoding, contentLength } = fields;
  if (transferEncoding !== null) {
    if (version === 'HTTP/1.0') return refuse(400, 'transfer-encoding', 'Transfer-Encoding in an HTTP/1.0 request');
    if (contentLength !== null) return refuse(400, 'transfer-encoding', 'Content-Length together with Transfer-Encoding');
    if (transferEncoding === 'chunked') return { kind: 'chunked' };
    const codings = transferEncoding.split(',').map((coding) => coding.trim());
    const understood = codings.at(-1) === 'chunked' && codings.every((coding) => token.test(coding));
    // A well-formed stack of codings we do not decode is 501; anything else is 400.
    if (understood && codings.indexOf('chunked') === codings.length - 1)
      return refuse(501, 'transfer-encoding', 'Transfer-Encoding other than chunked is not implemented');
    return refuse(400, 'transfer-encoding', 'Transfer-Encoding is not exactly chunked');
  }
  if (contentLength === null) return { kind: 'none' };
  const length = parseLength(contentLength);
  if (length === -1) return refuse(400, 'content-length', 'Content-Length is not a plain number');
  return length === 0 ? { kind: 'none' } : { kind: 'length', length };
}

interface Target {
  scheme: 'http' | 'https' | null;
  /** Null: the Host header decides. */
  authority: string | null;
  path: string;
}

const badByte = /[\0-\x20\x7f-\xff]/;

function parseTarget(method: string, target: string): Target | Http1Error {
  if (target.includes('#')) return refuse(400, 'target', 'fragment in the request target');
  if (badByte.test(target)) return refuse(400, 'target', 'control byte or a byte beyond ASCII in the request target: escape it');
  if (method === 'CONNECT') {
    if (!authorityForm.test(target) || !/:\d+$/.test(target)) return refuse(400, 'target', 'CONNECT target is not host:port');
    return { scheme: null, authority: target, path: '' };
  }
  if (target.charCodeAt(0) === 0x2f) return { scheme: null, authority: null, path: target };
  if (target === '*') {
    return method === 'OPTIONS'
      ? { scheme: null, authority: null, path: '*' }
      : refuse(400, 'target', 'asterisk target with a method other than OPTIONS');
  }
  const absolute = /^(https?):\/\/([^/?]*)(.*)$/is.exec(target);
  if (absolute === null) return refuse(400, 'target', 'request target is neither a path nor an http URL');
  const authority = absolute[2]!;
  if (!authorityForm.test(authority)) return refuse(400, 'target', 'authority of the request target is malformed');
  const rest = absolute[3]!;
  // A query right behind the host is no path: refused later, as in Envoy.
  const path = rest === '' ? '/' : rest;
  return { scheme: absolute[1]!.toLowerCase() === 'https' ? 'https' : 'http', authority, path };
}

/** Drops the headers that `connection` nominates, except those nobody may nominate. */
function dropNominated(list: string[], connection: string): void {
  if (connection === 'keep-alive' || connection === 'close') return;
  for (const item of connection.split(',')) {
    const name = item.trim();
    if (name === '' || name === 'close' || name === 'keep-alive' || name === 'upgrade' || name === 'te') continue;
    if (neverNominated.has(name) || name.startsWith('x-forwarded-') || name.startsWith('x-envoy-')) continue;
    for (let i = list.length - 2; i >= 0; i -= 2) if (list[i] === name) list.splice(i, 2);
  }
}
