/* How far a replay's starts are from its schedule, at 500 requests a second through a whole mesh, as the sending thread and as the app see it. */
import { Client } from 'undici';
import type { Recording } from '../proxy/api/recording.schema.ts';
import type { Replay } from '../proxy/api/replay.schema.ts';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, numberOption } from './lib/figures.ts';
import { policedPair } from './lib/meshes.ts';

const rate = numberOption('rate', 500);
const seconds = numberOption('seconds', 6);
const rounds = numberOption('rounds', 3);
/** Enough that no call has to wait for the one before on its connection: that would be the answer's delay, not the start's. */
const connections = 300;
const pollMs = 250;
const waitLimitMs = 120_000;

await inTemporaryFolder(async (home) => {
  const app = await startApp();
  const engine = await EngineProcess.start({ home, yaml: policedPair(app.port, 'STRICT') });
  const clients = Array.from({ length: connections }, () => new Client(`http://${engine.address('web-v1-0', 'outbound')}`));
  await send(clients, 1);
  const recording = await engine.api<Recording>('POST', '/recordings', { name: 'timing' });
  await send(clients, seconds);
  await engine.api('POST', `/recordings/${recording.id}/stop`, {});
  const runs: Replay[] = [];
  for (let round = 0; round < rounds; round++) {
    const cpuBefore = engine.cpuSeconds();
    const replay = await replayed(engine, recording.id);
    const { lag, sent, failed } = replay;
    const cores = (engine.cpuSeconds() - cpuBefore) / seconds;
    console.log(
      `round ${round + 1}: ${sent} sent, ${failed} failed; off by p50 ${lag?.p50.toFixed(3)}, p99 ${lag?.p99.toFixed(3)}, at most ${lag?.max.toFixed(1)} ms; ${cores.toFixed(2)} cores`,
    );
    runs.push(replay);
  }
  judge('calls that failed', Math.max(...runs.map((run) => run.failed)), '', (n) => n === 0, '0');
  const p99s = runs.map((run) => run.lag?.p99 ?? Number.NaN).sort((a, b) => a - b);
  judge(
    `start off its schedule at ${rate} requests a second, p99, median round`,
    p99s[Math.floor(rounds / 2)]!,
    'ms',
    (ms) => ms <= 2,
    '≤ 2',
  );
  await Promise.all(clients.map((client) => client.close()));
  await engine.stop();
  app.close();
});

/** At the rate, open loop: what is late is sent at once. */
async function send(clients: readonly Client[], forSeconds: number): Promise<void> {
  const startedAt = performance.now();
  const pending: Promise<unknown>[] = [];
  const count = rate * forSeconds;
  for (let i = 0; i < count; i++) {
    const waitMs = startedAt + (i * 1000) / rate - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const client = clients[i % clients.length]!;
    const request = { method: 'GET' as const, path: `/products/${i}`, headers: { host: 'reviews:9080' } };
    pending.push(client.request(request).then(({ body }) => body.dump()));
  }
  await Promise.all(pending);
}

async function replayed(engine: EngineProcess, recording: string): Promise<Replay> {
  let replay = await engine.api<Replay>('POST', `/recordings/${recording}/replay`, { speed: 1, ignore: ['body', 'header'] });
  const endAt = performance.now() + waitLimitMs;
  while (replay.state === 'running' && performance.now() < endAt) {
    await sleep(pollMs);
    replay = await engine.api<Replay>('GET', `/replays/${replay.id}`);
  }
  return replay;
}
