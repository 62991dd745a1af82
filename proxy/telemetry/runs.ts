import type { Run, RunComparison, RunEdge, RunSummary } from '../api/runs.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { Metrics } from './metrics.ts';
import { Slot } from './slots.ts';

export interface RunsOptions {
  store: Store;
  clock: Clock;
  metrics: Metrics;
  /** Name of the mesh that runs. */
  mesh: () => string;
  startedMs: number;
}

const prefix = 'run/';
/** Runs kept, this one included once it is over. */
const keep = 10;
/** A run that is killed loses at most this much. */
const saveEveryMs = 15_000;

/**
 * What every run's edges did from its start to its end, kept when the run is over, to hold against the present. Percentiles are those of the
 * whole run.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #id: string;
  #timer: Timer | null = null;
  #saved = -1;

  constructor(options: RunsOptions) {
    this.#options = options;
    // Sorts by start.
    this.#id = `run-${new Date(options.startedMs).toISOString().replace(/[:.]/g, '-')}`;
    this.#schedule();
  }

  /** The present one first, then the kept ones, newest first. */
  async list(): Promise<RunSummary[]> {
    const kept = await this.#kept();
    return [this.present(), ...kept].map(({ edges: _edges, ...summary }) => summary);
  }

  /** By id; `current` is the present one, `previous` the last one before it. Null when there is no such run. */
  async get(id: string): Promise<Run | null> {
    if (id === 'current' || id === this.#id) return this.present();
    const kept = await this.#kept();
    return (id === 'previous' ? kept[0] : kept.find((run) => run.id === id)) ?? null;
  }

  async compare(before: string, after: string): Promise<RunComparison | null> {
    const [first, second] = await Promise.all([this.get(before), this.get(after)]);
    return first && second ? compareRuns(first, second) : null;
  }

  present(): Run {
    const edges = summarizeEdges(this.#options.metrics);
    return {
      id: this.#id,
      mesh: this.#options.mesh(),
      startedAt: new Date(this.#options.startedMs).toISOString(),
      endedAt: null,
      requests: edges.reduce((sum, edge) => sum + edge.count, 0),
      errors: edges.reduce((sum, edge) => sum + Math.round(edge.errorShare * edge.count), 0),
      edges,
    };
  }

  /** A run without a request leaves nothing to compare, and is not kept. */
  async save(): Promise<void> {
    const run = this.present();
    if (run.requests === 0 || run.requests === this.#saved) return;
    const { store, clock } = this.#options;
    const result = await store.setSetting(`${prefix}${run.id}`, { ...run, endedAt: new Date(clock.wallNow()).toISOString() });
    if (!result.ok) return; // the store has told of it; the next time tries again
    this.#saved = run.requests;
    const kept = await this.#kept();
    await Promise.all(kept.slice(keep - 1).map(({ id }) => store.deleteSetting(`${prefix}${id}`)));
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.save();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimer(() => void this.save().finally(() => this.#schedule()), saveEveryMs);
  }

  /** Newest first, without the present one. */
  async #kept(): Promise<Run[]> {
    const settings = await this.#options.store.listSettings<Run>(prefix);
    return settings
      .map(({ value }) => value)
      .filter((run) => run.id !== this.#id)
      .reverse();
  }
}

export function compareRuns(before: Run, after: Run): RunComparison {
  const ids = [...new Set([...before.edges, ...after.edges].map((edge) => edge.id))].sort();
  const find = (run: Run, id: string) => run.edges.find((edge) => edge.id === id) ?? null;
  const { edges: _first, ...first } = before;
  const { edges: _second, ...second } = after;
  return {
    before: first,
    after: second,
    edges: ids.map((id) => ({ id, before: find(before, id), after: find(after, id) })),
  };
}

function summarizeEdges(metrics: Metrics): RunEdge[] {
  const byEdge = new Map<
    string,
    { from: string; to: string; whole: Slot; versions: Map<string, number>; first: number; last: number }
  >();
  for (const edge of metrics.edges()) {
    const id = `${edge.from}->${edge.to}`;
    const entry = byEdge.get(id) ?? {
      ...{ from: edge.from, to: edge.to, whole: new Slot(), versions: new Map<string, number>() },
      ...{ first: Number.POSITIVE_INFINITY, last: 0 },
    };
    byEdge.set(id, entry);
    entry.whole.merge(edge.whole);
    entry.first = Math.min(entry.first, edge.firstAt);
    entry.last = Math.max(entry.last, edge.lastAt);
    if (edge.version !== '') entry.versions.set(edge.version, (entry.versions.get(edge.version) ?? 0) + edge.whole.count);
  }
  return [...byEdge]
    .map(([id, { from, to, whole, versions, first, last }]): RunEdge => {
      const seconds = Math.max(1, (last - first) / 1000);
      return {
        ...{ id, from, to, count: whole.count, rate: whole.count / seconds, errorShare: whole.errors / Math.max(1, whole.count) },
        ...{ p50: whole.latency.percentile(0.5), p95: whole.latency.percentile(0.95), p99: whole.latency.percentile(0.99) },
        ...{ retryRatio: whole.retries / Math.max(1, whole.count), timeouts: whole.timeouts, overflows: whole.overflows },
        faultHits: whole.faultHits,
        versions: Object.fromEntries([...versions].map(([version, count]) => [version, count / Math.max(1, whole.count)])),
      };
    })
    .sort((a, b) => a.id.localeCompare(b.id));
}
