import { METHODS } from 'node:http';
import { HeaderMap, joinInline } from '../header-map.ts';
import type { Http1Limits } from './limits.ts';
import { plainNumber } from './plain-number.ts';

/*
 * A message head as text in, a checked head or a named refusal out. What is accepted is RFC 9112's grammar without its courtesies (no bare
 * LF, no obs-fold, no space before a colon): a proxy that is lenient here is half of a request-smuggling attack.
 */

/** Why a message was refused; `status` is what a client gets for it, an upstream's refusal is always a protocol error. */
export interface Http1Error {
  status: number;
  /** Stable, counted: `content-length`, `transfer-encoding`, `host` … */
  kind: string;
  detail: string;
}

/** How the body that follows a head is delimited. */
export type Framing = { kind: 'none' } | { kind: 'length'; length: number } | { kind: 'chunked' } | { kind: 'until-close' };

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

export interface ResponseHead {
  status: number;
  version: 'HTTP/1.0' | 'HTTP/1.1';
  headers: HeaderMap;
  /** Lower-case values of Transfer-Encoding joined, '' when absent. */
  transferEncoding: string;
  /** -1 when absent. */
  contentLength: number;
  close: boolean;
  /** Upgrade's value, lower case. */
  upgrade: string;
}

/** Envoy's codec does not know M-SEARCH either. */
const knownMethods: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'M-SEARCH'));
/** Any control character but TAB, CR and LF; CR without LF; LF without CR. */
const malformedBytes = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const lowerToken = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/;
const versionForm = /^HTTP\/\d\.\d$/;
const authorityForm = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::\d{0,5})?$/;
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

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

export function isHttp1Error(value: object): value is Http1Error {
  return 'kind' in value && 'detail' in value;
}

function refuse(status: number, kind: string, detail: string): Http1Error {
  return { status, kind, detail };
}

/** First thing wrong with the bytes of an unfinished head, so that a bare LF is refused now and not by a time-out. */
export function checkPartialHead(text: string): Http1Error | null {
  // A trailing CR may still get its LF.
  const complete = text.endsWith('\r') ? text.slice(0, -1) : text;
  return malformedBytes.test(complete) ? refuse(400, 'bytes', 'control character, bare CR or bare LF in the head') : null;
}

/** What scanning the header lines gathered on the way; null and '' mean absent. */
interface Fields {
  list: string[];
  host: string | null;
  contentLength: string | null;
  transferEncoding: string | null;
  connection: string;
  upgrade: string;
  expect: string | null;
  te: string;
}

/**
 * Header lines of `text` from `position` (after the first line's CRLF) to its end; no CRLF at the very end. End-to-end headers land in
 * `list`, hop-by-hop ones in their own fields.
 */
function scanFields(text: string, position: number, maxCount: number): Fields | Http1Error {
  const list: string[] = [];
  const fields: Fields = {
    list,
    host: null,
    contentLength: null,
    transferEncoding: null,
    connection: '',
    upgrade: '',
    expect: null,
    te: '',
  };
  const length = text.length;
  let count = 0;
  let start = position;
  while (start < length) {
    let end = text.indexOf('\r\n', start);
    if (end === -1) end = length;
    const colon = text.indexOf(':', start);
    if (colon === -1 || colon >= end) return refuse(400, 'header-line', 'header line without a colon');
    if (++count > maxCount) return refuse(431, 'header-count', `more than ${maxCount} headers`);
    let name = text.slice(start, colon);
    if (!lowerToken.test(name)) {
      if (!token.test(name)) return refuse(400, 'header-name', 'header name is not a token');
      name = name.toLowerCase();
    }
    const failure = keepField(fields, name, trimmed(text, colon + 1, end));
    if (failure !== null) return failure;
    start = end + 2;
  }
  return fields;
}

/** Optional white space (space, TAB) around a value removed. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  let code: number;
  while (start < end && ((code = text.charCodeAt(start)) === 0x20 || code === 0x09)) start++;
  while (end > start && ((code = text.charCodeAt(end - 1)) === 0x20 || code === 0x09)) end--;
  return text.slice(start, end);
}

function keepField(fields: Fields, name: string, value: string): Http1Error | null {
  switch (name) {
    case 'host':
      if (fields.host !== null) return refuse(400, 'host', 'more than one Host header');
      fields.host = value;
      return null;
    case 'content-length':
      if (fields.contentLength !== null) return refuse(400, 'content-length', 'more than one Content-Length header');
      fields.contentLength = value;
      fields.list.push(name, value);
      return null;
    case 'transfer-encoding':
      if (fields.transferEncoding !== null) return refuse(400, 'transfer-encoding', 'more than one Transfer-Encoding header');
      fields.transferEncoding = value.toLowerCase();
      return null;
    case 'connection':
      fields.connection = fields.connection === '' ? value.toLowerCase() : `${fields.connection},${value.toLowerCase()}`;
      return null;
    case 'upgrade':
      fields.upgrade = fields.upgrade === '' ? value.toLowerCase() : `${fields.upgrade},${value.toLowerCase()}`;
      return null;
    case 'expect':
      fields.expect = fields.expect === null ? value.toLowerCase() : `${fields.expect},${value.toLowerCase()}`;
      return null;
    case 'te':
      fields.te = `${fields.te},${value.toLowerCase()}`;
      return null;
    case 'keep-alive':
    case 'proxy-connection':
    case 'http2-settings':
      return null;
    case 'content_length':
    case 'transfer_encoding':
      return refuse(400, 'header-name', `header name ${name} imitates a framing header`);
    default:
      fields.list.push(name, value);
      return null;
  }
}

function listHas(list: string, wanted: string): boolean {
  if (list === '' || !list.includes(wanted)) return false;
  return list.split(',').some((item) => item.trim() === wanted);
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

function parseLength(value: string): number {
  const length = plainNumber(value, 16);
  return Number.isSafeInteger(length) ? length : -1;
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

/**
 * Parses one response head; `text` as for requests. Everything an upstream gets wrong is an error of its own kind; the status is unused.
 */
