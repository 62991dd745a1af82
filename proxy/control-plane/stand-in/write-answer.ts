import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import http2 from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { framing, headerOf, type StandInAnswer } from './answer.ts';

const hasNoBody = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 304 || status < 200;

/** Writes it as late and in the pieces it says; ends quietly when the caller leaves meanwhile. */
export async function writeHttp1(response: http.ServerResponse, answer: StandInAnswer, method: string): Promise<void> {
  if (answer.delayMs > 0) await sleep(answer.delayMs);
  if (response.destroyed) return;
  if (answer.fault !== null) return breakHttp1(response, answer);
  const headers = answer.headers
    .filter(([name]) => !framing.has(name) && !name.startsWith(':'))
    .map(([name, value]): [string, string] => [name, toHeaderValue(value)]);
  const length = headerOf(answer.headers, 'content-length');
  if (hasNoBody(method, answer.status)) {
    // How long the body would have been is part of a HEAD's answer.
    if (length !== '' && answer.status !== 204 && answer.status >= 200) headers.push(['content-length', length]);
    response.writeHead(answer.status, headers.flat());
    response.end();
    return;
  }
  const isChunked = answer.trailers.length > 0 || answer.pieces !== null || hadNoLength(answer);
  if (isChunked) headers.push(['transfer-encoding', 'chunked']);
  else headers.push(['content-length', String(answer.body.length)]);
  if (answer.trailers.length > 0) headers.push(['trailer', answer.trailers.map(([name]) => name).join(', ')]);
  response.writeHead(answer.status, headers.flat());
  await writePieces(response, answer);
  if (answer.trailers.length > 0) response.addTrailers(answer.trailers as [string, string][]);
  response.end();
}

/** It was recorded as chunked, or as a stream whose end nobody knew. */
function hadNoLength({ headers }: StandInAnswer): boolean {
  if (/\bchunked\b/i.test(headerOf(headers, 'transfer-encoding'))) return true;
  return headerOf(headers, 'content-type').startsWith('text/event-stream') && headerOf(headers, 'content-length') === '';
}

export async function writeHttp2(stream: http2.ServerHttp2Stream, answer: StandInAnswer, method: string): Promise<void> {
  if (answer.delayMs > 0) await sleep(answer.delayMs);
  if (stream.destroyed) return;
  if (answer.fault !== null) {
    if (answer.fault === 'malformed-chunk') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    else stream.session?.destroy();
    return;
  }
  const headers: http2.OutgoingHttpHeaders = { ':status': answer.status, ...toHttp2Headers(answer.headers) };
  const isEmpty = hasNoBody(method, answer.status) || (answer.body.length === 0 && answer.trailers.length === 0);
  if (answer.trailers.length === 0 || hasNoBody(method, answer.status)) {
    stream.respond(headers, { endStream: isEmpty });
    if (isEmpty) return;
  } else {
    stream.respond(headers, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(toHttp2Headers(answer.trailers)));
  }
  await writePieces(stream, answer);
  stream.end();
}

/** A template may have put anything into it: no line ends, and each byte of UTF-8 a character. */
export function toHeaderValue(value: string): string {
  if (/^[\t -~\x80-\xff]*$/.test(value)) return value;
  const line = value.replace(/[\0-\x08\n-\x1f\x7f]+/g, ' ');
  return /[^\0-\xff]/.test(line) ? Buffer.from(line).toString('latin1') : line;
}

/** Without framing; names in lower case, as HTTP/2 has them. */
export function toHttp2Headers(pairs: StandInAnswer['headers']): http2.OutgoingHttpHeaders {
  const headers: http2.OutgoingHttpHeaders = {};
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    if (!framing.has(lower) && !lower.startsWith(':') && lower !== 'host') add(headers, lower, toHeaderValue(value));
  }
  return headers;
}

/** A header that comes several times is a list; cookies stay apart. */
function add(headers: http2.OutgoingHttpHeaders, name: string, value: string): void {
  const before = headers[name];
  headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
}

interface Writable {
  destroyed: boolean;
  write(chunk: Buffer): boolean;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  removeListener(event: 'drain' | 'close', listener: () => void): unknown;
}

async function writePieces(out: Writable, { body, pieces }: StandInAnswer): Promise<void> {
  const started = performance.now();
  let from = 0;
  for (const { end, afterMs } of pieces ?? [{ end: body.length, afterMs: 0 }]) {
    const wait = afterMs - (performance.now() - started);
    if (wait > 0) await sleep(wait);
    if (out.destroyed) return;
    const piece = body.subarray(from, end);
    if (piece.length > 0 && !out.write(piece)) await drained(out);
    from = end;
  }
}

function drained(out: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      out.removeListener('drain', done);
      out.removeListener('close', done);
      resolve();
    };
    out.once('drain', done);
    out.once('close', done);
  });
}

/** What WireMock's faults do to a connection. */
function breakHttp1(response: http.ServerResponse, { fault, status }: StandInAnswer): void {
  const { socket } = response;
  if (socket === null) return;
  if (fault === 'connection-reset') socket.resetAndDestroy();
  else if (fault === 'malformed-chunk')
    socket.end(`HTTP/1.1 ${status} OK\r\ntransfer-encoding: chunked\r\n\r\nno chunk, garbage\r\n`);
  else if (fault === 'random-then-close') socket.end(randomBytes(128));
  else socket.end();
}
