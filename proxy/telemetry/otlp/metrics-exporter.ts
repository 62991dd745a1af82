import type { Clock, Timer } from '../../shared/clock.ts';

export interface OtlpMetricsExporterOptions {
  clock: Clock;
  /** ExportMetricsServiceRequest of now. */
  encode: () => object;
  /** `otlp-export.failed`, `otlp-export.recovered`: once per change. */
  onEvent: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

const everyMs = 10_000;
const answerMs = 10_000;

/**
 * The mesh's metrics to a collector, OTLP over HTTP as JSON, every ten seconds. Off until `set` names one. What is sent is cumulative: an
 * export that fails costs nothing, the next one tells the same and more.
 */
export class OtlpMetricsExporter {
  readonly #options: OtlpMetricsExporterOptions;
  #endpoint = '';
  #timer: Timer | null = null;
  #failed = false;

  constructor(options: OtlpMetricsExporterOptions) {
    this.#options = options;
  }

  /** Base address of the collector, as in OTEL_EXPORTER_OTLP_ENDPOINT; '' turns the export off. */
  set(endpoint: string): void {
    if (endpoint === this.#endpoint) return;
    this.#endpoint = endpoint;
    this.#failed = false;
    this.#timer?.cancel();
    this.#timer = null;
    if (endpoint !== '') this.#schedule();
  }

  /** Resolves when the collector has taken it, or has not. Never rejects. */
  async export(): Promise<void> {
    const endpoint = this.#endpoint;
    if (endpoint === '') return;
    try {
      const response = await fetch(new URL('v1/metrics', endpoint.endsWith('/') ? endpoint : `${endpoint}/`), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(this.#options.encode()),
        signal: AbortSignal.timeout(answerMs),
        redirect: 'error',
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      if (this.#failed) this.#tell('recovered', endpoint, `The collector at ${endpoint} takes metrics again`);
      this.#failed = false;
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (!this.#failed) this.#tell('failed', endpoint, `The collector at ${endpoint} takes no metrics: ${reason}`);
      this.#failed = true;
    }
  }

  /** The last values go out. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.export();
    this.#endpoint = '';
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimer(() => {
      void this.export().then(() => {
        if (this.#endpoint !== '') this.#schedule();
      });
    }, everyMs);
  }

  #tell(what: string, subject: string, message: string): void {
    this.#options.onEvent({ type: `otlp-export.${what}`, subject, message, data: {} });
  }
}
