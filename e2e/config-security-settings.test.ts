import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';

const misspelt = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: orders }
spec: { hosts: [orders], http: [{ name: all, rout: [{ destination: { host: orders } }] }] }`;

describe('what the app changes in the mesh and in itself', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('change', { orders: {} });
    await app.enter('orders/');
  });
  afterAll(() => app?.close());

  it('a misspelt field is named in Config, fixed with one click, and applied', async () => {
    const { page } = app;
    await page.getByTestId('nav-config').click();
    await page.getByTestId('config-file-row').first().waitFor();
    await page.keyboard.press('n');
    await page.getByRole('button', { name: 'Start with an empty text' }).click();
    await page.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(misspelt);
    await page.getByText('Unknown field `rout`').waitFor();
    expect(await page.getByTestId('config-apply').isDisabled()).toBe(true);
    await page.getByTestId('config-fix').click();
    await page.getByText('0 errors', { exact: false }).waitFor();
    await app.screenshot('config-fixed');
    await page.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByText('Applied live', { exact: true }).first().waitFor();
    const applied = await app.api.call('getResource', {
      params: { kind: 'VirtualService', namespace: 'default', name: 'orders' },
    });
    expect(applied.source.live).toBe(true);
    expect(applied.yaml).toContain('route:');
  });

  it('a text that is edited while its file changes is told so, and is not applied over it unseen', async () => {
    const { page } = app;
    const file = path.join(app.home, 'drydock.yaml');
    await page.getByTestId('config-file-row').filter({ hasText: 'drydock.yaml' }).click();
    await page.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.type('# mine');
    await page.keyboard.press('Enter');
    writeFileSync(file, readFileSync(file, 'utf8').replace('spec:', 'spec:\n  outboundTrafficPolicy: REGISTRY_ONLY'));
    await page.getByTestId('config-moved').waitFor();
    await app.screenshot('config-moved');
    await page.getByTestId('config-take').click();
    await page.getByTestId('config-moved').waitFor({ state: 'detached' });
    expect(await page.locator('.cm-content').textContent()).toContain('REGISTRY_ONLY');
  });

  it('Make strict says what it would refuse first, then demands mutual TLS', async () => {
    const { page } = app;
    await page.getByTestId('nav-security').click();
    await page.getByTestId('make-strict').click();
    await page.getByTestId('make-strict-count').getByText('came in plaintext', { exact: false }).waitFor();
    expect((await app.api.call('listResourcesOfKind', { params: { kind: 'PeerAuthentication' } })).resources).toEqual([]);
    await page.getByTestId('make-strict-confirm').click();
    await page.getByTestId('make-permissive').waitFor();
    const { resources } = await app.api.call('listResourcesOfKind', { params: { kind: 'PeerAuthentication' } });
    expect(resources.map(({ namespace, spec }) => [namespace, spec])).toEqual([['istio-system', { mtls: { mode: 'STRICT' } }]]);
  });

  it('a certificate is broken only after its use was counted, is a fault in the bar, and Stop all heals it', async () => {
    const { page } = app;
    await page.getByTestId('nav-security').click();
    await page.getByRole('tab', { name: 'Identities' }).click();
    const row = page.getByTestId('certificate-row').filter({ hasText: 'sa/orders' });
    await row.getByRole('button', { name: 'More ways to break the certificate of orders' }).click();
    await page.getByRole('menuitem', { name: 'Expire now' }).click();
    await page.getByTestId('break-count').getByText('used this certificate', { exact: false }).waitFor();
    const flaws = async () => (await app.api.call('getStatus', {})).certificates.flatMap(({ flaw }) => flaw ?? []);
    expect(await flaws()).toEqual([]);
    await page.getByTestId('break-confirm').click();
    await eventually(flaws, (found) => found.length === 1);
    await page.getByTestId('stop-all-faults').waitFor();
    await page.keyboard.press('ControlOrMeta+.');
    await eventually(flaws, (found) => found.length === 0);
    await page.getByTestId('stop-all-faults').waitFor({ state: 'detached' });
  });

  it('Runs shows the present run when there is no other, each number with its requests', async () => {
    const { page } = app;
    await page.getByTestId('nav-runs').click();
    await page.getByTestId('run-row').getByText('This run').waitFor();
    const edge = page.getByTestId('run-edge-row').filter({ hasText: 'orders' });
    await edge.getByRole('link').nth(1).click();
    await page.getByTestId('request-row').first().waitFor();
    await page.goBack();
    await edge.waitFor();
  });

  it('names to redact, added in Settings, are in force; the file on disk stays as it is', async () => {
    const { page } = app;
    await page.getByTestId('nav-settings').click();
    await page.getByTestId('settings-redact').fill('x-session, iban');
    await page.getByTestId('settings-redact').press('Enter');
    const redacted = async () => {
      const [mesh] = (await app.api.call('listResourcesOfKind', { params: { kind: 'Mesh' } })).resources;
      const spec = (mesh?.spec ?? {}) as { capture?: { redact?: string[] } };
      return spec.capture?.redact ?? [];
    };
    expect(await eventually(redacted, (names) => names.length > 0)).toEqual(['x-session', 'iban']);
    expect(readFileSync(path.join(app.home, 'drydock.yaml'), 'utf8')).not.toContain('x-session');
  });

  it('a theme chosen in Settings outlives the page', async () => {
    const { page } = app;
    await page.getByTestId('nav-settings').click();
    const theme = page.getByRole('radiogroup', { name: 'Theme', exact: true });
    await theme.getByRole('radio', { name: 'Light' }).click();
    const shown = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await shown()).toBe('light');
    await page.reload();
    await eventually(shown, (value) => value === 'light');
    await theme.getByRole('radio', { name: 'Light' }).waitFor();
    await page.getByTestId('settings-reset').click();
    expect(await theme.getByRole('radio', { name: 'System' }).getAttribute('aria-checked')).toBe('true');
    expect(app.complaints).toEqual([]);
  });
});
