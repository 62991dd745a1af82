import type { Clock, Timer } from '../shared/clock.ts';

/** A clock that a test turns by hand. Timers fire in order, at their own moment, when advance() passes them. */
export class ManualClock implements Clock {
  #now: number;
  readonly #wallStart: number;
  #timers: { at: number; sequence: number; callback: () => void }[] = [];
  #sequence = 0;

  /** The wall clock stands at `wallStart` when the monotonic one stands at 0. */
  constructor(wallStart = Date.UTC(2026, 0, 1), now = 0) {
    this.#wallStart = wallStart;
    this.#now = now;
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
    while (this.#fireNext(end));
    this.#now = end;
  }

  /** The same, and promise reactions run between timers. */
  async advanceSettling(ms: number): Promise<void> {
    const end = this.#now + ms;
    while (this.#fireNext(end)) {
      await Promise.resolve();
      await Promise.resolve();
    }
    this.#now = end;
    await Promise.resolve();
  }

  #fireNext(end: number): boolean {
    const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.sequence - b.sequence)[0];
    if (due === undefined) return false;
    this.#timers = this.#timers.filter((t) => t !== due);
    this.#now = Math.max(this.#now, due.at);
    due.callback();
    return true;
  }
}
