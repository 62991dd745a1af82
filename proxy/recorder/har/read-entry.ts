import { isUtf8 } from 'node:buffer';
import net from 'node:net';
import type { CapturedBody, ExchangeDetail, ExchangeMessage } from '../../api/exchange.schema.ts';
import type { ImportNotes } from '../import-notes.ts';
import { type JsonObject, listOf, numberOf, objectOf, stringOf, textOf } from '../read-json.ts';

/** Files that lie beside a HAR and hold its bodies, by name (Playwright's zipped HARs). */
export type AttachedFiles = ReadonlyMap<string, Buffer>;

interface Reading {
  /** `entry 12` */
  entry: string;
  notes: ImportNotes;
  attached: AttachedFiles;
}

/** An entry of any tool's HAR as an exchange at the ingress; null when it cannot be one. Everything strange is told. */
export function readEntry(
  entry: JsonObject | null,
  name: string,
  notes: ImportNotes,
  attached: AttachedFiles,
): ExchangeDetail | null {
  const reading: Reading = { entry: name, notes, attached };
  const request = objectOf(entry?.request);
  if (entry === null || request === null) return skip(reading, '', 'has no request');
  const address = stringOf(request.url);
  if (!URL.canParse(address)) return skip(reading, 'request.url', `${address.slice(0, 80) || '(none)'} is no URL`);
  const url = new URL(address);
  if (!/^(https?|wss?):$/.test(url.protocol)) return skip(reading, 'request.url', `${url.protocol} is not HTTP`);
  const response = objectOf(entry.response) ?? {};
  const status = Math.trunc(numberOf(response.status));
  if (status === 0) notes.add(name, 'response', `has no status${reasonOf(response)}: it is taken as a call without an answer`);
  const started = new Date(stringOf(entry.startedDateTime));
  if (Number.isNaN(started.getTime())) notes.add(name, 'startedDateTime', 'is no time: the entry comes first');
  const time = Number.isNaN(started.getTime()) ? new Date(0) : started;
  const isWebSocket =
    url.protocol.startsWith('ws') || entry._resourceType === 'websocket' || Array.isArray(entry._webSocketMessages);
  const requestBody = readPostData(objectOf(request.postData), reading);
  const responseBody = readContent(objectOf(response.content), response, reading);
  return {
    ...blankExchange,
    id: '',
    time: time.toISOString(),
    destination: net.isIP(bareHost(url)) ? bareHost(url) : (url.hostname.split('.')[0] ?? url.hostname),
    method: stringOf(request.method).toUpperCase() || 'GET',
    authority: url.host,
    path: url.pathname + url.search,
    protocol: isWebSocket ? 'WebSocket' : protocolOf(stringOf(request.httpVersion) || stringOf(response.httpVersion)),
    ...{ status, details: 'imported', durationMs: durationOf(entry) },
    requestBytes: Math.max(0, Math.trunc(numberOf(request.bodySize))) || (requestBody?.bytes ?? 0),
    responseBytes: Math.max(0, Math.trunc(numberOf(response.bodySize))) || (responseBody?.bytes ?? 0),
    endpoint: endpointOf(stringOf(entry.serverIPAddress), url),
    request: readMessage(request.headers, requestBody),
    response: readMessage(response.headers, responseBody),
    ...(isWebSocket ? { messages: readWebSocketMessages(listOf(entry._webSocketMessages), time.getTime()) } : {}),
  };
}

function skip({ entry, notes }: Reading, field: string, message: string): null {
  notes.add(entry, field, `${message}; the entry is left out`);
  return null;
}

function reasonOf(response: JsonObject): string {
  const error = stringOf(response._error) || stringOf(response._failureText);
  return error === '' ? '' : ` (${error})`;
}

const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/** `h2`, `http/2.0` and `HTTP/2` are one. */
function protocolOf(version: string): string {
  const folded = version.toLowerCase();
  if (/^(h2|http\/2)/.test(folded)) return 'HTTP/2';
  if (/^(h3|http\/3|quic)/.test(folded)) return 'HTTP/3';
  return /^http\/1\.0/.test(folded) ? 'HTTP/1.0' : 'HTTP/1.1';
}

/** Milliseconds; where the entry does not say, the sum of its parts. TLS is part of connecting. */
function durationOf(entry: JsonObject): number {
  if (typeof entry.time === 'number' && entry.time >= 0 && Number.isFinite(entry.time)) return entry.time;
  const { ssl: _ssl, ...timings } = objectOf(entry.timings) ?? {};
  return Object.entries(timings)
    .filter(([name]) => !name.startsWith('_'))
    .reduce((sum, [, ms]) => sum + Math.max(0, numberOf(ms)), 0);
}

function endpointOf(address: string, url: URL): string {
  const bare = address.replace(/^\[|\]$/g, '');
  if (bare === '') return '';
  const port = url.port || (/^(https|wss):$/.test(url.protocol) ? '443' : '80');
  return bare.includes(':') ? `[${bare}]:${port}` : `${bare}:${port}`;
}

// ── headers ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** HAR texts are decoded: headers that tell how the wire had them are no longer true. */
function readMessage(headers: unknown, body: CapturedBody | null): ExchangeDetail['request'] {
  const pairs = readHeaders(headers);
  const kept = body === null ? pairs : pairs.filter(([name]) => !wireHeaders.has(name));
  return { headers: kept, body, trailers: [] };
}
const wireHeaders = new Set(['content-encoding', 'content-length', 'transfer-encoding']);

