import type { Run, RunComparison, RunSummary } from '../api/runs.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { Metrics } from './metrics.ts';
import { compareRuns, summarizeRun } from './run-summary.ts';

export interface RunsOptions {
  store: Store;
  clock: Clock;
  metrics: Metrics;
  /** Name of the mesh that runs. */
  mesh: () => string;
  startedMs: number;
}

const prefix = 'run/';
/** Runs kept of each mesh, the present one included once it is over: another mesh of the same home takes none of them away. */
const keepOfMesh = 10;
/** And of all meshes together. */
const keepInAll = 60;
/** A run that is killed loses at most this much; one that never got that far is kept all the same. */
const saveEveryMs = 5_000;
const firstSaveMs = 1_000;
/** Less than this is how clocks are kept right. */
const clockMovedFromMs = 2_000;

/**
 * What every run's edges did from its start to its end, kept when the run is over, to hold against the present. Percentiles are those of the
 * whole run.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #id: string;
  /** Both clocks at the start: the one on the wall may be set anew. */
  readonly #began: { now: number; wall: number };
  #earlier: Run[] = [];
  #timer: Timer | null = null;
  #saved = -1;

  constructor(options: RunsOptions) {
    this.#options = options;
    this.#id = `run-${new Date(options.startedMs).toISOString().replace(/[:.]/g, '-')}`;
    this.#began = { now: options.clock.now(), wall: options.clock.wallNow() };
    this.#schedule();
  }

  /** The present one first, then the kept ones, newest first. */
  async list(): Promise<RunSummary[]> {
    const kept = await this.#kept();
    return [this.#present(kept), ...kept].map(({ edges: _edges, ...summary }) => summary);
  }

  /**
   * By id or number; `current` is the present one, `previous` the last one of this mesh before it, or of any where there is none. Null when
   * there is no such run.
   */
  async get(id: string): Promise<Run | null> {
    const kept = await this.#kept();
    const present = this.#present(kept);
    if (id === 'current') return present;
    if (id === 'previous') return kept.find(({ mesh }) => mesh === present.mesh) ?? kept[0] ?? null;
    return [present, ...kept].find((run) => run.id === id || String(run.number) === id) ?? null;
  }

  async compare(before: string, after: string): Promise<RunComparison | null> {
    const [first, second] = await Promise.all([this.get(before), this.get(after)]);
    return first && second ? compareRuns(first, second) : null;
  }

  /** A run without a request leaves nothing to compare, and is not kept. `ended`: it came to its end and was not cut short. */
  async save({ ended = false } = {}): Promise<void> {
    const kept = await this.#kept();
    const run = this.#present(kept);
    if (run.requests === 0 || (run.requests === this.#saved && !ended)) return;
    const { store, clock } = this.#options;
    const endedAt = new Date(clock.wallNow()).toISOString();
    const result = await store.setSetting(`${prefix}${run.id}`, { ...run, endedAt, ...(ended ? {} : { cutShort: true }) });
    if (!result.ok) return; // the store has told of it; the next time tries again
    this.#saved = run.requests;
    await this.#forget(kept, run.mesh);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.save({ ended: true });
  }

  #present(kept: readonly Run[]): Run {
    const { clock, metrics, mesh, startedMs } = this.#options;
    const durationMs = clock.now() - this.#began.now;
    const movedMs = clock.wallNow() - this.#began.wall - durationMs;
    const { edges, total } = summarizeRun(metrics.edges(), durationMs);
    return {
      id: this.#id,
      number: Math.max(0, ...kept.map(({ number = 0 }) => number)) + 1,
      mesh: mesh(),
      startedAt: new Date(startedMs).toISOString(),
      endedAt: null,
      durationMs,
      ...(Math.abs(movedMs) < clockMovedFromMs ? {} : { clockMovedMs: movedMs }),
      requests: total?.count ?? 0,
      errors: edges.reduce((sum, edge) => sum + Math.round(edge.errorShare * edge.count), 0),
      total,
      edges,
    };
  }

  #schedule(): void {
    const afterMs = this.#saved < 0 ? firstSaveMs : saveEveryMs;
    this.#timer = this.#options.clock.setTimer(() => void this.save().finally(() => this.#schedule()), afterMs);
  }

  /** The oldest of a mesh that has too many, then the oldest of all. */
  async #forget(kept: readonly Run[], mesh: string): Promise<void> {
    const ofMesh = kept.filter((run) => run.mesh === mesh).slice(keepOfMesh - 1);
    const others = kept.filter((run) => !ofMesh.includes(run)).slice(keepInAll - 1);
    const over = [...ofMesh, ...others];
    if (over.length === 0) return;
    await Promise.all(over.map(({ id }) => this.#options.store.deleteSetting(`${prefix}${id}`)));
    this.#earlier = kept.filter((run) => !over.includes(run));
  }

  /** Newest first, without the present one. Only this engine writes them, so that they are read once; a store that cannot be read has none yet. */
  async #kept(): Promise<readonly Run[]> {
    if (this.#earlier.length > 0) return this.#earlier;
    const settings = await this.#options.store.listSettings<Run>(prefix);
    this.#earlier = settings
      .map(({ value }, at): Run => ({ ...value, number: value.number ?? at + 1 }))
      .filter((run) => run.id !== this.#id)
      .sort((a, b) => (b.number ?? 0) - (a.number ?? 0));
    return this.#earlier;
  }
}
