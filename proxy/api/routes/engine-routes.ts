import { z } from 'zod';
import { eventSchema } from '../observability.schema.ts';
import { statusSchema } from '../status.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** The engine itself: its state, what happened, its end. */
export const engineRoutes = {
  getStatus: {
    method: 'GET',
    path: '/status',
    summary: 'The ready line plus health, versions, certificates, counters',
    response: statusSchema,
  },
  listEvents: {
    method: 'GET',
    path: '/events',
    summary: 'Events, newest first',
    query: z.object({
      since: z.string().optional(),
      type: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(200),
    }),
    response: z.object({ events: z.array(eventSchema) }),
  },
  shutdown: {
    method: 'POST',
    path: '/shutdown',
    summary: 'Drain and stop the engine',
    response: z.object({ stopping: z.boolean() }),
  },
} as const satisfies Record<string, ApiRoute>;
