import { type Browser, chromium, type Locator, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { eventually } from './fixture/eventually.ts';
import { meshOf, sendFromWorkload, sendThroughIngress } from './fixture/mesh.ts';
import { type Answer, Upstream } from './fixture/upstream.ts';

/*
 * What was sent is counted here, by the client; what is shown is read off the pages, in the real app and in a browser. 300 calls from orders to
 * stock: 5 % fail, 12 succeed at the second try, versions share 70 to 30, and each takes as long as its own request says.
 */
const calls = 300;
const failing = 15;
const retried = 12;
const lanes = 20;
const rules = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: stock}
spec: {host: stock, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: stock}
spec:
  hosts: [stock]
  http:
    - route:
        - {destination: {host: stock, subset: v1}, weight: 70}
        - {destination: {host: stock, subset: v2}, weight: 30}
      retries: {attempts: 2, retryOn: '503'}
`;

interface Sent {
  /** As the client waited, and as the upstreams needed, all tries together. */
  tookMs: number;
  workedMs: number;
  version: string;
  status: number;
}

describe('the numbers shown are the numbers sent', () => {
  const upstreams: Upstream[] = [];
  const sent: Sent[] = [];
  let app: DesktopApp;
  let browser: Browser;
  const pages = new Map<string, Page>();
  let checkoutTrace = '';
  let firstSentAt = 0;

  beforeAll(async () => {
    const orders = await Upstream.listen('orders');
    const stock = { v1: await Upstream.listen('v1', answerAsAsked('v1')), v2: await Upstream.listen('v2', answerAsAsked('v2')) };
    upstreams.push(orders, stock.v1, stock.v2);
    const mesh = meshOf('numbers', [
      { name: 'orders', versions: { v1: orders } },
      { name: 'stock', versions: stock },
    ]);
    app = await launchDesktopApp({ mesh: `${mesh}---\n${rules}` });
    const status = await app.ready();
    const outbound = status.workloads.find(({ service }) => service === 'orders')?.outbound ?? '';
    orders.answer = (request, response) => {
      const headers = { traceparent: String(request.headers.traceparent), 'x-fail': 'first', 'x-call': 'checkout' };
      void sendFromWorkload(outbound, 'http://stock:9080/reserve', headers).then((reply) => response.end(reply.body));
    };
    firstSentAt = Date.now();
    await inLanes(calls, lanes, async (n) => sent.push(await callStock(outbound, n)));
    checkoutTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${checkoutTrace}-00f067aa0ba902b7-01`;
    expect((await sendThroughIngress(status.ingress, 'orders', '/checkout', { traceparent })).status).toBe(200);
    const { url, token } = await app.page.evaluate(() => window.drydock.getConnection()).then((connection) => connection!);
    browser = await chromium.launch({
      executablePath: process.env.DRYDOCK_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    });
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(`${url}/#token=${token}`);
    pages.set('the app', app.page).set('a browser', page);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    for (const upstream of upstreams) await upstream.close();
  });

  const everywhere = ['the app', 'a browser'];

  it.each(everywhere)('an edge: requests, errors, percentiles, rate, retries and split, in %s', async (where) => {
    const page = pages.get(where)!;
    await open(page, 'topology?view=table');
    await page
      .getByRole('row', { name: /orders → stock/ })
      .getByRole('button')
      .click();
    const panel = page.getByTestId('edge-panel');
    const shown = await eventually(
      () => readNumbers(panel),
      (numbers) => numbers.get('Requests') === String(all()),
    );
    expect(shown.get('Errors')).toContain(`${((100 * failing) / all()).toFixed(1)} %`);
    for (const [name, part] of percentiles) expectBetween(readMs(shown.get(name)!), worked(part), waited(part), name);
    const { startedAt } = await app.ready();
    // Shown once a second, so it is up to a second old. Counting begins while the engine starts, which takes seconds on a busy machine: after
    // it began to start, and before the first call.
    await eventually(
      async () => {
        const rate = Number.parseFloat((await readNumbers(panel)).get('Rate')!);
        const rateSince = (timeMs: number) => all() / ((Date.now() - timeMs) / 1000);
        return { rate, least: rateSince(Date.parse(startedAt)), most: rateSince(firstSentAt) };
      },
      ({ rate, least, most }) => rate > least * 0.97 && rate < most * 1.03,
    );
    const text = (await panel.textContent()) ?? '';
    expect(text).toContain(`${((retried + 1) / all()).toFixed(2)} retries per request`);
    for (const [version, wanted] of [
      ['v1', 70],
      ['v2', 30],
    ] as const) {
      const actual = sent.filter((one) => one.version === version).length;
      expectWithin(
        Number(new RegExp(`${version}([\\d.]+) % of ${wanted} %`).exec(text)?.[1]),
        (100 * actual) / all(),
        0.03,
        version,
      );
    }
  });

  it.each(everywhere)('a service: errors and percentiles of all its calls, in %s', async (where) => {
    const page = pages.get(where)!;
    await open(page, 'service?name=stock');
    const screen = page.getByTestId('service-screen');
    const shown = await eventually(
      () => readNumbers(screen),
      (numbers) => numbers.get('Requests') === String(all()),
    );
    expect(shown.get('Errors')).toContain(`${((100 * failing) / all()).toFixed(1)} %`);
    for (const [name, part] of percentiles) expectBetween(readMs(shown.get(name)!), worked(part), waited(part), name);
    // Endpoints answer for tries: each request, and the first try of those that needed two.
    const columns = async () => {
      const rows = await screen.getByRole('row', { name: /stock-v\d-\d/ }).all();
      const cells = await Promise.all(rows.map((row) => row.getByRole('cell').allTextContents()));
      return [7, 8].map((n) => cells.reduce((sum, row) => sum + Number(row[n]?.replace(/\D/g, '')), 0));
    };
    const tries = [all() + retried + 1, failing + retried + 1];
    await eventually(columns, (seen) => seen.join() === tries.join());
  });

  it.each(everywhere)('a filter finds as many requests as were made so, in %s', async (where) => {
    const page = pages.get(where)!;
    const wanted = { 'tries>1': retried + 1, 'status:500': failing, 'status:200': all() - failing, 'path:/reserve': 1 };
    for (const [filter, count] of Object.entries(wanted)) {
      await open(page, `requests?filter=${encodeURIComponent(`from:orders dest:stock reporter:source ${filter}`)}`);
      const line = page.getByTestId('requests-count');
      await eventually(
        () => line.textContent(),
        (text) => text?.startsWith(`${count} of `) ?? false,
      );
    }
  });

  it.each(everywhere)('a trace: every hop and every try below the one that made it, in %s', async (where) => {
    const page = pages.get(where)!;
    await open(page, `traces/${checkoutTrace}`);
    await page.getByTestId('trace-waterfall').waitFor();
    const rows = page.getByTestId('span-row');
    const spans = () =>
      rows.evaluateAll((all) =>
        all.map((row) => `${row.getAttribute('aria-level')} ${row.querySelector('.wf-name')?.textContent}`),
      );
    const seen = await eventually(spans, (all) => all.length === 7);
    const failed = '✖ failed';
    expect(seen.map((span) => span.replace('▨mesh', '').replace(/127\.0\.0\.1:\d+/, 'host'))).toEqual([
      '1 ingress sent GET orders',
      '2 orders received GET orders',
      '3 orders sent GET stock',
      `4 try 1 host${failed}`,
      `5 stock received GET stock${failed}`,
      '4 try 2 host',
      '5 stock received GET stock',
    ]);
  });

  /** The lanes' calls and the one of the checkout. */
  const all = () => sent.length + 1;
  /** Between what the upstreams took and what the client waited lies what the mesh measured. */
  const waited = (part: number) =>
    percentile(
      sent.map((one) => one.tookMs),
      part,
    );
  const worked = (part: number) =>
    percentile(
      sent.map((one) => one.workedMs),
      part,
    );
});

