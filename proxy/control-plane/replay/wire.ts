import http from 'node:http';
import type { StreamScript } from '../../recorder/replay/call.ts';
import { EventReader } from './event-reader.ts';

/** A call with its place in the mesh found, as it is handed to the sending thread. */
export interface WireCall {
  host: string;
  port: number;
  method: string;
  authority: string;
  path: string;
  headers: [string, string][];
  body: Uint8Array;
  traceId: string;
  /** Parent of the sidecar's span. */
  spanId: string;
  /** Epoch milliseconds with fractions; 0 = at once. */
  startAt: number;
  script: StreamScript | null;
}

export interface WireMessage {
  dir: 'up' | 'down';
  kind: StreamScript['messages'][number]['kind'];
  data: Uint8Array;
  offsetMs: number;
  closeCode?: number;
}

export interface WireAnswer {
  status: number;
  headers: [string, string][];
  body: Uint8Array;
  trailers: [string, string][];
  messages: WireMessage[] | null;
  durationMs: number;
  error: string;
  lagMs: number | null;
}

/** Sends when told to, and settles with what came; never rejects. `cancel` ends it now. */
export interface Prepared {
  start(): void;
  answer: Promise<WireAnswer>;
  cancel(): void;
}

export const timeoutMs = 60_000;
export const maxAnswerBytes = 16 * 1024 * 1024;
const skipped = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'upgrade',
  'te',
  'proxy-connection',
  'traceparent',
]);

export function headersOf(call: WireCall): [string, string][] {
  const headers = call.headers.filter(([name]) => !skipped.has(name.toLowerCase()) && !name.startsWith(':'));
  headers.push(['traceparent', `00-${call.traceId}-${call.spanId}-01`]);
  return headers;
}

export function failure(error: string, startedAt: number): WireAnswer {
  const durationMs = startedAt === 0 ? 0 : performance.now() - startedAt;
  return { status: 0, headers: [], body: new Uint8Array(0), trailers: [], messages: null, durationMs, error, lagMs: null };
}

/** One HTTP/1.1 request. Its connection is taken or made when it is prepared, and nothing is written before start(). */
export function prepareHttp1(call: WireCall, agent: http.Agent): Prepared {
  let startedAt = 0;
  let cancelled = false;
  let request: http.ClientRequest | null = null;
  let settle: (answer: WireAnswer) => void = () => {};
  const answer = new Promise<WireAnswer>((resolve) => {
    settle = resolve;
  });
  const open = (from: http.Agent | false) => {
    const headers = headersOf(call);
    headers.push(['host', call.authority]);
    if (call.body.length > 0) headers.push(['content-length', String(call.body.length)]);
    const { host, port, method, path } = call;
    const made = http.request({ host, port, method, path, headers: headers.flat(), agent: from, timeout: timeoutMs });
    made.on('response', (response) => readResponse(response, call, () => startedAt, settle));
    made.on('timeout', () => made.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
    made.on('error', (error: NodeJS.ErrnoException) => {
      // The sidecar closed a kept connection before it saw the request: a new one.
      const isStale = made.reusedSocket && error.code === 'ECONNRESET' && startedAt !== 0 && !cancelled;
      if (isStale) request = open(false);
      else settle(failure(error.code ?? error.message, startedAt));
      if (isStale) request!.end(call.body);
    });
    return made;
  };
  try {
    request = open(agent);
  } catch (error) {
    settle(failure(error instanceof Error ? error.message : String(error), 0));
  }
  return {
    start: () => {
      startedAt = performance.now();
      request?.end(call.body);
    },
    answer,
    cancel: () => {
      cancelled = true;
      request?.destroy(new Error('cancelled'));
    },
  };
}

function readResponse(
  response: http.IncomingMessage,
  call: WireCall,
  startedAt: () => number,
  settle: (answer: WireAnswer) => void,
): void {
  const status = response.statusCode ?? 0;
  const headers = pairs(response.rawHeaders);
  const isEvents = call.script?.kind === 'events' && (response.headers['content-type'] ?? '').startsWith('text/event-stream');
  const events = isEvents ? new EventReader() : null;
  const wanted = call.script?.messages.length ?? 0;
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = (error = '') => {
    clearTimeout(timer);
    settle({
      status: error === '' ? status : 0,
      headers,
      body: new Uint8Array(Buffer.concat(chunks)),
      trailers: pairs(response.rawTrailers),
      messages: events?.messages ?? null,
      durationMs: performance.now() - startedAt(),
      error,
      lagMs: null,
    });
  };
  // A stream of events may never end by itself: as many as were recorded are enough.
  const stop = () => {
    finish();
    response.destroy();
  };
  const timer = events === null ? undefined : setTimeout(stop, call.script!.endAfterMs);
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxAnswerBytes) chunks.push(chunk);
    if (events === null) return;
    events.add(chunk, performance.now() - startedAt());
    if (wanted > 0 && events.messages.length >= wanted) stop();
  });
  response.on('end', () => finish());
  response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
}

export function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[i * 2]!.toLowerCase(), raw[i * 2 + 1]!]);
}
