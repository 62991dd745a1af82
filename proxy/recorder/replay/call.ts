import type { ExchangeDetail, ExchangeMessage } from '../../api/exchange.schema.ts';
import type { ReplayRequest } from '../../api/replay.schema.ts';
import type { Substituted } from './session.ts';

/** Spans that a replay makes up for the client begin like this, so that its own call is told from those of services. */
export const rootSpanPrefix = 'dd0c';

/** One message of a WebSocket or a gRPC call, as it goes over the wire. */
export interface StreamMessage {
  dir: 'up' | 'down';
  kind: ExchangeMessage['kind'];
  data: Buffer;
  /** From the call's beginning. */
  offsetMs: number;
  closeCode?: number;
}

/** A call that is more than one request and one answer. */
export interface StreamScript {
  kind: 'websocket' | 'grpc' | 'events';
  mode: ReplayRequest['streams'];
  /** Of recorded offsets, in mode timed. */
  speed: number;
  messages: StreamMessage[];
  /** The other side never ends it by itself: over after as many messages, or this long. */
  endAfterMs: number;
}

export interface ReplayCall {
  /** Who sends it: a workload id's sidecar (`reviews-v1-0`; '' with `service` when unknown), or the ingress. */
  source: { kind: 'workload'; workload: string; service: string; namespace: string } | { kind: 'ingress' };
  method: string;
  authority: string;
  /** With query. */
  path: string;
  /** Without hop and trace headers. */
  headers: [string, string][];
  body: Buffer;
  /** 32 hex digits; random when absent. */
  traceId?: string;
  /** When it begins, on the clock of the one who asks (monotonic ms); at once when absent. */
  startAt?: number;
  script?: StreamScript;
  signal: AbortSignal;
}

export interface ReplayAnswer {
  /** 0 with `error` set: a transport failure. */
  status: number;
  headers: [string, string][];
  body: Buffer;
  traceId: string;
  durationMs: number;
  error: string;
  trailers?: [string, string][];
  /** What came of a script, in order. */
  messages?: StreamMessage[];
  /** How far the start was from `startAt`. */
  lagMs?: number;
}
export type ReplaySend = (call: ReplayCall) => Promise<ReplayAnswer>;

/** Set anew by the sidecar, or meaningless on a new connection. */
const DROPPED_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'host',
  'content-length',
  'expect',
  'traceparent',
  'tracestate',
  'b3',
  'x-request-id',
  'x-forwarded-client-cert',
  'x-forwarded-for',
]);

export function sourceOf(exchange: ExchangeDetail): ReplayCall['source'] {
  if (exchange.reporter === 'gateway' || exchange.source === 'ingress' || exchange.source === 'outside')
    return { kind: 'ingress' };
  return { kind: 'workload', workload: exchange.sourceWorkload, service: exchange.source, namespace: exchange.sourceNamespace };
}

/** What a client may send again. A redacted secret is no secret: better none than a wrong one, unless a variable has its value. */
export function headersToSend(root: ExchangeDetail, given?: Pick<Substituted, 'headers' | 'replaced'>): [string, string][] {
  const { body } = root.request;
  return (given?.headers ?? root.request.headers).filter(([name, value]) => {
    const lower = name.toLowerCase();
    if (DROPPED_HEADERS.has(lower) || lower.startsWith('x-envoy-') || lower.startsWith('x-b3-')) return false;
    if (lower.startsWith('sec-websocket-') && lower !== 'sec-websocket-protocol') return false;
    if (lower === 'content-encoding' && body !== null && body.contentEncoding === '') return false;
    if (value === '') return lower !== 'cookie';
    return !(/redacted-[0-9a-f]{16}/.test(value) && root.redacted.some((path) => path.startsWith(`request.headers.${lower}`)));
  });
}

/** Calls of one client connection, in the order it made them; '' when it is not known. */
export function laneOf(exchange: ExchangeDetail): string {
  const { address } = exchange.peer;
  // Without a port it is a machine, not a connection.
  return /:\d+$/.test(address) ? `${exchange.sourceWorkload || exchange.reporter}|${address}` : '';
}

export function notSent(error: string): ReplayAnswer {
  return { status: 0, headers: [], body: Buffer.alloc(0), traceId: '', durationMs: 0, error };
}
