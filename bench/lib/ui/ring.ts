import { statSync } from 'node:fs';
import path from 'node:path';
import { type EngineProcess, sleep } from '../engine-process.ts';
import { judge } from '../figures.ts';
import { callOne, type UiPage } from './ui-page.ts';

const quietCalls = 100;
/** Both sidecars report each call; below the 2,000 exchanges a second that keep their record. */
const callsPerSecond = 900;
const mostKept = 50_000;
const mostMb = 512;

/**
 * What is kept of more requests than are kept: 50,000 at most, in 512 MB at most, and a service that nobody calls any more has its own still,
 * however much another one talks. `exchanges` is how many the loud one sends.
 */
export async function measureRing(engine: EngineProcess, ui: UiPage, home: string, exchanges: number): Promise<void> {
  await ui.go('requests');
  const quiet = callOne(engine, '/quiet', 50, [2, 3]);
  while (quiet.sent < quietCalls) await sleep(50);
  await quiet.stop();
  const loud = callOne(engine, '/loud', callsPerSecond);
  const sentBefore = loud.sent;
  while (loud.sent - sentBefore < exchanges / 2) await sleep(100);
  await loud.stop();
  await sleep(3000);
  const { counters } = await engine.status();
  const page = await engine.api<{ exchanges: { path: string }[] }>('GET', '/exchanges?to=s3&reporter=source&limit=500');
  const kept = page.exchanges.filter((exchange) => exchange.path === '/quiet').length;
  const fileMb = statSync(path.join(home, 'drydock.db')).size / 1e6;
  console.log(
    `ring: ${loud.sent} loud calls after ${quiet.sent} quiet ones; ${counters.exchangesKept} exchanges kept, ${counters.droppedExchanges} without a record, ` +
      `database ${fileMb.toFixed(0)} MB, engine ${engine.residentMb().toFixed(0)} MB resident`,
  );
  judge('ring, exchanges kept', counters.exchangesKept ?? Number.NaN, '', (count) => count <= mostKept, `≤ ${mostKept}`);
  judge('ring, database', fileMb, 'MB', (mb) => mb <= mostMb, `≤ ${mostMb}`);
  judge('ring, of the quiet service’s calls kept', (kept / quiet.sent) * 100, '%', (share) => share === 100, '100');
  judge('ring, heap of the page', await ui.heapMb(), 'MB', (mb) => mb <= mostMb, `≤ ${mostMb}`);
}
