import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { _electron, type CDPSession, chromium } from 'playwright';
import type { EngineProcess } from '../engine-process.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file));

/** A window on the mesh that can be put out of sight. */
export interface HideableWindow {
  what: string;
  /** The value of an expression, or of what it promises, in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** What the page holds after a collection, in MB (10^6 bytes). */
  heapMb(): Promise<number>;
  hide(): Promise<void>;
  show(): Promise<void>;
  close(): Promise<void>;
}

/** The desktop app, attached to the engine of this home. */
export async function openDesktopApp(home: string, electron: string): Promise<HideableWindow> {
  const args = ['--no-sandbox', '--disable-gpu', root, '--home', home, '--no-traffic'];
  const app = await _electron.launch({ executablePath: electron, args, cwd: root, timeout: 60_000 });
  const page = await app.firstWindow();
  const devtools = await page.context().newCDPSession(page);
  const inWindow = (act: 'minimize' | 'restore') =>
    app.evaluate(({ BrowserWindow }, name) => BrowserWindow.getAllWindows()[0]?.[name](), act);
  return {
    what: 'desktop app',
    evaluate: (expression) => page.evaluate(expression),
    heapMb: () => heapOf((method, params) => devtools.send(method as 'Runtime.evaluate', params as never)),
    hide: () => inWindow('minimize'),
    show: () => inWindow('restore'),
    close: () => app.close(),
  };
}

/**
 * A browser's window, minimised for good: Playwright makes every page it knows believe that it is seen, so this one is made past it, by the protocol
 * below.
 */
export async function openBrowserWindow(engine: EngineProcess): Promise<HideableWindow> {
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
  const session = await browser.newBrowserCDPSession();
  const { browserContextId } = await session.send('Target.createBrowserContext');
  const { url, token } = engine.ready.control;
  const { targetId } = await session.send('Target.createTarget', { url: `${url}/#token=${token}`, browserContextId });
  const { windowId } = await session.send('Browser.getWindowForTarget', { targetId });
  const send = await attach(session, targetId);
  const setState = async (windowState: 'minimized' | 'normal') => {
    await session.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
  };
  return {
    what: 'window of a browser',
    async evaluate(expression) {
      const { result } = (await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })) as {
        result: { value?: unknown };
      };
      return result.value;
    },
    heapMb: () => heapOf(send),
    hide: () => setState('minimized'),
    async show() {
      await setState('normal');
      await session.send('Target.activateTarget', { targetId });
    },
    close: () => browser.close(),
  };
}

type Send = (method: string, params?: object) => Promise<unknown>;

/** Commands to one target, through the browser's own session. */
async function attach(session: CDPSession, targetId: string): Promise<Send> {
  const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map<number, (result: unknown) => void>();
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: unknown };
    if (id === undefined) return;
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let sent = 0;
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++sent;
      waiting.set(id, resolve);
      session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) }).catch(reject);
    });
}

async function heapOf(send: Send): Promise<number> {
  await send('HeapProfiler.collectGarbage');
  const { usedSize } = (await send('Runtime.getHeapUsage')) as { usedSize: number };
  return usedSize / 1e6;
}
