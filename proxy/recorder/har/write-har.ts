import { isUtf8 } from 'node:buffer';
import type { CapturedBody, ExchangeDetail, ExchangeMessage } from '../../api/exchange.schema.ts';
import type { Recording } from '../../api/recording.schema.ts';
import type { AnnotatedExchange } from '../../store/store-types.ts';
import { decodeBody } from '../decode-body.ts';
import type { Stubs } from '../stubs/stub.ts';

/*
 * HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). What HAR has no field for lies under `_drydock`, in the log and in each entry, so
 * that an export read back is the same recording.
 */

export type HarEntry = Record<string, unknown>;

type Pairs = readonly (readonly [string, string])[];

/** Text is handed on when there is this much of it. */
const pieceBytes = 64 * 1024;

/** A HAR, a piece at a time and an entry a line. `exchanges` come oldest first, as HAR wants its entries. */
export async function* writeHar(
  recording: Recording,
  exchanges: AsyncIterable<AnnotatedExchange>,
  stubs: Stubs | null = null,
): AsyncGenerator<Uint8Array> {
  const { name, note, filter, startedAt, stoppedAt } = recording;
  const own = { name, note, filter, startedAt, stoppedAt, ...(stubs === null ? {} : { stubs }) };
  const head = JSON.stringify({ version: '1.2', creator: { name: 'Drydock', version: '0.1.0' }, pages: [], _drydock: own });
  let text = `{"log":${head.slice(0, -1)},"entries":[`;
  let separator = '\n';
  for await (const exchange of exchanges) {
    text += separator + JSON.stringify(writeEntry(exchange));
    separator = ',\n';
    if (text.length < pieceBytes) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}\n]}}\n`);
}

function writeEntry(exchange: AnnotatedExchange): HarEntry {
  const { request, response } = exchange;
  const isTcp = exchange.protocol === 'TCP';
  const address = exchange.endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const httpVersion =
    exchange.protocol === 'gRPC' ? 'HTTP/2' : exchange.protocol === 'WebSocket' ? 'HTTP/1.1' : exchange.protocol;
  return {
    startedDateTime: exchange.time,
    time: exchange.durationMs,
    request: {
      method: isTcp ? 'CONNECT' : exchange.method,
      url: `${isTcp ? 'tcp' : 'http'}://${exchange.authority || exchange.destination}${exchange.path}`,
      httpVersion,
      headers: toHarHeaders(request.headers),
      queryString: queryOf(exchange.path),
      cookies: request.headers.filter(([name]) => isNamed(name, 'cookie')).flatMap(([, value]) => readCookies(value)),
      headersSize: -1,
      bodySize: request.body?.bytes ?? 0,
      ...(request.body === null ? {} : { postData: postData(request.body) }),
    },
    response: {
      status: exchange.status,
      statusText: '',
      httpVersion,
      headers: toHarHeaders(response.headers),
      cookies: response.headers.filter(([name]) => isNamed(name, 'set-cookie')).map(([, value]) => readSetCookie(value)),
      content: content(response.body),
      redirectURL: response.headers.find(([name]) => isNamed(name, 'location'))?.[1] ?? '',
      headersSize: -1,
      bodySize: response.body?.bytes ?? 0,
    },
    cache: {},
    timings: timings(exchange),
    ...(address === '' ? {} : { serverIPAddress: address, connection: exchange.endpoint }),
    ...(exchange.protocol === 'WebSocket' ? webSocketFields(exchange) : {}),
    _drydock: exchange,
  };
}

/** Their sum is the entry's time: what is not known to be anything else was waiting. */
function timings({ attempts, durationMs }: ExchangeDetail): Record<string, number> {
  const last = attempts.at(-1);
  const connected = last === undefined || last.reused === true ? 0 : Math.min(last.connectMs ?? 0, durationMs);
  return {
    ...{ blocked: -1, dns: -1, connect: connected > 0 ? connected : -1, ssl: -1, send: 0 },
    ...{ wait: durationMs - connected, receive: 0 },
  };
}

const isNamed = (name: string, wanted: string): boolean => name.toLowerCase() === wanted;

function toHarHeaders(pairs: Pairs): { name: string; value: string }[] {
  return pairs.map(([name, value]) => ({ name, value }));
}

function queryOf(path: string): { name: string; value: string }[] {
  const start = path.indexOf('?');
  return start < 0 ? [] : [...new URLSearchParams(path.slice(start + 1))].map(([name, value]) => ({ name, value }));
}

function readCookies(header: string): { name: string; value: string }[] {
  return header
    .split(/;\s*/)
    .filter(Boolean)
    .map((cookie) => {
      const [name = '', value = ''] = cookie.split(/=(.*)/s);
      return { name, value };
    });
}

function readSetCookie(header: string): Record<string, string | boolean> {
  const [first = { name: '', value: '' }, ...attributes] = readCookies(header);
  const all = new Map(attributes.map(({ name, value }) => [name.toLowerCase(), value]));
  const expires = Date.parse(all.get('expires') ?? '');
  return {
    ...first,
    ...(all.has('path') ? { path: all.get('path')! } : {}),
    ...(all.has('domain') ? { domain: all.get('domain')! } : {}),
    ...(Number.isNaN(expires) ? {} : { expires: new Date(expires).toISOString() }),
    ...{ httpOnly: all.has('httponly'), secure: all.has('secure') },
  };
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
    ...(body.truncated ? { comment: `cut off at ${body.capturedBytes} of ${body.bytes} bytes` } : {}),
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

/** As Chrome and mitmproxy write them: time in seconds since 1970, binary data in base64. */
function webSocketFields({ time, messages }: ExchangeDetail): Record<string, unknown> {
  const opcodes: Readonly<Record<ExchangeMessage['kind'], number>> = {
    ...{ text: 1, binary: 2, close: 8, ping: 9, pong: 10, event: 1, message: 2, data: 2 },
  };
  return {
    _resourceType: 'websocket',
    _webSocketMessages: (messages?.items ?? []).map(({ dir, kind, offsetMs, content: data }) => ({
      ...{ type: dir === 'up' ? 'send' : 'receive', time: (Date.parse(time) + offsetMs) / 1000, opcode: opcodes[kind], data },
    })),
  };
}
