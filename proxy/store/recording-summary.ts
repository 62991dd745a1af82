import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { RecordedEdge } from '../api/recording.schema.ts';

const maxEdges = 200;
/** Pairs of services counted; more are a recording of something else than a mesh. */
const maxCounted = 5000;

/** The caller's side (or the gateway) stands for a call; where the caller has no sidecar, the callee's does. */
export function isCall({ reporter, source }: Pick<ExchangeDetail, 'reporter' | 'source'>): boolean {
  return reporter !== 'destination' || source === 'outside' || source === '';
}

/** What is known of a recording without reading its exchanges: counted as they come, kept in the row of the recording. */
export interface RecordingSummary {
  exchanges: number;
  calls: number;
  bytes: number;
  services: string[];
  edges: RecordedEdge[];
  redacted: Record<string, number>;
  firstMs: number | null;
  lastMs: number | null;
}

/** One exchange, as far as the summary looks at it. `redacted` names paths such as `request.headers.cookie`. */
export interface SummarisedRow {
  timeMs: number;
  isCall: boolean;
  source: string;
  destination: string;
  status: number;
  bytes: number;
  redacted: readonly string[];
}

export class SummaryCounter {
  readonly #summary: RecordingSummary;
  readonly #services: Set<string>;
  readonly #edges: Map<string, RecordedEdge>;
  readonly #redacted: Map<string, number>;

  constructor(summary: RecordingSummary) {
    this.#summary = { ...summary };
    this.#services = new Set(summary.services);
    this.#edges = new Map(summary.edges.map((edge) => [keyOf(edge), { ...edge }]));
    this.#redacted = new Map(Object.entries(summary.redacted));
  }

  add(row: SummarisedRow): void {
    const summary = this.#summary;
    summary.exchanges++;
    summary.bytes += row.bytes;
    summary.firstMs = Math.min(summary.firstMs ?? row.timeMs, row.timeMs);
    summary.lastMs = Math.max(summary.lastMs ?? row.timeMs, row.timeMs);
    if (row.source !== '') this.#services.add(row.source);
    if (row.destination !== '') this.#services.add(row.destination);
    for (const path of row.redacted) {
      const name = path.slice(path.lastIndexOf('.') + 1);
      this.#redacted.set(name, (this.#redacted.get(name) ?? 0) + 1);
    }
    if (row.isCall) this.#countCall(row);
  }

  result(): RecordingSummary {
    const edges = [...this.#edges.values()].sort((a, b) => b.calls - a.calls).slice(0, maxEdges);
    const redacted = Object.fromEntries(this.#redacted);
    return { ...this.#summary, services: [...this.#services].sort(), edges, redacted };
  }

  #countCall({ source, destination, status }: SummarisedRow): void {
    this.#summary.calls++;
    const key = keyOf({ source, destination });
    let edge = this.#edges.get(key);
    if (edge === undefined) {
      if (this.#edges.size >= maxCounted) return;
      edge = { source, destination, calls: 0, errors: 0 };
      this.#edges.set(key, edge);
    }
    edge.calls++;
    if (status === 0 || status >= 500) edge.errors++;
  }
}

const keyOf = ({ source, destination }: { source: string; destination: string }): string => `${source}\n${destination}`;
