import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAppHandler } from './app-protocol.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'drydock-page-'));
mkdirSync(path.join(folder, 'dist', 'assets'), { recursive: true });
writeFileSync(path.join(folder, 'dist', 'index.html'), '<title>page</title>');
writeFileSync(path.join(folder, 'dist', 'assets', 'a.js'), 'let a;');
writeFileSync(path.join(folder, 'secret.txt'), 'secret');
const handle = createAppHandler(path.join(folder, 'dist'));
const get = (url: string, method = 'GET') => handle({ url, method });

describe('the app:// protocol', () => {
  it('serves files with their type and a policy that allows only our scripts and the loopback engine', async () => {
    const response = await get('app://drydock/assets/a.js');
    expect(response.headers.get('content-type')).toContain('text/javascript');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(await response.text()).toBe('let a;');
  });

  it('serves the page for a screen address', async () => {
    expect(await (await get('app://drydock/requests')).text()).toContain('page');
    expect(await (await get('app://drydock/')).text()).toContain('page');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/%00.js',
    '/%zz.js',
  ])('never leaves its folder: %s', async (pathname) => {
    const response = await get(`app://drydock${pathname}`);
    expect(response.status).toBe(404);
  });

  it('answers only GET and only its own host', async () => {
    expect((await get('app://drydock/', 'POST')).status).toBe(405);
    expect((await get('app://elsewhere/')).status).toBe(405);
  });
});
