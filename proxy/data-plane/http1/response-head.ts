import { HeaderMap, joinInline } from '../header-map.ts';
import { type Framing, listHas, malformedBytes, parseLength, scanFields } from './fields.ts';
import { type Http1Error, refuse } from './http1-error.ts';
import type { Http1Limits } from './limits.ts';
import { plainNumber } from './plain-number.ts';

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

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

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