/** `{name, value}` objects, `[name, value]` pairs, or one object of all, as some write them. HTTP/2 pseudo-headers are left out. */
function readHeaders(headers: unknown): [string, string][] {
  const object = objectOf(headers);
  const list = object === null ? listOf(headers) : Object.entries(object);
  const pairs: [string, string][] = [];
  for (const header of list) {
    const { name, value } = Array.isArray(header) ? { name: header[0], value: header[1] } : (objectOf(header) ?? {});
    const key = stringOf(name);
    if (key !== '' && !key.startsWith(':')) pairs.push([key.toLowerCase(), value === undefined ? '' : textOf(value)]);
  }
  return pairs;
}

// ── bodies ────────────────────────────────────────────────────────────────────────────────────────────────────────
function readPostData(data: JsonObject | null, reading: Reading): CapturedBody | null {
  if (data === null) return null;
  const type = stringOf(data.mimeType);
  const file = attachedBody(data, 'request.postData', type, reading);
  if (file !== undefined) return file;
  const base64 = stringOf(data._base64) || (data.encoding === 'base64' ? stringOf(data.text) : '');
  if (base64 !== '') return capturedBody(Buffer.from(base64, 'base64'), type);
  const text = stringOf(data.text);
  const fields = listOf(data.params).map((one) => objectOf(one) ?? {});
  if (text !== '' || fields.length === 0) return capturedBody(Buffer.from(text), type);
  const form = new URLSearchParams(fields.map((one): [string, string] => [stringOf(one.name), stringOf(one.value)])).toString();
  reading.notes.add(reading.entry, 'request.postData', 'has fields and no text: the body is put together from them');
  return capturedBody(Buffer.from(form), type || 'application/x-www-form-urlencoded');
}

function readContent(data: JsonObject | null, response: JsonObject, reading: Reading): CapturedBody | null {
  const { entry, notes } = reading;
  if (data === null) return null;
  const type = stringOf(data.mimeType);
  const file = attachedBody(data, 'response.content', type, reading);
  if (file !== undefined) return file;
  const text = stringOf(data.text);
  const size = numberOf(data.size);
  if (text === '') {
    if (size > 0) notes.add(entry, 'response.content', `says ${size} bytes and has no text: the body is missing`);
    return null;
  }
  const encoding = stringOf(data.encoding);
  if (encoding !== '' && encoding !== 'base64')
    notes.add(entry, 'response.content.encoding', `${encoding} is not known: the text is taken as it is`);
  const bytes = Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
  const wire = numberOf(response.bodySize);
  if (size > 0 && size !== bytes.length && size === wire)
    notes.add(entry, 'response.content.size', `is the compressed length ${size}; the text has ${bytes.length} bytes`);
  return capturedBody(bytes, type);
}

/** Undefined: the body is not in a file. */
function attachedBody(
  data: JsonObject,
  field: string,
  type: string,
  { entry, notes, attached }: Reading,
): CapturedBody | null | undefined {
  const name = stringOf(data._file) || stringOf(data._sha1);
  if (name === '' || stringOf(data.text) !== '') return undefined;
  const bytes = attached.get(name) ?? attached.get(`resources/${name}`);
  if (bytes !== undefined) return capturedBody(bytes, type);
  notes.add(entry, field, `is in the file ${name}, which did not come along: the body is missing`);
  return null;
}

function capturedBody(bytes: Buffer, contentType: string): CapturedBody | null {
  if (bytes.length === 0) return null;
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  const { length } = bytes;
  return {
    bytes: length,
    capturedBytes: length,
    truncated: false,
    encoding,
    content: bytes.toString(encoding),
    contentType,
    contentEncoding: '',
  };
}

const kinds: Readonly<Record<number, ExchangeMessage['kind']>> = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

function readWebSocketMessages(list: readonly unknown[], startedAt: number): NonNullable<ExchangeDetail['messages']> {
  const items = list.map((one, number): ExchangeMessage => {
    const { type, time, opcode, data } = objectOf(one) ?? {};
    const kind = kinds[numberOf(opcode)] ?? 'text';
    const encoding = kind === 'text' ? 'utf8' : 'base64';
    const content = stringOf(data);
    return {
      ...{ number, dir: type === 'send' ? 'up' : 'down', kind, bytes: Buffer.byteLength(content, encoding) },
      ...{ offsetMs: Math.max(0, numberOf(time) * 1000 - startedAt), encoding, content, truncated: false },
    };
  });
  return { items, total: items.length, dropped: 0 };
}

const blankExchange: Omit<ExchangeDetail, 'id' | 'time'> = {
  ...{ reporter: 'gateway', source: 'ingress', sourceNamespace: '', sourceWorkload: '', sourceVersion: '' },
  ...{ destination: '', destinationNamespace: '', destinationWorkload: '', destinationVersion: '' },
  ...{ method: '', authority: '', path: '', protocol: '', status: 0, flags: '', details: '' },
  ...{ durationMs: 0, requestBytes: 0, responseBytes: 0, route: '', cluster: '', endpoint: '', attempts: [] },
  ...{ traceId: '', spanId: '', parentSpanId: '', requestId: '', mtls: false, faults: [] },
  request: { headers: [], body: null, trailers: [] },
  response: { headers: [], body: null, trailers: [] },
  ...{ timeline: [], decision: null, peer: { address: '', spiffeId: '' }, redacted: [] },
};
