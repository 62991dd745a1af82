/*
 * A recording of 100,000 exchanges: how soon its first page and its timeline are there, how soon the screen shows it, and whether it scrolls at a frame,
 * by the wheel and by dragging the scrollbar to the middle of it. The page that the engine serves (build it first: `node scripts/build.mjs`), in a
 * headless Chromium.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Page } from 'playwright';
import type { ExchangeDetail } from '../proxy/api/exchange.schema.ts';
import { makeBody, makeExchange, realClock } from '../proxy/store/fixtures.ts';
import { Store } from '../proxy/store/store.ts';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, median, numberOption, percentile } from './lib/figures.ts';
import { frameGaps } from './lib/frames.ts';
import { manyServices } from './lib/meshes.ts';

const exchanges = numberOption('exchanges', 100_000);
const rounds = numberOption('rounds', 5);
const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file));
const recordingId = 'large';

await inTemporaryFolder(async (home) => {
  await fill(home);
  const app = await startApp();
  const engine = await EngineProcess.start({ home, yaml: manyServices(3, () => app.port) });
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
  try {
    await measureApi(engine);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const { url, token } = engine.ready.control;
    await page.goto(`${url}/#token=${token}`);
    await page.getByTestId('nav-recordings').click();
    await page.getByTestId('recording-row-large').waitFor();
    await measureOpening(page);
    await measureScrolling(page);
  } finally {
    await browser.close();
    await engine.stop();
    app.close();
  }
});

/** Half an hour of calls between ten services, each seen by both sidecars, with a small body that differs. */
async function fill(home: string): Promise<void> {
  const store = await Store.open({ path: path.join(home, 'drydock.db'), clock: realClock });
  await store.createRecording({ id: recordingId, name: 'large', filter: {}, startedAt: new Date().toISOString() });
  for (let n = 0; n < exchanges; n += 1000) {
    const result = await store.appendToRecording(
      recordingId,
      Array.from({ length: Math.min(1000, exchanges - n) }, (_, i) => exchangeNumber(n + i)),
    );
    if (!result.ok) throw new Error(result.message);
  }
  await store.stopRecording({ id: recordingId, stoppedAt: new Date().toISOString(), dropped: 0 });
  await store.close();
}

function exchangeNumber(n: number): ExchangeDetail {
  const call = Math.floor(n / 2);
  return makeExchange(n, {
    time: new Date(Date.UTC(2026, 0, 1) + call * 36 + (n % 2)).toISOString(),
    reporter: n % 2 === 0 ? 'source' : 'destination',
    source: `s${call % 10}`,
    destination: `s${(call * 7) % 10}`,
    status: call % 97 === 0 ? 503 : 200,
    response: { headers: [['content-type', 'application/json']], body: makeBody(`{"number":${call}}`), trailers: [] },
  });
}

async function measureApi(engine: EngineProcess): Promise<void> {
  const time = async (route: string) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now();
      await engine.api('GET', `/recordings/${recordingId}${route}`);
      times.push(performance.now() - startedAt);
    }
    return times;
  };
  const first = await time('/rows?hops=calls');
  console.log(`first page: ${first[0]!.toFixed(0)} ms cold, ${median(first).toFixed(0)} ms after`);
  console.log(`page in the middle: ${median(await time(`/rows?hops=calls&offset=${exchanges / 4}`)).toFixed(0)} ms`);
  console.log(`page of a filter: ${median(await time('/rows?hops=calls&status=5xx&from=s3')).toFixed(0)} ms`);
  console.log(`timeline: ${median(await time('/timeline?slices=160')).toFixed(0)} ms`);
  judge(`first page of ${exchanges} exchanges, cold`, first[0]!, 'ms', (ms) => ms < 1000, '< 1,000');
}

async function measureOpening(page: Page): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await page.evaluate("location.hash = '#/recordings'");
    await page.getByTestId('recorded-row').first().waitFor({ state: 'detached' });
    const startedAt = performance.now();
    await page.getByTestId('recording-row-large').click();
    await Promise.all([page.getByTestId('recorded-row').first().waitFor(), page.getByTestId('recording-timeline').waitFor()]);
    times.push(performance.now() - startedAt);
  }
  judge(`recording of ${exchanges} exchanges, opened on the screen`, median(times), 'ms', (ms) => ms < 1000, '< 1,000');
}

async function measureScrolling(page: Page): Promise<void> {
  await page.getByTestId('recorded-row').first().hover();
  const wheel = frameGaps(page, 4000);
  for (let step = 0; step < 60; step++) {
    await page.mouse.wheel(0, 900);
    await sleep(50);
  }
  const byWheel = await wheel;
  judge(
    'scrolling by the wheel, frame p95',
    percentile(byWheel, 0.95),
    'ms',
    (ms) => ms <= 34,
    '≤ 34, two frames of a 60 Hz screen',
  );
  // As dragging the scrollbar does: far jumps, each to rows that were never read.
  const jumps = frameGaps(page, 4000);
  for (let step = 1; step <= 40; step++) {
    await page.evaluate(
      `document.querySelector('.rec-rows .dd-list-body').scrollTop = ${(step * 7919 * 28) % ((exchanges / 2) * 28)}`,
    );
    await sleep(80);
  }
  const byJumps = await jumps;
  judge('scrolling by far jumps, frame p95', percentile(byJumps, 0.95), 'ms', (ms) => ms <= 34, '≤ 34');
  await page.getByTestId('recorded-row').first().waitFor();
}
