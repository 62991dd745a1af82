import type { Page } from 'playwright';

/** A frame of a 60 Hz screen, with what a clock may be off by. */
export const oneFrameMs = 17.5;

/** Milliseconds between animation frames. */
export function frameGaps(page: Page, forMs: number): Promise<number[]> {
  return page.evaluate<number[]>(`new Promise((resolve) => {
    const gaps = [];
    const startedAt = performance.now();
    let last = startedAt;
    const frame = (now) => {
      gaps.push(now - last);
      last = now;
      if (now - startedAt < ${forMs}) requestAnimationFrame(frame);
      else resolve(gaps.slice(1));
    };
    requestAnimationFrame(frame);
  })`);
}

/** Processor time of the page's main thread, in milliseconds since it was first asked for: what frames cost, however busy the machine is. */
export async function mainThreadClock(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000;
  };
}
