/*
 * gRPC unary calls through two sidecars with mutual TLS between them, strict, with authorization, timeout, retries, metrics and traces.
 *
 * "On one core" is meant literally: all threads of the engine, both sidecars included, are pinned to one core with taskset, caller and server
 * to the other ones. Without taskset, or on a machine with one core, it is reckoned from the engine's processor time per call, all threads.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Child } from './lib/child.ts';
import { EngineProcess, inTemporaryFolder } from './lib/engine-process.ts';
import { judge, median, numberOption } from './lib/figures.ts';
import { grpcPair } from './lib/meshes.ts';

const rounds = numberOption('rounds', 3);
const seconds = numberOption('seconds', 5);
const concurrency = numberOption('concurrency', 50);
const connections = numberOption('connections', 1);
const wantedPerSecond = 3_000;
const engineCore = 0;

interface Round {
  perSecond: number;
  failures: number;
  p50Ms: number;
  p99Ms: number;
  /** Processor time of the engine per call, all threads, microseconds. */
  cpuUs: number;
}

await inTemporaryFolder(async (home) => {
  const server = new Child('grpc-peer.mjs', ['server']);
  const port = Number(await server.line());
  const engine = await EngineProcess.start({ home, yaml: grpcPair(port) });
  const pinned = pin(engine.pid, [engineCore]) && pin(server.pid, otherCores());
  try {
    const address = engine.address('web-v1-0', 'outbound');
    const direct = await load(`127.0.0.1:${port}`, 2);
    console.log(`without Drydock ${direct.perSecond.toFixed(0)} calls/s, p50 ${direct.p50Ms.toFixed(2)} ms`);
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      const cpuBefore = engine.cpuSeconds();
      const result = await load(address, round === 0 ? 3 : seconds);
      const cpuUs = ((engine.cpuSeconds() - cpuBefore) / (result.perSecond * result.seconds)) * 1e6;
      const name = round === 0 ? 'warm-up' : `round ${round}`;
      console.log(
        `${name}  ${result.perSecond.toFixed(0)} calls/s, p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms, ${cpuUs.toFixed(0)} µs of processor time a call${result.failures > 0 ? `, ${result.failures} FAILED` : ''}`,
      );
      if (round > 0) measured.push({ ...result, cpuUs });
    }
    const cpuUs = median(measured.map((one) => one.cpuUs));
    const rate = pinned ? median(measured.map((one) => one.perSecond)) : 1e6 / cpuUs;
    console.log(
      `engine: ${cpuUs.toFixed(0)} µs of processor time a call, that is ${(1e6 / cpuUs).toFixed(0)} calls for each second of it`,
    );
    const how = pinned ? 'engine pinned to one core' : 'reckoned from processor time, nothing pinned';
    judge(`unary calls, two sidecars, mutual TLS, ${how}`, rate, 'calls/s', (x) => x >= wantedPerSecond, `≥ ${wantedPerSecond}`);
    const failures = measured.reduce((sum, one) => sum + one.failures, 0);
    judge('failed calls', failures, '', (count) => count === 0, '0');
  } finally {
    await engine.stop();
    await server.stop();
  }
});

interface LoadOutput {
  calls: number;
  seconds: number;
  failures: number;
  p50Ms: number;
  p99Ms: number;
}

async function load(address: string, forSeconds: number): Promise<LoadOutput & { perSecond: number }> {
  const parameters = ['load', address, 'reviews:9080', forSeconds, concurrency, connections].map(String);
  const child = new Child('grpc-peer.mjs', parameters);
  pin(child.pid, otherCores());
  const result = JSON.parse(await child.line()) as LoadOutput;
  return { ...result, perSecond: result.calls / result.seconds };
}

function otherCores(): number[] {
  return Array.from({ length: availableParallelism() }, (_, core) => core).filter((core) => core !== engineCore);
}

/** Binds all threads of a process to these cores. False where that cannot be done. */
function pin(pid: number, cores: readonly number[]): boolean {
  if (cores.length === 0) return false;
  try {
    execFileSync('taskset', ['-a', '-c', '-p', cores.join(','), String(pid)], { stdio: 'ignore' });
    return true;
  } catch (error) {
    console.log(`not pinned: ${(error as Error).message.split('\n')[0]}`);
    return false;
  }
}
