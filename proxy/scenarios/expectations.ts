import type { MeshEvent } from '../api/observability.schema.ts';
import type { ScenarioExpectation } from '../api/scenario.schema.ts';
import { ConditionWatch, type Outcome } from './condition-watch.ts';
import { EventWatch } from './event-watch.ts';
import type { Hop } from './hop.ts';
import type { LoadResult } from './load-generator.ts';
import type { Timetable } from './stepper.ts';
import type { PlannedLoad } from './timeline.ts';

export interface ExpectationsOptions {
  expect: readonly ScenarioExpectation[];
  loads: readonly PlannedLoad[];
  durationMs: number;
  mark: string;
  timetable: Timetable;
  /** When a fault or change began, milliseconds from the start; null while it has not. */
  startedAt: (name: string) => number | null;
  onDecided: (outcome: Outcome) => void;
}

/** All that a scenario promises: told what happens, it says what is met. */
export class Expectations {
  readonly #conditions: ConditionWatch[] = [];
  readonly #events: EventWatch[] = [];
  readonly #all: readonly (ConditionWatch | EventWatch)[];
  readonly #onDecided: (outcome: Outcome) => void;

  constructor({ expect, loads, durationMs, mark, timetable, startedAt, onDecided }: ExpectationsOptions) {
    this.#onDecided = onDecided;
    this.#all = expect.map((expectation) => {
      const { event, that } = expectation;
      if (event !== undefined) {
        const endMs = timetable.isByHand ? Number.POSITIVE_INFINITY : durationMs;
        const watch = new EventWatch({ expectation: { ...expectation, event }, durationMs: endMs, startedAt });
        this.#events.push(watch);
        return watch;
      }
      const watch = new ConditionWatch({ expectation: { ...expectation, that: that ?? '' }, loads, durationMs, mark, timetable });
      this.#conditions.push(watch);
      return watch;
    });
  }

  takeHop(hop: Hop): void {
    for (const watch of this.#conditions) watch.takeHop(hop);
  }
  takeResult(result: LoadResult): void {
    for (const watch of this.#conditions) watch.takeResult(result);
  }
  takeDropped(load: number, number: number): void {
    for (const watch of this.#conditions) watch.takeDropped(load, number);
  }
  takeEvent(event: MeshEvent, atMs: number): void {
    for (const watch of this.#events) watch.takeEvent(event, atMs);
  }

  /** Decides what can be decided; all of it when `isOver`. */
  judge(nowMs: number, isOver: boolean): void {
    this.#evaluate(this.#all, nowMs, isOver);
  }

  /** Only what waits for events: they come with their own time and need no second to be over. */
  judgeEvents(nowMs: number): void {
    this.#evaluate(this.#events, nowMs, false);
  }

  /** An expectation that is not met and ends the scenario. */
  findAbort(nowMs: number): Outcome | null {
    const found = this.#all.find((watch) => watch.evaluateAbort(nowMs));
    return found?.outcome ?? null;
  }

  /** The scenario ended before its time: what is not decided stays so, and is not a pass. */
  leaveUndecided(): void {
    for (const { outcome } of this.#all) {
      if (outcome.state !== 'waiting') continue;
      Object.assign(outcome, { state: 'no_data', message: 'The scenario ended before it was decided' });
    }
  }

  /** Some of it can only be judged by the records of the mesh's calls, and rightly only by all of them. */
  get needsCalls(): boolean {
    return this.#conditions.some((watch) => watch.needsCalls);
  }
  get count(): number {
    return this.#all.length;
  }
  get unmet(): number {
    return this.#all.filter(({ outcome }) => outcome.state !== 'passed').length;
  }

  list(): Outcome[] {
    return this.#all.map(({ outcome }) => ({ ...outcome, traceIds: [...outcome.traceIds] }));
  }

  #evaluate(watches: readonly (ConditionWatch | EventWatch)[], nowMs: number, isOver: boolean): void {
    for (const watch of watches) {
      if (watch.outcome.state !== 'waiting') continue;
      watch.evaluate(nowMs, isOver);
      // Read again: evaluate has changed it.
      if ((watch.outcome as Outcome).state !== 'waiting') this.#onDecided(watch.outcome);
    }
  }
}
