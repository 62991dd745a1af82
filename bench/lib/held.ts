import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EngineProcess, sleep } from './engine-process.ts';

/** For `--import`, with DRYDOCK_HEAP_PROBE naming the file it writes to. */
export const heapProbe = fileURLToPath(new URL('./heap-probe.mjs', import.meta.url));
/** Idle upstream connections and lingering sockets are gone by then, and so is the last batch. */
const settleMs = 3_000;

export interface Held {
  /** Of all threads, after a collection. */
  heapMb: number;
  timers: number;
  descriptors: number;
  requests: number;
}

/** What the engine holds when nothing goes on. */
export async function held(engine: EngineProcess, probeFile: string): Promise<Held> {
  await sleep(settleMs);
  rmSync(probeFile, { force: true });
  process.kill(engine.pid, 'SIGUSR2');
  const threads = await answersOf(probeFile);
  console.log(
    `  ${threads.map((t) => `thread ${t.thread}: ${(t.heapUsed / 1e6).toFixed(1)} + ${(t.external / 1e6).toFixed(1)} MB`).join(', ')}`,
  );
  return {
    heapMb: threads.reduce((sum, thread) => sum + thread.heapUsed + thread.external, 0) / 1e6,
    timers: threads.reduce((sum, thread) => sum + thread.timers, 0),
    descriptors: readdirSync(`/proc/${engine.pid}/fd`).length,
    requests: (await engine.status()).counters.requests ?? 0,
  };
}

interface Answer {
  thread: number;
  heapUsed: number;
  external: number;
  timers: number;
}

/** Of every thread: on a busy machine some need longer, so it is read until nobody has added to it for a while. */
async function answersOf(probeFile: string): Promise<Answer[]> {
  let answers: Answer[] = [];
  for (let tries = 0; tries < 15; tries++) {
    await sleep(1_500);
    const text = existsSync(probeFile) ? readFileSync(probeFile, 'utf8').trim() : '';
    const now = text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Answer);
    if (now.length > 0 && now.length === answers.length) return now;
    answers = now;
  }
  throw new Error('the engine did not answer the probe');
}
