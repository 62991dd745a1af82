/*
 * What a recording of everything costs: the same engine, the same load, recording on and off in turn. At 2,000 requests a second through two
 * sidecars with mutual TLS (4,000 exchanges a second to keep), and at full speed, where more come than anything could keep: what is not kept must be
 * counted, and the traffic must not wait for the disk.
 */
import type { Recording } from '../proxy/api/recording.schema.ts';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, median, numberOption, percentile } from './lib/figures.ts';
import { generator, runLoad } from './lib/load.ts';
import { policedPair } from './lib/meshes.ts';
import { SteadyLoad } from './lib/steady-load.ts';

const rounds = numberOption('rounds', 5);
const seconds = numberOption('seconds', 4);
/** 0: only at full speed. */
const rate = numberOption('rate', 2000);
const connections = numberOption('connections', 32);
const runUpSeconds = 3;

interface Measured {
  requestsPerSecond: number;
  p99Ms: number;
  cpuUs: number;
  failures: number;
}
interface Target {
  address: string;
  host: string;
}
/** `begin` is called when what is measured begins. */
type Load = (target: Target, begin: () => void) => Promise<Omit<Measured, 'cpuUs'>>;

await inTemporaryFolder(async (home) => {
  const app = await startApp();
  const engine = await EngineProcess.start({ home, yaml: policedPair(app.port, 'STRICT') });
  try {
    if (rate > 0) await compare(engine, `at ${rate} requests a second`, steady);
    await compare(engine, `at full speed, ${connections} connections, load by ${generator}`, fullSpeed);
    console.log(`engine afterwards: ${engine.residentMb().toFixed(0)} MB resident`);
  } finally {
    await engine.stop();
    app.close();
  }
});

async function compare(engine: EngineProcess, name: string, load: Load): Promise<void> {
  const results: Record<'off' | 'on', Measured[]> = { off: [], on: [] };
  const recordings: Recording[] = [];
  for (let round = 0; round <= rounds; round++) {
    // Turn about, and each first in turn, so that what the machine does otherwise falls on both.
    for (const which of round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
      if (which === 'on') await engine.api('POST', '/recordings', { name: `round ${round}` });
      const result = await measure(engine, load);
      if (which === 'on') recordings.push(await engine.api<Recording>('POST', `/recordings/round ${round}/stop`));
      if (round > 0) results[which].push(result);
      await sleep(700);
    }
    await engine.api('DELETE', `/recordings/round ${round}`);
  }
  console.log(`\n${name}, ${rounds} rounds of ${seconds} s, turn about`);
  for (const which of ['off', 'on'] as const) {
    const of = (read: (one: Measured) => number) => median(results[which].map(read));
    console.log(
      `  recording ${which.padEnd(3)} ${of((one) => one.requestsPerSecond)
        .toFixed(0)
        .padStart(6)} req/s   p99 ${of((one) => one.p99Ms).toFixed(2)} ms   ` +
        `${of((one) => one.cpuUs).toFixed(0)} µs of processor time a request`,
    );
  }
  for (const { exchanges, dropped, bytes } of recordings.slice(-1))
    console.log(`  the last recording: ${exchanges} exchanges, ${dropped} not kept and told, ${(bytes / 1e6).toFixed(0)} MB`);
  const speed = (which: 'off' | 'on') => median(results[which].map((one) => one.requestsPerSecond));
  const failures = [...results.off, ...results.on].reduce((sum, one) => sum + one.failures, 0);
  judge(`throughput lost by recording ${name}`, (1 - speed('on') / speed('off')) * 100, '%', (lost) => lost <= 10, '≤ 10');
  judge('failed requests', failures, '', (count) => count === 0, '0');
}

async function measure(engine: EngineProcess, load: Load): Promise<Measured> {
  let before = 0;
  const begin = (): void => {
    before = engine.cpuSeconds();
  };
  const result = await load({ address: engine.address('web-v1-0', 'outbound'), host: 'reviews:9080' }, begin);
  const cpuUs = ((engine.cpuSeconds() - before) / (result.requestsPerSecond * seconds)) * 1e6;
  return { ...result, cpuUs };
}

async function steady(target: Target, begin: () => void): Promise<Omit<Measured, 'cpuUs'>> {
  begin();
  const load = new SteadyLoad({ ...target, path: '/products/7' }, rate);
  await sleep(seconds * 1000);
  const answered = load.timesMs.length;
  const requestsPerSecond = answered / seconds;
  await load.stop();
  return { requestsPerSecond, p99Ms: percentile(load.timesMs, 0.99), failures: load.failed };
}

/** After a run-up that takes what may be kept of a burst: what is measured is what it costs for long. */
async function fullSpeed(target: Target, begin: () => void): Promise<Omit<Measured, 'cpuUs'>> {
  await runLoad(target, { seconds: runUpSeconds, connections });
  begin();
  return runLoad(target, { seconds, connections });
}
