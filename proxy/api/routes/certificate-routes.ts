import { z } from 'zod';
import { durationSchema } from '../fault.schema.ts';
import { certificateFlawSchema, certificateSchema } from '../status.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Workload certificates. */
export const certificateRoutes = {
  listCertificates: {
    method: 'GET',
    path: '/certificates',
    summary: 'Workload certificates',
    response: z.object({ certificates: z.array(certificateSchema) }),
  },
  rotateCertificates: {
    method: 'POST',
    path: '/certificates/rotate',
    summary: 'Issue new workload certificates now',
    body: z.object({ spiffeId: z.string().optional() }),
    response: z.object({ certificates: z.array(certificateSchema) }),
  },
  breakCertificate: {
    method: 'POST',
    path: '/certificates/break',
    summary:
      'Give a workload a wrong certificate, to see how its callers bear it; it heals by itself, by rotation, and with all faults',
    body: z.strictObject({
      spiffeId: z.string(),
      as: certificateFlawSchema,
      /** Default 10m. */
      for: durationSchema.default('10m'),
    }),
    response: z.object({ certificates: z.array(certificateSchema) }),
  },
} as const satisfies Record<string, ApiRoute>;
