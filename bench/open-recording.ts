/*
 * A recording of 100,000 exchanges: how soon its first page and its timeline are there, how soon the screen shows it, and whether it scrolls at a frame,
 * by the wheel, as by a trackpad, and by dragging the scrollbar to the middle of it; beside it an empty page scrolled in the same way, which is what the
 * machine can do at best at that minute. The page that the engine serves (build it first: `node scripts/build.mjs`), in a headless Chromium.
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
import { frameGaps, mainThreadClock, oneFrameMs } from './lib/frames.ts';
import { manyServices } from './lib/meshes.ts';

const exchanges = numberOption('exchanges', 100_000);
const rounds = numberOption('rounds', 5);
const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file));
const recordingId = 'large';
/** How far, and every how many milliseconds. */
const wheel = [900, 50] as const;
const trackpad = [80, 16] as const;
const viewport = { width: 1440, height: 900 };

await inTemporaryFolder(async (home) => {
  await fill(home);
  const app = await startApp();
  const engine = await EngineProcess.start({ home, yaml: manyServices(3, () => app.port) });
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
  try {
    await measureApi(engine);
    await measureFloor(await browser.newPage({ viewport }));
    const page = await browser.newPage({ viewport });
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

/** Scrolls by `deltaPx` every `everyMs` for three seconds of four. */
async function scrollBy(page: Page, deltaPx: number, everyMs: number): Promise<number[]> {
  const gaps = frameGaps(page, 4000);
  const endAt = performance.now() + 3000;
  while (performance.now() < endAt) {
    await page.mouse.wheel(0, deltaPx);
    await sleep(everyMs);
  }
  return gaps;
}

/** An empty page of the same length: nothing to draw, nothing to run. */
async function measureFloor(page: Page): Promise<void> {
  await page.setContent(
    '<body style="margin:0"><div style="height:100vh;overflow:auto;contain:strict"><div style="height:1400000px">empty</div></div>',
  );
  await page.mouse.move(400, 400);
  const gaps = await scrollBy(page, ...wheel);
  console.log(
    `an empty page by the wheel: frame p95 ${percentile(gaps, 0.95).toFixed(1)}, p99 ${percentile(gaps, 0.99).toFixed(1)} ms`,
  );
  await page.close();
}

async function measureScrolling(page: Page): Promise<void> {
  await page.getByTestId('recorded-row').first().hover();
  const clock = await mainThreadClock(page);
  const tell = async (how: string, act: () => Promise<number[]>) => {
    const before = await clock();
    const gaps = await act();
    const costMs = ((await clock()) - before) / gaps.length;
    console.log(
      `     ${how}: frame p99 ${percentile(gaps, 0.99).toFixed(1)} ms; ${costMs.toFixed(1)} ms of processor time a frame`,
    );
    judge(`scrolling ${how}, frame p95`, percentile(gaps, 0.95), 'ms', (ms) => ms <= oneFrameMs, 'one frame of a 60 Hz screen');
  };
  await tell('by the wheel', () => scrollBy(page, ...wheel));
  await tell('as by a trackpad', () => scrollBy(page, ...trackpad));
  await tell('by far jumps', () => dragScrollbar(page));
  await page.getByTestId('recorded-row').first().waitFor();
}

/** Far jumps, each to rows that were never read. */
async function dragScrollbar(page: Page): Promise<number[]> {
  const gaps = frameGaps(page, 4000);
  for (let step = 1; step <= 40; step++) {
    await page.evaluate(
      `document.querySelector('.rec-rows .dd-list-body').scrollTop = ${(step * 7919 * 28) % ((exchanges / 2) * 28)}`,
    );
    await sleep(80);
  }
  return gaps;
}
