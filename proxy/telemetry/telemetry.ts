import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import { defaultHealthThresholds, type HealthThresholds } from '../api/health.ts';
import type { Graph, Series, Span, Trace, TraceSummary } from '../api/observability.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import { AppMetrics } from './app-metrics.ts';
import { addLogs, assembleTrace } from './assemble-trace.ts';
import { buildGraph, type GraphFacts } from './graph.ts';
import { addInferred } from './inferred-graph.ts';
import { Metrics } from './metrics.ts';
import { encodeMetrics } from './otlp/encode-metrics.ts';
import { HopOverhead } from './overhead.ts';
import { PrometheusMetrics } from './prometheus.ts';
import type { MetricsFormat } from './prometheus-text.ts';
import { Runs } from './runs.ts';
import { buildSeries, type SeriesRequest } from './series.ts';
import { SpanEdges } from './spans/span-edges.ts';
import { SplitHistory, type WantedSplit } from './split-history.ts';
import { TraceList, type TraceListQuery } from './trace-list.ts';

export type { GraphFacts, GraphServiceFact } from './graph.ts';
export type { SeriesRequest } from './series.ts';

export interface TelemetryOptions {
  clock: Clock;
  store: Store;
  /** Name of the mesh that runs. */
  mesh?: () => string;
  /** Epoch ms from which on traffic could have been seen: now, unless told. */
  startedMs?: number;
}

interface Followed {
  splits: readonly WantedSplit[];
  health?: HealthThresholds | undefined;
  identities?: ReadonlyMap<string, string>;
}

/** One place takes finished exchanges; everything else reads. */
export class Telemetry {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #startedMs: number;
  readonly #metrics = new Metrics();
  readonly #prometheus = new PrometheusMetrics();
  readonly #overhead = new HopOverhead();
  readonly #spanEdges = new SpanEdges();
  readonly #traceList: TraceList;
  readonly #splits = new SplitHistory();
  #thresholds = defaultHealthThresholds;
  readonly runs: Runs;
  /** What the apps export of themselves. */
  readonly appMetrics = new AppMetrics();

  constructor(options: TelemetryOptions) {
    this.#clock = options.clock;
    this.#store = options.store;
    this.#traceList = new TraceList(options.store);
    this.#startedMs = options.startedMs ?? options.clock.wallNow();
    const { store, clock } = options;
    const mesh = options.mesh ?? (() => '');
    this.runs = new Runs({ store, clock, metrics: this.#metrics, mesh, startedMs: this.#startedMs });
  }

  /** A configuration is in force: what is held against its weights from now on, what is called healthy, and who is who (SPIFFE ids by workload). */
  follow({ splits, health, identities }: Followed): void {
    this.#splits.note(this.#clock.wallNow(), splits);
    this.#thresholds = health ?? defaultHealthThresholds;
    if (identities) this.#prometheus.setIdentities(identities);
  }

  record(batch: readonly ExchangeDetail[]): void {
    for (const exchange of batch) {
      this.#metrics.record(exchange);
      this.#prometheus.record(exchange);
      this.#overhead.record(exchange);
    }
    this.#spanEdges.recordExchanges(batch);
  }

  /** Spans the apps sent, redacted. */
  recordAppSpans(spans: readonly Span[]): void {
    this.#spanEdges.recordSpans(spans, this.#clock.wallNow());
  }

  /**
   * Exchanges without records of their own. `values`: duration (ms), request bytes and response bytes of each, one after another; `exchange`
   * stands for all of them.
   */
  recordTallies(tallies: readonly { exchange: ExchangeDetail; values: Float64Array }[]): void {
    for (const { exchange, values } of tallies) {
      // There is no trace to open for these.
      const one = { ...exchange, traceId: '' };
      const each = (index: number) => {
        one.durationMs = values[index * 3]!;
        one.requestBytes = values[index * 3 + 1]!;
        one.responseBytes = values[index * 3 + 2]!;
      };
      this.#metrics.recordAll(one, values.length / 3, each);
      this.#prometheus.recordAll(one, values.length / 3, each);
    }
  }

  graph(windowMs: number, facts: GraphFacts): Graph {
    const now = this.#clock.wallNow();
    // A rate over five minutes, half a minute after the start, would tell a tenth of the truth.
    const known = Math.min(windowMs, Math.max(1000, now - this.#startedMs));
    const open = this.#store.openExchanges();
    for (const exchange of open) this.#metrics.know(exchange);
    const span = { windowMs, rateMs: known };
    const splits = facts.splits.map((split) => ({ ...split, sinceMs: this.#splits.since(split.to) }));
    const graph = buildGraph(this.#metrics, span, now, { ...facts, splits }, open, this.#thresholds);
    return addInferred(graph, this.#spanEdges.calls(now), span, now, this.#thresholds);
  }

  /** Unknown metric names or bad durations throw RangeError with words for a 400. */
  series(request: SeriesRequest): Series {
    const now = this.#clock.wallNow();
    const source = {
      metrics: this.#metrics,
      nowMs: now,
      startedMs: this.#startedMs,
      splits: this.#splits,
      open: this.#store.openExchanges(),
    };
    return buildSeries(source, request);
  }

  /** One that goes on, as it is now: its connection counts from its beginning. */
  noteOpen(exchange: Exchange): void {
    this.#prometheus.noteOpen(exchange);
  }

  prometheusText(format?: MetricsFormat): string {
    return this.#prometheus.text(format);
  }

  /** The run so far for a collector: ExportMetricsServiceRequest. */
  otlpMetrics(version: string): object {
    return encodeMetrics(this.#metrics.edges(), { version, startedMs: this.#startedMs, nowMs: this.#clock.wallNow() });
  }

  /** Added latency of one hop, milliseconds, over the last few thousand requests; null without traffic. */
  hopOverheadMs(): { p50: number; p99: number } | null {
    return this.#overhead.read();
  }

  /** Unknown words of the filter and bad durations reject with RangeError and words for a 400. */
  async listTraces(query: TraceListQuery): Promise<{ traces: TraceSummary[]; next: string | null }> {
    return this.#traceList.list(query);
  }

  /** Null when there is no such trace; the apps' log records of it only when asked for. */
  async getTrace(traceId: string, { logs = false } = {}): Promise<Trace | null> {
    const trace = await assembleTrace(this.#store, traceId);
    return trace && logs ? addLogs(this.#store, trace) : trace;
  }

  /** Keeps the run for later comparison. */
  close(): Promise<void> {
    return this.runs.close();
  }

  requestsSeen(): number {
    return this.#metrics.seen;
  }
}
