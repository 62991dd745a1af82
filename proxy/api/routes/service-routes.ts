import { z } from 'zod';
import { applyResultSchema } from '../diagnostic.schema.ts';
import { protosRequestSchema, serviceProtosSchema } from '../proto.schema.ts';
import { registerServiceSchema, rotationActionSchema, rotationAnswerSchema, serviceOutputSchema } from '../status.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Services registered live, processes the engine runs, names of gRPC messages. */
export const serviceRoutes = {
  registerService: {
    method: 'POST',
    path: '/services',
    summary: 'Register a local service',
    body: registerServiceSchema,
    response: applyResultSchema,
  },
  deregisterService: {
    method: 'DELETE',
    path: '/services/:namespace/:name',
    summary: 'Take a service registered live out of the mesh',
    response: applyResultSchema,
  },
  listProtos: {
    method: 'GET',
    path: '/protos',
    summary: 'Names handed over for gRPC messages: .proto files and descriptor sets, by service',
    response: z.object({ protos: z.array(serviceProtosSchema) }),
  },
  addProtos: {
    method: 'POST',
    path: '/protos',
    summary: 'Hand over .proto files or descriptor sets for a service; they are kept',
    body: protosRequestSchema,
    response: serviceProtosSchema,
  },
  removeProtos: {
    method: 'DELETE',
    path: '/protos/:namespace/:service',
    summary: 'Forget what was handed over for a service; the namespace `-` is the mesh’s',
    response: z.object({ removed: z.string() }),
  },
  restartWorkload: {
    method: 'POST',
    path: '/workloads/:id/restart',
    summary: 'Restart a run: service',
    response: z.object({ restarted: z.string() }),
  },
  rotateWorkload: {
    method: 'POST',
    path: '/workloads/:id/rotation',
    summary: 'Take an instance out of its callers’ rotation or put it back; eject or readmit it before outlier detection would',
    body: z.strictObject({ action: rotationActionSchema }),
    response: rotationAnswerSchema,
  },
  getWorkloadOutput: {
    method: 'GET',
    path: '/workloads/:id/output',
    summary: 'Kept output of a run: service',
    response: serviceOutputSchema,
  },
} as const satisfies Record<string, ApiRoute>;
