/*
 * Idle TCP tunnels: so many held through one sidecar at once, what each costs in resident memory of the engine, whether any is dropped while
 * nothing passes, and whether each still carries a byte afterwards. Two descriptors a tunnel and process: a small limit on open files is
 * raised with `ulimit -n` where that is allowed, and otherwise there are fewer tunnels, and the program says so and fails.
 */
import { execFileSync } from 'node:child_process';
import { Child } from './lib/child.ts';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, numberOption } from './lib/figures.ts';
import { tcpPair } from './lib/meshes.ts';

const wanted = numberOption('tunnels', 9_000);
const holdSeconds = numberOption('seconds', 60);
const wantedKib = 30;
/** Database, control API, libraries. */
const otherDescriptors = 500;

interface Held {
  open: number;
  closed: number;
  echoed: number;
}

const limit = raisedLimit(2 * wanted + otherDescriptors);
const tunnels = Math.min(wanted, Math.floor((limit - otherDescriptors) / 2));
if (tunnels < wanted) console.log(`open files are limited to ${limit}: ${tunnels} tunnels instead of ${wanted}`);

await inTemporaryFolder(async (home) => {
  const app = new Child('tcp-peer.mjs', ['hold'], withLimit(limit));
  const engine = await EngineProcess.start({ home, yaml: tcpPair(Number(await app.line())) });
  execFileSync('prlimit', ['--pid', String(engine.pid), `--nofile=${limit}:${limit}`]);
  const address = engine.address('store-v1-0', 'inbound');
  try {
    // The first ones make what is there once: codecs, pools, compiled code.
    const warmUp = new Child('tcp-peer.mjs', ['held', address, '500'], withLimit(limit));
    await warmUp.line();
    await warmUp.stop();
    await sleep(3_000);
    const before = engine.residentMb();
    const client = new Child('tcp-peer.mjs', ['held', address, String(tunnels)], withLimit(limit));
    const startedAt = performance.now();
    const opened = JSON.parse(await client.line()) as Held;
    console.log(`${opened.open} tunnels open after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    let most = engine.residentMb();
    const cpuBefore = engine.cpuSeconds();
    for (let second = 0; second < holdSeconds; second += 2) {
      await sleep(2_000);
      most = Math.max(most, engine.residentMb());
    }
    const cpuShare = ((engine.cpuSeconds() - cpuBefore) / holdSeconds) * 100;
    const idle = engine.residentMb();
    console.log(
      `held ${holdSeconds} s: ${before.toFixed(0)} MB before, ${idle.toFixed(0)} MB now, at most ${most.toFixed(0)} MB, ${cpuShare.toFixed(1)} % of a core`,
    );
    const after = JSON.parse(await client.ask('echo')) as Held;
    judge('tunnels held', after.open, '', (count) => count >= wanted, `≥ ${wanted}`);
    judge('dropped', after.closed, '', (count) => count === 0, '0');
    judge('carried a byte after the rest', after.echoed - opened.echoed, '', (count) => count === tunnels, `${tunnels}`);
    const kib = ((most - before) * 1e6) / 1024 / tunnels;
    judge('resident memory a tunnel, at most', kib, 'KiB', (x) => x <= wantedKib, `≤ ${wantedKib}`);
    await client.stop();
  } finally {
    await engine.stop();
    await app.stop();
  }
});

/** Node under a shell with another limit on open files. */
function withLimit(files: number): string[] {
  return ['sh', '-c', `ulimit -n ${files}; exec "$@"`, 'sh', process.execPath];
}

/** The limit on open files a child can be given: what is needed, or what is allowed. */
function raisedLimit(needed: number): number {
  const ulimit = (script: string) => {
    const said = execFileSync('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
    return said === 'unlimited' ? needed : Number(said);
  };
  const current = ulimit('ulimit -n');
  return current >= needed ? current : ulimit(`ulimit -n ${needed} 2>/dev/null || ulimit -n $(ulimit -Hn); ulimit -n`);
}
