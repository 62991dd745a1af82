import { readFileSync } from 'node:fs';
import type { KnownService } from '../../config/hosts.ts';
import { plainEndpoint } from '../../data-plane/snapshot/plain.ts';
import type { EndpointSnapshot } from '../../data-plane/snapshot.ts';
import type { CompileContext } from './context.ts';

/** Endpoints of a ServiceEntry for one of its ports; without any, the host itself is looked up (resolution DNS). */
export function externalEndpoints(service: KnownService, port: number): EndpointSnapshot[] {
  const entry = service.entry;
  if (!entry || (entry.resolution ?? 'NONE') === 'NONE' || entry.resolution === 'DYNAMIC_DNS') return [];
  const declared = entry.ports?.find((p) => p.number === port);
  const target = declared?.targetPort || port;
  const listed = entry.endpoints ?? [];
  const endpoints = listed.length > 0 ? listed : service.fqdn.startsWith('*') ? [] : [{ address: service.fqdn }];
  return endpoints.map((e) => {
    const endpoint: NonNullable<typeof entry.endpoints>[number] = e;
    return {
      ...plainEndpoint(endpoint.address ?? '', endpoint.ports?.[declared?.name ?? ''] ?? target),
      version: endpoint.labels?.version ?? '',
      labels: endpoint.labels ?? {},
      weight: endpoint.weight || 1,
      locality: endpoint.locality ?? '',
    };
  });
}

/** A DestinationRule names certificate files; Istio reads them in the sidecar's file system, we on this machine. */
export function readPem(context: CompileContext, file: string | undefined): string | null {
  if (!file) return null;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const message = `Certificate file ${file} cannot be read (${code}): every handshake with it fails.`;
    // Every view and cluster reads it; it is told once.
    if (!context.diagnostics.some((told) => told.message === message))
      context.diagnostics.push({ severity: 'warning', code: 'DD4105', message });
    return null;
  }
}
