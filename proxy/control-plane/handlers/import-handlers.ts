import type { importRoutes } from '../../api/routes/import-routes.ts';
import { readCompose } from '../../config/compose/index.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { loadDemo, removeDemo } from './demo.ts';
import type { EngineParts } from './engine-parts.ts';
import { isInMesh, registerComposeServices } from './registered-services.ts';

export type ImportHandlers = Pick<ApiHandlers, keyof typeof importRoutes>;

export function createImportHandlers(parts: EngineParts): ImportHandlers {
  return {
    readCompose: ({ body }) => readForMesh(parts, body.compose),
    importCompose: ({ body }) => {
      const { services, problem } = readCompose(body.compose);
      if (problem !== '') throw new ApiError('invalid_request', problem);
      const wanted = body.services === undefined ? services : services.filter(({ name }) => body.services?.includes(name));
      if (wanted.length === 0) throw new ApiError('invalid_request', 'No service of this file publishes a port');
      return registerComposeServices(parts, wanted);
    },
    loadDemo: () => loadDemo(parts),
    removeDemo: () => removeDemo(parts),
  };
}

/** What the file would give, without what the mesh has already. */
function readForMesh({ configuration }: EngineParts, text: string) {
  const reading = readCompose(text);
  const { set, snapshot } = configuration.current;
  const has = (name: string) => isInMesh(snapshot, set.defaultNamespace, name);
  const present = reading.services.filter(({ name }) => has(name));
  return {
    ...reading,
    services: reading.services.filter(({ name }) => !has(name)),
    left: [...present.map(({ name }) => ({ name, reason: 'The mesh already has a service of this name.' })), ...reading.left],
  };
}
