import { z } from 'zod';
import { faultRequestSchema, faultStatusSchema } from '../fault.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Faults of the mesh. */
export const faultRoutes = {
  listFaults: {
    method: 'GET',
    path: '/faults',
    summary: 'Faults with their hits',
    response: z.object({ faults: z.array(faultStatusSchema) }),
  },
  addFault: {
    method: 'POST',
    path: '/faults',
    summary: 'Arm a fault; it expires after 10 minutes unless it says otherwise',
    body: faultRequestSchema,
    response: faultStatusSchema,
  },
  deleteFault: {
    method: 'DELETE',
    path: '/faults/:name',
    summary: 'Remove a fault (its name, or namespace~name)',
    response: z.object({ removed: z.string() }),
  },
  stopAllFaults: {
    method: 'POST',
    path: '/faults/stop',
    summary: 'Stop every fault at once',
    response: z.object({ stopped: z.array(z.string()) }),
  },
} as const satisfies Record<string, ApiRoute>;
