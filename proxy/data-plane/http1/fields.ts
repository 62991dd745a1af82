import { type Http1Error, refuse } from './http1-error.ts';
import { plainNumber } from './plain-number.ts';

/* The lines below the first one of a message head, and what they say about the connection. */

/** Any control character but TAB, CR and LF; CR without LF; LF without CR. */
export const malformedBytes = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
export const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const lowerToken = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/;

/** How the body that follows a head is delimited. */
export type Framing = { kind: 'none' } | { kind: 'length'; length: number } | { kind: 'chunked' } | { kind: 'until-close' };

/** First thing wrong with the bytes of an unfinished head, so that a bare LF is refused now and not by a time-out. */
export function checkPartialHead(text: string): Http1Error | null {
  // A trailing CR may still get its LF.
  const complete = text.endsWith('\r') ? text.slice(0, -1) : text;
  return malformedBytes.test(complete) ? refuse(400, 'bytes', 'control character, bare CR or bare LF in the head') : null;
}

/** What scanning the header lines gathered on the way; null and '' mean absent. */
export interface Fields {
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
export function scanFields(text: string, position: number, maxCount: number): Fields | Http1Error {
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
export function trimmed(text: string, from: number, to: number): string {
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

/** Of a comma-separated list in lower case. */
export function listHas(list: string, wanted: string): boolean {
  if (list === '' || !list.includes(wanted)) return false;
  return list.split(',').some((item) => item.trim() === wanted);
}

/** Content-Length; -1 when it is no plain number. */
export function parseLength(value: string): number {
  const length = plainNumber(value, 16);
  return Number.isSafeInteger(length) ? length : -1;
}
