import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import { groupOf, type ParsedResource, type Path, refOf } from '../../config/index.ts';
import type { GatewayApiRouteSpec, GatewayServerSpec, GatewaySpec, VirtualServiceSpec } from '../../config/kinds/istio-types.ts';
import type { GatewayListener, GatewayServer, OutboundView, Route, VirtualHost } from '../../data-plane/snapshot.ts';
import { compileAuthorization } from './authorization.ts';
import { type CompileContext, rootNamespace, selects, tellGenerated } from './context.ts';
import { trustedCa } from './credentials.ts';
import { compileHttpPatches, missingFilters, type PatchedProxy, patchVirtualHosts } from './envoy-filters/index.ts';
import { findKeyPair } from './gateway-api/certificates.ts';
import { compileGatewayApiRoutes, gatewayApiRoutes } from './gateway-api/http-routes.ts';
import { compileGatewayApiL4Routes } from './gateway-api/l4-routes.ts';
import { gatewayApiHosts, gatewayApiServers } from './gateway-api/listeners.ts';
import { intersect, type OwnedServer } from './gateway-servers.ts';
import { isCatchAllMatch } from './http-match.ts';
import { compileHttpRoutes } from './http-routes.ts';
import { compileJwt } from './jwt.ts';
import { chooseListenerPort } from './listener-ports.ts';
import { readPem } from './service-entries.ts';
import { defaultPortOf, hostsOf } from './services.ts';
import { compileGatewayTcpRoutes } from './tcp-routes.ts';
import { byDomain, meshVirtualServices, serviceVirtualHost, virtualServicesFor } from './virtual-hosts.ts';

/** Labels of the one ingress gateway; an Istio Gateway's selector must match them. */
export const gatewayLabels: Record<string, string> = { istio: 'ingressgateway', app: 'istio-ingressgateway' };

const host = '127.0.0.1';

/** The ingress' listeners: one per server port of the Gateways, or, without any Gateway, one that serves every service. */
export function compileGatewayListeners(context: CompileContext, view: OutboundView): GatewayListener[] {
  const policies = compileGatewayPolicies(context);
  return compileListeners(context, view).map(({ listener, port }) => patchListener(context, { ...listener, ...policies }, port));
}

/** AuthorizationPolicies and RequestAuthentications whose selector or targetRefs mean the ingress: they live in the root namespace. */
function compileGatewayPolicies(context: CompileContext): Pick<GatewayListener, 'authorization' | 'jwt'> {
  const gateways = context.set.list('Gateway').map(({ resource }) => `${resource.namespace}/${resource.name}`);
  const target = { namespace: rootNamespace, labels: gatewayLabels, gateways };
  const authorization = compileAuthorization(context, target);
  const jwt = compileJwt(context, target);
  const { custom, audit, deny, allow } = authorization;
  return {
    ...(custom.length + audit.length + deny.length + allow.length > 0 ? { authorization } : {}),
    ...(jwt.length > 0 ? { jwt } : {}),
  };
}

/** `port`: of the Gateway's servers, by which EnvoyFilters name it; the local one may be another. */
function patchListener(context: CompileContext, listener: GatewayListener, port: number): GatewayListener {
  const gateway: PatchedProxy = { namespace: rootNamespace, labels: gatewayLabels, kind: 'gateway' };
  const lacks = missingFilters(listener.authorization ?? {}, listener.jwt ?? []);
  const http = compileHttpPatches(context.envoyFilters, gateway, { side: 'GATEWAY', ports: [port, listener.port], lacks });
  const virtualHosts = patchVirtualHosts(context.envoyFilters, gateway, 'GATEWAY', listener.virtualHosts, port);
  return { ...listener, virtualHosts, ...(http ? { http } : {}) };
}

function compileListeners(context: CompileContext, view: OutboundView): { listener: GatewayListener; port: number }[] {
  const servers = [...istioServers(context), ...gatewayApiServers(context)];
  if (servers.length === 0) return [{ listener: compileOpenListener(context, view), port: 80 }];
  const ports = [...new Set(servers.map((s) => s.port))];
  // Whatever its number, the first plain HTTP port stands at the mesh's ingress port.
  const plain = servers.find((s) => s.server.tls === null && s.server.protocol !== 'TCP')?.port;
  const first = plain ?? ports[0];
  return ports.map((port) => {
    const own = servers.filter((s) => s.port === port);
    const id = port === first ? 'gateway:http' : `gateway:${port}`;
    const asked = port === first ? context.mesh.ingress?.port : undefined;
    const chosen = chooseListenerPort(context, 'ingress', id, asked);
    const listener: GatewayListener = {
      id,
      role: 'gateway',
      host,
      port: chosen.port || (port === plain ? 0 : port),
      fixed: chosen.fixed,
      servers: own.map((s) => s.server),
      virtualHosts: compileServerHosts(context, own, port, view),
      ...compileL4(context, own),
    };
    return { listener, port };
  });
}

