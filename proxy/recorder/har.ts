import { isUtf8 } from 'node:buffer';
import { type CapturedBody, type ExchangeDetail, exchangeDetailSchema } from '../api/exchange.schema.ts';
import type { Recording } from '../api/recording.schema.ts';
import { decodeBody } from './decode-body.ts';

/*
 * HAR 1.2. What HAR has no field for lies under `_drydock` in each entry, so that an export read back is the same recording. Import is
 * lenient: browsers, mitmproxy and others each leave something out or write it their own way.
 */

export interface Har {
  log: { version: '1.2'; creator: { name: string; version: string }; entries: HarEntry[]; [key: string]: unknown };
  [key: string]: unknown;
}
export type HarEntry = Record<string, unknown>;

type Pairs = [string, string][];

export function writeHar(recording: Recording, exchanges: readonly ExchangeDetail[]): Har {
  const sorted = [...exchanges].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return {
    log: {
      version: '1.2',
      creator: { name: 'Drydock', version: '0.1.0' },
      pages: [],
      entries: sorted.map(writeEntry),
      _drydock: { name: recording.name, id: recording.id, filter: recording.filter, redacted: recording.redacted },
    },
  };
}

function writeEntry(exchange: ExchangeDetail): HarEntry {
  const { request, response } = exchange;
  const scheme = 'http';
  const connect = exchange.attempts.at(-1)?.connectMs ?? 0;
  const reused = exchange.attempts.at(-1)?.reused === true;
  return {
    startedDateTime: exchange.time,
    time: exchange.durationMs,
    request: {
      method: exchange.method,
      url: `${scheme}://${exchange.authority}${exchange.path}`,
      httpVersion: exchange.protocol,
      headers: toHarHeaders(request.headers),
      queryString: queryOf(exchange.path),
      cookies: [],
      headersSize: -1,
      bodySize: request.body?.bytes ?? 0,
      ...(request.body === null ? {} : { postData: postData(request.body) }),
    },
    response: {
      status: exchange.status,
      statusText: '',
      httpVersion: exchange.protocol,
      headers: toHarHeaders(response.headers),
      cookies: [],
      content: content(response.body),
      redirectURL: response.headers.find(([name]) => name === 'location')?.[1] ?? '',
      headersSize: -1,
      bodySize: response.body?.bytes ?? 0,
    },
    cache: {},
    timings: {
      blocked: -1,
      dns: -1,
      connect: reused || connect === 0 ? -1 : connect,
      ssl: -1,
      send: 0,
      wait: Math.max(0, exchange.durationMs - (reused ? 0 : connect)),
      receive: 0,
    },
    serverIPAddress: exchange.endpoint.replace(/:\d+$/, ''),
    connection: exchange.endpoint,
    _drydock: exchange,
  };
}

function toHarHeaders(pairs: Pairs): { name: string; value: string }[] {
  return pairs.map(([name, value]) => ({ name, value }));
}

function queryOf(path: string): { name: string; value: string }[] {
  const start = path.indexOf('?');
  return start < 0 ? [] : [...new URLSearchParams(path.slice(start + 1))].map(([name, value]) => ({ name, value }));
}

/** HAR has no encoding for request bodies: binary ones travel in a field of their own. */
function postData(body: CapturedBody): Record<string, unknown> {
  const { text, encoding } = decodedText(body);
  if (encoding === 'base64') return { mimeType: body.contentType, text: '', _base64: text };
  return { mimeType: body.contentType, text };
}

/** `size` and `text` are decoded, as HAR wants them; bodySize tells the bytes on the wire. */
function content(body: CapturedBody | null): Record<string, unknown> {
  if (body === null) return { size: 0, mimeType: '', text: '' };
  const { text, encoding, size } = decodedText(body);
  const compression = size - body.bytes;
  return {
    size,
    ...(compression > 0 && body.contentEncoding !== '' ? { compression } : {}),
    mimeType: body.contentType,
    text,
    ...(encoding === 'base64' ? { encoding } : {}),
  };
}

function decodedText(body: CapturedBody): { text: string; encoding: 'utf8' | 'base64'; size: number } {
  const decoded = decodeBody(body);
  if (decoded === null) return { text: body.content, encoding: body.encoding, size: body.bytes };
  // What the capture limit cut off still counts.
  const size = body.truncated && body.contentEncoding === '' ? body.bytes : decoded.length;
  const encoding = isUtf8(decoded) ? 'utf8' : 'base64';
  return { text: decoded.toString(encoding), encoding, size };
}

/**
 * Exchanges of a HAR, oldest first, or a sentence that says why it is none. Entries that cannot be read are counted. Every exchange gets an id of
 * its own in this order, so that a file with ids of anyone's choice (or the same twice) loses nothing.
 */
