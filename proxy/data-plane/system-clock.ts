import type { Clock, Timer } from './clock.ts';

/** The real clock: monotonic for durations, wall time only for stamps. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    wallNow: () => Date.now(),
    setTimer(callback, delayMs): Timer {
      const handle = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(handle) };
    },
  };
}
