import { createHash } from 'node:crypto';
import type { Exchange } from '../../api/exchange.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { spansOf } from '../spans/exchange-spans.ts';

export interface OtlpExporterOptions {
  clock: Clock;
  version: string;
  /** `otlp-export.failed`, `otlp-export.recovered`: once per change. */
  onEvent: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

const flushMs = 1000;
const batchSpans = 512;
/** Spans waiting for a slow collector; beyond it the newest are dropped and counted. */
const maxWaiting = 20_000;
const answerMs = 10_000;
const kindNumbers: Record<Span['kind'], number> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

/**
 * The mesh's spans to a collector, OTLP over HTTP as JSON. Off until `set` names one. Best effort: a collector that is down costs spans,
 * never requests. https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class OtlpExporter {
  readonly #options: OtlpExporterOptions;
  #endpoint = '';
  #spans: Span[] = [];
  #timer: Timer | null = null;
  #sending: Promise<void> = Promise.resolve();
  #failed = false;
  #dropped = 0;

  constructor(options: OtlpExporterOptions) {
    this.#options = options;
  }

  /** Base address of the collector, as in OTEL_EXPORTER_OTLP_ENDPOINT; '' turns the export off. */
  set(endpoint: string): void {
    if (endpoint === this.#endpoint) return;
    this.#endpoint = endpoint;
    this.#failed = false;
    if (endpoint === '') this.#spans = [];
  }

  record(exchanges: readonly Exchange[]): void {
    if (this.#endpoint === '') return;
    for (const exchange of exchanges) {
      if (exchange.traceId === '' || exchange.spanId === '') continue;
      if (this.#spans.length >= maxWaiting) this.#dropped++;
      else this.#spans.push(...spansOf(exchange, Date.parse(exchange.time)));
    }
    if (this.#spans.length > 0) this.#timer ??= this.#options.clock.setTimer(() => void this.flush(), flushMs);
  }

  /** Resolves when everything so far was taken or given up. Never rejects. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const endpoint = this.#endpoint;
    const spans = this.#spans;
    this.#spans = [];
    if (endpoint === '' || spans.length === 0) return this.#sending;
    this.#sending = this.#sending.then(async () => {
      for (let at = 0; at < spans.length; at += batchSpans) await this.#send(endpoint, spans.slice(at, at + batchSpans));
    });
    return this.#sending;
  }

  async close(): Promise<void> {
    await this.flush();
    this.#timer?.cancel();
    this.#endpoint = '';
  }

  async #send(endpoint: string, spans: readonly Span[]): Promise<void> {
    try {
      const response = await fetch(new URL('/v1/traces', endpoint), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(encodeTraces(spans, this.#options.version)),
        signal: AbortSignal.timeout(answerMs),
        redirect: 'error',
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      this.#noteSuccess(endpoint);
    } catch (error) {
      this.#dropped += spans.length;
      this.#noteFailure(endpoint, error);
    }
  }

  #noteFailure(endpoint: string, error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#tell(
      'failed',
      endpoint,
      `The collector at ${endpoint} takes no spans: ${reason}. Traffic goes on; spans are lost there, not here`,
    );
  }

  #noteSuccess(endpoint: string): void {
    if (!this.#failed) return;
    this.#failed = false;
    this.#tell('recovered', endpoint, `The collector at ${endpoint} takes spans again; ${this.#dropped} were lost to it`);
    this.#dropped = 0;
  }

  #tell(what: string, subject: string, message: string): void {
    this.#options.onEvent({ type: `otlp-export.${what}`, subject, message, data: { dropped: this.#dropped } });
  }
}

/** ExportTraceServiceRequest in OTLP's JSON: ids in hex, 64-bit numbers as text. One resource per service. */
export function encodeTraces(spans: readonly Span[], version: string): object {
  const byService = new Map<string, Span[]>();
  for (const span of spans) {
    const list = byService.get(span.service);
    if (list) list.push(span);
    else byService.set(span.service, [span]);
  }
  return {
    resourceSpans: [...byService].map(([service, own]) => ({
      resource: { attributes: attributes({ 'service.name': service || 'unknown', 'telemetry.sdk.name': 'drydock' }) },
      scopeSpans: [{ scope: { name: 'drydock.proxy', version }, spans: own.map(encodeSpan) }],
    })),
  };
}

function encodeSpan(span: Span): object {
  const startMs = Date.parse(span.start);
  return {
    traceId: span.traceId,
    spanId: spanIdOf(span.spanId),
    ...(span.parentSpanId === '' ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kindNumbers[span.kind],
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + span.durationMs),
    attributes: attributes(span.attributes),
    events: span.events.map(({ name, atMs }) => ({ name, timeUnixNano: nanos(startMs + Math.max(0, atMs - span.startMs)) })),
    status: span.error ? { code: 2 } : {},
  };
}

/** Attempts without an id of their own are numbered after their call's; OTLP wants eight bytes. */
function spanIdOf(id: string): string {
  return /^[0-9a-f]{16}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 16);
}

function attributes(values: Readonly<Record<string, string | number | boolean>>): object[] {
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => ({ key, value: encodeValue(value) }));
}

function encodeValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Whole microseconds are exact in a double until the year 2255. */
const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`;
