import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from './clock.ts';

/** The real clock: monotonic for durations, wall time only for stamps. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    wallNow: () => Date.now(),
    setTimer(callback, delayMs): Timer {
      // Node's timers fire up to a millisecond early and last a millisecond at least: what is left after one is shorter than that.
      if (delayMs < 1) {
        const soon = setImmediate(callback);
        return { cancel: () => clearImmediate(soon) };
      }
      const handle = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(handle) };
    },
  };
}
