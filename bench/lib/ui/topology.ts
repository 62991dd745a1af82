import type { EngineProcess } from '../engine-process.ts';
import { judge, percentile } from '../figures.ts';
import { frameGaps } from '../frames.ts';
import { callAround, type UiPage } from './ui-page.ts';

/** Above so many boxes the table is shown: `maxPictureNodes`. */
const mostInPicture = 150;
/** Layout and first pictures are over by then. */
const settleMs = 4000;

/** 60 services: what a tick costs. One tick a second: everything the main thread did in that second belongs to it. */
export async function measureTick(engine: EngineProcess, ui: UiPage, seconds: number): Promise<void> {
  const count = engine.ready.workloads.length;
  await showPicture(ui, count);
  const loads = callAround(engine);
  await ui.page.waitForTimeout(settleMs);
  const perTick = await ui.mainThreadShare(seconds);
  await Promise.all(loads.map((load) => load.stop()));
  judge(`topology, main thread per tick, ${count} nodes`, perTick * 1000, 'ms', (ms) => ms <= 30, '≤ 30');
}

/** As many boxes as a picture may have: the page must answer a hand all the while. */
export async function measureLargest(engine: EngineProcess, ui: UiPage, seconds: number): Promise<void> {
  const count = engine.ready.workloads.length;
  const openedAt = performance.now();
  await showPicture(ui, count);
  console.log(`topology of ${count} services: the picture is there after ${(performance.now() - openedAt).toFixed(0)} ms`);
  const loads = callAround(engine);
  await ui.page.waitForTimeout(settleMs);
  const share = ui.mainThreadShare(seconds);
  const gaps = await frameGaps(ui.page, seconds * 1000);
  console.log(
    `topology of ${count} services: main thread per tick ${((await share) * 1000).toFixed(0)} ms; frames p50 ${percentile(gaps, 0.5).toFixed(1)} ms, ` +
      `p95 ${percentile(gaps, 0.95).toFixed(1)} ms, longest ${Math.max(...gaps).toFixed(0)} ms`,
  );
  await Promise.all(loads.map((load) => load.stop()));
  // Within a tenth of a second an answer feels immediate.
  judge(`topology, ${count} services, frame p99`, percentile(gaps, 0.99), 'ms', (ms) => ms <= 100, '≤ 100');
}

/** One more than a picture takes: the table, without being asked. */
export async function measureTable(engine: EngineProcess, ui: UiPage, seconds: number): Promise<void> {
  const count = engine.ready.workloads.length;
  await ui.go('topology');
  const rows = ui.page.getByRole('table', { name: 'Services' }).locator('tbody tr');
  await rows.nth(count - 1).waitFor({ timeout: 60_000 });
  const pictures = await ui.page.locator('.react-flow__node').count();
  judge(
    `topology, ${count} services: boxes drawn, a table instead`,
    pictures,
    '',
    (boxes) => boxes === 0,
    `0, above ${mostInPicture}`,
  );
  const loads = callAround(engine);
  await ui.page.waitForTimeout(settleMs);
  const gaps = await frameGaps(ui.page, seconds * 1000);
  await Promise.all(loads.map((load) => load.stop()));
  judge(`topology table, ${count} services, frame p99`, percentile(gaps, 0.99), 'ms', (ms) => ms <= 100, '≤ 100');
}

async function showPicture(ui: UiPage, count: number): Promise<void> {
  await ui.go('topology');
  await ui.page
    .locator('.react-flow__node')
    .nth(count - 1)
    .waitFor({ timeout: 60_000 });
}
