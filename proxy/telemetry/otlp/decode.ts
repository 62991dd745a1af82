import { gunzipSync } from 'node:zlib';
import type { AppMetric } from '../../api/app-metric.schema.ts';
import type { LogRecord } from '../../api/log.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import { decodeJsonSpans } from './decode-json.ts';
import { decodeJsonLogs, decodeProtobufLogs } from './decode-logs.ts';
import { decodeJsonMetrics, decodeProtobufMetrics } from './decode-metrics.ts';
import { decodeProtobufSpans } from './decode-protobuf.ts';
import { OtlpJsonError } from './json-values.ts';
import { WireError, WireReader } from './wire.ts';

/** Inflated size a request may have; more is 413 (the specification advises a limit, and to apply it after inflating). */
export const otlpBodyLimitBytes = 20 * 1024 * 1024;

export type OtlpSignal = 'traces' | 'logs' | 'metrics';
export const otlpSignals = ['traces', 'logs', 'metrics'] as const;

export interface OtlpBody {
  signal: OtlpSignal;
  bytes: Uint8Array;
  encoding: 'protobuf' | 'json';
  gzip: boolean;
}

/** What a request held, by its signal. */
export interface Decoded {
  spans?: Span[];
  logs?: LogRecord[];
  metrics?: AppMetric[];
  rejected: number;
  /** Why items were rejected, or what was bent to be accepted; '' when all was well. */
  message: string;
}

/** `too-large` and `malformed` are the sender's fault and final; `unavailable` may be tried again. */
export type DecodeOutcome =
  | ({ ok: true } & Decoded)
  | { ok: false; kind: 'too-large' | 'malformed' | 'unavailable'; message: string };

/** An export as it came from the network → spans, log records or metrics. Never throws. `nowMs` for items without a time of their own. */
export function decodeExport({ signal, bytes, encoding, gzip }: OtlpBody, nowMs: number): DecodeOutcome {
  try {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const plain = gzip ? gunzipSync(body, { maxOutputLength: otlpBodyLimitBytes }) : body;
    return { ok: true, ...decoders[signal][encoding](plain, nowMs) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      return { ok: false, kind: 'too-large', message: `the body is over ${otlpBodyLimitBytes} bytes when inflated` };
    }
    const isOurs = error instanceof WireError || error instanceof OtlpJsonError || (code ?? '').startsWith('Z_');
    if (!isOurs) throw error;
    return { ok: false, kind: 'malformed', message };
  }
}

type Decoder = (body: Buffer, nowMs: number) => Decoded;

const decoders: Record<OtlpSignal, Record<OtlpBody['encoding'], Decoder>> = {
  traces: {
    protobuf: (body) => decodeProtobufSpans(new WireReader(body)),
    json: (body) => decodeJsonSpans(body.toString('utf8')),
  },
  logs: {
    protobuf: (body, nowMs) => decodeProtobufLogs(new WireReader(body), nowMs),
    json: (body, nowMs) => decodeJsonLogs(body.toString('utf8'), nowMs),
  },
  metrics: {
    protobuf: (body, nowMs) => decodeProtobufMetrics(new WireReader(body), nowMs),
    json: (body, nowMs) => decodeJsonMetrics(body.toString('utf8'), nowMs),
  },
};
