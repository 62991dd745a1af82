import type { simulationRoutes } from '../../api/routes/simulation-routes.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { Simulations } from '../simulations.ts';
import { need } from './failures.ts';

export type SimulationHandlers = Pick<ApiHandlers, keyof typeof simulationRoutes>;

export function createSimulationHandlers({
  simulations,
  flush,
}: {
  simulations: Simulations;
  flush: () => Promise<void>;
}): SimulationHandlers {
  const missing = (id: string) => `There is no simulation ${id}`;
  return {
    startSimulation: async ({ body }) => {
      await flush();
      return simulations.start(body);
    },
    listSimulations: () => ({ simulations: simulations.list() }),
    getSimulation: ({ params }) => need(simulations.get(params.id), missing(params.id)),
    changeSimulation: async ({ params, body }) => need(await simulations.change(params.id, body), missing(params.id)),
    stopSimulation: async ({ params }) => {
      if (!(await simulations.stop(params.id))) throw new ApiError('not_found', missing(params.id));
      return { removed: params.id };
    },
  };
}
