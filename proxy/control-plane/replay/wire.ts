import type { StreamScript } from '../../recorder/replay/call.ts';

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
  /** On the machine's monotonic clock (monotonicMs()), which all threads share; 0 = at once. */
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

export function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[i * 2]!.toLowerCase(), raw[i * 2 + 1]!]);
}
