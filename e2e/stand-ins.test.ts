import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { meshOf, type Reply, sendFromWorkload } from './fixture/mesh.ts';
import { answerJson, Upstream } from './fixture/upstream.ts';

/** Stubs of another tool take a service's place: imported with a report, switched on, and each request says who answered it. */
describe('a service that imported stubs answer for', () => {
  let app: DesktopApp;
  let orders: Upstream;
  let stock: Upstream;
  let outbound: string;

  beforeAll(async () => {
    orders = await Upstream.listen('orders');
    stock = await Upstream.listen('stock', answerJson({ left: 7 }));
    app = await launchDesktopApp({
      mesh: meshOf('stand-ins', [
        { name: 'orders', versions: { v1: orders } },
        { name: 'stock', versions: { v1: stock } },
      ]),
    });
    outbound = (await app.ready()).workloads.find(({ service }) => service === 'orders')?.outbound ?? '';
  });
  afterAll(async () => {
    await app?.close();
    await orders?.close();
    await stock?.close();
  });

  const byId = (id: string) => app.page.getByTestId(id);
  const ask = (route: string): Promise<Reply> => sendFromWorkload(outbound, `http://stock:9080${route}`);

  it('says what of the file it could not take over', async () => {
    const file = path.join(app.home, 'mappings.json');
    const mappings = [
      { request: { urlPathPattern: '/items/.*' }, response: { jsonBody: { left: 0 } } },
      { name: 'odd', request: { urlPath: '/odd', customMatcher: {} }, response: { body: 'odd' } },
    ];
    writeFileSync(file, JSON.stringify({ mappings }));
    await byId('nav-recordings').click();
    await byId('recording-import-file').setInputFiles(file);
    await byId('import-report').waitFor();
    expect(await byId('import-report').textContent()).toMatch(/mapping 2 "odd"request\.customMatcher/);
    await app.screenshot('import-report');
    await app.page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await app.page.getByText('1 stub: answers to whatever fulfils their conditions').waitFor();
  });

  it('is switched on for a service, live', async () => {
    expect((await ask('/items/rope')).body).toContain('7');
    const row = byId('standin-row').filter({ hasText: 'stock' });
    await row.getByRole('switch').click();
    await expect.poll(async () => (await ask('/items/rope')).body, { timeout: 10_000 }).toContain('"left":0');
    expect((await ask('/nobody')).status).toBe(501);
    await expect.poll(() => row.locator('td').last().textContent(), { timeout: 10_000 }).toBe('1');
    await app.screenshot('stand-in');
  });

  it('shows on each request what answered it, and of a miss what came nearest', async () => {
    await byId('nav-requests').click();
    const open = async (route: string) => {
      await app.page.getByText(route, { exact: true }).first().click();
      await app.page.getByRole('tab', { name: 'Decision' }).click();
      await byId('stand-in').waitFor();
      return byId('stand-in').textContent();
    };
    expect(await open('/nobody')).toMatch(/no answer to this[\s\S]*Nearest[\s\S]*path \/nobody, stub regex/);
    expect(await open('/items/rope')).toMatch(/Answered from WireMock stubs, not by the service[\s\S]*mapping 1/);
    await app.screenshot('stand-in-decision');
  });

  it('is switched off, and the service answers for itself again', async () => {
    await byId('nav-recordings').click();
    await byId('recording-row-WireMock stubs').click();
    await byId('standin-row').filter({ hasText: 'stock' }).getByRole('switch').click();
    await expect.poll(async () => (await ask('/items/rope')).body, { timeout: 10_000 }).toContain('7');
    expect(app.complaints).toEqual([]);
  });
});
