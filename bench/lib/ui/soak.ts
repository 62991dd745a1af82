import type { EngineProcess } from '../engine-process.ts';
import { sleep } from '../engine-process.ts';
import { judge } from '../figures.ts';
import { held } from '../held.ts';
import { callOne, type UiPage } from './ui-page.ts';

const callsPerSecond = 200;
const samples = 12;
/** A slope over less than this is noise, and metrics fill their slots for an hour. */
const leastMinutes = 90;
const screens = ['topology', 'requests', 'traces', 'service?name=s1', 'faults', 'topology?view=table'];

/**
 * What page and engine hold after a collection while hours pass, the page going from screen to screen. Growth is the slope of a line through the
 * later half: rings and slots are filling before.
 */
export async function measureSoak(engine: EngineProcess, ui: UiPage, probeFile: string, minutes: number): Promise<void> {
  const startedAt = performance.now();
  const taken: { hours: number; page: number; engine: number }[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const load = callOne(engine, '/soak', callsPerSecond);
    const until = startedAt + ((sample + 1) / samples) * minutes * 60_000;
    for (let turn = 0; performance.now() < until; turn++) {
      await ui.go(screens[turn % screens.length]!);
      await sleep(Math.max(0, Math.min(5000, until - performance.now())));
    }
    await load.stop();
    const { heapMb } = await held(engine, probeFile);
    const one = { hours: (performance.now() - startedAt) / 3_600_000, page: await ui.heapMb(), engine: heapMb };
    console.log(`  after ${(one.hours * 60).toFixed(1)} min: page ${one.page.toFixed(1)} MB, engine ${one.engine.toFixed(1)} MB`);
    taken.push(one);
  }
  const later = taken.slice(samples / 2);
  for (const part of ['page', 'engine'] as const) {
    const perHour = slope(later.map((one) => [one.hours, one[part]] as const));
    const isMeant = minutes >= leastMinutes;
    const wanted = isMeant ? '< 2' : `< 2, not judged below ${leastMinutes} min`;
    judge(`soak of ${minutes} min, heap of the ${part}, growth per hour`, perHour, 'MB', (mb) => !isMeant || mb < 2, wanted);
  }
}

/** Of the straight line with the least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (pick: 0 | 1) => points.reduce((sum, point) => sum + point[pick], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const across = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return across / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
