import type { Simulation, SimulationChange, SimulationRequest } from '../../../proxy/api/simulation.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { useToasts } from '../../ui/index.ts';

const refreshMs = 1000;

export interface StandIns {
  /** Null until they were read. */
  simulations: readonly Simulation[] | null;
  error: string | null;
  reload: () => void;
  start(body: Pick<SimulationRequest, 'recording' | 'service'> & Partial<SimulationRequest>): Promise<void>;
  change(simulation: Simulation, change: SimulationChange): Promise<void>;
  stop(simulation: Simulation): Promise<void>;
}

/** What stands in for services, once a second, and the ways to change it; what fails is said. */
export function useStandIns(): StandIns {
  const engine = useEngine();
  const toasts = useToasts();
  const { data, error, reload } = useCall('listSimulations', {}, refreshMs);
  const run = async (failure: string, act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (reason) {
      toasts.error(failure, reason);
    } finally {
      reload();
    }
  };
  return {
    ...{ simulations: data?.simulations ?? null, error, reload },
    start: (body) =>
      run(`Nothing answers for ${body.service}`, () => engine.call('startSimulation', { body: body as SimulationRequest })),
    change: ({ id, service }, body) =>
      run(`The stand-in of ${service} is as it was`, () => engine.call('changeSimulation', { params: { id }, body })),
    stop: ({ id, service }) => run(`${service} is still stood in for`, () => engine.call('stopSimulation', { params: { id } })),
  };
}
