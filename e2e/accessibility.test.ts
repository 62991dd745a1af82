import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditPage, tabThrough } from './fixture/audit.ts';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { places, screens, visit } from './fixture/places.ts';
import { openRichApp } from './fixture/rich-app.ts';

/** Still pictures: what moves is the same for a screen reader, and drawing it takes the time of a slow machine. */
const still = { reducedMotion: 'reduce' } as const;

/** axe in both themes. */
async function auditThemes(page: Page, within?: string): Promise<string[]> {
  await page.emulateMedia({ ...still, colorScheme: 'dark' });
  const dark = await auditPage(page, { within });
  await page.emulateMedia({ ...still, colorScheme: 'light' });
  return [...dark, ...(await auditPage(page, { within })).map((words) => `light: ${words}`)];
}

/** Every screen with its panels, tabs, dialogs and menus, with something of everything on them. */
describe('what a screen reader and a keyboard meet', () => {
  let app: Awaited<ReturnType<typeof openRichApp>>;

  beforeAll(async () => {
    app = await openRichApp();
    await app.page.emulateMedia(still);
  });
  afterAll(() => app?.close());

  it.each(places)('axe finds nothing in either theme, and Tab reaches only what is seen: $name', async (place) => {
    const { page } = app;
    await visit(page, place, app.ids);
    expect(await auditThemes(page, place.within)).toEqual([]);
    await app.screenshot(`access-${place.name.replaceAll(' ', '-')}`);
    if (place.act || place.within) return;
    const { reached, hidden } = await tabThrough(page);
    expect(reached).toBeGreaterThan(2);
    expect(hidden).toEqual([]);
    expect(await auditMenus(page)).toEqual([]);
  });
});

describe('what they meet in an app without services', () => {
  let app: DesktopApp;

  beforeAll(async () => {
    app = await launchDesktopApp();
    await app.ready();
  });
  afterAll(() => app?.close());

  it.each(screens)('axe finds nothing in either theme: %s', async (address) => {
    await visit(app.page, { name: address, address });
    expect(await auditThemes(app.page)).toEqual([]);
    await app.screenshot(`access-empty-${address}`);
  });
});

/** Every menu of the screen, opened and closed. */
async function auditMenus(page: Page): Promise<string[]> {
  const found: string[] = [];
  const triggers = page.locator('.screen [aria-haspopup="menu"]').filter({ visible: true });
  const menu = page.locator('.dd-menu').filter({ visible: true }).first();
  for (const trigger of await triggers.all()) {
    if (!(await trigger.isEnabled())) continue;
    await trigger.press('Enter');
    await menu.waitFor();
    found.push(...(await auditPage(page, { within: '.dd-menu' })));
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
  }
  return found;
}
