/*
 * 1,000 applies while 500 requests a second go through two sidecars: none may fail. And how long from sending an apply to the first response
 * that shows it.
 */
import { Client } from 'undici';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder } from './lib/engine-process.ts';
import { judge, median, numberOption, percentile } from './lib/figures.ts';
import { policedPair } from './lib/meshes.ts';
import { SteadyLoad } from './lib/steady-load.ts';

const applies = numberOption('applies', 1000);
const rate = numberOption('rate', 500);
const limitMs = numberOption('limit-s', 180) * 1000;
/** An apply that has not shown by then is a failure. */
const effectLimitMs = 2_000;

const target = (engine: EngineProcess) => ({
  address: engine.address('web-v1-0', 'outbound'),
  host: 'reviews:9080',
  path: '/products/7',
});

await inTemporaryFolder(async (home) => {
  const app = await startApp();
  const engine = await EngineProcess.start({ home, yaml: policedPair(app.port, 'STRICT') });
  const load = new SteadyLoad(target(engine), rate);
  const probe = new Client(`http://${target(engine).address}`);
  const startedAt = performance.now();
  const effectsMs: number[] = [];
  let late = 0;
  for (let version = 1; version <= applies && performance.now() - startedAt < limitMs; version++) {
    const effect = await timeEffect(engine, probe, version);
    if (effect === null) late++;
    else effectsMs.push(effect);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await load.stop();
  await probe.close();
  console.log(
    `${effectsMs.length} applies in ${seconds.toFixed(0)} s, ${load.sent} requests, p99 ${percentile(load.timesMs, 0.99).toFixed(1)} ms, worst ${Math.max(...load.timesMs).toFixed(0)} ms, engine ${engine.residentMb().toFixed(0)} MB`,
  );
  for (const [reason, count] of load.failures) console.log(`  failed ${count}: ${reason}`);
  judge('applies', effectsMs.length, '', (count) => count === applies, `${applies}`);
  judge('applies that did not show', late, '', (count) => count === 0, '0');
  judge('failed requests', load.failed, '', (count) => count === 0, '0');
  judge('apply to effect, median', median(effectsMs), 'ms', (ms) => ms < 50, '< 50');
  judge('apply to effect, p99', percentile(effectsMs, 0.99), 'ms', (ms) => ms < 50, '< 50');
  await engine.stop();
  app.close();
});

/** Milliseconds from the apply's first byte to the first response that carries its mark. */
async function timeEffect(engine: EngineProcess, probe: Client, version: number): Promise<number | null> {
  const startedAt = performance.now();
  const applied = engine.apply(route(version));
  while (performance.now() - startedAt < effectLimitMs) {
    const { headers, body } = await probe.request({ method: 'GET', path: '/products/7', headers: { host: 'reviews:9080' } });
    await body.dump();
    if (headers['x-version'] !== String(version)) continue;
    const effectMs = performance.now() - startedAt;
    await applied;
    return effectMs;
  }
  await applied;
  return null;
}

function route(version: number): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - name: v${version}
      timeout: 10s
      headers: { response: { set: { x-version: "${version}" } } }
      route: [{ destination: { host: reviews, subset: v1 } }]
`;
}
