/*
 * What is left behind by requests: heap of every thread after a collection, descriptors and timers, before and after as many requests as go
 * through two sidecars in the time given (--seconds, 60).
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, numberOption } from './lib/figures.ts';
import { runLoad } from './lib/load.ts';
import { policedPair } from './lib/meshes.ts';

const seconds = numberOption('seconds', 60);
const warmUpSeconds = numberOption('warm-up', 20);
const connections = numberOption('connections', 32);
const probe = fileURLToPath(new URL('./lib/heap-probe.mjs', import.meta.url));
/** Idle upstream connections and lingering sockets are gone by then, and so is the last batch. */
const settleMs = 3_000;

interface Held {
  heapMb: number;
  timers: number;
  descriptors: number;
  requests: number;
}

await inTemporaryFolder(async (home) => {
  const probeFile = path.join(home, 'probe.jsonl');
  process.env.DRYDOCK_HEAP_PROBE = probeFile;
  const app = await startApp();
  const engine = await EngineProcess.start({
    home,
    yaml: policedPair(app.port, 'STRICT'),
    nodeArguments: ['--expose-gc', '--import', probe],
  });
  const target = { address: engine.address('web-v1-0', 'outbound'), host: 'reviews:9080' };
  const idle = await held(engine, probeFile);
  await runLoad(target, { seconds: warmUpSeconds, connections });
  const before = await held(engine, probeFile);
  const halves: Held[] = [];
  let failures = 0;
  for (let half = 0; half < 2; half++) {
    const result = await runLoad(target, { seconds: seconds / 2, connections });
    failures += result.failures;
    halves.push(await held(engine, probeFile));
  }
  const after = halves[1]!;
  for (const [name, one] of Object.entries({ idle, 'warmed up': before, 'half-way': halves[0]!, after })) {
    console.log(
      `${name.padEnd(10)} ${one.requests} exchanges, heap ${one.heapMb.toFixed(2)} MB, ${one.descriptors} descriptors, ${one.timers} timers`,
    );
  }
  console.log(`${engine.residentMb().toFixed(0)} MB resident`);
  const growth = ((after.heapMb - before.heapMb) / (after.requests - before.requests)) * 200_000;
  judge('failed requests', failures, '', (count) => count === 0, '0');
  judge('heap growth per 100,000 requests (200,000 exchanges)', growth, 'MB', (mb) => mb < 1, '< 1');
  judge('descriptors more than after warm-up', after.descriptors - before.descriptors, '', (count) => count <= 0, '≤ 0');
  judge('timers more than after warm-up', after.timers - before.timers, '', (count) => count <= 0, '≤ 0');
  await engine.stop();
  app.close();
});

/** What the engine holds when nothing goes on. */
async function held(engine: EngineProcess, probeFile: string): Promise<Held> {
  await sleep(settleMs);
  rmSync(probeFile, { force: true });
  process.kill(engine.pid, 'SIGUSR2');
  await sleep(1_500);
  if (!existsSync(probeFile)) throw new Error('the engine did not answer the probe');
  const threads = readFileSync(probeFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { thread: number; heapUsed: number; external: number; timers: number });
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
