import type { KnownService } from '../../../config/hosts.ts';
import type { ParsedResource, Path } from '../../../config/index.ts';
import type { BackendRefSpec, GatewayApiRouteSpec } from '../../../config/kinds/istio-types.ts';
import { coversHost } from '../../../config/kinds/virtual-service.ts';
import type { TcpRoute, WeightedCluster } from '../../../data-plane/snapshot.ts';
import { clusterName } from '../clusters.ts';
import { type CompileContext, originOf } from '../context.ts';
import { isMoreSpecific } from '../destination-rules.ts';
import { intersect, isCloser, type OwnedServer } from '../gateway-servers.ts';
import { type RouteParent, resolveBackend } from './backends.ts';
import { admits, isParent, isServiceParent } from './listener-admission.ts';

/**
 * TLSRoutes and TCPRoutes of the listeners of one port, in match order: the most specific server name, then the oldest. A listener that
 * ends TLS passes on what is inside.
 */
export function compileGatewayApiL4Routes(context: CompileContext, servers: readonly OwnedServer[]): TcpRoute[] {
  const routes = servers.flatMap((server) => listenerRoutes(context, server, servers));
  return routes.sort((a, b) => compareNames(a.sniHosts[0], b.sniHosts[0]));
}

function listenerRoutes(context: CompileContext, server: OwnedServer, others: readonly OwnedServer[]): TcpRoute[] {
  const { listener, resource: gateway, hosts, port } = server;
  if (!listener || (listener.protocol !== 'TLS' && listener.protocol !== 'TCP')) return [];
  const ends = listener.protocol === 'TLS' && listener.tls?.mode !== 'Passthrough';
  const bound = [...context.set.list('TLSRoute'), ...context.set.list('TCPRoute')]
    .map(({ resource }) => resource)
    .filter((resource) => {
      const parents = (resource.spec as GatewayApiRouteSpec).parentRefs ?? [];
      return admits(listener, gateway, resource) && parents.some((parent) => isParent(parent, resource, gateway, listener));
    });
  return bound.flatMap((resource) => {
    const { hostnames, rules } = resource.spec as GatewayApiRouteSpec;
    const named = hostnames?.length ? hostnames.map((name) => name.toLowerCase()) : ['*'];
    const names = resource.kind === 'TLSRoute' ? named.flatMap((name) => intersect(name, resource.namespace, hosts)) : [null];
    return names
      .filter((name) => name === null || !others.some((other) => isServedCloser(server, other, name)))
      .flatMap((name) =>
        (rules ?? []).map((rule, i) => ({
          ...routeOf(context, resource, 'gateway', ['spec', 'rules', i], rule.backendRefs ?? []),
          port,
          sniHosts: name === null ? [] : [name],
          ...(ends ? { server: server.server.id } : {}),
        })),
      );
  });
}

/**
 * TLSRoutes and TCPRoutes whose parent is a Service: its own namespace's for every client, another's for that namespace's clients, who
 * prefer it. A TLSRoute without hostnames asks for the service's own (istiod: augmentTLSPortMatch).
 */
export function compileServiceTcpRoutes(
  context: CompileContext,
  service: KnownService,
  port: number,
  viewer: string,
): TcpRoute[] {
  const routes = ['TLSRoute', 'TCPRoute'].flatMap((kind) =>
    serviceRoutes(context, kind, service, port, viewer).flatMap((resource) => {
      const { hostnames, rules } = resource.spec as GatewayApiRouteSpec;
      const names = hostnames?.length ? hostnames.map((name) => name.toLowerCase()) : [service.fqdn];
      return (rules ?? []).flatMap((rule, i) =>
        (kind === 'TLSRoute' ? names : [null]).map((name) => ({
          ...routeOf(context, resource, 'mesh', ['spec', 'rules', i], rule.backendRefs ?? []),
          service: service.fqdn,
          port,
          sniHosts: name === null ? [] : [name],
        })),
      );
    }),
  );
  return routes.sort((a, b) => compareNames(a.sniHosts[0], b.sniHosts[0]));
}

function serviceRoutes(
  context: CompileContext,
  kind: string,
  service: KnownService,
  port: number,
  viewer: string,
): ParsedResource[] {
  const bound = context.set
    .list(kind)
    .map(({ resource }) => resource)
    .filter((resource) =>
      ((resource.spec as GatewayApiRouteSpec).parentRefs ?? []).some((parent) =>
        isServiceParent(parent, resource, service, port),
      ),
    );
  const consumer = bound.filter((r) => r.namespace !== service.namespace && r.namespace === viewer);
  return consumer.length > 0 ? consumer : bound.filter((r) => r.namespace === service.namespace);
}

/** A backend that leads nowhere, and a rule without weight, end the connections of their share. */
function routeOf(
  context: CompileContext,
  resource: ParsedResource,
  parent: RouteParent,
  path: Path,
  backends: readonly BackendRefSpec[],
): TcpRoute {
  const clusters = backends
    .filter(({ weight }) => weight !== 0)
    .map((backend): WeightedCluster => {
      const { service } = resolveBackend(context.set, resource, backend, parent, context.services);
      return weighted(service ? clusterName(backend.port!, '', service.fqdn) : '', backend.weight ?? 1);
    });
  if (clusters.length === 0) clusters.push(weighted('', 1));
  return {
    service: '',
    port: 0,
    origin: originOf(resource, path),
    sourceLabels: null,
    sniHosts: [],
    clusters,
    totalWeight: clusters.reduce((sum, { weight }) => sum + weight, 0),
  };
}

function weighted(cluster: string, weight: number): WeightedCluster {
  return { cluster, weight, requestHeaders: null, responseHeaders: null, hostRewrite: null };
}

/** Another listener of the port names the host more closely: it is that one's, even when it has no route. */
function isServedCloser(server: OwnedServer, other: OwnedServer, name: string): boolean {
  const [own, theirs] = [server.hosts[0]!.host, other.hosts[0]!.host];
  return other.listener?.protocol === 'TLS' && isCloser(theirs, own) && coversHost(theirs, name);
}

function compareNames(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined || a === b) return Number(a === undefined) - Number(b === undefined);
  return isMoreSpecific(a, b) ? -1 : 1;
}
