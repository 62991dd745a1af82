/**
 * Milliseconds on the clock that all threads of this machine share, for a moment on this thread's `performance.now()`. The wall clock, by which
 * `performance.timeOrigin` would join them, may have been set in between.
 */
export function monotonicMs(now: number): number {
  return now + offsetMs;
}

/** A moment on the shared clock as this thread's `performance.now()` will tell it. */
export function fromMonotonicMs(at: number): number {
  return at - offsetMs;
}

const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