function compileL4(context: CompileContext, servers: readonly OwnedServer[]): Pick<GatewayListener, 'tcpRoutes'> {
  const tcpRoutes = servers.flatMap((owned) => {
    const kind = owned.listener ? null : l4KindOf(owned.server);
    if (kind === null) return [];
    const { gateway, port, hosts, server } = owned;
    const routes = compileGatewayTcpRoutes(context, rootNamespace, { gateway, port, kind, hosts: hosts.map((h) => h.host) });
    return server.id === undefined ? routes : routes.map((route) => ({ ...route, server: server.id }));
  });
  tcpRoutes.push(...compileGatewayApiL4Routes(context, servers));
  return tcpRoutes.length > 0 ? { tcpRoutes } : {};
}

/** The rules that decide about a server's connections: `tls` by name where TLS goes through, `tcp` for plain bytes and what is inside of TLS. */
function l4KindOf({ protocol, tls }: GatewayServer): 'tls' | 'tcp' | null {
  if (tls?.mode === 'PASSTHROUGH') return 'tls';
  return protocol === 'TCP' || protocol === 'TLS' ? 'tcp' : null;
}

// ── no Gateway: everything is served ──────────────────────────────────────────────────────────────────────────────
function compileOpenListener(context: CompileContext, view: OutboundView): GatewayListener {
  const virtualHosts: VirtualHost[] = [];
  const taken = new Set<string>();
  const claim = (domains: string[]): string[] => domains.filter((d) => !taken.has(d) && taken.add(d));
  const candidates = meshVirtualServices(context, rootNamespace).filter((r) => (r.spec as VirtualServiceSpec).http?.length);
  // The mesh's own namespace first: it owns the short names.
  const services = [...context.services].sort(
    (a, b) => Number(b.namespace === context.namespace) - Number(a.namespace === context.namespace),
  );
  for (const service of services) {
    const port = service.ports.find((p) => p.port === defaultPortOf(service));
    if (service.external || !port || port.protocol === 'tcp') continue;
    const inner = serviceVirtualHost(context, service, port.port, rootNamespace, candidates, view.clusters);
    const own = [`${service.name}.localhost`, `${service.name}.${service.namespace}.localhost`];
    const domains = claim(inner.origin ? [...own, ...hostsOf(service, service.namespace)] : own);
    virtualHosts.push({ ...inner, domains });
  }
  for (const foreign of view.routeTables[0] ?? []) {
    const domains = claim(foreign.domains);
    if (domains.length > 0) virtualHosts.push({ ...foreign, domains });
  }
  virtualHosts.push(...openGatewayApiHosts(context, claim, view));
  const chosen = chooseListenerPort(context, 'ingress', 'gateway:http', context.mesh.ingress?.port);
  const server: GatewayServer = { name: 'http', hosts: ['*'], protocol: 'HTTP', tls: null, httpsRedirect: false, origin: null };
  return { id: 'gateway:http', role: 'gateway', host, ...chosen, servers: [server], virtualHosts: virtualHosts.sort(byDomain) };
}

/** HTTPRoutes and GRPCRoutes that want a Gateway nobody declared: their hostnames are served all the same. */
function openGatewayApiHosts(context: CompileContext, claim: (domains: string[]) => string[], view: OutboundView): VirtualHost[] {
  const byHost = new Map<string, ParsedResource[]>();
  for (const resource of gatewayApiRoutes(context, 'gateway')) {
    const spec = resource.spec as GatewayApiRouteSpec;
    if (!(spec.parentRefs ?? []).some((p) => (p.kind ?? 'Gateway') === 'Gateway')) continue;
    for (const name of spec.hostnames?.length ? spec.hostnames : ['*']) {
      byHost.set(name.toLowerCase(), [...(byHost.get(name.toLowerCase()) ?? []), resource]);
    }
  }
  return [...byHost].flatMap(([name, resources]) => {
    const domains = claim([name]);
    if (domains.length === 0) return [];
    const routes = compileGatewayApiRoutes({ context, parent: 'gateway', port: 80, clusters: view.clusters }, resources);
    return [{ name: `${name}:80`, domains, origin: refOf(resources[0]!), shadowed: [], routes }];
  });
}

// ── servers of Gateway resources ──────────────────────────────────────────────────────────────────────────────────
function istioServers(context: CompileContext): OwnedServer[] {
  return context.set.ofGroup('Gateway', 'networking.istio.io').flatMap(({ resource }) => {
    const spec = resource.spec as GatewaySpec;
    if (!selects(spec.selector, gatewayLabels)) {
      context.warn(
        resource,
        ['spec', 'selector'],
        'DD4009',
        'No gateway has these labels (ours: istio=ingressgateway): this Gateway is not served.',
      );
      return [];
    }
    return (spec.servers ?? []).map((server, i) => ({
      port: server.port.number,
      server: compileServer(context, server, resource, i),
      gateway: `${resource.namespace}/${resource.name}`,
      resource,
      hosts: server.hosts.map((text) => {
        const [namespace, name] = text.includes('/') ? (text.split('/', 2) as [string, string]) : ['*', text];
        return { namespace: namespace === '.' ? resource.namespace : namespace, host: name.toLowerCase() };
      }),
      section: '',
    }));
  });
}

