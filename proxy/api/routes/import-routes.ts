import { applyResultSchema } from '../diagnostic.schema.ts';
import { composeReadingSchema, composeTextSchema, importComposeSchema } from '../import.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Whole sets of services at once: those of a compose file, those of the demo. */
export const importRoutes = {
  readCompose: {
    method: 'POST',
    path: '/compose',
    summary: 'What a docker-compose.yml would put into the mesh, and what not and why; changes nothing',
    body: composeTextSchema,
    response: composeReadingSchema,
  },
  importCompose: {
    method: 'POST',
    path: '/compose/import',
    summary: 'Register the services of a docker-compose.yml that publish a port, all or those named; all of them or none',
    body: importComposeSchema,
    response: applyResultSchema,
  },
  loadDemo: {
    method: 'POST',
    path: '/demo',
    summary: 'Put the demo shop into the mesh and start its processes, on free ports',
    response: applyResultSchema,
  },
  removeDemo: {
    method: 'DELETE',
    path: '/demo',
    summary: 'Take the demo shop out again and stop its processes',
    response: applyResultSchema,
  },
} as const satisfies Record<string, ApiRoute>;
