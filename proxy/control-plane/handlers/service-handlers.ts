import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { EngineParts } from './engine-parts.ts';
import { need } from './failures.ts';
import { deregisterService, registerService } from './registered-services.ts';

export type ServiceHandlers = Pick<
  ApiHandlers,
  'registerService' | 'deregisterService' | 'restartWorkload' | 'getWorkloadOutput'
>;

/** Services registered live, and processes the engine runs. */
export function createServiceHandlers(parts: EngineParts): ServiceHandlers {
  const { supervisor } = parts;
  return {
    registerService: ({ body }) => registerService(parts, body),
    deregisterService: ({ params }) => deregisterService(parts, params.namespace, params.name),
    restartWorkload: async ({ params }) => {
      if (!(await supervisor.restart(params.id))) throw new ApiError('not_found', `Drydock does not run a workload ${params.id}`);
      return { restarted: params.id };
    },
    getWorkloadOutput: ({ params }) => {
      const missing = `Drydock does not run a workload ${params.id}, so it has no output of it`;
      return need(supervisor.output(params.id), missing);
    },
  };
}
