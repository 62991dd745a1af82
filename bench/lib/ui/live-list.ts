import type { EngineProcess } from '../engine-process.ts';
import { judge, percentile } from '../figures.ts';
import { frameGaps } from '../frames.ts';
import { callOne, type UiPage } from './ui-page.ts';

/** The live list while so many exchanges a second are captured. */
export async function measureList(engine: EngineProcess, ui: UiPage, exchangesPerSecond: number, seconds: number): Promise<void> {
  await ui.go('requests');
  const load = callOne(engine, '/list', exchangesPerSecond / 2);
  await ui.page.waitForTimeout(2000);
  const gaps = await frameGaps(ui.page, seconds * 1000);
  await load.stop();
  const { counters } = await engine.status();
  console.log(
    `live list at ${exchangesPerSecond} exchanges/s: frames p50 ${percentile(gaps, 0.5).toFixed(1)} ms, p99 ${percentile(gaps, 0.99).toFixed(1)} ms, ` +
      `longest ${Math.max(...gaps).toFixed(0)} ms; ${load.failed} of ${load.sent} requests failed; ${counters.exchangesKept ?? '?'} records kept`,
  );
  const slow = (gaps.filter((gap) => gap > 50).length / gaps.length) * 100;
  judge('live list, share of frames over 50 ms', slow, '%', (share) => share <= 1, '≤ 1');
}
