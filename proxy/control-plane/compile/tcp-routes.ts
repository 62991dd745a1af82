import type { KnownService } from '../../config/hosts.ts';
import type { ParsedResource, Path } from '../../config/index.ts';
import type { L4MatchSpec, L4RouteSpec, VirtualServiceSpec } from '../../config/kinds/istio-types.ts';
import { coversHost } from '../../config/kinds/virtual-service.ts';
import type { TcpRoute, WeightedCluster } from '../../data-plane/snapshot.ts';
import { clusterName } from './clusters.ts';
import { type CompileContext, originOf } from './context.ts';
import { compileServiceTcpRoutes } from './gateway-api/l4-routes.ts';
import { destinationCluster, qualifyGateway } from './http-routes.ts';
import { meshVirtualServices, pickVirtualService, virtualServicesFor } from './virtual-hosts.ts';

/** Routes of every TCP service port, in match order: TLS rules (by SNI), TCP rules (a TCPRoute's without a VirtualService), then the service's own cluster. */
export function compileTcpRoutes(context: CompileContext, viewer: string, services: readonly KnownService[]): TcpRoute[] {
  const candidates = meshVirtualServices(context, viewer);
  const l4 = candidates.filter((r) => hasL4(r.spec as VirtualServiceSpec));
  return services.flatMap((service) => {
    const picked = pickVirtualService(context, service, l4)?.resource ?? null;
    return service.ports
      .filter((p) => p.protocol === 'tcp')
      .flatMap(({ port }) => {
        const rules = picked
          ? compileRules(context, picked, service, port, viewer)
          : compileServiceTcpRoutes(context, service, port, viewer);
        const plain: TcpRoute = {
          service: service.fqdn,
          port,
          origin: null,
          sourceLabels: null,
          sniHosts: [],
          clusters: [whole(clusterName(port, '', service.fqdn))],
          totalWeight: 100,
        };
        return [...rules, plain];
      });
  });
}

/** A TCP server or one with TLS passthrough. */
export interface GatewayL4Server {
  /** `namespace/name` */
  gateway: string;
  port: number;
  kind: 'tls' | 'tcp';
  hosts: readonly string[];
}

/** What a gateway's TCP and passthrough servers do with a connection: the tls rules by SNI (within the server's hosts), or the tcp rules. */
export function compileGatewayTcpRoutes(context: CompileContext, viewer: string, server: GatewayL4Server): TcpRoute[] {
  const routes: TcpRoute[] = [];
  for (const resource of virtualServicesFor(context, server.gateway, viewer)) {
    for (const [i, rule] of ((resource.spec as VirtualServiceSpec)[server.kind] ?? []).entries()) {
      const matches: (L4MatchSpec | null)[] = rule.match?.length ? rule.match : [null];
      for (const [j, match] of matches.entries()) {
        if (match?.port !== undefined && match.port !== server.port) continue;
        if (match?.gateways?.length && !match.gateways.some((g) => qualifyGateway(g, resource.namespace) === server.gateway))
          continue;
        const sniHosts = (match?.sniHosts ?? [])
          .map((h) => h.toLowerCase())
          .filter((h) => server.hosts.some((s) => coversHost(s, h)));
        if (server.kind === 'tls' && sniHosts.length === 0) continue;
        const clusters = l4Clusters(context, rule, resource, server.port);
        routes.push({
          service: '',
          port: server.port,
          origin: originOf(resource, match ? ['spec', server.kind, i, 'match', j] : ['spec', server.kind, i]),
          sourceLabels: null,
          sniHosts: server.kind === 'tls' ? sniHosts : [],
          clusters,
          totalWeight: clusters.reduce((sum, c) => sum + c.weight, 0),
        });
      }
    }
  }
  return routes;
}

function hasL4(spec: VirtualServiceSpec): boolean {
  return Boolean(spec.tcp?.length || spec.tls?.length);
}

function compileRules(
  context: CompileContext,
  resource: ParsedResource,
  service: KnownService,
  port: number,
  viewer: string,
): TcpRoute[] {
  const spec = resource.spec as VirtualServiceSpec;
  const routes: TcpRoute[] = [];
  for (const kind of ['tls', 'tcp'] as const) {
    for (const [i, rule] of (spec[kind] ?? []).entries()) {
      const matches: (L4MatchSpec | null)[] = rule.match?.length ? rule.match : [null];
      for (const [j, match] of matches.entries()) {
        if (match && !matchesMesh(match, resource, port, viewer)) continue;
        const path: Path = match ? ['spec', kind, i, 'match', j] : ['spec', kind, i];
        const clusters = l4Clusters(context, rule, resource, port);
        routes.push({
          service: service.fqdn,
          port,
          origin: originOf(resource, path),
          sourceLabels: match?.sourceLabels ?? null,
          sniHosts: (match?.sniHosts ?? []).map((h) => h.toLowerCase()),
          ...(match?.destinationSubnets?.length ? { destinationSubnets: match.destinationSubnets } : {}),
          clusters,
          totalWeight: clusters.reduce((sum, c) => sum + c.weight, 0),
        });
      }
    }
  }
  return routes;
}

function matchesMesh(match: L4MatchSpec, resource: ParsedResource, port: number, viewer: string): boolean {
  if (match.sourceNamespace && match.sourceNamespace !== viewer) return false;
  if (match.port !== undefined && match.port !== port) return false;
  return !match.gateways?.length || match.gateways.some((g) => qualifyGateway(g, resource.namespace) === 'mesh');
}

function l4Clusters(context: CompileContext, rule: L4RouteSpec, resource: ParsedResource, port: number): WeightedCluster[] {
  const route = rule.route ?? [];
  const kept = route.length > 1 ? route.filter((r) => (r.weight ?? 0) > 0) : route;
  return kept.map((r) => ({
    ...whole(destinationCluster(context, r.destination, resource.namespace, port)),
    weight: route.length > 1 ? (r.weight ?? 0) : 100,
  }));
}

function whole(cluster: string): WeightedCluster {
  return { cluster, weight: 100, requestHeaders: null, responseHeaders: null, hostRewrite: null };
}
