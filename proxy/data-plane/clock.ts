/** Time and randomness as the data plane may see them: injected, so that tests turn both by hand. */
export interface Clock {
  /** Monotonic milliseconds with fractions. */
  now(): number;
  /** Wall clock, epoch milliseconds. */
  wallNow(): number;
  setTimer(callback: () => void, delayMs: number): Timer;
}
export interface Timer {
  cancel(): void;
}

/** Uniform in [0, 1). */
export type Random = () => number;