export function parseResponseHead(text: string, limits: Http1Limits, clean = false): ResponseHead | Http1Error {
  if (!clean && malformedBytes.test(text)) return refuse(502, 'bytes', 'control character, bare CR or bare LF in the head');
  let lineEnd = text.indexOf('\r\n');
  if (lineEnd === -1) lineEnd = text.length;
  const first = statusLine.exec(text.slice(0, lineEnd));
  if (first === null) return refuse(502, 'status-line', 'malformed status line');
  const fields = scanFields(text, lineEnd + 2, limits.responseHeaderCount);
  if ('kind' in fields) return { ...fields, status: 502 };
  const version = first[1] === '1' ? 'HTTP/1.1' : 'HTTP/1.0';
  const { list, connection, contentLength, transferEncoding } = fields;
  let length = -1;
  if (contentLength !== null) {
    length = parseLength(contentLength);
    if (length === -1) return refuse(502, 'content-length', 'Content-Length is not a plain number');
    if (transferEncoding !== null) return refuse(502, 'transfer-encoding', 'Content-Length together with Transfer-Encoding');
  }
  // What a response's `connection` nominates, and its `te`, pass: Envoy takes the well-known hop-by-hop headers away and no others.
  if (fields.te !== '') list.push('te', fields.te.slice(1));
  joinInline(list, 'response');
  return {
    status: plainNumber(first[2]!, 3),
    version,
    headers: new HeaderMap(list),
    transferEncoding: transferEncoding ?? '',
    contentLength: length,
    close: version === 'HTTP/1.0' ? !listHas(connection, 'keep-alive') : connection !== '' && listHas(connection, 'close'),
    upgrade: fields.upgrade,
  };
}

/** RFC 9112 §6.3 for responses: by request method, status, Transfer-Encoding, Content-Length, else until close. */
export function responseFraming(head: ResponseHead, requestMethod: string): Framing | Http1Error {
  const { status } = head;
  if (head.transferEncoding !== '' && head.transferEncoding !== 'chunked')
    return refuse(502, 'transfer-encoding', 'Transfer-Encoding is not exactly chunked');
  if (head.transferEncoding !== '' && head.version === 'HTTP/1.0')
    return refuse(502, 'transfer-encoding', 'Transfer-Encoding in an HTTP/1.0 response');
  if (requestMethod === 'HEAD' || status === 204 || status === 304) return { kind: 'none' };
  if (head.transferEncoding !== '') return { kind: 'chunked' };
  if (head.contentLength === 0) return { kind: 'none' };
  if (head.contentLength > 0) return { kind: 'length', length: head.contentLength };
  return { kind: 'until-close' };
}

/** Fields that would change framing or routing if they were believed after the body. */
const forbiddenTrailers: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'host']);
/** Meaningless or unsafe after the body: left out, never merged into the head. */
const droppedTrailers: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'expect',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'content-type',
  'content-encoding',
  'content-range',
]);

/** Trailer lines, without the final empty line. Null when there are none. */
export function parseTrailers(text: string, limits: Http1Limits): HeaderMap | Http1Error | null {
  if (text === '') return null;
  if (malformedBytes.test(text)) return refuse(400, 'trailers', 'control character, bare CR or bare LF in the trailers');
  const lines = text.split('\r\n');
  if (lines.length > limits.trailerCount) return refuse(431, 'trailers', `more than ${limits.trailerCount} trailers`);
  const list: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === -1 || !token.test(line.slice(0, colon))) return refuse(400, 'trailers', 'malformed trailer line');
    const name = line.slice(0, colon).toLowerCase();
    if (forbiddenTrailers.has(name)) return refuse(400, 'trailers', `${name} in the trailers`);
    if (!droppedTrailers.has(name)) list.push(name, trimmed(line, colon + 1, line.length));
  }
  return list.length === 0 ? null : new HeaderMap(list);
}
