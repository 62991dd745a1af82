/*
 * What the page costs: the topology of 60 services, the live list at 2,000 requests a second, a trace of 10,000 spans. The page that the engine
 * serves (build it first: `node scripts/build.mjs`), in a headless Chromium, steered by Playwright.
 */
import { existsSync } from 'node:fs';
import { type CDPSession, chromium, type Page } from 'playwright';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, numberOption, percentile } from './lib/figures.ts';
import { frameGaps } from './lib/frames.ts';
import { manyServices } from './lib/meshes.ts';
import { SteadyLoad } from './lib/steady-load.ts';

const nodes = numberOption('nodes', 60);
const rate = numberOption('rate', 2000);
const spans = numberOption('spans', 10_000);
const seconds = numberOption('seconds', 15);
const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file));

await inTemporaryFolder(async (home) => {
  const app = await startApp();
  const engine = await EngineProcess.start({ home, yaml: manyServices(nodes, () => app.port) });
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const { url, token } = engine.ready.control;
    await page.goto(`${url}/#token=${token}`);
    await page.getByTestId('nav-topology').waitFor();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable');
    await measureTopology(engine, page, devtools);
    await measureList(engine, page);
    await measureTrace(engine, page);
  } finally {
    await browser.close();
    await engine.stop();
    app.close();
  }
});

async function measureTopology(engine: EngineProcess, page: Page, devtools: CDPSession): Promise<void> {
  const callers = engine.ready.workloads;
  let next = 0;
  // Every service calls two others, so that each has edges of its own.
  const loads = callers.map(({ id, service }) => {
    const number = Number(service.slice(1));
    const callee = `s${(number * 2 + (next++ % 2) + 1) % nodes}`;
    return new SteadyLoad({ address: engine.address(id, 'outbound'), host: `${callee}:9080`, path: '/' }, 2);
  });
  await go(page, 'topology');
  await page
    .locator('.react-flow__node')
    .nth(nodes - 1)
    .waitFor();
  await sleep(4000);
  const before = await taskSeconds(devtools);
  await sleep(seconds * 1000);
  const perTick = ((await taskSeconds(devtools)) - before) / seconds;
  await Promise.all(loads.map((load) => load.stop()));
  // One tick a second: everything the main thread did in that second belongs to it.
  judge(`topology, main thread per tick, ${nodes} nodes`, perTick * 1000, 'ms', (ms) => ms <= 30, '≤ 30');
}

async function measureList(engine: EngineProcess, page: Page): Promise<void> {
  await go(page, 'requests');
  const target = { address: engine.address(engine.ready.workloads[0]!.id, 'outbound'), host: 's1:9080', path: '/list' };
  const load = new SteadyLoad(target, rate / 2); // each call is reported by both sidecars
  await sleep(2000);
  const gaps = await frameGaps(page, seconds * 1000);
  await load.stop();
  const counters = (await engine.status()) as { counters?: { exchangesKept?: number } };
  console.log(
    `live list at ${rate} exchanges/s: frames p50 ${percentile(gaps, 0.5).toFixed(1)} ms, p99 ${percentile(gaps, 0.99).toFixed(1)} ms, ` +
      `longest ${Math.max(...gaps).toFixed(0)} ms; ${load.failed} of ${load.sent} requests failed; ${counters.counters?.exchangesKept ?? '?'} records kept`,
  );
  judge(
    'live list, share of frames over 50 ms',
    (gaps.filter((gap) => gap > 50).length / gaps.length) * 100,
    '%',
    (share) => share <= 1,
    '≤ 1',
  );
}

async function measureTrace(engine: EngineProcess, page: Page): Promise<void> {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await sendSpans(engine.ready.otlp.http, traceId, spans);
  await sleep(1500);
  const { url, token } = engine.ready.control;
  const askedAt = performance.now();
  const answer = await (await fetch(`${url}/api/v1/traces/${traceId}`, { headers: { authorization: `Bearer ${token}` } })).text();
  console.log(
    `trace of ${spans} spans: the engine answers in ${(performance.now() - askedAt).toFixed(0)} ms, ${(answer.length / 1e6).toFixed(1)} MB`,
  );
  const startedAt = performance.now();
  await go(page, `traces/${traceId}`);
  await page.getByTestId('span-row').first().waitFor();
  judge(`trace of ${spans} spans, open`, performance.now() - startedAt, 'ms', (ms) => ms <= 500, '≤ 500');
  await page.getByTestId('trace-waterfall').hover();
  const scrolling = frameGaps(page, 3000);
  for (let step = 0; step < 40; step++) {
    await page.mouse.wheel(0, 600);
    await sleep(50);
  }
  const gaps = await scrolling;
  judge('trace, scrolling, frame p95', percentile(gaps, 0.95), 'ms', (ms) => ms <= 34, '≤ 34, two frames of a 60 Hz screen');
}

async function go(page: Page, route: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${route}`)}`);
}

async function taskSeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
}

/** A tree: every span has up to ten children, over ten services. */
async function sendSpans(collector: string, traceId: string, count: number): Promise<void> {
  const start = Date.now() - 60_000;
  const idOf = (index: number) => (index + 1).toString(16).padStart(16, '0');
  const nanos = (ms: number) => `${Math.round(ms * 1000)}000`;
  const all = Array.from({ length: count }, (_, index) => ({
    traceId,
    spanId: idOf(index),
    ...(index === 0 ? {} : { parentSpanId: idOf(Math.floor((index - 1) / 10)) }),
    name: `step ${index}`,
    kind: 1,
    startTimeUnixNano: nanos(start + index * 0.5),
    endTimeUnixNano: nanos(start + count * 0.5 + 10),
    attributes: [{ key: 'index', value: { intValue: String(index) } }],
  }));
  for (let at = 0; at < count; at += 1000) {
    const service = { key: 'service.name', value: { stringValue: `app-${(at / 1000) % 10}` } };
    const body = {
      resourceSpans: [
        { resource: { attributes: [service] }, scopeSpans: [{ scope: { name: 'bench' }, spans: all.slice(at, at + 1000) }] },
      ],
    };
    const response = await fetch(`${collector}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`OTLP: ${response.status} ${await response.text()}`);
  }
}
