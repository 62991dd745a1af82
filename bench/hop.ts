/*
 * Requests per second through one sidecar (inbound → app) and through two with mutual TLS between them, everything on, next to nginx and
 * http-proxy-3 doing the same, interleaved. All on loopback, one worker each, kept connections, a small JSON answer.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf, EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, median, numberOption } from './lib/figures.ts';
import { generator, type LoadResult, type LoadTarget, runLoad } from './lib/load.ts';
import { onWorkers, policedPair } from './lib/meshes.ts';
import {
  freePorts,
  hasNginx,
  makeCertificates,
  mutualTlsBlocks,
  Nginx,
  originBlock,
  proxyBlock,
  stopProcess,
  waitForPort,
} from './lib/nginx.ts';

const rounds = numberOption('rounds', 3);
const seconds = numberOption('seconds', 4);
const connections = numberOption('connections', 32);
/** Data-plane threads the sidecars are spread over. */
const workers = numberOption('workers', 1);

if (!hasNginx) {
  console.error('bench/hop.ts needs nginx as origin and as peer (Debian: apt-get install nginx-light wrk openssl)');
  process.exit(2);
}

interface Target extends LoadTarget {
  /** Processes of the proxy under test. */
  pids: number[];
}
interface Measured extends LoadResult {
  /** Processor time of the proxy per request, microseconds. */
  cpuUs: number;
}

await inTemporaryFolder(async (folder) => {
  const [origin, plain, outer, inner, peer] = (await freePorts(5)) as [number, number, number, number, number];
  makeCertificates(folder);
  const originServer = await Nginx.start(folder, 'origin', originBlock(origin), origin);
  const blocks = `${proxyBlock(plain, origin)}\n${mutualTlsBlocks(folder, outer, inner, origin)}`;
  const nginx = await Nginx.start(folder, 'proxy', blocks, outer);
  const httpProxyScript = fileURLToPath(new URL('./lib/http-proxy-server.mjs', import.meta.url));
  const httpProxy = spawn(process.execPath, [httpProxyScript, String(peer), String(origin)], { stdio: 'inherit' });
  await waitForPort(peer);
  const engine = await EngineProcess.start({ home: folder, yaml: onWorkers(policedPair(origin, 'PERMISSIVE'), workers) });
  const [nginxPids, peerPids, enginePids] = [[nginx.pid, ...childrenOf(nginx.pid)], [httpProxy.pid!], [engine.pid]];
  const targets: Record<string, Target> = {
    'nginx, one hop': { address: `127.0.0.1:${plain}`, pids: nginxPids },
    'drydock, one hop': { address: engine.address('reviews-v1-0', 'inbound'), host: 'reviews:9080', pids: enginePids },
    'http-proxy-3, one hop': { address: `127.0.0.1:${peer}`, pids: peerPids },
    'nginx, two hops': { address: `127.0.0.1:${outer}`, pids: nginxPids },
    'drydock, two hops': { address: engine.address('web-v1-0', 'outbound'), host: 'reviews:9080', pids: enginePids },
  };
  try {
    const results = await measure(targets, engine);
    report(results);
    await judgeEngine(engine, results);
  } finally {
    await engine.stop();
    await stopProcess(httpProxy);
    await nginx.stop();
    await originServer.stop();
  }
});

async function measure(targets: Record<string, Target>, engine: EngineProcess): Promise<Map<string, Measured[]>> {
  const results = new Map<string, Measured[]>(Object.keys(targets).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, target] of Object.entries(targets)) {
      const length = round === 0 ? 2 : seconds;
      const cpuBefore = cpuSecondsOf(target.pids);
      const load = await runLoad(target, { seconds: length, connections });
      const cpuUs = ((cpuSecondsOf(target.pids) - cpuBefore) / (load.requestsPerSecond * length)) * 1e6;
      const result: Measured = { ...load, cpuUs };
      const note = result.failures > 0 ? `, ${result.failures} FAILED` : '';
      const lag = name.startsWith('drydock') ? `, engine answered its API after ${(await answerMs(engine)).toFixed(0)} ms` : '';
      console.log(
        `${round === 0 ? 'warm-up' : `round ${round}`}  ${name.padEnd(22)} ${result.requestsPerSecond.toFixed(0).padStart(6)} req/s, p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms${lag}${note}`,
      );
      if (round > 0) results.get(name)!.push(result);
      await sleep(500);
    }
  }
  return results;
}

/** nginx does its work in a child. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

/** How long the engine's API takes to answer, right after load. */
async function answerMs(engine: EngineProcess): Promise<number> {
  const startedAt = performance.now();
  await engine.status();
  return performance.now() - startedAt;
}

function report(results: Map<string, Measured[]>): void {
  console.log(`\nmedians of ${rounds} rounds of ${seconds} s, ${connections} connections, load by ${generator}`);
  for (const [name, runs] of results) {
    const rate = median(runs.map((run) => run.requestsPerSecond));
    console.log(
      `${name.padEnd(22)} ${rate.toFixed(0).padStart(6)} req/s   p50 ${median(runs.map((r) => r.p50Ms)).toFixed(2)} ms   p99 ${median(runs.map((r) => r.p99Ms)).toFixed(2)} ms   ${median(runs.map((r) => r.cpuUs)).toFixed(0)} µs of processor time a request`,
    );
  }
}

async function judgeEngine(engine: EngineProcess, results: Map<string, Measured[]>): Promise<void> {
  const rate = (name: string) => median(results.get(name)!.map((run) => run.requestsPerSecond));
  const ratio = (ours: string, theirs: string) => rate(ours) / rate(theirs);
  judge('one hop, of nginx', ratio('drydock, one hop', 'nginx, one hop'), '×', (x) => x >= 0.4, '≥ 0.4');
  judge('one hop, of http-proxy-3', ratio('drydock, one hop', 'http-proxy-3, one hop'), '×', (x) => x >= 2, '≥ 2');
  judge('two hops with mutual TLS, of nginx', ratio('drydock, two hops', 'nginx, two hops'), '×', (x) => x >= 0.25, '≥ 0.25');
  const failures = [...results].filter(([name]) => name.startsWith('drydock')).flatMap(([, runs]) => runs.map((r) => r.failures));
  judge(
    'failed requests',
    failures.reduce((sum, one) => sum + one, 0),
    '',
    (count) => count === 0,
    '0',
  );
  const { counters } = await engine.status();
  console.log(`engine afterwards: ${engine.residentMb().toFixed(0)} MB resident, counters ${JSON.stringify(counters)}`);
}
