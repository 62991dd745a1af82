import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';
import { pickOption } from './fixture/pick.ts';
import { answerJson } from './fixture/upstream.ts';

/** A recording as a thing one keeps: made of an edge, named, commented, marked, cut, merged, taken out and in, stood in for, deleted and brought back. */
describe('the Recordings screen', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('recordings', { orders: {}, stock: { v1: answerJson({ sku: 'rope', left: 7 }) } });
    await app.page.getByTestId('nav-recordings').click();
  });
  afterAll(() => app?.close());

  const byId = (id: string) => app.page.getByTestId(id);
  const rowOf = (name: string) => byId(`recording-row-${name}`);
  const send = (path: string) => app.call('orders', `stock${path}`, { authorization: 'Bearer C4n4ry' });
  const recordings = async () => (await app.api.call('listRecordings')).recordings;
  const named = async (name: string) => (await recordings()).find((one) => one.name === name);
  async function pick(label: string, option: string, within = app.page.locator('main, body').first()): Promise<void> {
    await pickOption(app.page, within.getByLabel(label, { exact: true }).first(), option);
  }

  it('records the calls of one edge, by the choices in the bar, and shows what was redacted', async () => {
    await byId('record-name').fill('checkout');
    await pick('Only calls from', 'orders');
    await pick('Only calls to', 'stock');
    await byId('record-start').click();
    await byId('record-stop').waitFor();
    for (let n = 0; n < 12; n++) await send(`/items/${n}`);
    await byId('record-stop').click();
    const made = await eventually(
      () => named('checkout'),
      (one) => one?.state === 'stopped',
    );
    expect(made).toMatchObject({
      filter: { from: 'orders', to: 'stock' },
      calls: 12,
      exchanges: 24,
      redacted: { authorization: 24 },
    });
    await rowOf('checkout').click();
    await byId('recorded-row').first().waitFor();
    expect(await byId('recorded-count').textContent()).toBe('12 calls');
    await app.page.getByTestId('recording-redacted').getByText('authorization ×24').waitFor();
  });

  it('is renamed and commented in place', async () => {
    await byId('recording-more').click();
    await app.page.getByRole('menuitem', { name: 'Rename' }).click();
    await byId('recording-name').fill('checkout, slow');
    await byId('recording-name').press('Enter');
    await rowOf('checkout, slow').waitFor();
    await byId('recording-note').fill('Ann saw it on Monday');
    await byId('recording-note').press('Enter');
    await eventually(
      () => named('checkout, slow'),
      (one) => one?.note === 'Ann saw it on Monday',
    );
  });

  it('marks an exchange, and finds what is marked', async () => {
    await byId('recorded-row').nth(3).click();
    await byId('recorded-detail').getByRole('button', { name: 'amber' }).click();
    await byId('mark-note').fill('here it begins');
    await byId('mark-note').press('Enter');
    await byId('recorded-detail').getByLabel('Close').click();
    await pick('Marks', 'Marked only');
    await eventually(
      () => byId('recorded-row').count(),
      (count) => count === 1,
    );
    expect(await byId('recorded-row').textContent()).toContain('here it begins');
    await pick('Marks', 'Marked or not');
  });

  it('keeps what lies between two moments as a recording of its own', async () => {
    await app.page.getByLabel('From, seconds from the beginning').fill('0.005');
    await app.page.getByLabel('From, seconds from the beginning').press('Enter');
    await byId('recording-keep').click();
    await rowOf('checkout, slow (part)').waitFor();
    const part = await named('checkout, slow (part)');
    expect(part?.origin).toBe('kept from checkout, slow');
    expect(part?.calls).toBeGreaterThan(0);
    expect(part?.calls).toBeLessThan(12);
    await app.screenshot('recordings-part');
  });

  it('merges two of them, each exchange once', async () => {
    await app.page.getByLabel('Choose checkout, slow to merge').check();
    await app.page.getByLabel('Choose checkout, slow (part) to merge').check();
    await byId('recordings-merge').click();
    const merged = await eventually(
      () => named('checkout, slow (part) + checkout, slow'),
      (one) => one !== undefined,
    );
    expect(merged).toMatchObject({ exchanges: 24, state: 'stopped' });
  });

  it('comes back from its file without loss', async () => {
    const { url, token } = await app.page.evaluate(async () => (await window.drydock.getConnection()) ?? { url: '', token: '' });
    const { id } = (await named('checkout, slow'))!;
    const answer = await fetch(`${url}/api/v1/recordings/${id}/file`, { headers: { authorization: `Bearer ${token}` } });
    const buffer = Buffer.from(await answer.arrayBuffer());
    const before = (await recordings()).length;
    await byId('recording-import-file').setInputFiles({ name: 'a.drydock-recording', mimeType: 'application/gzip', buffer });
    const all = await eventually(recordings, (list) => list.length === before + 1);
    const imported = all.find(({ origin }) => origin.startsWith('imported'))!;
    const contents = async (of: string) => (await app.api.call('listRecordedExchanges', { params: { id: of } })).exchanges;
    expect(await contents(imported.id)).toEqual(await contents(id));
    expect(imported).toMatchObject({ name: 'checkout, slow', note: 'Ann saw it on Monday' });
  });

  it('stands in for a service that is gone, and counts what it was asked', async () => {
    await rowOf('checkout, slow').first().click();
    await app.page.getByRole('tab', { name: 'Stand in' }).click();
    await byId('standin-row').getByRole('switch').click();
    await eventually(
      () => app.api.call('listSimulations'),
      ({ simulations }) => simulations.length === 1,
    );
    await app.upstream('stock').close();
    const reply = await send('/items/3');
    expect([reply.status, JSON.parse(reply.body)]).toEqual([200, { sku: 'rope', left: 7 }]);
    await send('/items/unknown/thing');
    await app.page.getByText('GET /items/unknown/thing', { exact: true }).waitFor();
    await app.screenshot('recordings-stand-in');
    await byId('standin-row').getByRole('switch').click();
    await eventually(
      () => app.api.call('listSimulations'),
      ({ simulations }) => simulations.length === 0,
    );
  });

  it('is deleted, and brought back by Undo', async () => {
    await rowOf('checkout, slow (part)').click();
    await byId('recording-more').click();
    await app.page.getByRole('menuitem', { name: 'Delete' }).click();
    await rowOf('checkout, slow (part)').waitFor({ state: 'detached' });
    await app.page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
    await rowOf('checkout, slow (part)').waitFor();
    expect(app.complaints).toEqual([]);
  });
});
