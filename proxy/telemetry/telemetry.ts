import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Graph, Series, Trace, TraceSummary } from '../api/observability.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';

/** What the graph cannot know from traffic; the control plane hands it in. */
export interface GraphFacts {
  services: GraphServiceFact[];
  /** Armed faults: `from` null = every caller. Names are `namespace/service`. */
  faults: { name: string; from: string | null; to: string }[];
  /** Weights in force per edge: `from` null = every caller; version → share 0..1. */
  splits: { from: string | null; to: string; wanted: Record<string, number> }[];
  /** Hosts ejected now, per edge. */
  ejections: { from: string; to: string; count: number }[];
}
export interface GraphServiceFact {
  name: string;
  namespace: string;
  kind: 'service' | 'gateway' | 'external';
  protocol: string;
  /** `ready` counts workloads whose health is ready. */
  versions: { version: string; workloads: number; ready: number }[];
}

export interface TelemetryOptions {
  clock: Clock;
  store: Store;
  trustDomain?: string;
}

export interface TraceListQuery {
  /** `reviews` or `default/reviews` */
  service?: string;
  /** `100ms`, `1.5s` */
  minDuration?: string;
  /** `true`, `1`: only traces with an error. */
  error?: string;
  limit?: number;
  cursor?: string;
}
export interface SeriesRequest {
  edge?: string;
  metric?: string;
  /** `5m` */
  window?: string;
  step?: string;
  version?: string;
}

/** Shape published first; the body follows. One place takes finished exchanges; everything else reads. */
export declare class Telemetry {
  constructor(options: TelemetryOptions);
  record(batch: readonly ExchangeDetail[]): void;
  graph(windowMs: number, facts: GraphFacts): Graph;
  /** Unknown metric names or bad durations throw RangeError with words for a 400. */
  series(request: SeriesRequest): Series;
  prometheusText(): string;
  /** Added latency of one hop, milliseconds, over the last 5 minutes; null without traffic. */
  hopOverheadMs(): { p50: number; p99: number } | null;
  listTraces(query: TraceListQuery): Promise<{ traces: TraceSummary[]; next: string | null }>;
  getTrace(traceId: string): Promise<Trace | null>;
  requestsSeen(): number;
}
