/*
 * What the page costs and holds, by the figures of its design: the topology of 60 and 149 services and the table above that, the live list, a long trace,
 * charts, the ring of kept requests, a window out of sight, and hours of it. The page that the engine serves (build it first:
 * `node scripts/build.mjs`), in a headless Chromium, steered by Playwright. `--only=tick,ring` runs some of them.
 */
import path from 'node:path';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder } from './lib/engine-process.ts';
import { listOption, numberOption } from './lib/figures.ts';
import { heapProbe } from './lib/held.ts';
import { manyServices } from './lib/meshes.ts';
import { measureCharts } from './lib/ui/charts.ts';
import { measureList } from './lib/ui/live-list.ts';
import { measureTrace } from './lib/ui/long-trace.ts';
import { measureMinimised } from './lib/ui/minimised.ts';
import { measureRing } from './lib/ui/ring.ts';
import { measureSoak } from './lib/ui/soak.ts';
import { measureLargest, measureTable, measureTick } from './lib/ui/topology.ts';
import { UiPage } from './lib/ui/ui-page.ts';

const nodes = numberOption('nodes', 60);
const seconds = numberOption('seconds', 15);
/** With the ingress these are 150 boxes: the most a picture shows. */
const largest = numberOption('largest', 149);

interface Stage {
  engine: EngineProcess;
  ui: UiPage;
  home: string;
  probeFile: string;
}

/** In this order; the services of the mesh it needs. */
const parts: Record<string, { services: number; measure: (stage: Stage) => Promise<void> }> = {
  tick: { services: nodes, measure: ({ engine, ui }) => measureTick(engine, ui, seconds) },
  list: { services: nodes, measure: ({ engine, ui }) => measureList(engine, ui, numberOption('rate', 2000), seconds) },
  trace: { services: nodes, measure: ({ engine, ui }) => measureTrace(engine, ui, numberOption('spans', 10_000)) },
  largest: { services: largest, measure: ({ engine, ui }) => measureLargest(engine, ui, seconds) },
  table: { services: largest + 2, measure: ({ engine, ui }) => measureTable(engine, ui, seconds) },
  charts: { services: 4, measure: ({ engine, ui }) => measureCharts(engine, ui, seconds) },
  minimised: {
    services: 4,
    measure: ({ engine, ui, home }) => ui.rest(() => measureMinimised(engine, home, numberOption('minimised-minutes', 1))),
  },
  ring: { services: 4, measure: ({ engine, ui, home }) => measureRing(engine, ui, home, numberOption('ring-exchanges', 60_000)) },
  soak: {
    services: 4,
    measure: ({ engine, ui, probeFile }) => measureSoak(engine, ui, probeFile, numberOption('soak-minutes', 2)),
  },
};

const wanted = listOption('only', Object.keys(parts));
const sizes = new Set(wanted.map((name) => partOf(name).services));
for (const services of sizes) {
  await onMesh(services, async (stage) => {
    for (const name of wanted) if (partOf(name).services === services) await partOf(name).measure(stage);
  });
}

function partOf(name: string) {
  const part = parts[name];
  if (!part) throw new Error(`there is no ${name}; there are ${Object.keys(parts).join(', ')}`);
  return part;
}

async function onMesh(services: number, measure: (stage: Stage) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (home) => {
    const probeFile = path.join(home, 'probe.jsonl');
    process.env.DRYDOCK_HEAP_PROBE = probeFile;
    const app = await startApp();
    const nodeArguments = ['--expose-gc', '--import', heapProbe];
    const engine = await EngineProcess.start({ home, yaml: manyServices(services, () => app.port), nodeArguments });
    const ui = await UiPage.open(engine);
    try {
      await measure({ engine, ui, home, probeFile });
    } finally {
      await ui.close();
      await engine.stop();
      app.close();
    }
  });
}
