import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { messageOf } from '../shared/message-of.ts';
import type { RouteFilter } from './exchange.ts';
import { endingServers, nameOf, serverFor } from './listener/gateway-servers.ts';
import type { ExchangeOrigin } from './live-exchange.ts';
import type { ListenerPath } from './request-path.ts';
import { type PreparedView, prepareGateway, prepareInboundRoute, prepareView } from './route/prepare-view.ts';
import { RegexCache } from './route/string-match.ts';
import type { FilterFactory } from './route-filters/index.ts';
import type { GatewayListener, ListenerSnapshot, MeshSnapshot, ProxySnapshot, VirtualHost, WorkloadInfo } from './snapshot.ts';
import { toxicProblem } from './toxics/index.ts';

/** A listener with everything compiled that its connections need. */
export interface PreparedListener {
  proxy: ProxySnapshot;
  listener: ListenerSnapshot;
  /** One path; an inbound listener has one per service port, first the default. */
  paths: ListenerPath[];
  /** Of a gateway with several servers, by server: what requests over its TLS may reach, which is its own hosts only. */
  byServer?: ReadonlyMap<string, ListenerPath>;
}

export interface PreparedSnapshot {
  snapshot: MeshSnapshot;
  views: Map<string, PreparedView>;
  workloads: Map<string, WorkloadInfo>;
  /** `reviews-v1-0/inbound` → listener; of the proxies that run here. */
  listeners: Map<string, PreparedListener>;
}

export const listenerKey = (proxyId: string, listenerId: string): string => `${proxyId}/${listenerId}`;

/**
 * Compiles a snapshot for serving the proxies in `own`. What does not compile (a regex that is not RE2) comes back as a diagnostic, nothing
 * half done.
 */
export function prepareSnapshot(
  snapshot: MeshSnapshot,
  filters: FilterFactory,
  own: ReadonlySet<string>,
): PreparedSnapshot | Diagnostic {
  const problem = faultProblem(snapshot);
  if (problem !== null) return problem;
  try {
    return prepare(snapshot, filters, own);
  } catch (error) {
    return {
      severity: 'error',
      code: 'DD1206',
      message: `the configuration cannot be prepared for serving: ${messageOf(error)}`,
    };
  }
}

/** What is wrong with a toxic is known only here, where the toxics are. */
function faultProblem({ faults }: MeshSnapshot): Diagnostic | null {
  for (const { resource, tcp } of faults)
    for (const [index, toxic] of (tcp ?? []).entries()) {
      const problem = toxicProblem(toxic.type, toxic.attributes);
      if (problem === null) continue;
      const { file, line } = resource;
      return {
        severity: 'error',
        code: 'DD2001',
        message: problem,
        resource: `${resource.kind}/${resource.namespace}/${resource.name}`,
        path: `spec.tcp[${index}].attributes`,
        ...(file === undefined ? {} : { file }),
        ...(line === undefined ? {} : { line }),
      };
    }
  return null;
}

function prepare(snapshot: MeshSnapshot, filters: FilterFactory, own: ReadonlySet<string>): PreparedSnapshot {
  const regexes = new RegexCache();
  const views = new Map<string, PreparedView>();
  for (const [name, view] of Object.entries(snapshot.views)) {
    views.set(name, prepareView(view, snapshot.outboundTrafficPolicy, regexes));
  }
  const workloads = new Map(snapshot.proxies.map((proxy) => [proxy.workload.id, proxy.workload]));
  const serviceNames = new Map(snapshot.services.map((s) => [s.fqdn, { name: s.name, namespace: s.namespace }]));
  const listeners = new Map<string, PreparedListener>();
  for (const proxy of snapshot.proxies) {
    if (!own.has(proxy.id)) continue;
    const view = views.get(proxy.view);
    if (view === undefined) throw new Error(`${proxy.id} names the view ${proxy.view}, which the snapshot does not have`);
    const origin: Omit<ExchangeOrigin, 'direction' | 'reporter'> = { snapshot, proxy, workloads, serviceNames };
    let outbound: RouteFilter[] | null = null;
    const outboundFilters = (own?: GatewayListener) =>
      own === undefined
        ? (outbound ??= filters.outbound(snapshot, proxy, regexes))
        : filters.outbound(snapshot, proxy, regexes, own.http);
    for (const listener of proxy.listeners) {
      listeners.set(listenerKey(proxy.id, listener.id), {
        proxy,
        listener,
        paths: preparePaths(listener, origin, view, filters, outboundFilters, regexes),
        ...(listener.role === 'gateway' && listener.servers.length > 1
          ? { byServer: prepareServers(listener, (own) => preparePaths(own, origin, view, filters, outboundFilters, regexes)) }
          : {}),
      });
    }
  }
  return { snapshot, views, workloads, listeners };
}

/** Each server that ends TLS has routes of its own in Envoy: another server's host is unknown there. */
function prepareServers(
  listener: GatewayListener,
  prepareOwn: (own: GatewayListener) => ListenerPath[],
): ReadonlyMap<string, ListenerPath> {
  return new Map(
    endingServers(listener).map((server) => {
      const isOwn = ({ domains }: VirtualHost): boolean => domains.some((domain) => serverFor(listener, domain) === server);
      return [nameOf(server), prepareOwn({ ...listener, virtualHosts: listener.virtualHosts.filter(isOwn) })[0]!];
    }),
  );
}

function preparePaths(
  listener: ListenerSnapshot,
  origin: Omit<ExchangeOrigin, 'direction' | 'reporter'>,
  view: PreparedView,
  filters: FilterFactory,
  outboundFilters: (own?: GatewayListener) => RouteFilter[],
  regexes: RegexCache,
): ListenerPath[] {
  const { snapshot, proxy } = origin;
  switch (listener.role) {
    case 'inbound':
      return listener.ports.map((port) => ({
        ...origin,
        direction: 'inbound',
        reporter: 'destination',
        host: prepareInboundRoute(port, regexes),
        port,
        filters: filters.inbound(snapshot, proxy, port, regexes),
        ...(port.http ? { http: port.http } : {}),
      }));
    case 'outbound':
      return [
        {
          ...origin,
          direction: 'outbound',
          reporter: 'source',
          table: view,
          target: null,
          guards: [],
          filters: outboundFilters(),
          ...(proxy.http ? { http: proxy.http } : {}),
        },
      ];
    case 'upstream':
      return [
        {
          ...origin,
          direction: 'outbound',
          reporter: 'source',
          table: view,
          target: { host: listener.service.toLowerCase(), port: listener.servicePort },
          guards: [],
          filters: outboundFilters(),
          ...(proxy.http ? { http: proxy.http } : {}),
        },
      ];
    case 'gateway':
      return [
        {
          ...origin,
          direction: 'outbound',
          reporter: 'gateway',
          table: prepareGateway(listener, view.view, regexes),
          target: null,
          guards: filters.gateway(listener),
          filters: outboundFilters(listener),
          ...(listener.http ? { http: listener.http } : {}),
        },
      ];
  }
}
