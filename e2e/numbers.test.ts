import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../proxy/api/exchange.schema.ts';
import type { Trace } from '../proxy/api/observability.schema.ts';
import type { RunSummary } from '../proxy/api/runs.schema.ts';
import type { Status } from '../proxy/api/status.schema.ts';
import { askCommand } from './fixture/command-line.ts';
import { eventually } from './fixture/eventually.ts';
import { type Between, failing, retried, wantedShares } from './fixture/known-traffic.ts';
import { checkoutSleepMs, checkoutTrace, KnownTrafficApp, wantedOf } from './fixture/known-traffic-app.ts';
import { readSamples } from './fixture/read-metrics.ts';
import {
  expectShown,
  liesBetween,
  openPlace,
  readChart,
  readColumn,
  readNumbers,
  readRow,
  readShown,
} from './fixture/read-page.ts';

const everywhere = ['the app', 'a browser'];
const edgeId = 'default/orders->default/stock';
const percentiles = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

/*
 * What was sent is counted by the client; what is shown is read off the pages, in the real app and in a browser, off the terminal and off the
 * metrics endpoint.
 */
describe('the numbers shown are the numbers sent', () => {
  const stage = new KnownTrafficApp();
  const { traffic } = stage;
  const pageOf = (where: string) => stage.pages.get(where)!;
  const all = () => traffic.all;
  const wanted = () => wantedOf(traffic);

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  it.each(everywhere)('the picture: what stands on the edge by each choice of label, in %s', async (where) => {
    const page = pageOf(where);
    const label = page.getByTestId('topology-edge-orders-stock').first();
    const read = async () => (await label.locator('.topo-label-text').textContent()) ?? '';
    const show = async (labels: string, unit: RegExp) => {
      await openPlace(page, `topology?labels=${labels}`);
      await label.waitFor();
      return eventually(read, (text) => unit.test(text));
    };
    await show('rate', /[\d.]+\/s$/);
    await stage.eventuallyRate(read, all());
    await show('throughput', /B\/s$/);
    await stage.eventuallyRate(read, wanted().bytes);
    for (const [name, part] of percentiles) {
      await show(name, /[^/]m?s$/);
      const { least, most } = traffic.percentile(part);
      await eventually(read, (text) => liesBetween(text, least, most));
    }
    const errors = await show('errors', /^\D*[\d.]+ %$/);
    expectShown(errors, wanted().errors, 'errors');
    await show('split', /\d+ \/ \d+ %$/);
    expectSplit(`${await read()} ${await label.locator('.topo-wanted').textContent()}`);
  });

  it.each(everywhere)('the picture as a table: the same edge, and the service it leads to, in %s', async (where) => {
    const page = pageOf(where);
    await openPlace(page, 'topology?view=table');
    const row = page.locator(`tr[data-id="${edgeId}"]`);
    const read = async (title: string) => (await readRow(row))?.get(title) ?? '';
    await row.waitFor();
    await stage.eventuallyRate(() => read('Rate'), all());
    await stage.eventuallyRate(() => read('Throughput'), wanted().bytes);
    for (const [name, part] of percentiles) expectShown(await read(name), traffic.percentile(part), name);
    expectShown(await read('Errors'), wanted().errors, 'errors');
    expectSplit(await read('Split'));
    expect(readShown(await read('State')).value).toBeCloseTo((retried + 1) / all(), 2);
    const service = page.locator('tr[data-id="default/stock"]');
    await stage.eventuallyRate(async () => (await readRow(service))?.get('Rate') ?? '', all());
    expectShown((await readRow(service))?.get('p95'), traffic.percentile(0.95), 'p95 of stock');
    // The line below every screen counts every call of the mesh.
    const bar = page.getByTestId('status-bar').getByText('req/s');
    await stage.eventuallyRate(async () => (await bar.textContent()) ?? '', stage.everyCall);
  });

  it.each(everywhere)('an edge: requests, errors, percentiles, rate, retries and split, in %s', async (where) => {
    const page = pageOf(where);
    await openPlace(page, `topology?view=table&edge=${encodeURIComponent(edgeId)}`);
    const panel = page.getByTestId('edge-panel');
    await expectRed(() => readNumbers(panel));
    await stage.eventuallyRate(async () => (await readNumbers(panel)).get('Rate') ?? '', all());
    const text = (await panel.textContent()) ?? '';
    expect(text).toContain(`${((retried + 1) / all()).toFixed(2)} retries per request`);
    for (const [version, share] of Object.entries(wantedShares)) {
      const actual = stage.shares.get(version) ?? 0;
      const shown = new RegExp(`${version}([\\d.]+ %) of ${share} %`).exec(text)?.[1];
      expectShown(shown, { least: actual, most: actual }, version);
    }
  });

  it.each(everywhere)('a service: errors and percentiles of all its calls, and tries by endpoint, in %s', async (where) => {
    const page = pageOf(where);
    await openPlace(page, 'service?name=stock');
    const screen = page.getByTestId('service-screen');
    await expectRed(() => readNumbers(screen));
    // Endpoints answer for tries: each request, and the first try of those that needed two.
    const rows = screen.getByRole('row', { name: /stock-v\d-\d/ });
    const sum = (cells: string[]) => cells.reduce((total, cell) => total + Number(cell.replace(/\D/g, '')), 0);
    const columns = async () => [sum(await readColumn(rows, 'Requests')), sum(await readColumn(rows, 'Errors'))];
    await eventually(columns, (seen) => seen.join() === [traffic.tries, failing + retried + 1].join());
  });

  it.each(everywhere)('a service: what its charts tell point by point, in %s', async (where) => {
    const page = pageOf(where);
    await openPlace(page, 'service?name=stock');
    // In an hour a point is half a minute: the calls are in one or two of them, and all of this test in the last twenty.
    const read = (title: string) => readChart(page.getByLabel(`${title} over the last 1h`, { exact: true }), 20);
    const isWhole = (told: Told) => sumOf(valuesOf(told, 'Requests')) === all();
    await eventually(
      () => read('Latency'),
      (told) => isWhole(told) && percentiles.every(([name, part]) => isAmong(valuesOf(told, name), traffic.percentile(part))),
    );
    const errors = await eventually(
      () => read('Errors'),
      (told) => isWhole(told) && isShareOf(told, told, 'Errors', failing),
    );
    await eventually(
      () => read('Retry ratio'),
      (told) => isShareOf(told, errors, 'Retries', retried + 1),
    );
    // By class of answer, per second and rounded to a tenth: a slot that goes on counts by what has passed of it, so its end is waited for.
    const slotSeconds = 30;
    const isNear = (shown: readonly number[], count: number) =>
      Math.abs(sumOf(shown) * slotSeconds - count) <= 0.1 * slotSeconds * shown.length;
    await eventually(
      () => read('Requests'),
      (told) => isNear(valuesOf(told, '5xx'), failing) && isNear(valuesOf(told, '2xx'), all() - failing),
      60_000,
    );
  });

  it.each(everywhere)('a filter finds as many requests as were made so, and routes count them, in %s', async (where) => {
    const page = pageOf(where);
    const found = { 'tries>1': retried + 1, 'status:500': failing, 'status:200': all() - failing, 'path:/reserve': 1 };
    const calls = 'from:orders dest:stock reporter:source';
    for (const [filter, count] of Object.entries(found)) {
      await openPlace(page, `requests?filter=${encodeURIComponent(`${calls} ${filter}`)}`);
      const line = page.getByTestId('requests-count');
      await eventually(
        () => line.textContent(),
        (text) => text?.startsWith(`${count} of `) ?? false,
      );
    }
    await openPlace(page, `requests?view=groups&filter=${encodeURIComponent(calls)}`);
    const routes = page.getByTestId('request-group');
    const edge = await eventually(
      () => readRow(routes.filter({ hasText: 'orders → stock' })),
      (row) => row?.get('Requests') === String(all()),
    );
    expectShown(edge?.get('Errors'), wanted().errors, 'errors of the edge');
    const items = await readRow(routes.filter({ hasText: '/items' }));
    expect(items?.get('Requests')).toBe(String(all() - 1));
    const share = (100 * retried) / (all() - 1);
    expectShown(items?.get('Retried'), { least: share, most: share }, 'retried');
    for (const [name, part] of [...percentiles.slice(0, 2), ['Slowest', 1]] as const)
      expectShown(items?.get(name), traffic.percentile(part), name);
  });

  it.each(everywhere)('a request: its tries, one by one, in %s', async (where) => {
    const page = pageOf(where);
    await openPlace(page, `requests?filter=${encodeURIComponent('from:orders reporter:source path:/reserve')}`);
    await page.getByTestId('request-row').first().click();
    await page.getByRole('tab', { name: /Attempts/ }).click();
    const tries = page.locator('.request-attempts > li');
    await eventually(
      () => tries.count(),
      (count) => count === 2,
    );
    const told = await tries.allTextContents();
    expect(told.map((text) => text.slice(1, 6))).toEqual(['✖ 503', '✓ 200']);
    const worked = traffic.workedMs('checkout');
    expectShown(
      (await page.locator('.request-sentence').textContent())?.replace(/^.* in /, ''),
      { least: worked, most: stage.checkoutMs.least },
      'both',
    );
  });

  it.each(everywhere)(
    'a trace: every hop and every try below the one that made it, and where its time went, in %s',
    async (where) => {
      const page = pageOf(where);
      await openPlace(page, `traces/${checkoutTrace}`);
      await page.getByTestId('trace-waterfall').waitFor();
      const rows = page.getByTestId('span-row');
      const spans = () =>
        rows.evaluateAll((found) =>
          found.map((row) => `${row.getAttribute('aria-level')} ${row.querySelector('.wf-name')?.textContent}`),
        );
      const seen = await eventually(spans, (found) => found.length === 7);
      const failed = '✖ failed';
      expect(seen.map((span) => span.replace('▨mesh', '').replace(/127\.0\.0\.1:\d+/, 'host'))).toEqual([
        // The client's own span, which its traceparent names, was never sent here.
        '1 ingress sent GET orders⌀ parent not here',
        '2 orders received GET orders',
        '3 orders sent GET stock',
        `4 try 1 host${failed}`,
        `5 stock received GET stock${failed}`,
        '4 try 2 host',
        '5 stock received GET stock',
      ]);
      const whole = await page.getByTestId('trace-waterfall').getByRole('heading').first().textContent();
      expectShown(whole ?? '', stage.checkoutMs, 'the trace');
      const causes = new Map((await page.getByTestId('trace-causes').getByRole('listitem').allTextContents()).map(readCause));
      const sum = [...causes.values()].reduce((total, ms) => total + ms, 0);
      expectShown(whole ?? '', { least: sum, most: sum }, 'the sum of its causes');
      const stock = causes.get('stock app') ?? 0;
      expect(stock).toBeGreaterThan(2 * checkoutSleepMs * 0.97);
      expect(stock).toBeLessThan(stage.checkoutMs.most);
      await page.keyboard.press('Escape');
      const listed = page.locator(`[data-testid="trace-row"][data-id="${checkoutTrace}"]`);
      const row = await eventually(
        () => readRow(listed),
        (cells) => cells?.has('Spans') ?? false,
      );
      expect(row?.get('Spans')).toBe('7');
      expectShown(row?.get('Took'), stage.checkoutMs, 'the trace in the list');
      expect(row?.get('Outcome')).toBe('✓ 200✖ 1');
    },
  );

  it('the terminal tells the same: tap, trace, status', async () => {
    const exchanges = await eventually(
      () => stage.tap.lines.map((line) => JSON.parse(line) as Exchange).filter(({ destination }) => destination === 'stock'),
      (seen) => seen.length >= all() + traffic.tries,
    );
    const sent = exchanges.filter(({ reporter }) => reporter === 'source');
    expect(sent).toHaveLength(all());
    expect(exchanges).toHaveLength(all() + traffic.tries);
    expect(sent.filter(({ status }) => status === 500)).toHaveLength(failing);
    expect(sent.filter(({ attempts }) => attempts.length === 2)).toHaveLength(retried + 1);
    for (const [version, share] of stage.shares)
      expect(sent.filter(({ destinationVersion }) => destinationVersion === version)).toHaveLength(
        Math.round((share * all()) / 100),
      );
    const trace = (await askCommand(stage.home, 'trace', 'show', checkoutTrace)) as Trace;
    expect(trace.spans.map(({ kind, service }) => `${service} ${kind}`)).toHaveLength(7);
    expectShown(`${trace.durationMs} ms`, stage.checkoutMs, 'the trace in the terminal');
    const status = (await askCommand(stage.home, 'status')) as Status;
    expect(status.counters.droppedExchanges).toBe(0);
  });

  it('the metrics endpoint counts the same', async () => {
    const samples = await readSamples(stage.app);
    const count = (name: string, labels: Record<string, string>) =>
      samples.sum(name, { destination_service_name: 'stock', ...labels });
    expect(count('istio_requests_total', { reporter: 'source' })).toBe(all());
    expect(count('istio_requests_total', { reporter: 'source', response_code: '500' })).toBe(failing);
    expect(count('istio_requests_total', { reporter: 'source', response_code: '200' })).toBe(all() - failing);
    expect(count('istio_requests_total', { reporter: 'destination' })).toBe(traffic.tries);
    expect(count('istio_request_duration_milliseconds_count', { reporter: 'source' })).toBe(all());
    const { least, most } = traffic.totalMs;
    const sumMs = count('istio_request_duration_milliseconds_sum', { reporter: 'source' });
    expect(sumMs).toBeGreaterThan(least);
    expect(sumMs).toBeLessThan((most + stage.checkoutMs.most) * 1.03);
  });

  it('the run that ended is kept with its numbers, on the screen and in the terminal', async () => {
    const { pid } = await stage.app.ready();
    process.kill(pid, 'SIGTERM');
    const status = () => stage.app.ready().catch(() => null);
    await eventually(status, (told) => told !== null && told.pid !== pid, 30_000);
    await stage.showEngineInBrowser();
    for (const page of stage.pages.values()) {
      await openPlace(page, 'runs?after=none');
      const row = page.locator(`[data-testid="run-edge-row"][data-id="${edgeId}"]`);
      const cells = await eventually(
        () => readRow(row),
        (read) => read?.get('Requests') === String(all()),
      );
      expectShown(cells?.get('Errors'), wanted().errors, 'errors of the run');
      for (const [name, part] of percentiles) expectShown(cells?.get(name), traffic.percentile(part), `${name} of the run`);
      expectShown(cells?.get('Retries'), wanted().retries, 'retries of the run');
    }
    const { runs } = (await askCommand(stage.home, 'runs')) as { runs: RunSummary[] };
    expect(runs.find(({ endedAt }) => endedAt !== null)).toMatchObject({ requests: stage.everyCall, errors: failing });
  });

  /** Requests, errors and percentiles of orders' calls to stock, as a panel shows them. */
  async function expectRed(read: () => Promise<Map<string, string>>): Promise<void> {
    const shown = await eventually(read, (numbers) => numbers.get('Requests') === String(all()));
    expectShown(shown.get('Errors'), wanted().errors, 'errors');
    for (const [name, part] of percentiles) expectShown(shown.get(name), traffic.percentile(part), name);
  }

  /** `71 / 29 % of 70 / 30 %` */
  function expectSplit(text: string): void {
    expect(text).toContain(`of ${Object.values(wantedShares).join(' / ')} %`);
    const shown = (/([\d /]+) %/.exec(text)?.[1] ?? '').split(' / ').map(Number);
    for (const [index, actual] of [...stage.shares.values()].entries())
      expect(Math.abs((shown[index] ?? Number.NaN) - actual), `split ${text}`).toBeLessThan(0.51);
  }
});