const percentiles = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1]!;
}

function expectBetween(shown: number, least: number, most: number, what: string): void {
  expect(shown, `${what} at least 3 % below ${least}`).toBeGreaterThan(least * 0.97);
  expect(shown, `${what} at most 3 % above ${most}`).toBeLessThan(most * 1.03);
}

function expectWithin(shown: number, wanted: number, share: number, what: string): void {
  expect(Math.abs(shown - wanted) / wanted, `${what}: ${shown} shown for ${wanted}`).toBeLessThan(share);
}

/** `Rate` → `47.9 /s` … of a panel's numbers. */
async function readNumbers(panel: Locator): Promise<Map<string, string>> {
  const numbers = await panel
    .locator('.topo-number')
    .evaluateAll((links) =>
      links.map((link) => [link.querySelector('small')?.textContent ?? '', link.querySelector('b')?.textContent ?? ''] as const),
    );
  return new Map(numbers);
}

const workedMs = new Map<string, number>();

/** Sleeps, fails or fails at first, as the request's headers ask. */
function answerAsAsked(version: string): Answer {
  const seen = new Set<string>();
  return ({ headers }, response) => {
    const call = String(headers['x-call']);
    const failsFirst = headers['x-fail'] === 'first' && !seen.has(call);
    seen.add(call);
    const status = headers['x-fail'] === 'always' ? 500 : failsFirst ? 503 : 200;
    const startedMs = performance.now();
    const answer = () => {
      response.writeHead(status, { 'x-version': version }).end(version);
      workedMs.set(call, (workedMs.get(call) ?? 0) + performance.now() - startedMs);
    };
    setTimeout(answer, Number(headers['x-sleep'] ?? 0));
  };
}

async function callStock(outbound: string, n: number): Promise<Sent> {
  const fail = n < failing ? 'always' : n < failing + retried ? 'first' : 'never';
  // Each duration is asked for once, also by those that sleep twice: a rank more or less is a millisecond, not a gap in the tail.
  const sleepMs = 150 + ((n * 37) % calls);
  const started = performance.now();
  const reply = await sendFromWorkload(outbound, 'http://stock:9080/items', {
    'x-call': String(n),
    'x-fail': fail,
    'x-sleep': String(sleepMs / (fail === 'first' ? 2 : 1)),
  });
  return {
    tookMs: performance.now() - started,
    workedMs: workedMs.get(String(n))!,
    version: String(reply.headers['x-version']),
    status: reply.status,
  };
}

async function inLanes(count: number, width: number, each: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function open(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    window.location.hash = `#/${to}`;
  }, hash);
}

const readMs = (text: string) => Number.parseFloat(text.replace(',', '')) * (text.includes(' s') ? 1000 : 1);
