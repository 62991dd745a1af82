import type { Clock } from '../clock.ts';
import type { ExchangeState } from '../exchange.ts';

/** How often a waiting filter looks whether the client has gone. */
const checkEveryMs = 100;

/** Waits on the injected clock. Resolves true after delayMs, false (within 100 ms) when the client left first. */
export function waitUnlessAborted(clock: Clock, exchange: Pick<ExchangeState, 'aborted'>, delayMs: number): Promise<boolean> {
  const end = clock.now() + delayMs;
  return new Promise((resolve) => {
    const step = () => {
      if (exchange.aborted) return resolve(false);
      const leftMs = end - clock.now();
      if (leftMs <= 0) return resolve(true);
      // Timers cut fractions off: up, or a whole millisecond would be left to wait for.
      clock.setTimer(step, Math.min(Math.ceil(leftMs), checkEveryMs));
    };
    step();
  });
}
