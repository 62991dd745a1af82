import { DataPlaneWorkers } from '../control-plane/data-plane/data-plane-workers.ts';
import { describeCrash, nameWorker } from '../control-plane/data-plane/describe-crash.ts';
import type { EngineCore } from './engine-core.ts';
import { ignoreGone } from './ignore-gone.ts';

/** The data plane's workers, and what the engine does when one crashes and when it serves again. */
export function startDataPlane(core: EngineCore, entry: URL): DataPlaneWorkers {
  const dataPlane = new DataPlaneWorkers({
    entry,
    clock: core.clock,
    onExchanges: (exchanges, dropped, tallies) => core.joined?.intake.take(exchanges, dropped, tallies),
    onOpen: (changed, ids) => core.joined?.intake.takeOpen(changed, ids),
    onEvents: (events) => core.joined?.intake.takeEvents(events),
    onCrash: (crash) => {
      core.joined?.intake.endOpen(crash.stillOpen);
      const { problem, message } = describeCrash(crash);
      core.crashed = problem;
      core.log.write(`data plane crashed: ${crash.reason}`);
      const { worker, workers, proxies } = crash;
      core.emit('data-plane.crashed', 'data-plane', message, { worker, workers, proxies });
    },
    onRecovered: ({ worker, workers, bound, whole }) => {
      if (whole) core.crashed = '';
      core.parts.configuration.rebound(bound);
      if (worker === 1) void core.parts.toxiproxyState.resume().catch(ignoreGone);
      const message = `${nameWorker({ worker, workers })} serves again on the same ports`;
      core.emit('data-plane.recovered', 'data-plane', message, { worker, workers });
    },
  });
  core.onClose(() => dataPlane.close());
  return dataPlane;
}
