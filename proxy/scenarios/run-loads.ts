import type { ScenarioLoad } from '../api/scenario.schema.ts';
import type { Hop } from './hop.ts';
import type { LoadResult } from './load-generator.ts';
import { type LoadFigures, LoadTally } from './load-tally.ts';
import type { LoadAssignment, LoadDriver, Loads, LoadsSink } from './loads.ts';
import type { ScenarioMesh } from './scenario-mesh.ts';
import { type PlannedLoad, planLoad, planUntilStopped } from './timeline.ts';

export interface RunLoadsOptions {
  loads: readonly ScenarioLoad[];
  seed: number;
  mark: string;
  /** Each begins and ends when it is told to, instead of by its plan. */
  isByHand: boolean;
  onResult: (result: LoadResult) => void;
  onDropped: (load: number, number: number) => void;
  onFailed: (reason: string) => void;
}

/** A load that somebody has to stop is stopped after so long all the same. */
export const maxByHandMs = 600_000;

/** The loads of a run: planned, under way, counted. */
export class RunLoads {
  /** By the scenario's order. Of a run by hand they change when a load begins. */
  readonly planned: PlannedLoad[];
  readonly #options: RunLoadsOptions;
  readonly #tallies: LoadTally[];
  readonly #underWay = new Map<number, Loads>();
  #assignments: LoadAssignment[] = [];
  #driver: LoadDriver | null = null;

  constructor(options: RunLoadsOptions) {
    this.#options = options;
    this.planned = options.loads.map((load) => planLoad(load, options.seed));
    this.#tallies = this.planned.map((planned) => new LoadTally(planned));
  }

  /** Where each enters the mesh. */
  get assignments(): readonly LoadAssignment[] {
    return this.#assignments;
  }

  /** Looks for the ways in. '' when every load has one, else what is missing. */
  async findEntries(mesh: ScenarioMesh): Promise<string> {
    for (const planned of this.planned) {
      const { load } = planned;
      const entry = mesh.entryOf(load);
      if (typeof entry === 'string') return `Load ${load.name} has no way in: ${entry}`;
      if (load.protocol !== 'grpc') {
        this.#assignments.push({ planned, entry });
        continue;
      }
      const messages = await mesh.encodeMessages(load);
      if (typeof messages === 'string') return `Load ${load.name} cannot be sent: ${messages}`;
      this.#assignments.push({ planned, entry, messages });
    }
    return '';
  }

  /** Time 0 is now. By hand, only those begin that stand there. */
  start(driver: LoadDriver): void {
    this.#driver = driver;
    if (!this.#options.isByHand) this.#underWay.set(-1, driver.start(this.#assignments, this.#options.mark, this.#sink()));
    else for (const [index, { atMs }] of this.planned.entries()) if (atMs === 0) this.begin(index, 0);
  }

  /** One load, from now on until it is ended; `nowMs` is the run's time. */
  begin(index: number, nowMs: number): void {
    const { seed, mark } = this.#options;
    const assignment = this.#assignments[index];
    if (assignment === undefined || this.#driver === null) return;
    const planned = planUntilStopped(assignment.planned.load, seed, nowMs, maxByHandMs);
    this.planned[index] = planned;
    this.#tallies[index]?.replan(planned);
    this.#underWay.set(index, this.#driver.start([{ ...assignment, planned, index }], mark, this.#sink(), nowMs));
  }

  /** What is under way comes back in its own time. */
  end(index: number, nowMs: number): void {
    this.#tallies[index]?.noteStopped(nowMs);
    void this.#underWay.get(index)?.stop();
  }

  /** Nothing more leaves. Resolves when what is under way has ended. */
  async stop(nowMs: number): Promise<void> {
    for (const tally of this.#tallies) tally.noteStopped(nowMs);
    await Promise.all([...this.#underWay.values()].map((loads) => loads.stop()));
  }

  /** One has left the ground: there may be answers on their way. */
  get hasStarted(): boolean {
    return this.#underWay.size > 0;
  }

  takeHop(hop: Hop): void {
    this.#tallies[hop.load]?.takeHop(hop);
  }

  figures(nowMs: number): LoadFigures[] {
    return this.#tallies.map((tally) => tally.figures(nowMs));
  }

  #sink(): LoadsSink {
    const { onResult, onDropped, onFailed } = this.#options;
    return {
      onResult: (result) => {
        this.#tallies[result.load]?.takeResult(result);
        onResult(result);
      },
      onDropped: (load, number) => {
        this.#tallies[load]?.takeDropped();
        onDropped(load, number);
      },
      onFailed,
    };
  }
}
