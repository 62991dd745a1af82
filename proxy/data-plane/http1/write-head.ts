import { STATUS_CODES } from 'node:http';
import type { HeaderMap } from '../header-map.ts';
import { plainNumber } from './plain-number.ts';

/** What a value must not hold on the wire (CR, LF, NUL) and what latin1 cannot carry. */
const needsCare = /[\0\r\n\u0100-\uffff]/;

/** Never written from a header list: the codec decides framing and connection state itself. */
function isCodecOwned(name: string): boolean {
  switch (name) {
    case 'transfer-encoding':
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'upgrade':
    case 'host':
    case 'expect':
      return true;
    default:
      return name.charCodeAt(0) === 0x3a;
  }
}

/** A value safe to write: no line breaks or NUL, latin1 only (other text as the bytes of its UTF-8). */
export function cleanValue(value: string): string {
  return needsCare.test(value) ? carefulValue(value) : value;
}

function carefulValue(value: string): string {
  // Config may hold any text: line breaks become spaces (no header injection), other characters travel as UTF-8.
  return Buffer.from(value.replace(/[\0\r\n]/g, ' '), 'utf8').toString('latin1');
}

/** End-to-end header lines as latin1 text. `skipLength` leaves Content-Length out; only its first occurrence is ever written. */
export function writeFields(headers: HeaderMap, skipLength: boolean): string {
  const list = headers.list;
  let text = '';
  let lengthSeen = skipLength;
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    if (isCodecOwned(name)) continue;
    if (name === 'content-length') {
      if (lengthSeen) continue;
      lengthSeen = true;
    }
    const value = list[i + 1]!;
    text += `${name}: ${cleanValue(value)}\r\n`;
  }
  return text;
}

/** `HTTP/1.1 200 OK` with its CRLF. Reason phrases are ours, as Envoy's are its own. */
export function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
}

/** Declared Content-Length as a number, -1 when absent or unusable. */
export function declaredLength(headers: HeaderMap): number {
  const value = headers.get('content-length');
  return value === undefined ? -1 : plainNumber(value, 15);
}

/** Final chunk with trailers. */
export function writeLastChunk(trailers: HeaderMap | null): string {
  return trailers === null ? '0\r\n\r\n' : `0\r\n${writeFields(trailers, true)}\r\n`;
}
