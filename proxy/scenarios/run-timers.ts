import type { Clock, Timer } from '../shared/clock.ts';

/** What a run still waits for; all of it is called off at once when it ends. */
export class RunTimers {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, act: () => void): void {
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(timer);
      act();
    }, delayMs);
    this.#timers.add(timer);
  }

  callOff(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
