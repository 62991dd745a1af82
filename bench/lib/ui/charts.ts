import type { Page, Route } from 'playwright';
import type { Series } from '../../../proxy/api/observability.schema.ts';
import type { EngineProcess } from '../engine-process.ts';
import { judge } from '../figures.ts';
import { callOne, type UiPage } from './ui-page.ts';

const callsPerSecond = 100;
/** The charts of a service need this many points of every line. */
const points = 120;

/**
 * The charts of a service with all their points, drawn anew every second while traffic goes on. An hour has 120 points, and a bench has no hour:
 * what the engine answers is filled up with made-up values, everything else is real. What the same page needs for the same traffic without
 * charts is taken off.
 */
export async function measureCharts(engine: EngineProcess, ui: UiPage, seconds: number): Promise<void> {
  const load = callOne(engine, '/charts', callsPerSecond);
  await ui.page.getByLabel('Time window').getByText('1h', { exact: true }).click();
  await ui.go('settings');
  await ui.page.waitForTimeout(2000);
  const without = await ui.mainThreadShare(seconds);
  await ui.page.route('**/api/v1/series?*', fillUp);
  await ui.go('service?name=s1');
  const charts = ui.page.locator('.dd-chart');
  await charts.nth(3).waitFor();
  await ui.page.waitForTimeout(3000);
  const seen = await countVisible(ui.page);
  const withCharts = await ui.mainThreadShare(seconds);
  await ui.page.unroute('**/api/v1/series?*', fillUp);
  await load.stop();
  console.log(
    `service screen at ${callsPerSecond} calls/s: ${await charts.count()} charts, ${seen} of them in sight, ${points} points each; ` +
      `main thread ${(withCharts * 100).toFixed(1)} %, without charts ${(without * 100).toFixed(1)} %`,
  );
  judge('charts of a service, share of the main thread', (withCharts - without) * 100, '%', (share) => share <= 5, '≤ 5');
}

async function countVisible(page: Page): Promise<number> {
  const height = page.viewportSize()?.height ?? 0;
  const boxes = await Promise.all((await page.locator('.dd-chart').all()).map((chart) => chart.boundingBox()));
  return boxes.filter((box) => box !== null && box.y < height).length;
}

async function fillUp(route: Route): Promise<void> {
  const response = await route.fetch();
  const series = (await response.json()) as Series;
  const between = (low: number, high: number) =>
    Array.from({ length: series.times.length }, () => low + Math.random() * (high - low));
  const share = (name: string) => ['errors', 'retries'].includes(name);
  const filled: Series = {
    ...series,
    series: Object.fromEntries(Object.keys(series.series).map((name) => [name, share(name) ? between(0, 0.1) : between(5, 90)])),
    ...(series.split
      ? { split: series.split.map((one) => ({ ...one, actual: between(0.4, 0.6), wanted: between(0.5, 0.5) })) }
      : {}),
    heat: {
      boundsMs: Array.from({ length: 14 }, (_, band) => 2 ** (band / 2)),
      counts: series.times.map(() => Array.from({ length: 14 }, () => Math.floor(Math.random() * 40))),
    },
  };
  await route.fulfill({ response, json: filled });
}
