import { z } from 'zod';
import { simulationChangeSchema, simulationRequestSchema, simulationSchema } from '../simulation.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Recordings that answer for a service. */
export const simulationRoutes = {
  startSimulation: {
    method: 'POST',
    path: '/simulations',
    summary: 'Answer for a service from a recording',
    body: simulationRequestSchema,
    response: simulationSchema,
  },
  listSimulations: {
    method: 'GET',
    path: '/simulations',
    summary: 'Services that recordings answer for, with hits and misses',
    response: z.object({ simulations: z.array(simulationSchema) }),
  },
  getSimulation: { method: 'GET', path: '/simulations/:id', summary: 'One simulation', response: simulationSchema },
  changeSimulation: {
    method: 'POST',
    path: '/simulations/:id',
    summary: 'Switch it on or off, or for another caller, while it goes on',
    body: simulationChangeSchema,
    response: simulationSchema,
  },
  stopSimulation: {
    method: 'DELETE',
    path: '/simulations/:id',
    summary: 'Let the service answer for itself again',
    response: z.object({ removed: z.string() }),
  },
} as const satisfies Record<string, ApiRoute>;
