import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from './fixture/mesh.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';
import { openRequest } from './fixture/open-request.ts';
import { pickOption } from './fixture/pick.ts';
import { answerJson } from './fixture/upstream.ts';

/** Stubs of another tool take a service's place: imported with a report, switched on, and each request says who answered it. */
describe('a service that imported stubs answer for', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('stand-ins', { orders: {}, stock: { v1: answerJson({ left: 7 }) } });
  });
  afterAll(() => app?.close());

  const byId = (id: string) => app.page.getByTestId(id);
  const ask = (route: string): Promise<Reply> => app.call('orders', `stock${route}`);

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
    await expect.poll(() => row.getByTestId('standin-misses').textContent(), { timeout: 10_000 }).toBe('1');
    // The list is as fresh as the counts.
    expect(await row.getByTestId('standin-calls').textContent()).toMatch(
      /missedGET \/nobody from orders[\s\S]*stubGET \/items\/rope/,
    );
    await app.screenshot('stand-in');
  });

  it('answers one caller, passes misses on, or pauses, as its options say', async () => {
    const row = byId('standin-row').filter({ hasText: 'stock' }).first();
    const choose = async (field: string, option: string) => {
      await pickOption(app.page, row.getByRole('combobox', { name: field, exact: true }), option);
    };
    await row.getByRole('button', { name: 'Options' }).click();
    await choose('Without a recorded answer', 'Ask the service');
    await expect.poll(async () => (await ask('/elsewhere')).status, { timeout: 10_000 }).toBe(200);
    await choose('Who is answered', 'Only ingress');
    await expect.poll(async () => (await ask('/items/nail')).body, { timeout: 10_000 }).toContain('7');
    await choose('Who is answered', 'Only orders');
    await expect.poll(async () => (await ask('/items/nail')).body, { timeout: 10_000 }).toContain('"left":0');
    await row.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(async () => (await ask('/items/nail')).body, { timeout: 10_000 }).toContain('7');
    await app.screenshot('stand-in-options');
    await row.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(async () => (await ask('/items/nail')).body, { timeout: 10_000 }).toContain('"left":0');
    await choose('Without a recorded answer', 'Fail with 501');
    await expect.poll(async () => (await ask('/elsewhere')).status, { timeout: 10_000 }).toBe(501);
  });

  it('shows on each request what answered it, and of a miss what came nearest', async () => {
    await byId('nav-requests').click();
    const open = async (route: string) => {
      await openRequest(app.page, route);
      await app.page.getByRole('tab', { name: 'Decision' }).click();
      await byId('stand-in').waitFor();
      return byId('stand-in').textContent();
    };
    expect(await open('/nobody')).toMatch(/no answer to this[\s\S]*Nearest[\s\S]*path \/nobody, stub regex/);
    expect(await open('/items/rope')).toMatch(/Answered from WireMock stubs, not by the service[\s\S]*mapping 1/);
    await app.screenshot('stand-in-decision');
  });

  it('is seen in the topology, and ended and begun again on the edge', async () => {
    await byId('nav-topology').click();
    await byId('stood-in').waitFor();
    await byId('topology-edge-orders-stock').first().click({ force: true });
    const row = byId('edge-stand-in-row');
    await row.waitFor();
    expect(await row.textContent()).toMatch(/WireMock stubs[\s\S]*Answers only orders/);
    await row.getByRole('button', { name: /^End/ }).click();
    await expect.poll(async () => (await ask('/items/rope')).body, { timeout: 10_000 }).toContain('7');
    await byId('stand-in-start').click();
    await app.page.getByRole('menuitem', { name: /WireMock stubs/ }).click();
    await expect.poll(async () => (await ask('/items/rope')).body, { timeout: 10_000 }).toContain('"left":0');
    await app.screenshot('stand-in-edge');
  });

  it('is switched off, and the service answers for itself again', async () => {
    await byId('nav-recordings').click();
    await byId('recording-row-WireMock stubs').click();
    await byId('standin-row').filter({ hasText: 'stock' }).first().getByRole('switch').click();
    await expect.poll(async () => (await ask('/items/rope')).body, { timeout: 10_000 }).toContain('7');
    expect(app.complaints).toEqual([]);
  });
});
