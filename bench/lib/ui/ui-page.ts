import { type Browser, type CDPSession, chromium, type Page } from 'playwright';
import type { EngineProcess } from '../engine-process.ts';
import { SteadyLoad } from '../steady-load.ts';
import { executablePath } from './window.ts';

/** The page that the engine serves (build it first: `node scripts/build.mjs`), in a headless Chromium, and what it costs. */
export class UiPage {
  readonly page: Page;
  readonly #devtools: CDPSession;
  readonly #browser: Browser | null;

  private constructor(page: Page, devtools: CDPSession, browser: Browser | null) {
    this.page = page;
    this.#devtools = devtools;
    this.#browser = browser;
  }

  static async open(engine: EngineProcess): Promise<UiPage> {
    const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const { url, token } = engine.ready.control;
    await page.goto(`${url}/#token=${token}`);
    return UiPage.of(page, browser);
  }

  /** A page that is open already, the desktop app's; who opened it closes it. */
  static async of(page: Page, browser: Browser | null = null): Promise<UiPage> {
    await page.getByTestId('nav-topology').waitFor();
    const devtools = await page.context().newCDPSession(page);
    // Processor time, not time on the clock: a busy machine makes a page no dearer.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    return new UiPage(page, devtools, browser);
  }

  async go(place: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#/${place}`)}`);
  }

  /** Looks at nothing while `work` goes on: the engine has one reader less. */
  async rest(work: () => Promise<void>): Promise<void> {
    const address = this.page.url();
    await this.page.goto('about:blank');
    await work();
    await this.page.goto(address);
    await this.page.getByTestId('nav-topology').waitFor();
  }

  /** Processor seconds that the page's main thread has needed so far. */
  async taskSeconds(): Promise<number> {
    return this.#metric('TaskDuration');
  }

  /** Share of a core that the main thread needs while `seconds` pass. */
  async mainThreadShare(seconds: number): Promise<number> {
    const [before, startedAt] = [await this.taskSeconds(), performance.now()];
    await this.page.waitForTimeout(seconds * 1000);
    return ((await this.taskSeconds()) - before) / ((performance.now() - startedAt) / 1000);
  }

  /** What the page holds after a collection, in MB (10^6 bytes). */
  async heapMb(): Promise<number> {
    await this.#devtools.send('HeapProfiler.collectGarbage');
    return (await this.#metric('JSHeapUsedSize')) / 1e6;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }

  async #metric(wanted: string): Promise<number> {
    const { metrics } = await this.#devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  }
}

/** Every service calls two others, each edge twice a second. */
export function callAround(engine: EngineProcess): SteadyLoad[] {
  const callers = engine.ready.workloads;
  let next = 0;
  return callers.map(({ id, service }) => {
    const callee = `s${(Number(service.slice(1)) * 2 + (next++ % 2) + 1) % callers.length}`;
    return new SteadyLoad({ address: engine.address(id, 'outbound'), host: `${callee}:9080`, path: '/' }, 2);
  });
}

/** One service calls another, so many times a second. Each call is reported by both sidecars. */
export function callOne(engine: EngineProcess, path: string, callsPerSecond: number, [from, to] = [0, 1]): SteadyLoad {
  const caller = engine.ready.workloads[from]!;
  return new SteadyLoad({ address: engine.address(caller.id, 'outbound'), host: `s${to}:9080`, path }, callsPerSecond);
}
