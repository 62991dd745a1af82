import { exportGatewayApi } from '../config/export/gateway-api.ts';
import { exportIstio } from '../config/export/istio.ts';
import type { Committed } from './apply.ts';
import { exportEnvoyBootstrap } from './compile/export-envoy.ts';
import { ApiError } from './server/api-error.ts';

/** The running configuration for a real mesh, and what could not be carried over. `workload` is for envoy only: default the first. */
export function exportConfig(
  { set, snapshot }: Pick<Committed, 'set' | 'snapshot'>,
  format: string,
  workload?: string,
): { format: string; text: string; notes: string[] } {
  if (format === 'istio' || format === 'gateway-api') {
    const { yaml, notes } = format === 'istio' ? exportIstio(set) : exportGatewayApi(set);
    return { format, text: yaml, notes };
  }
  if (format !== 'envoy') throw new ApiError('not_found', `There is no export ${format}; there are istio, gateway-api and envoy`);
  const wanted = workload ?? snapshot.proxies[0]?.id ?? '';
  const bootstrap = exportEnvoyBootstrap(snapshot, wanted, { ports: {} });
  if (!bootstrap) {
    const known = snapshot.proxies.map(({ id }) => id).join(', ');
    throw new ApiError(
      'not_found',
      known ? `There is no workload ${wanted}; there are ${known}` : 'The mesh has no workload yet',
    );
  }
  return { format, text: `${JSON.stringify(bootstrap, null, 2)}\n`, notes: [] };
}
