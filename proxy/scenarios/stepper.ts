/** Places on a timeline as moments of the run, both in milliseconds from its beginning. */
export interface Timetable {
  /** Infinity while the run has not come there. */
  momentOf(placeMs: number): number;
  /** Nobody knows when it ends: somebody steps from one moment to the next. */
  readonly isByHand: boolean;
}

/** A run that goes by the clock is where its timeline says. */
export const byClock: Timetable = { momentOf: (placeMs) => placeMs, isByHand: false };

/** What happens at one place of the timeline, all of it together. */
export interface Moment {
  placeMs: number;
  /** `fault half-dead begins` */
  words: string[];
  act: () => void;
}

export interface StepperOptions {
  /** Those after 0 s; the last one ends the run. */
  moments: readonly Moment[];
  /** Milliseconds since the run began. */
  nowMs: () => number;
}

/**
 * A timeline that waits for somebody: each step carries out the next moment, however long the one before it has lasted.
 *
 *   timeline   0 ──── 5 s ───────── 15 s ── 20 s          places, as the scenario has them
 *   run        0 ──────────── 31 s ── 38 s ─ ?            moments, as they were stepped to
 *
 * A place between two moments is counted from the earlier one, and is over when the later one comes: 7 s stands at 33 s here, 20 s at 38 s + 5 s
 * or later.
 */
export class Stepper implements Timetable {
  readonly isByHand = true;
  readonly #moments: readonly Moment[];
  readonly #nowMs: () => number;
  /** When the first so many came. */
  readonly #came: number[] = [];

  constructor({ moments, nowMs }: StepperOptions) {
    this.#moments = [...moments].sort((a, b) => a.placeMs - b.placeMs);
    this.#nowMs = nowMs;
  }

  get next(): Moment | null {
    return this.#moments[this.#came.length] ?? null;
  }
  get left(): number {
    return this.#moments.length - this.#came.length;
  }

  /** False: nothing is left. */
  step(): boolean {
    const { next } = this;
    if (next === null) return false;
    this.#came.push(this.#nowMs());
    next.act();
    return true;
  }

  /** How long from now each moment that is left would come by the clock. */
  delaysLeft(): number[] {
    const { next } = this;
    if (next === null) return [];
    const placeMs = Math.min(next.placeMs, this.#last.placeMs + this.#nowMs() - this.#last.cameMs);
    return this.#moments.slice(this.#came.length).map((moment) => moment.placeMs - placeMs);
  }

  momentOf(placeMs: number): number {
    const later = this.#moments.findIndex((moment) => moment.placeMs > placeMs);
    const count = later < 0 ? this.#moments.length : later;
    if (this.#came.length < count) return Number.POSITIVE_INFINITY;
    const from = this.#at(count);
    return Math.min(from.cameMs + placeMs - from.placeMs, this.#came[count] ?? Number.POSITIVE_INFINITY);
  }

  /** The same for what is drawn: what has not come yet stands as far off as the timeline has it. */
  expectedAt(placeMs: number): number {
    const moment = this.momentOf(placeMs);
    const { next } = this;
    if (Number.isFinite(moment) || next === null) return moment;
    const nextMs = Math.max(this.#nowMs(), this.#last.cameMs + next.placeMs - this.#last.placeMs);
    return nextMs + placeMs - next.placeMs;
  }

  get #last(): { placeMs: number; cameMs: number } {
    return this.#at(this.#came.length);
  }
  /** The moment with that many up to and with it. */
  #at(count: number): { placeMs: number; cameMs: number } {
    return count === 0
      ? { placeMs: 0, cameMs: 0 }
      : { placeMs: this.#moments[count - 1]!.placeMs, cameMs: this.#came[count - 1]! };
  }
}
