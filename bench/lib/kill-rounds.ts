import type { Recording } from '../../proxy/api/recording.schema.ts';
import { startApp } from './app.ts';
import { EngineProcess, sleep } from './engine-process.ts';
import { policedPair } from './meshes.ts';
import { SteadyLoad } from './steady-load.ts';

export interface KillRounds {
  home: string;
  rounds: number;
  requestsPerSecond: number;
  /** Uniform [0,1): when the engine is killed. */
  random: () => number;
  onRound?: (round: number, acknowledged: number, lost: number) => void;
}
export interface KillResult {
  acknowledged: number;
  /** Acknowledged and not there after the restart. */
  lost: number;
  /** Rounds after which the recording could not be read, or had another number of exchanges than it says. */
  broken: number;
}

interface Row {
  id: string;
}

/**
 * Records with traffic, kills the engine with SIGKILL at a random moment, starts it again on the same home, and looks for every exchange that an answer of
 * the API had named before the kill. Again and again on one database, which has to bear all of it.
 */
export async function killRounds({ home, rounds, requestsPerSecond, random, onRound }: KillRounds): Promise<KillResult> {
  const app = await startApp();
  const result: KillResult = { acknowledged: 0, lost: 0, broken: 0 };
  let engine = await EngineProcess.start({ home, yaml: policedPair(app.port, 'PERMISSIVE') });
  try {
    for (let round = 0; round < rounds; round++) {
      const { id } = await engine.api<Recording>('POST', '/recordings', { name: `round ${round}` });
      const target = { address: engine.address('web-v1-0', 'outbound'), host: 'reviews:9080', path: '/products/7' };
      const load = new SteadyLoad(target, requestsPerSecond);
      const killAt = performance.now() + 100 + random() * 900;
      const acknowledged = await readUntil(engine, id, killAt);
      await engine.kill();
      await load.stop();
      engine = await EngineProcess.start({ home, yaml: policedPair(app.port, 'PERMISSIVE') });
      const found = await idsOf(engine, id, 0);
      const recording = await engine.api<Recording>('GET', `/recordings/${id}`);
      const lost = [...acknowledged].filter((one) => !found.has(one)).length;
      result.acknowledged += acknowledged.size;
      result.lost += lost;
      if (recording.state !== 'stopped' || recording.exchanges !== found.size) result.broken++;
      onRound?.(round, acknowledged.size, lost);
    }
  } finally {
    await engine.stop();
    app.close();
  }
  return result;
}

/** What the API acknowledges, read over and over until the moment has come; the question under way then is not waited for. */
async function readUntil(engine: EngineProcess, id: string, killAt: number): Promise<Set<string>> {
  const acknowledged = new Set<string>();
  const reading = (async () => {
    while (performance.now() < killAt) for (const one of await idsOf(engine, id, acknowledged.size)) acknowledged.add(one);
  })().catch(() => {
    // The answer that the kill cut off acknowledged nothing.
  });
  await Promise.race([reading, sleep(Math.max(0, killAt - performance.now()))]);
  return new Set(acknowledged);
}

async function idsOf(engine: EngineProcess, id: string, from: number): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let offset = Math.max(0, from - 200); ; offset += 1000) {
    const { rows, total } = await engine.api<{ rows: Row[]; total: number }>(
      'GET',
      `/recordings/${id}/rows?offset=${offset}&limit=1000`,
    );
    for (const row of rows) ids.add(row.id);
    if (offset + 1000 >= total) return ids;
  }
}
