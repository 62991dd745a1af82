import type { Configuration } from '../apply.ts';
import type { Rotation } from '../rotation.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';

export interface RotationParts {
  configuration: Configuration;
  rotation: Rotation;
}

export function createRotationHandlers({ configuration, rotation }: RotationParts): Pick<ApiHandlers, 'rotateWorkload'> {
  return {
    rotateWorkload: async ({ params, body: { action } }) => {
      const workload = params.id;
      if (!configuration.current.snapshot.proxies.some(({ id, kind }) => id === workload && kind === 'sidecar'))
        throw new ApiError('not_found', `There is no workload ${workload}`);
      const clusters = await rotation.change(workload, action);
      return { workload, action, clusters, drained: rotation.isDrained(workload) };
    },
  };
}
