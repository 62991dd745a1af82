import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { eventually } from './fixture/eventually.ts';

describe('the desktop app', () => {
  let app: DesktopApp;

  beforeAll(async () => {
    app = await launchDesktopApp();
  });
  afterAll(async () => {
    await app.close();
  });

  it('opens one window with the navigation in it', async () => {
    await app.page.locator('[data-testid^="nav-"]').first().waitFor();
    expect(await app.page.title()).toContain('Drydock');
    expect(new URL(app.page.url()).protocol).toBe('app:');
    expect(app.electron.windows()).toHaveLength(1);
    await app.screenshot('app-opens');
  });

  it('gives the page nothing but the narrow bridge', async () => {
    const reach = await app.page.evaluate(() => ({
      bridge: Object.keys(window.drydock).sort(),
      node: ['require', 'process', 'module', 'Buffer'].filter((name) => name in window),
    }));
    expect(reach).toEqual({ bridge: ['getConnection', 'onEngineState', 'openExternal', 'platform'], node: [] });
  });

  it('refuses navigation, permissions and hosts that are not the engine', async () => {
    const outcome = await app.page.evaluate(async () => {
      const permission = await navigator.permissions.query({ name: 'geolocation' });
      const elsewhere = await fetch('https://example.org/').then(
        () => 'reached',
        () => 'refused',
      );
      window.location.href = 'https://example.org/';
      return { geolocation: permission.state, elsewhere };
    });
    expect(outcome).toEqual({ geolocation: 'denied', elsewhere: 'refused' });
    expect(new URL(app.page.url()).host).toBe('drydock');
    const own = await eventually(
      () => app.complaints.filter((complaint) => complaint.includes('example.org')),
      (complaints) => complaints.length > 0,
    );
    for (const complaint of own) app.complaints.splice(app.complaints.indexOf(complaint), 1);
  });

  it('shows a screen when it is chosen from the View menu', async () => {
    await app.electron.evaluate(({ Menu }) => {
      const view = Menu.getApplicationMenu()?.items.find((item) => item.label === 'View');
      view?.submenu?.items.find((item) => item.label === 'Requests')?.click();
    });
    await app.page.waitForURL(/#\/requests/);
  });

  it('has started an engine whose token only this user can read', async () => {
    const status = await app.ready();
    expect(status.pid).toBeGreaterThan(0);
    const file = path.join(app.home, 'engine.json');
    expect(existsSync(file)).toBe(true);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('breaks no rule of its own content security policy', () => {
    expect(app.complaints).toEqual([]);
  });
});

describe('quitting the desktop app', () => {
  it('leaves no engine behind, and frees the home for the next start', async () => {
    const app = await launchDesktopApp();
    const { pid } = await app.ready();
    await app.close();
    expect(() => process.kill(pid, 0)).toThrow();
  });
});
