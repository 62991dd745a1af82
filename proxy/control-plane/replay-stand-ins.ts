import type { ReplayDependency } from '../api/replay.schema.ts';
import { simulationRequestSchema } from '../api/simulation.schema.ts';
import type { Simulations } from './simulations.ts';

/**
 * Answers for what replayed services call, from the recording that is replayed: each edge by a simulation for its caller alone, so that everybody
 * else reaches the service itself. Rejects, with nothing left behind, when one of them cannot be; resolves to what ends them all.
 */
export function createReplayStandIns(
  simulations: () => Simulations | undefined,
): (recordingId: string, edges: readonly ReplayDependency[]) => Promise<() => Promise<void>> {
  return async (recording, edges) => {
    const known = simulations();
    if (known === undefined) throw new Error('the engine is not up yet');
    const started: string[] = [];
    const letGo = async () => {
      for (const id of started.splice(0)) await known.stop(id);
    };
    try {
      for (const { from, service } of edges) {
        // As late as it was recorded: what the service under test takes is then its own.
        const request = simulationRequestSchema.parse({ recording, service, from, latency: true });
        started.push((await known.start(request, { passing: true })).id);
      }
    } catch (error) {
      await letGo();
      throw error;
    }
    return letGo;
  };
}
