import { checkPartialHead } from '../http1/fields.ts';
import type { Http1Error } from '../http1/http1-error.ts';
import type { Http1Limits } from '../http1/limits.ts';
import { parseRequestHead, type RequestHead } from '../http1/request-head.ts';
import { scanHead } from '../http1/scan-head.ts';
import type { UnreadInput } from './unread-input.ts';

/**
 * Consumes the next request head if all of it has come. `nothing`: no byte of one is there; `partial`: a beginning that may still become one.
 */
export function takeHead(input: UnreadInput, limits: Http1Limits): RequestHead | Http1Error | 'nothing' | 'partial' {
  const { bytes } = input;
  if (bytes === null) return 'nothing';
  // RFC 9112 §2.2: an empty line before a request is skipped.
  if (bytes[input.at] === 0x0d && bytes[input.at + 1] === 0x0a) input.consumeTo(input.at + 2);
  const start = input.at;
  if (start >= bytes.length) return 'nothing';
  const { end, clean } = scanHead(bytes, start);
  if (end === -1) return checkBeginning(bytes, start, limits);
  if (end + 4 - start > limits.requestHeadBytes) return tooLong(bytes, start, limits);
  const head = parseRequestHead(bytes.toString('latin1', start, end), limits, clean);
  input.consumeTo(end + 4);
  return head;
}

/** The head is not complete: may it become one? */
function checkBeginning(bytes: Buffer, start: number, limits: Http1Limits): Http1Error | 'partial' {
  if (bytes.length - start > limits.requestHeadBytes) return tooLong(bytes, start, limits);
  return checkPartialHead(bytes.toString('latin1', start)) ?? 'partial';
}

function tooLong(bytes: Buffer, start: number, { targetBytes, requestHeadBytes }: Http1Limits): Http1Error {
  const lineEnd = bytes.indexOf('\r\n', start);
  const longTarget = lineEnd === -1 || lineEnd - start > targetBytes + 32;
  return longTarget
    ? { status: 414, kind: 'target-length', detail: `target over ${targetBytes} bytes` }
    : { status: 431, kind: 'head-length', detail: `head over ${requestHeadBytes} bytes` };
}