export function readHar(
  har: unknown,
  newId: (index: number) => string,
): { name: string; exchanges: ExchangeDetail[]; skipped: number } | string {
  const log = record(record(har)?.log);
  if (log === null) return 'This is not a HAR: it has no log';
  if (!Array.isArray(log.entries)) return 'This is not a HAR: log.entries is not a list';
  const own = record(log._drydock);
  const exchanges: ExchangeDetail[] = [];
  let skipped = 0;
  for (const entry of log.entries) {
    const exchange = readEntry(record(entry));
    if (exchange === null) skipped++;
    else exchanges.push(exchange);
  }
  exchanges.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  exchanges.forEach((exchange, index) => {
    exchange.id = newId(index);
  });
  const creator = text(record(log.creator)?.name);
  return { name: text(own?.name) || `imported from ${creator || 'HAR'}`, exchanges, skipped };
}

function readEntry(entry: Record<string, unknown> | null): ExchangeDetail | null {
  if (entry === null) return null;
  const own = exchangeDetailSchema.safeParse(entry._drydock);
  if (own.success && !Number.isNaN(Date.parse(own.data.time))) return own.data;
  const request = record(entry.request);
  const response = record(entry.response) ?? {};
  const url = parseUrl(text(request?.url));
  if (request === null || url === null) return null;
  const time = new Date(text(entry.startedDateTime));
  const status = number(response.status);
  return {
    ...blankExchange,
    id: '',
    time: (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString(),
    destination: url.hostname.split('.')[0] ?? url.hostname,
    method: text(request.method).toUpperCase() || 'GET',
    authority: url.host,
    path: url.pathname + url.search,
    protocol: text(request.httpVersion).toUpperCase() || 'HTTP/1.1',
    status,
    details: 'imported',
    durationMs: Math.max(0, number(entry.time)),
    requestBytes: Math.max(0, number(request.bodySize)),
    responseBytes: Math.max(0, number(response.bodySize)),
    request: readMessage(request.headers, readPostData(record(request.postData))),
    response: readMessage(response.headers, readContent(record(response.content))),
  };
}

/** HAR texts are decoded: headers that tell how the wire had them are no longer true. */
function readMessage(headers: unknown, body: CapturedBody | null): ExchangeDetail['request'] {
  const pairs = readHeaders(headers);
  const kept = body === null ? pairs : pairs.filter(([name]) => !wireHeaders.has(name));
  return { headers: kept, body, trailers: [] };
}
const wireHeaders = new Set(['content-encoding', 'content-length', 'transfer-encoding']);

/** `{name, value}` objects, or `[name, value]` pairs as some write them. HTTP/2 pseudo-headers are left out. */
function readHeaders(headers: unknown): Pairs {
  if (!Array.isArray(headers)) return [];
  const pairs: Pairs = [];
  for (const header of headers) {
    const object = record(header);
    const name = Array.isArray(header) ? text(header[0]) : text(object?.name);
    const value = Array.isArray(header) ? text(header[1]) : text(object?.value);
    if (name !== '' && !name.startsWith(':')) pairs.push([name.toLowerCase(), value]);
  }
  return pairs;
}

function readPostData(data: Record<string, unknown> | null): CapturedBody | null {
  if (data === null) return null;
  const base64 = text(data._base64);
  return capturedBody(base64 || text(data.text), base64 !== '', text(data.mimeType));
}

function readContent(data: Record<string, unknown> | null): CapturedBody | null {
  if (data === null || text(data.text) === '') return null;
  return capturedBody(text(data.text), data.encoding === 'base64', text(data.mimeType));
}

function capturedBody(content: string, base64: boolean, contentType: string): CapturedBody | null {
  if (content === '') return null;
  const bytes = Buffer.byteLength(content, base64 ? 'base64' : 'utf8');
  const encoding = base64 ? 'base64' : 'utf8';
  return { bytes, capturedBytes: bytes, truncated: false, encoding, content, contentType, contentEncoding: '' };
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
function parseUrl(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}

const blankExchange: Omit<ExchangeDetail, 'id' | 'time'> = {
  reporter: 'gateway',
  source: 'ingress',
  sourceNamespace: '',
  sourceWorkload: '',
  sourceVersion: '',
  destination: '',
  destinationNamespace: '',
  destinationWorkload: '',
  destinationVersion: '',
  method: '',
  authority: '',
  path: '',
  protocol: '',
  status: 0,
  flags: '',
  details: '',
  durationMs: 0,
  requestBytes: 0,
  responseBytes: 0,
  route: '',
  cluster: '',
  endpoint: '',
  attempts: [],
  traceId: '',
  spanId: '',
  parentSpanId: '',
  requestId: '',
  mtls: false,
  faults: [],
  request: { headers: [], body: null, trailers: [] },
  response: { headers: [], body: null, trailers: [] },
  timeline: [],
  decision: null,
  peer: { address: '', spiffeId: '' },
  redacted: [],
};
