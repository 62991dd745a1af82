import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';
import { pickOption } from './fixture/pick.ts';

/** A fault made in the form, read in its decisions, changed, switched off and on, and removed. */
describe('the Faults screen', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('faults', { orders: {}, stock: {} });
  });
  afterAll(() => app?.close());

  const byId = (id: string) => app.page.getByTestId(id);
  const only = async () => (await app.api.call('listFaults')).faults[0];
  const choose = async (label: string, option: string) => {
    await pickOption(app.page, app.page.getByRole('dialog').getByLabel(label, { exact: true }), option);
  };
  const send = async () => (await app.call('orders', 'stock/items')).status;

  it('offers four faults to begin with, and says what would be hit and what reacts before one is armed', async () => {
    await byId('nav-faults').click();
    await Promise.all(Array.from({ length: 12 }, send));
    await byId('fault-preset-errors').click();
    await choose('Calls to', 'stock');
    await app.page.getByRole('dialog').getByLabel('How many, %').fill('50');
    await eventually(
      () => byId('fault-estimate').textContent(),
      (text) => /would have hit about 6 of 12 requests/.test(text ?? ''),
    );
    const reacts = byId('fault-reacts');
    await eventually(
      () => reacts.textContent(),
      (text) => text?.includes('no outlier detection for this service') === true,
    );
    await app.page.getByRole('radio', { name: 'The caller’s sidecar (Istio)' }).click();
    expect(await reacts.textContent()).toContain('before the router');
    await app.screenshot('fault-preset');
    await app.page.keyboard.press('Escape');
    expect(await only()).toBe(undefined);
  });

  it('is armed with a delay between two lengths and a status after it', async () => {
    await byId('nav-faults').click();
    await byId('fault-new').click();
    await choose('Calls to', 'stock');
    await choose('Delay', 'Between two lengths');
    await app.page.getByRole('dialog').getByLabel('To', { exact: true }).fill('120ms');
    await choose('Answer', 'An HTTP status');
    await app.page.getByText('Only some requests, how often, and when').click();
    await app.page.getByLabel('Name of the fault').fill('shaky');
    await app.screenshot('fault-form');
    await byId('fault-submit').click();
    await byId('fault-row-shaky').waitFor();
    expect((await only())?.spec).toMatchObject({
      to: { service: 'stock' },
      delay: { uniform: { min: '100ms', max: '120ms' } },
      abort: { httpStatus: 503 },
    });
    expect(await send()).toBe(503);
  });

  it('tells each decision, and what it did', async () => {
    await byId('fault-row-shaky').click();
    const log = byId('fault-decisions');
    await log.getByText('abort 503').first().waitFor();
    expect(await log.textContent()).toContain('delayed');
    await app.screenshot('fault-decisions');
  });

  it('is changed: it stays armed under its name, with the rest as it was', async () => {
    await byId('fault-change-shaky').click();
    await choose('Answer', 'The real answer');
    await byId('fault-submit').click();
    const changed = await eventually(only, (fault) => fault?.spec.abort === undefined);
    expect(changed?.spec).toMatchObject({ to: { service: 'stock' }, delay: { uniform: { min: '100ms', max: '120ms' } } });
    expect(await send()).toBe(200);
  });

  it('is switched off and on again, and removed', async () => {
    await byId('fault-turn-shaky').click();
    await eventually(only, (fault) => fault?.state === 'disabled');
    await byId('fault-turn-shaky').click();
    await eventually(only, (fault) => fault?.state === 'armed');
    await byId('fault-remove-shaky').click();
    await eventually(only, (fault) => fault === undefined);
    await byId('fault-row-shaky').waitFor({ state: 'detached' });
  });
});