/** A chart's moments by their clocks: line → what it tells. */
type Told = ReadonlyMap<string, ReadonlyMap<string, string>>;

const valuesOf = (told: Told, line: string): number[] =>
  [...told.values()].map((values) => readShown(values.get(line) ?? '').value).filter((value) => value > 0);

/** A percentile of all lies between the lowest and the highest of the parts'. */
const isAmong = (values: readonly number[], { least, most }: Between): boolean =>
  Math.min(...values) < most * 1.03 && Math.max(...values) > least * 0.97;

/** Whether shares of the requests of each moment (`counts`) add up to so many, rounding aside. */
function isShareOf(told: Told, counts: Told, line: string, wanted: number): boolean {
  let [total, rounding] = [0, 0];
  for (const [clock, values] of told) {
    const share = readShown(values.get(line) ?? '');
    const requests = readShown(counts.get(clock)?.get('Requests') ?? '0').value;
    total += (share.value * requests) / 100;
    rounding += (share.rounding * requests) / 100;
  }
  return Math.abs(total - wanted) <= rounding + 1e-9;
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** `● stock app 243 ms 92 %` → its words and milliseconds. */
function readCause(text: string): [string, number] {
  const [, words = '', time = ''] = /^\S+ (\D+?) ([\d.,]+ m?s)/.exec(text) ?? [];
  return [words, readShown(time).value];
}
