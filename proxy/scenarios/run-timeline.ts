import type { Scenario, ScenarioRun } from '../api/scenario.schema.ts';
import type { Journal } from './journal.ts';
import { labelOfLoad } from './labels.ts';
import { planMoments } from './plan-moments.ts';
import { planSteps, type Step, type Track, trackOf } from './plan-steps.ts';
import { maxByHandMs, type RunLoads } from './run-loads.ts';
import type { RunTimers } from './run-timers.ts';
import type { ScenarioMesh } from './scenario-mesh.ts';
import { byClock, Stepper, type Timetable } from './stepper.ts';

export interface RunTimelineOptions {
  scenario: Scenario;
  mesh: ScenarioMesh;
  seed: number;
  durationMs: number;
  loads: RunLoads;
  /** Each moment waits for step(). */
  isByHand: boolean;
  timers: RunTimers;
  journal: Journal;
  /** Milliseconds since the run began; 0 before. */
  nowMs: () => number;
  /** Something could not be carried out. */
  onFailed: (reason: string) => void;
  /** Its last moment has come. */
  onOver: () => void;
}

/**
 * The timeline of one run, by the clock or by hand: faults come and go and changes come, one after the other however long each takes, and each
 * has a track that tells how far it is. Loads begin and end by themselves; by hand, here.
 */
export class RunTimeline {
  readonly #options: RunTimelineOptions;
  readonly #steps: Step[];
  /** Loads first, in the scenario's order. */
  readonly #tracks: Track[];
  /** Null: by the clock. */
  readonly #stepper: Stepper | null;
  readonly #started = new Map<string, number>();
  #acting: Promise<void> = Promise.resolve();
  #hasBegun = false;
  #isClosed = false;
  /** What is left of a stepped timeline comes by the clock again. */
  #runsOn = false;

  constructor(options: RunTimelineOptions) {
    this.#options = options;
    const { scenario, mesh, seed, loads } = options;
    this.#steps = planSteps(scenario, mesh, seed);
    this.#tracks = loads.planned.map(({ load, atMs, forMs }) =>
      trackOf('load', load.name, labelOfLoad(load), atMs, atMs + forMs),
    );
    this.#tracks.push(...new Set(this.#steps.map(({ track }) => track)));
    this.#stepper = options.isByHand ? this.#makeStepper() : null;
  }

  get timetable(): Timetable {
    return this.#stepper ?? byClock;
  }

  /** When a fault or change began, in the run's time; null while it has not. */
  startedAt(name: string): number | null {
    return this.#started.get(name) ?? null;
  }

  /** What stands at 0 s. Resolves when it is done. */
  async carryOutFirst(): Promise<void> {
    for (const step of this.#steps.filter(({ atMs }) => atMs === 0)) await this.#act(step);
  }

  /** Time 0 is now. */
  start(): void {
    const { timers, durationMs, onOver } = this.#options;
    this.#hasBegun = true;
    if (this.#stepper === null) {
      for (const step of this.#steps) if (step.atMs > 0) timers.after(step.atMs, () => void this.#act(step));
      timers.after(durationMs, onOver);
    } else {
      for (const track of this.#tracks) if (track.kind === 'load' && track.startMs === 0) track.state = 'active';
      timers.after(maxByHandMs, onOver);
    }
  }

  /** The next moment, now. False: nothing waits for somebody. */
  step(): boolean {
    return this.#waitsForSomebody && (this.#stepper?.step() ?? false);
  }

  /** What is left comes at its distances. False: it does so already. */
  runOn(): boolean {
    if (this.#stepper === null || !this.#waitsForSomebody) return false;
    this.#runsOn = true;
    for (const delayMs of this.#stepper.delaysLeft()) this.#options.timers.after(delayMs, () => this.#stepper?.step());
    return true;
  }

  /** Nothing more is carried out. Resolves when what was begun is done. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#acting;
  }

  /** Everything is put back: nothing is active any more. */
  settle(): void {
    for (const track of this.#tracks) if (track.state === 'active') track.state = 'done';
  }

  /** `endedMs` null: it goes on. `isOver`: everything is put back as well. */
  view(endedMs: number | null, isOver: boolean): Pick<ScenarioRun, 'durationMs' | 'tracks' | 'stepped'> {
    const drawn = (placeMs: number) => this.#drawn(placeMs, endedMs);
    return {
      durationMs: drawn(this.#options.durationMs),
      tracks: this.#tracks.map((track) => ({
        ...track,
        startMs: drawn(track.startMs),
        endMs: track.endMs === null ? null : drawn(track.endMs),
        state: track.kind === 'load' && this.#stepper === null ? this.#stateOfLoad(track, endedMs, isOver) : track.state,
      })),
      ...(this.#stepper === null ? {} : { stepped: this.#viewSteps(this.#stepper) }),
    };
  }

  get #waitsForSomebody(): boolean {
    return this.#hasBegun && !this.#isClosed && !this.#runsOn;
  }

  #viewSteps(stepper: Stepper): NonNullable<ScenarioRun['stepped']> {
    return { next: (this.#waitsForSomebody ? stepper.next?.words : null) ?? null, left: stepper.left };
  }

  /** Where a place of the timeline stands in this run. */
  #drawn(placeMs: number, endedMs: number | null): number {
    if (this.#stepper === null) return placeMs;
    // Over, it is as long as it was; what was never stepped to stands at its end.
    return Math.round(Math.min(endedMs ?? Number.POSITIVE_INFINITY, this.#stepper.expectedAt(placeMs)));
  }

  #stateOfLoad({ startMs, endMs }: Track, endedMs: number | null, isOver: boolean): Track['state'] {
    const nowMs = endedMs ?? this.#options.nowMs();
    if (!this.#hasBegun || nowMs < startMs) return isOver ? 'done' : 'waiting';
    return endedMs !== null || nowMs >= (endMs ?? 0) ? 'done' : 'active';
  }

  #makeStepper(): Stepper {
    const { loads, durationMs, journal, nowMs, onOver } = this.#options;
    const trackOfLoad = (index: number) => this.#tracks[index]!;
    const moments = planMoments(this.#steps, loads.planned, durationMs, {
      carryOut: (step) => void this.#act(step),
      beginLoad: (index) => {
        loads.begin(index, nowMs());
        trackOfLoad(index).state = 'active';
        journal.add('load', `${trackOfLoad(index).name}: ${trackOfLoad(index).label}`);
      },
      endLoad: (index) => {
        loads.end(index, nowMs());
        trackOfLoad(index).state = 'done';
        journal.add('load', `${trackOfLoad(index).name} ended`);
      },
      end: onOver,
    });
    return new Stepper({ moments, nowMs });
  }

  #act(step: Step): Promise<void> {
    const { journal, nowMs, onFailed } = this.#options;
    const acting = this.#acting.then(async () => {
      if (this.#isClosed) return;
      const { track, isStart } = step;
      const at = nowMs();
      if (isStart) this.#started.set(track.name, at);
      if (isStart) track.state = 'active';
      const done = await step.act();
      track.message = done.message;
      journal.add(track.kind, done.message, at);
      if (done.ok) {
        if (!isStart || track.endMs === track.startMs) track.state = 'done';
        return;
      }
      track.state = 'failed';
      onFailed(`${track.name}: ${done.message}`);
    });
    this.#acting = acting.catch((error: Error) => onFailed(`${step.track.name}: ${error.message}`));
    return this.#acting;
  }
}
