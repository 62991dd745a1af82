import type { Clock, Timer } from '../shared/clock.ts';

export { seededRandom } from '../shared/seeded-random.ts';

/** A clock that a test turns by hand. Timers fire in order, at their own moment, when advance() passes them. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #wallStart: number;
  #timers: { at: number; sequence: number; callback: () => void }[] = [];
  #sequence = 0;

  constructor(wallStart = Date.UTC(2026, 0, 1)) {
    this.#wallStart = wallStart;
  }

  readonly now = (): number => this.#now;
  readonly wallNow = (): number => this.#wallStart + this.#now;

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), sequence: ++this.#sequence, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((t) => t !== timer);
      },
    };
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Moves time on by `ms`, firing what falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.sequence - b.sequence)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }
}
