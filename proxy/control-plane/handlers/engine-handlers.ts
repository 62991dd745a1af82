import type { engineRoutes } from '../../api/routes/engine-routes.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { EngineParts } from './engine-parts.ts';

export type EngineHandlers = Pick<ApiHandlers, keyof typeof engineRoutes>;

/** The engine itself. */
export function createEngineHandlers(parts: EngineParts): EngineHandlers {
  return {
    getStatus: () => parts.status(),
    listEvents: async ({ query }) => ({ events: await parts.store.listEvents(query) }),
    shutdown: () => {
      parts.shutdown();
      return { stopping: true };
    },
  };
}
