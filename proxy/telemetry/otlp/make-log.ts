import type { LogRecord } from '../../api/log.schema.ts';
import { define, isId, limitAttributes, maxTextLength, type OtlpAttributes, type OtlpScope } from './make-span.ts';

/** A log record as OTLP has it, whichever encoding it came in. Times are epoch nanoseconds, 0 for none. */
export interface OtlpLog {
  traceId: string;
  spanId: string;
  nanos: bigint;
  observedNanos: bigint;
  severity: number;
  severityText: string;
  body: unknown;
  attributes: OtlpAttributes;
  eventName: string;
}

export interface DecodedLogs {
  logs: LogRecord[];
  /** Records that belong to no trace: taken, not kept. */
  untraced: number;
  rejected: number;
  message: string;
}

const lastNanos = 8_640_000_000_000_000n * 1_000_000n;

/** Gathers log records in our own shape. What has no trace cannot be shown with one; that is no fault of the sender. */
export class LogCollector {
  readonly #logs: LogRecord[] = [];
  readonly #nowMs: number;
  #untraced = 0;
  #rejected = 0;
  #message = '';

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  add(log: OtlpLog, scope: OtlpScope): void {
    if (log.nanos > lastNanos || log.observedNanos > lastNanos) {
      this.#rejected++;
      this.warn('a log record is of after the end of time');
    } else if (isId(log.traceId, 32)) this.#logs.push(makeLog(log, scope, this.#nowMs));
    else this.#untraced++;
  }

  /** The first reason is told. */
  warn(message: string): void {
    if (this.#message === '') this.#message = message;
  }

  result(): DecodedLogs {
    return { logs: this.#logs, untraced: this.#untraced, rejected: this.#rejected, message: this.#message };
  }
}

function makeLog(log: OtlpLog, { resource, scopeName }: OtlpScope, nowMs: number): LogRecord {
  const attributes = limitAttributes(log.attributes);
  if (scopeName !== '') define(attributes, 'otel.scope.name', scopeName);
  if (log.eventName !== '') define(attributes, 'event.name', log.eventName);
  const nanos = log.nanos > 0n ? log.nanos : log.observedNanos;
  const text = typeof log.body === 'string' ? log.body : log.body === undefined ? '' : (JSON.stringify(log.body) ?? '');
  return {
    // Neither time told: when it came.
    time: new Date(nanos > 0n ? Number(nanos / 1_000_000n) : nowMs).toISOString(),
    traceId: log.traceId,
    spanId: isId(log.spanId, 16) ? log.spanId : '',
    service: String(resource.get('service.name') ?? 'unknown_service').slice(0, 256),
    severity: log.severity >= 0 && log.severity <= 24 ? Math.trunc(log.severity) : 0,
    severityText: log.severityText.slice(0, 32),
    body: text.slice(0, maxTextLength * 4),
    attributes,
  };
}
