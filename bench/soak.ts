/*
 * What is left behind by requests: heap of every thread after a collection, descriptors and timers, before and after as many requests as go
 * through two sidecars in the time given (--seconds, 60).
 */
import path from 'node:path';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder } from './lib/engine-process.ts';
import { judge, numberOption } from './lib/figures.ts';
import { type Held, heapProbe, held } from './lib/held.ts';
import { runLoad } from './lib/load.ts';
import { policedPair } from './lib/meshes.ts';

const seconds = numberOption('seconds', 60);
const warmUpSeconds = numberOption('warm-up', 20);
const connections = numberOption('connections', 32);

await inTemporaryFolder(async (home) => {
  const probeFile = path.join(home, 'probe.jsonl');
  process.env.DRYDOCK_HEAP_PROBE = probeFile;
  const app = await startApp();
  const engine = await EngineProcess.start({
    home,
    yaml: policedPair(app.port, 'STRICT'),
    nodeArguments: ['--expose-gc', '--import', heapProbe],
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
