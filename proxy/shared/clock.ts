/** Time as every part above the data plane may see it: injected, so that tests turn it by hand. Same shape as data-plane/clock.ts. */
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
