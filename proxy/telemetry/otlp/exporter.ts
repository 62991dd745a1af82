import type { Exchange } from '../../api/exchange.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { spansOf } from '../spans/exchange-spans.ts';
import { encodeTraces, type TimedSpan } from './encode-traces.ts';
import { meshScope } from './make-span.ts';

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
/** What OTLP allows to be sent again, and how long a collector may have us wait for it. */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const longestWaitMs = 30_000;
/** On spans of apps that were passed on: two engines that export to each other must not send them round for ever. */
const relayedAttribute = 'drydock.relayed';

/**
 * The mesh's spans to a collector, and those that apps sent to us, so that a trace arrives whole: OTLP over HTTP as JSON. Off until `set` names
 * one. Best effort: a collector that is down costs spans, never requests; one that asks for patience gets the same spans later.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class OtlpExporter {
  readonly #options: OtlpExporterOptions;
  #endpoint = '';
  #spans: TimedSpan[] = [];
  #timer: Timer | null = null;
  #sending: Promise<void> = Promise.resolve();
  #failed = false;
  #dropped = 0;
  /** Batches whose failure costs nothing, as they are sent again. */
  readonly #kept = new Set<readonly TimedSpan[]>();

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
      const originMs = Date.parse(exchange.time);
      this.#add(spansOf(exchange, originMs).map((span) => ({ span, originMs })));
    }
    this.#schedule();
  }

  /** Redacted spans of the apps, as the receiver made them. Those of other engines' sidecars go nowhere from here. */
  recordApp(spans: readonly Span[]): void {
    if (this.#endpoint === '') return;
    for (const span of spans) {
      if (span.mesh || span.attributes[relayedAttribute] === true) continue;
      const events = span.events.map((event) => ({ ...event, atMs: span.startMs + event.atMs }));
      const marked = { ...span, events, attributes: { ...span.attributes, [relayedAttribute]: true } };
      this.#add([{ span: marked, originMs: Date.parse(span.start) }]);
    }
    this.#schedule();
  }

  #add(spans: readonly TimedSpan[]): void {
    if (this.#spans.length >= maxWaiting) this.#dropped += spans.length;
    else this.#spans.push(...spans);
  }

  #schedule(afterMs = flushMs): void {
    if (this.#spans.length > 0) this.#timer ??= this.#options.clock.setTimer(() => void this.flush(), afterMs);
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

  async #send(endpoint: string, spans: readonly TimedSpan[]): Promise<void> {
    try {
      const response = await fetch(tracesUrl(endpoint), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(encodeTraces(spans, { scope: meshScope, version: this.#options.version })),
        signal: AbortSignal.timeout(answerMs),
        redirect: 'error',
      });
      await response.arrayBuffer();
      if (retryable.has(response.status) && endpoint === this.#endpoint) this.#keepForLater(spans, response.headers);
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      this.#noteSuccess(endpoint);
    } catch (error) {
      if (!this.#kept.delete(spans)) this.#dropped += spans.length;
      this.#noteFailure(endpoint, error);
    }
  }

  /** In front of what came since; what no longer fits is the oldest. */
  #keepForLater(spans: readonly TimedSpan[], headers: Headers): void {
    const room = Math.max(0, maxWaiting - this.#spans.length);
    const fitting = room === 0 ? [] : spans.slice(-room);
    this.#dropped += spans.length - fitting.length;
    this.#spans = [...fitting, ...this.#spans];
    this.#kept.add(spans);
    const askedMs = Number(headers.get('retry-after')) * 1000;
    this.#schedule(askedMs > 0 ? Math.min(longestWaitMs, askedMs) : flushMs);
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

/** The signal's path goes behind whatever path the base address has (OTEL_EXPORTER_OTLP_ENDPOINT). */
const tracesUrl = (endpoint: string): URL => new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
