import { type ParsedResource, refOf } from '../../../config/index.ts';
import type { GatewayApiGatewaySpec, GatewayApiRouteSpec } from '../../../config/kinds/istio-types.ts';
import { coversHost } from '../../../config/kinds/virtual-service.ts';
import type { GatewayServer, OutboundView, VirtualHost } from '../../../data-plane/snapshot.ts';
import { type CompileContext, tellGenerated } from '../context.ts';
import { intersect, isCloser, type OwnedServer } from '../gateway-servers.ts';
import { endsTls, listenerCertificate } from './certificates.ts';
import { type ClientValidation, clientValidation } from './client-validation.ts';
import { compileGatewayApiRoutes, gatewayApiRoutes } from './http-routes.ts';
import { admits, gatewayApiGroup, isParent, isServedProtocol, type Listener, listenerProblem } from './listener-admission.ts';

/** One server per listener of the Gateway API's Gateways. Without a certificate that holds, one is generated for the listener's host. */
export function gatewayApiServers(context: CompileContext): OwnedServer[] {
  return context.set.ofGroup('Gateway', gatewayApiGroup).flatMap(({ resource }) =>
    ((resource.spec as GatewayApiGatewaySpec).listeners ?? []).flatMap((listener, i) => {
      const { protocol } = listener;
      const problem = listenerProblem(resource, listener);
      if (problem !== null || !isServedProtocol(protocol)) {
        const message = `${problem?.message}: this listener is left out (${problem?.reason}).`;
        context.warn(resource, ['spec', 'listeners', i, 'protocol'], 'DD4107', message);
        return [];
      }
      const validation = clientValidation(context.set, resource, listener);
      if (validation.kind === 'invalid') {
        const message = `${validation.problem.message}: listener ${listener.name} is left out (${validation.problem.reason}).`;
        context.warn(resource, ['spec', 'tls', 'frontend'], 'DD4107', message);
        return [];
      }
      const host = (listener.hostname ?? '*').toLowerCase();
      const gateway = `${resource.namespace}/${resource.name}`;
      const tls = compileListenerTls(context, resource, listener, i, validation);
      const id = `${gateway}/${listener.name}`;
      return {
        port: listener.port,
        server: { id, name: listener.name, hosts: [host], protocol, tls, httpsRedirect: false, origin: refOf(resource) },
        gateway,
        resource,
        // Who may attach is asked route by route.
        hosts: [{ namespace: '*', host }],
        section: listener.name,
        listener,
      };
    }),
  );
}

function compileListenerTls(
  context: CompileContext,
  gateway: ParsedResource,
  listener: Listener,
  index: number,
  validation: Exclude<ClientValidation, { kind: 'invalid' }>,
): GatewayServer['tls'] {
  if (listener.protocol !== 'HTTPS' && listener.protocol !== 'TLS') return null;
  if (!endsTls(listener)) return { mode: 'PASSTHROUGH', certificate: null, privateKey: null, clientCa: null };
  const { pair, problem } = listenerCertificate(context.set, gateway, listener);
  if (problem) {
    const path = ['spec', 'listeners', index, 'tls', 'certificateRefs'];
    tellGenerated(context, gateway, path, `${problem.message}: this listener has a generated certificate.`);
  }
  const own = { certificate: pair?.certificatePem ?? null, privateKey: pair?.privateKeyPem ?? null };
  if (validation.kind === 'none') return { mode: 'SIMPLE', ...own, clientCa: null };
  return { mode: validation.optional ? 'OPTIONAL_MUTUAL' : 'MUTUAL', ...own, clientCa: validation.caPem };
}

export function gatewayApiHosts(
  context: CompileContext,
  servers: readonly OwnedServer[],
  port: number,
  view: OutboundView,
  taken: ReadonlySet<string>,
): VirtualHost[] {
  const byHost = new Map<string, Set<ParsedResource>>();
  const emptyHosts = new Map<string, ParsedResource>();
  const owned = servers.filter(({ listener }) => listener?.protocol === 'HTTP' || listener?.protocol === 'HTTPS');
  if (owned.length === 0) return [];
  const routes = gatewayApiRoutes(context, 'gateway');
  for (const { listener, resource: gateway, hosts } of owned) {
    if (listener === undefined) continue;
    for (const resource of routes) {
      const spec = resource.spec as GatewayApiRouteSpec;
      const bound = (spec.parentRefs ?? []).some((parent) => isParent(parent, resource, gateway, listener));
      if (!bound || !admits(listener, gateway, resource)) continue;
      for (const name of spec.hostnames?.length ? spec.hostnames : ['*']) {
        for (const domain of intersect(name.toLowerCase(), resource.namespace, hosts)) {
          // A host belongs to the listener that names it most closely; wider ones do not serve it (listener isolation).
          if (owned.some((other) => isCloser(other.hosts[0]!.host, hosts[0]!.host) && coversHost(other.hosts[0]!.host, domain)))
            continue;
          const set = byHost.get(domain) ?? new Set();
          byHost.set(domain, set.add(resource));
        }
      }
    }
  }
  // A listener without a route for its own host answers 404 there; a wider listener's routes must not.
  for (const { hosts, resource } of owned) {
    const { host: own } = hosts[0]!;
    const wider = [...byHost.keys(), ...taken].some((domain) => isCloser(own, domain));
    if (wider && !taken.has(own) && !byHost.has(own)) emptyHosts.set(own, resource);
  }
  const served = [...byHost].flatMap(([domain, set]) => {
    if (taken.has(domain)) return [];
    const resources = routes.filter((r) => set.has(r));
    const compiled = compileGatewayApiRoutes({ context, parent: 'gateway', port, clusters: view.clusters }, resources);
    return [{ name: `${domain}:${port}`, domains: [domain], origin: refOf(resources[0]!), shadowed: [], routes: compiled }];
  });
  const empty = [...emptyHosts].map(
    ([domain, gateway]): VirtualHost => ({
      name: `${domain}:${port}`,
      domains: [domain],
      origin: refOf(gateway),
      shadowed: [],
      routes: [],
    }),
  );
  return [...served, ...empty];
}
