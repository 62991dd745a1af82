import type { KnownService } from '../../config/hosts.ts';
import { type ParsedResource, refOf } from '../../config/index.ts';
import type { VirtualServiceSpec } from '../../config/kinds/istio-types.ts';
import { coversHost } from '../../config/kinds/virtual-service.ts';
import type { ClusterSnapshot, Route, VirtualHost } from '../../data-plane/snapshot.ts';
import { type CompileContext, isExportedTo } from './context.ts';
import { isMoreSpecific } from './destination-rules.ts';
import { compileServiceRoutes } from './gateway-api/http-routes.ts';
import { compileHttpRoutes, defaultRoute, qualifyGateway } from './http-routes.ts';
import { hostsOf } from './services.ts';

/** VirtualServices with http routes that sidecars of a namespace see, oldest first. */
export function meshVirtualServices(context: CompileContext, viewer: string): ParsedResource[] {
  return virtualServicesFor(context, 'mesh', viewer);
}

/** VirtualServices bound to `mesh` or to a Gateway (`namespace/name`) and visible from a namespace, oldest first. */
export function virtualServicesFor(context: CompileContext, gateway: string, viewer: string): ParsedResource[] {
  return context.set
    .list('VirtualService')
    .map((e) => e.resource)
    .filter((resource) => {
      const spec = resource.spec as VirtualServiceSpec;
      if (!spec.hosts?.length || !isExportedTo(spec.exportTo, resource.namespace, viewer)) return false;
      return bindingsOf(resource).includes(gateway);
    });
}

/** Gateways a VirtualService is bound to, qualified. A match's own list narrows it per rule, it binds nothing by itself (as in istiod). */
function bindingsOf(resource: ParsedResource): string[] {
  const spec = resource.spec as VirtualServiceSpec;
  return (spec.gateways?.length ? spec.gateways : ['mesh']).map((g) => qualifyGateway(g, resource.namespace));
}

interface Claim {
  host: string;
  resource: ParsedResource;
}

function claimsOf(context: CompileContext, resources: readonly ParsedResource[]): Claim[] {
  return resources.flatMap((resource) =>
    ((resource.spec as VirtualServiceSpec).hosts ?? []).map((host) => ({
      host: context.hosts.resolve(host, resource.namespace),
      resource,
    })),
  );
}

/** Exact host over longest wildcard; among equals the oldest wins and the others are shadowed, never merged. */
export function pickVirtualService(
  context: CompileContext,
  service: KnownService,
  candidates: readonly ParsedResource[],
): { resource: ParsedResource; shadowed: ParsedResource[] } | null {
  const claims = claimsOf(context, candidates).filter(({ host }) => coversHost(host, service.fqdn));
  if (claims.length === 0) return null;
  const best = claims.map((c) => c.host).reduce((a, b) => (isMoreSpecific(b, a) ? b : a));
  const [winner, ...others] = claims.filter((c) => c.host === best);
  return {
    resource: winner!.resource,
    shadowed: [...new Set(others.map((o) => o.resource))].filter((r) => r !== winner!.resource),
  };
}

/** Virtual hosts of the mesh by destination port; key 0 holds hosts that no service has, valid on any port. */
export function compileVirtualHosts(
  context: CompileContext,
  viewer: string,
  services: readonly KnownService[],
  clusters: Record<string, ClusterSnapshot>,
): Record<number, VirtualHost[]> {
  const tables: Record<number, VirtualHost[]> = {};
  const candidates = meshVirtualServices(context, viewer).filter((r) => (r.spec as VirtualServiceSpec).http?.length);
  for (const service of services) {
    for (const port of service.ports) {
      if (port.protocol === 'tcp') continue;
      const table = (tables[port.port] ??= []);
      table.push(serviceVirtualHost(context, service, port.port, viewer, candidates, clusters));
    }
  }
  const any = foreignVirtualHosts(context, candidates, services, clusters);
  if (any.length > 0) tables[0] = any;
  for (const table of Object.values(tables)) table.sort(byDomain);
  return tables;
}

/** One service port: the VirtualService's routes, a Gateway API service route's, or the default route. */
export function serviceVirtualHost(
  context: CompileContext,
  service: KnownService,
  port: number,
  viewer: string,
  candidates: readonly ParsedResource[],
  clusters: Record<string, ClusterSnapshot>,
): VirtualHost {
  const picked = pickVirtualService(context, service, candidates);
  const base = { name: `${service.fqdn}:${port}`, domains: hostsOf(service, viewer) };
  if (picked) {
    const routes = compileHttpRoutes(context, picked.resource, { gateway: 'mesh', port, clusters });
    return { ...base, origin: refOf(picked.resource), shadowed: picked.shadowed.map((r) => refOf(r)), routes };
  }
  const bound = compileServiceRoutes(context, service, port, viewer, clusters);
  if (bound) return { ...base, origin: bound.origin, shadowed: [], routes: bound.routes };
  return { ...base, origin: null, shadowed: [], routes: [defaultRoute(context, service, port, clusters)] };
}

/** Hosts of VirtualServices that are no service's: served on whatever port they are called at. */
function foreignVirtualHosts(
  context: CompileContext,
  candidates: readonly ParsedResource[],
  services: readonly KnownService[],
  clusters: Record<string, ClusterSnapshot>,
): VirtualHost[] {
  const known = new Set(services.filter((s) => s.ports.length > 0).map((s) => s.fqdn));
  const hosts = new Map<string, VirtualHost>();
  for (const { host, resource } of claimsOf(context, candidates)) {
    if (known.has(host)) continue;
    const taken = hosts.get(host);
    if (taken) taken.shadowed.push(refOf(resource));
    else {
      const routes: Route[] = compileHttpRoutes(context, resource, { gateway: 'mesh', port: null, clusters });
      hosts.set(host, { name: `${host}:*`, domains: [host], origin: refOf(resource), shadowed: [], routes });
    }
  }
  return [...hosts.values()];
}

/** Match order: exact names, then longer wildcards, `*` last. */
export function byDomain(a: VirtualHost, b: VirtualHost): number {
  const [x, y] = [a.domains[0] ?? '', b.domains[0] ?? ''];
  if (x.startsWith('*') !== y.startsWith('*')) return x.startsWith('*') ? 1 : -1;
  return x.startsWith('*') ? y.length - x.length : 0;
}
