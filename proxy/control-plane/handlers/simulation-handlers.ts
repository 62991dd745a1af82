import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { Simulations } from '../simulations.ts';

export type SimulationHandlers = Pick<
  ApiHandlers,
  'startSimulation' | 'listSimulations' | 'getSimulation' | 'changeSimulation' | 'stopSimulation'
>;

export function createSimulationHandlers({
  simulations,
  flush,
}: {
  simulations: Simulations;
  flush: () => Promise<void>;
}): SimulationHandlers {
  const missing = (id: string) => new ApiError('not_found', `There is no simulation ${id}`);
  return {
    startSimulation: async ({ body }) => {
      await flush();
      return simulations.start(body);
    },
    listSimulations: () => ({ simulations: simulations.list() }),
    getSimulation: ({ params }) => {
      const found = simulations.get(params.id);
      if (found === null) throw missing(params.id);
      return found;
    },
    changeSimulation: async ({ params, body }) => {
      const changed = await simulations.change(params.id, body);
      if (changed === null) throw missing(params.id);
      return changed;
    },
    stopSimulation: async ({ params }) => {
      if (!(await simulations.stop(params.id))) throw missing(params.id);
      return { removed: params.id };
    },
  };
}
