import { type EngineProcess, sleep } from '../engine-process.ts';
import { judge } from '../figures.ts';
import { callOne } from './ui-page.ts';
import { openBrowserWindow, openDesktopApp } from './window.ts';

const callsPerSecond = 500;

/**
 * The window minimised while traffic goes on: what has piled up when it comes back. With DRYDOCK_ELECTRON it is the desktop app's window, which goes
 * on at full pace; without, a browser's, whose timers the browser holds back.
 */
export async function measureMinimised(engine: EngineProcess, home: string, minutes: number): Promise<void> {
  const electron = process.env.DRYDOCK_ELECTRON;
  const window = electron ? await openDesktopApp(home, electron) : await openBrowserWindow(engine);
  try {
    await window.evaluate(whenever(`document.querySelector('[data-testid="nav-requests"]')`));
    await window.evaluate(`location.hash = '#/requests'`);
    const load = callOne(engine, '/minimised', callsPerSecond);
    await window.evaluate(whenever(`document.body.textContent.includes('/minimised')`));
    const [heapBefore, residentBefore] = [await window.heapMb(), engine.residentMb()];
    await window.hide();
    await sleep(500);
    const visibility = await window.evaluate('document.visibilityState');
    await sleep(minutes * 60_000);
    const shownAt = performance.now();
    await window.show();
    const marker = `/marker-${Date.now()}`;
    const probe = callOne(engine, marker, 20);
    await window.evaluate(whenever(`document.body.textContent.includes('${marker}')`));
    const lateMs = performance.now() - shownAt;
    await Promise.all([probe.stop(), load.stop()]);
    await sleep(2000);
    const [heap, resident] = [await window.heapMb(), engine.residentMb()];
    console.log(
      `${window.what}, minimised (${visibility}) for ${minutes} min at ${callsPerSecond} calls/s: ${load.failed} of ${load.sent} failed; heap of the page ` +
        `${heapBefore.toFixed(0)} → ${heap.toFixed(0)} MB (its ring fills until 50,000), engine ${residentBefore.toFixed(0)} → ${resident.toFixed(0)} MB resident`,
    );
    const leftOut = await window.evaluate(
      `Number(/([\\d,]+) requests were left out/.exec(document.body.textContent)?.[1].replaceAll(',', '') ?? 0)`,
    );
    judge('back from minimised: a new request is on the screen after', lateMs, 'ms', (ms) => ms <= 1000, '≤ 1000');
    judge('back from minimised: requests left out of the live view', Number(leftOut), '', (count) => count === 0, '0');
  } finally {
    await window.close();
  }
}

/** An expression that waits, for a minute at most, until this is so. */
function whenever(condition: string): string {
  return `new Promise((resolve, reject) => {
    const until = Date.now() + 60_000;
    const look = () => ${condition} ? resolve(true) : Date.now() > until ? reject(new Error('not within a minute')) : setTimeout(look, 20);
    look();
  })`;
}
