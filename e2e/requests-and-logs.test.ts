import { gzipSync } from 'node:zlib';
import AxeBuilder from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';
import { openRequest } from './fixture/open-request.ts';
import type { Answer } from './fixture/upstream.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

/** Takes as many milliseconds as the path says; `/packed` is gzipped. */
const answerAfterAsked: Answer = ({ url }, response) => {
  const packed = url.startsWith('/packed');
  const body = JSON.stringify({ asked: url, items: [1, 2] });
  const answer = () => {
    response.writeHead(200, { 'content-type': 'application/json', ...(packed ? { 'content-encoding': 'gzip' } : {}) });
    response.end(packed ? gzipSync(body) : body);
  };
  setTimeout(answer, Number(/\d+/.exec(url)?.[0] ?? 0));
};

describe('requests chosen, sorted, sent again, and the logs of a trace', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('lists', { orders: {}, stock: { v1: answerAfterAsked } });
    for (const ms of [120, 10, 240, 60]) await app.call('orders', `stock/wait/${ms}`);
    await app.page.getByTestId('nav-requests').click();
    await app.page.getByText('/wait/240').first().waitFor();
  });
  afterAll(async () => {
    expect(app?.complaints).toEqual([]);
    await app?.close();
  });

  /** Path and milliseconds of every row, from the top. */
  const rows = () =>
    app.page.getByTestId('request-row').evaluateAll((all) => {
      const at = [...document.querySelectorAll('.dd-list-sorter')].findIndex((one) => one.getAttribute('data-column') === 'ms');
      return all.map((row) => ({
        wait: /\/wait\/(\d+)/.exec(row.textContent ?? '')?.[1] ?? '',
        ms: Number((row.children[at]?.textContent ?? '').replace(',', '')),
      }));
    });
  const waits = async () => (await rows()).map(({ wait }) => wait);
  const inOrder = (list: { ms: number }[], sign: 1 | -1) =>
    list.every(({ ms }, index) => index === 0 || sign * (ms - (list[index - 1]?.ms ?? 0)) >= 0);
  const title = (column: string) => app.page.locator(`.dd-list-sorter[data-column="${column}"]`);

  it('a title sorts, and what comes later moves no row until it is let in', async () => {
    await title('ms').click();
    await eventually(rows, (list) => list.length === 4 && inOrder(list, 1));
    await title('ms').click();
    await eventually(rows, (list) => list.length === 4 && inOrder(list, -1));
    const held = await waits();
    await app.call('orders', 'stock/wait/180');
    await app.page.getByTestId('requests-new').waitFor();
    expect(await waits()).toEqual(held);
    await app.page.getByTestId('requests-new').click();
    await eventually(rows, (list) => list.length === 5 && inOrder(list, -1));
    await title('ms').click();
    await eventually(waits, (list) => list.join() === '180,60,240,10,120');
  });

  it('no row moves under the cursor; once it has left, the list follows again', async () => {
    const { page } = app;
    await page.getByTestId('nav-requests').hover();
    const live = page.getByTestId('requests-live');
    await eventually(
      () => live.textContent(),
      (text) => text?.includes('live') === true,
    );
    await page.getByTestId('request-row').nth(1).hover();
    const held = await waits();
    await app.call('orders', 'stock/wait/5');
    await page.getByTestId('requests-new').waitFor();
    expect(await waits()).toEqual(held);
    expect(await live.textContent()).toContain('held');
    await live.hover();
    await eventually(waits, (list) => list.join() === ['5', ...held].join());
    // A cursor left lying on the list holds nothing once the keyboard is used.
    await page.getByTestId('request-row').nth(1).hover();
    await app.call('orders', 'stock/wait/6');
    await page.getByTestId('requests-new').waitFor();
    await page.keyboard.press('?');
    await eventually(waits, (list) => list.join() === ['6', '5', ...held].join());
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  it('columns are chosen with the keyboard and outlast a restart of the page', async () => {
    const { page } = app;
    const titles = () => page.locator('.dd-list-sorter').evaluateAll((all) => all.map((one) => one.getAttribute('data-column')));
    await page.getByTestId('requests-columns').click();
    const box = page.getByRole('checkbox', { name: 'Response bytes' });
    await box.focus();
    await box.press('Space');
    await box.press('Alt+ArrowUp');
    const before = await titles();
    expect(before).toContain('received');
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).include('.requests-columns').analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await page.keyboard.press('Escape');
    await title('code').focus();
    await title('code').press('Alt+ArrowLeft');
    const moved = await titles();
    expect(moved.indexOf('code')).toBe(before.indexOf('code') - 1);
    await page.reload();
    await page.getByTestId('request-row').first().waitFor();
    expect(await titles()).toEqual(moved);
    await page.getByTestId('requests-columns').click();
    await page.getByRole('button', { name: 'Reset the columns' }).click();
    await page.keyboard.press('Escape');
    expect(await titles()).not.toContain('received');
  });

  it('routes gather requests and lead to them; a pinned one is found, and kept as a recording', async () => {
    const { page } = app;
    await page.getByRole('radio', { name: 'Routes' }).click();
    const route = page.getByTestId('request-group').filter({ hasText: '/wait/*' });
    await eventually(
      () => route.textContent(),
      (text) => /\/wait\/\*7/.test(text ?? ''),
    );
    await route.getByTitle('Show these requests').click();
    await eventually(waits, (list) => list.length === 7);
    await openRequest(page, '/wait/240');
    await page.getByTestId('request-detail').getByRole('button', { name: 'Pin', exact: true }).waitFor();
    await page.keyboard.press('m');
    await page.getByTestId('requests-marked').click();
    await page.getByRole('menuitem', { name: 'Show only these' }).click();
    await eventually(waits, (list) => list.join() === '240');
    await page.getByTestId('requests-marked').click();
    await page.getByRole('menuitem', { name: 'Keep 1 request as a recording' }).click();
    await page.getByText('kept from the list of requests').first().waitFor();
    await page.evaluate(() => localStorage.removeItem('drydock.marks'));
  });

  it('a request edited and sent again shows what was changed and how the answer differs', async () => {
    const { page } = app;
    await page.evaluate(() => {
      location.hash = '#/requests';
    });
    await app.call('orders', 'stock/packed?n=1');
    await openRequest(page, '/packed?n=1');
    await page.getByRole('tab', { name: 'Response', exact: true }).click();
    // Gzip on the wire, JSON on the page.
    await page.locator('[data-testid="body-view"][data-mode="json"]').getByText('/packed?n=1').waitFor();
    await page.getByRole('button', { name: 'Edit and resend' }).click();
    await page.getByRole('textbox', { name: 'Path' }).fill('/packed?n=2');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    const answer = page.getByTestId('resend-answer');
    await answer.getByText('$.asked').waitFor();
    await answer.getByText('Request: 1 change').click();
    await answer.getByText('query:n').waitFor();
    await page.keyboard.press('Control+r');
    await answer.getByText('Request: same').waitFor();
    await answer.getByText('Answer: same').waitFor();
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).include('.request-detail').analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
    await app.screenshot('resend-diff');
  });

  it('what an app logged stands under its trace, and selects its span', async () => {
    const { page } = app;
    await app.call('orders', 'stock/logged', { traceparent: `00-${traceId}-${spanId}-01` });
    const { otlp } = await app.ready();
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'orders' } }] };
    const nanos = (ms: number) => `${ms}000000`;
    const now = Date.now();
    const span = { traceId, spanId, name: 'checkout', kind: 2, startTimeUnixNano: nanos(now - 50), endTimeUnixNano: nanos(now) };
    const logRecords = [
      { traceId, spanId, severityNumber: 9, timeUnixNano: nanos(now - 40), body: { stringValue: 'it begins' } },
      { traceId, spanId, severityNumber: 17, timeUnixNano: nanos(now - 10), body: { stringValue: 'no stock left' } },
    ];
    const send = (signal: string, body: object) =>
      fetch(`${otlp.http}/v1/${signal}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await send('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
    await send('logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
    await eventually(
      () => app.api.call('getTrace', { params: { id: traceId } }),
      ({ logs, spans }) => logs?.length === 2 && spans.some(({ mesh }) => !mesh),
    );
    await page.evaluate((id) => {
      location.hash = `#/traces/${id}`;
    }, traceId);
    await page.getByTestId('log-row').getByText('no stock left').click();
    await page.getByTestId('log-detail').getByText('no stock left').waitFor();
    expect(await page.locator('[data-testid="span-row"][aria-selected="true"]').textContent()).toContain('checkout');
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).include('.trace-view').analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
    await app.screenshot('trace-logs');
  });
});
