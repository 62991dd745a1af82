import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';
import { Upstream } from './fixture/upstream.ts';

/** The rehearsal without a mouse: what is reached, and what is pressed, are keys alone. */
describe('the keyboard alone', () => {
  let app: MeshApp;
  let stock: Upstream;

  beforeAll(async () => {
    stock = await Upstream.listen('stock');
    app = await openMeshApp('keys', { orders: {} });
    await app.ready();
  });
  afterAll(async () => {
    await app?.close();
    await stock?.close();
  });

  const press = (...keys: string[]) => pressAll(app.page, keys);

  it('registers a service', async () => {
    const { page } = app;
    await page.getByTestId('nav-topology').waitFor();
    await press('Control+k');
    await page.keyboard.type('add service');
    await takeOption(page, 'Add service');
    // The form begins in its first field, the name.
    await eventually(
      () => focusedName(page),
      (name) => name === 'Name',
    );
    await page.keyboard.type('stock');
    await fill(page, 'Address', stock.address);
    await fill(page, 'Port', '9080');
    await press('Enter');
    await eventually(app.ready, ({ services }) => services.some(({ name }) => name === 'stock'));
    await eventually(
      async () => {
        await press('Escape');
        return page.getByRole('dialog').count();
      },
      (open) => open === 0,
    );
  });

  it('finds a request, reads its tries, and opens its trace', async () => {
    const { page } = app;
    expect((await app.call('orders', 'stock/items/rope')).status).toBe(200);
    expect((await app.call('orders', 'stock/items/oar')).status).toBe(200);
    await press('g', 'r');
    await page.getByText('/items/rope').first().waitFor();
    await press('/');
    await page.keyboard.type('path:/items/rope reporter:source');
    await eventually(
      () => page.getByTestId('requests-count').textContent(),
      (text) => text?.startsWith('1 of ') ?? false,
    );
    await press('Escape');
    await tabTo(page, (focused) => focused.role === 'listbox');
    // The details may take their time: Enter is not lost.
    await page.route('**/api/v1/exchanges/*', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await route.continue();
    });
    await press('ArrowDown');
    await page.getByTestId('request-detail').waitFor();
    await press('Enter');
    await eventually(
      () => focusedName(page),
      (name) => name.includes('Overview'),
    );
    await eventually(
      async () => {
        await press('ArrowRight');
        return focusedName(page);
      },
      (name) => name.includes('Trace'),
    );
    await tabTo(page, ({ testId }) => testId === 'open-trace');
    await press('Enter');
    await page.getByTestId('span-row').first().waitFor();
    expect(new URL(page.url()).hash).toContain('#/traces/');
  });

  it('arms a fault on an edge, and stops every fault', async () => {
    const { page } = app;
    const faults = async () => (await app.api.call('listFaults')).faults;
    await press('g', 'f');
    await page.getByTestId('fault-new').waitFor();
    await tabTo(page, ({ testId }) => testId === 'fault-new');
    await press('Enter');
    await choose(page, 'Calls to', 'stock');
    await choose(page, 'Answer', 'An HTTP status');
    await tabTo(page, ({ testId }) => testId === 'fault-submit');
    await press('Enter');
    const [fault] = await eventually(faults, (list) => list.length === 1 && list[0]?.state === 'armed');
    expect(fault?.spec).toMatchObject({ to: { service: 'stock' }, abort: { httpStatus: 503 } });
    expect((await app.call('orders', 'stock/items/rope')).status).toBe(503);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await press('Control+.');
    await eventually(faults, (list) => list.every(({ state }) => state !== 'armed'));
    expect((await app.call('orders', 'stock/items/rope')).status).toBe(200);
  });
});

async function pressAll(page: Page, keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

interface Focused {
  role: string;
  testId: string;
  name: string;
}

/** What has the focus; a field is named by its label. */
function readFocus(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    const element = document.activeElement;
    const isField = element instanceof HTMLInputElement || element instanceof HTMLButtonElement;
    const labels = isField ? [...(element.labels ?? [])].map((label) => label.textContent ?? '') : [];
    return {
      role: element?.getAttribute('role') ?? '',
      testId: element?.getAttribute('data-testid') ?? '',
      name: element?.getAttribute('aria-label') ?? labels[0] ?? element?.textContent ?? '',
    };
  });
}

const focusedName = async (page: Page) => (await readFocus(page)).name.trim();

/** Tab by Tab until it is reached; there must be a way. */
async function tabTo(page: Page, wanted: (focused: Focused) => boolean): Promise<void> {
  const passed: string[] = [];
  for (let steps = 0; steps < 120; steps++) {
    const focused = await readFocus(page);
    if (wanted(focused)) return;
    passed.push(focused.name.slice(0, 20));
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached by Tab: ${passed.join(' | ')}`);
}

async function fill(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, ({ name }) => name.startsWith(label));
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
}

/** Opens a select and takes one of its options. */
async function choose(page: Page, label: string, option: string): Promise<void> {
  await tabTo(page, ({ name, role }) => role === 'combobox' && name.startsWith(label));
  await page.keyboard.press('Enter');
  await takeOption(page, option);
  await page.getByRole('listbox').filter({ visible: true }).waitFor({ state: 'hidden' });
}

/** Down to an option of the list that is open, and takes it. */
async function takeOption(page: Page, option: string): Promise<void> {
  await page.getByRole('option', { name: option, exact: true }).filter({ visible: true }).waitFor();
  await eventually(
    async () => {
      const lit = page.locator('[role="option"][data-highlighted]').filter({ visible: true });
      const now = (await lit.count()) > 0 ? await lit.first().textContent() : '';
      if (now !== option) await page.keyboard.press('ArrowDown');
      return now;
    },
    (now) => now === option,
  );
  await page.keyboard.press('Enter');
}
