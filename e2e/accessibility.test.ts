import AxeBuilder from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopApp, launchDesktopApp } from './fixture/desktop-app.ts';
import { meshOf, sendFromWorkload, sendThroughIngress } from './fixture/mesh.ts';
import { Upstream } from './fixture/upstream.ts';

/** Every screen of the rail, in both themes, with traffic, a fault and a recording on them. */
describe('what a screen reader and a keyboard meet', () => {
  let app: DesktopApp;
  const upstreams: Upstream[] = [];

  beforeAll(async () => {
    for (const name of ['orders', 'stock']) upstreams.push(await Upstream.listen(name));
    const [orders, stock] = upstreams as [Upstream, Upstream];
    const mesh = meshOf('access', [
      { name: 'orders', versions: { v1: orders } },
      { name: 'stock', versions: { v1: stock } },
    ]);
    app = await launchDesktopApp({ mesh });
    const status = await app.ready();
    const recording = await app.api.call('startRecording', { body: { name: 'access' } });
    await app.api.call('addFault', {
      body: { spec: { to: { service: 'stock' }, abort: { httpStatus: 503 }, percentage: 50, seed: 1 } },
    });
    const outbound = status.workloads.find(({ service }) => service === 'orders')?.outbound ?? '';
    for (let n = 0; n < 20; n++) {
      await sendThroughIngress(status.ingress, 'orders', `/orders/${n}`);
      await sendFromWorkload(outbound, `http://stock:9080/stock/${n}`);
    }
    await app.api.call('stopRecording', { params: { id: recording.id } });
  });
  afterAll(async () => {
    await app?.close();
    for (const upstream of upstreams) await upstream.close();
  });

  it.each(['dark', 'light'] as const)('axe finds nothing on any screen, %s', async (colorScheme) => {
    const { page } = app;
    await page.emulateMedia({ colorScheme });
    const screens = await page
      .getByTestId(/^nav-/)
      .evaluateAll((links) => links.map((link) => link.getAttribute('data-testid') ?? ''));
    expect(screens.length).toBeGreaterThanOrEqual(6);
    const found: string[] = [];
    for (const screen of screens) {
      await page.getByTestId(screen).click();
      await page.locator('.screen').first().waitFor();
      // The busiest thing of a list: its first row's detail.
      const row = page.locator('[data-testid$="-row"], [data-testid^="recording-row-"]').first();
      if (await row.isVisible()) await row.click();
      await page.waitForLoadState('networkidle');
      // One page for all frames: Electron cannot open a second one.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
      for (const { id, nodes } of violations)
        found.push(`${screen}: ${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`);
    }
    expect(found).toEqual([]);
  });
});
