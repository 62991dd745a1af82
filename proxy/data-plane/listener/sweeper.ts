import type { Clock, Timer } from '../clock.ts';

/** Something with a deadline that the sweeper looks at. */
export interface Sweepable {
  /** Monotonic ms; Infinity = none. */
  deadline: number;
  /** Called once per tick while the deadline is past; must move the deadline or close. */
  onDeadline(now: number): void;
}

/**
 * One timer for all connections of a listener: every `intervalMs` it looks at each deadline. A connection changes a number instead of
 * starting and cancelling timers, so a keep-alive request costs no timer at all. Deadlines fire up to one interval late, or early by the
 * same, because they are computed from `now`, which only moves on ticks.
 */
export class Sweeper {
  now: number;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #members = new Set<Sweepable>();
  #timer: Timer | null = null;
  #closed = false;

  constructor(clock: Clock, intervalMs = 1000) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.now = clock.now();
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Sweepable): void {
    if (this.#closed) return;
    if (this.#timer === null) {
      this.now = this.#clock.now();
      this.#timer = this.#clock.setTimer(this.#tick, this.#intervalMs);
    }
    this.#members.add(member);
  }

  remove(member: Sweepable): void {
    this.#members.delete(member);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#members.clear();
  }

  readonly #tick = (): void => {
    this.#timer = null;
    this.now = this.#clock.now();
    for (const member of this.#members) if (member.deadline <= this.now) member.onDeadline(this.now);
    if (this.#members.size > 0 && !this.#closed) this.#timer = this.#clock.setTimer(this.#tick, this.#intervalMs);
  };
}
