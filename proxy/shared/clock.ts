/** Time as every part sees it: injected, so that tests turn it by hand. */
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
