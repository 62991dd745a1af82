import { ExchangeRing } from './exchange-ring.ts';

/** Timers that run only when a test says so. */
export function createManualTimer() {
  const waiting = new Map<number, { run: () => void; delayMs: number }>();
  let next = 1;
  return {
    waiting,
    setTimeout: (run: () => void, delayMs: number) => {
      waiting.set(next, { run, delayMs });
      return next++;
    },
    clearTimeout: (handle: unknown) => void waiting.delete(handle as number),
    runAll: () => {
      const due = [...waiting.values()];
      waiting.clear();
      for (const { run } of due) run();
    },
  };
}

/** A ring that shows what was pushed when a test says so. */
export function createManualRing(capacity?: number) {
  const timer = createManualTimer();
  return { ring: new ExchangeRing(timer, capacity), flush: timer.runAll };
}
