import type { faultRoutes } from '../../api/routes/fault-routes.ts';
import { randomLetters } from '../../shared/timed-id.ts';
import { faultDocument, faultStatus, listFaultStatuses } from '../fault-status.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { EngineParts } from './engine-parts.ts';

export type FaultHandlers = Pick<ApiHandlers, keyof typeof faultRoutes>;

/** Faults of the mesh. */
export function createFaultHandlers(parts: EngineParts): FaultHandlers {
  const { configuration, certificates } = parts;
  return {
    listFaults: async () => ({ faults: listFaultStatuses(configuration.current, await parts.counters(), parts.clock.wallNow()) }),
    addFault: async ({ body }) => {
      const name = body.name ?? `fault-${randomLetters(parts.random, 6)}`;
      const outcome = await configuration.applyText(faultDocument(body, name), 'fault');
      const [applied] = outcome.applied;
      if (!outcome.ok || !applied) {
        throw new ApiError('rejected', outcome.diagnostics[0]?.message ?? 'The fault was rejected', outcome.diagnostics);
      }
      const entry = configuration.current.set.get('Fault', applied.namespace, name)!;
      return faultStatus(entry, configuration.current, await parts.counters(), parts.clock.wallNow());
    },
    deleteFault: async ({ params }) => {
      const [namespace, name] = params.name.includes('~') ? (params.name.split('~', 2) as [string, string]) : ['', params.name];
      const outcome = await configuration.remove('Fault', namespace, name);
      if (!outcome) throw new ApiError('not_found', `There is no fault ${params.name}`);
      return { removed: name };
    },
    stopAllFaults: async () => {
      const outcome = await configuration.removeAll(configuration.current.set.list('Fault'));
      const healed = await certificates.heal();
      const restored = await parts.rotation.restoreAll();
      return { stopped: [...outcome.applied.map((applied) => applied.name), ...healed, ...restored] };
    },
  };
}
