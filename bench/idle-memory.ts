/* Resident memory of the engine with 100 services of one workload each, nothing but listeners. */
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, numberOption } from './lib/figures.ts';
import { manyServices } from './lib/meshes.ts';

const services = numberOption('services', 100);
const settleMs = numberOption('settle-ms', 10_000);

await inTemporaryFolder(async (home) => {
  for (const run of ['cold', 'warm']) {
    const engine = await EngineProcess.start({ home, yaml: manyServices(services, (index) => 19_100 + index) });
    const atReady = engine.residentMb();
    const cpuBefore = engine.cpuSeconds();
    await sleep(settleMs);
    const idleShare = ((engine.cpuSeconds() - cpuBefore) / (settleMs / 1000)) * 100;
    const idle = engine.residentMb();
    console.log(
      `${run}: ready in ${engine.readyMs.toFixed(0)} ms, ${atReady.toFixed(0)} MB at ready, ${idle.toFixed(0)} MB idle, ${idleShare.toFixed(1)} % of a core`,
    );
    if (run === 'warm') judge(`resident memory with ${services} idle workloads`, idle, 'MB', (mb) => mb < 250, '< 250');
    await engine.stop();
  }
});
