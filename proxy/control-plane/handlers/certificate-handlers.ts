import type { certificateRoutes } from '../../api/routes/certificate-routes.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { EngineParts } from './engine-parts.ts';

export type CertificateHandlers = Pick<ApiHandlers, keyof typeof certificateRoutes>;

/** Workload certificates. */
export function createCertificateHandlers(parts: EngineParts): CertificateHandlers {
  const { certificates } = parts;
  return {
    listCertificates: () => ({ certificates: certificates.facts() }),
    rotateCertificates: async ({ body }) => {
      const rotated = await certificates.rotate(body.spiffeId);
      if (body.spiffeId !== undefined && rotated.length === 0)
        throw new ApiError('not_found', `There is no certificate for ${body.spiffeId}`);
      return { certificates: rotated };
    },
    breakCertificate: async ({ body }) => {
      const forMs = parseDurationMs(body.for) ?? 0;
      if (!(await certificates.breakIdentity(body.spiffeId, body.as, forMs)))
        throw new ApiError('not_found', `There is no certificate for ${body.spiffeId}`);
      return { certificates: certificates.facts().filter(({ spiffeId }) => spiffeId === body.spiffeId) };
    },
  };
}