function compileServer(
  context: CompileContext,
  server: GatewayServerSpec,
  resource: ParsedResource,
  index: number,
): GatewayServer {
  const protocol = server.port.protocol.toUpperCase();
  const known = ['HTTP', 'HTTPS', 'TLS', 'TCP', 'GRPC', 'HTTP2'] as const;
  const { tls } = server;
  const terminates = tls && !(tls.httpsRedirect && protocol === 'HTTP');
  const endsL4 = terminates && tls.mode !== 'PASSTHROUGH' && (protocol === 'TLS' || protocol === 'TCP');
  return {
    ...(endsL4 ? { id: `${resource.namespace}/${resource.name}/${index}` } : {}),
    name: server.name ?? server.port.name,
    hosts: server.hosts.map((h) => h.slice(h.indexOf('/') + 1).toLowerCase()),
    protocol: known.find((k) => k === protocol) ?? (protocol === 'GRPC-WEB' ? 'GRPC' : 'TCP'),
    tls: terminates
      ? {
          mode: tls.mode ?? 'PASSTHROUGH',
          certificate: readPem(context, tls.serverCertificate),
          privateKey: readPem(context, tls.privateKey),
          clientCa: readPem(context, tls.caCertificates),
          ...credentialOf(context, tls, resource, ['spec', 'servers', index, 'tls', 'credentialName']),
        }
      : null,
    httpsRedirect: tls?.httpsRedirect ?? false,
    origin: refOf(resource),
  };
}

/** A credentialName is a Secret beside the gateway's proxy, in its namespace; the CA of its clients is there or in `NAME-cacert`. */
function credentialOf(
  context: CompileContext,
  { credentialName: name, mode }: NonNullable<GatewayServerSpec['tls']>,
  resource: ParsedResource,
  path: Path,
): { certificate?: string; privateKey?: string; clientCa?: string } {
  if (name === undefined) return {};
  const ca = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL' ? trustedCa(context, name, rootNamespace) : null;
  const clientCa = ca === null ? {} : { clientCa: ca };
  const { pair, problem } = findKeyPair(context.set, rootNamespace, name);
  if (pair) return { certificate: pair.certificatePem, privateKey: pair.privateKeyPem, ...clientCa };
  tellGenerated(context, resource, path, `${problem?.message}: this server has a generated certificate.`);
  return clientCa;
}

// ── virtual hosts of one port ─────────────────────────────────────────────────────────────────────────────────────
/** Routes of all VirtualServices of a host are appended by age, catch-alls moved last; hosts must intersect the server's. */
function compileServerHosts(
  context: CompileContext,
  servers: readonly OwnedServer[],
  port: number,
  view: OutboundView,
): VirtualHost[] {
  const hosts = new Map<string, { origin: ResourceRef; others: ResourceRef[]; routes: Route[] }>();
  const add = (domain: string, resource: ParsedResource, routes: Route[]): void => {
    const entry = hosts.get(domain) ?? { origin: refOf(resource), others: [], routes: [] };
    entry.routes.push(...routes);
    hosts.set(domain, entry);
  };
  const seen = new Set<string>();
  for (const server of servers) {
    if (l4KindOf(server.server) !== null) continue;
    if (groupOf(server.resource.apiVersion) === 'networking.istio.io') {
      for (const resource of virtualServicesFor(context, server.gateway, rootNamespace)) {
        const key = `${server.gateway}|${resource.namespace}/${resource.name}`;
        const routes = compileHttpRoutes(context, resource, { gateway: server.gateway, port, clusters: view.clusters });
        for (const name of (resource.spec as VirtualServiceSpec).hosts ?? []) {
          for (const domain of intersect(context.hosts.resolve(name, resource.namespace), resource.namespace, server.hosts)) {
            if (seen.has(`${key}|${domain}`)) continue;
            seen.add(`${key}|${domain}`);
            add(domain, resource, routes);
          }
        }
      }
    }
  }
  const virtualHosts = [...hosts].map(([domain, { origin, others, routes }]): VirtualHost => {
    const ordered = [...routes.filter((r) => !isCatchAllMatch(r.match)), ...routes.filter((r) => isCatchAllMatch(r.match))];
    return { name: `${domain}:${port}`, domains: [domain], origin, shadowed: others, routes: ordered };
  });
  virtualHosts.push(...gatewayApiHosts(context, servers, port, view, new Set(hosts.keys())));
  return virtualHosts.sort(byDomain);
}
