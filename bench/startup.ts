/* How long `drydock up` takes until its ready line, with ten services: cold (a new home folder) and warm. */
import { EngineProcess, inTemporaryFolder } from './lib/engine-process.ts';
import { judge, median, numberOption } from './lib/figures.ts';
import { manyServices } from './lib/meshes.ts';

const runs = numberOption('runs', 7);
const yaml = manyServices(10, (index) => 19_100 + index);

await inTemporaryFolder(async (home) => {
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const engine = await EngineProcess.start({ home, yaml });
    console.log(`${run === 0 ? 'cold' : 'warm'} ${engine.readyMs.toFixed(0)} ms, ${engine.residentMb().toFixed(0)} MB resident`);
    if (run > 0) times.push(engine.readyMs);
    await engine.stop();
  }
  judge('ready after a warm start, ten services, median', median(times), 'ms', (ms) => ms < 1500, '< 1500');
});
