import type { Page } from 'playwright';

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
