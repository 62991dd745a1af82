import { forwardTo, plainRoute } from '../snapshot/plain.ts';
import type {
  ClusterSnapshot,
  GatewayListener,
  InboundPort,
  MeshSnapshot,
  OutboundView,
  Route,
  VirtualHost,
} from '../snapshot.ts';
import { type HeaderEdit, type HeaderPlan, planRequestHeaders, planResponseHeaders } from './header-operations.ts';
import { type Condition, compileRouteMatch } from './match-request.ts';
import { compilePathRewrite, type PathRewrite } from './rewrite.ts';
import { RegexCache } from './string-match.ts';

/*
 * What the worker prepares once per snapshot, so that a request only looks up and compares:
 *
 *   PreparedView (a sidecar's outbound)          PreparedGateway (one gateway listener)
 *     ├─ ports: port → VirtualHostIndex            ├─ index
 *     ├─ anyPort: VirtualHostIndex                 └─ redirectHosts (httpsRedirect servers)
 *     └─ passthrough | blackHole virtual host
 *
 *   VirtualHostIndex: exact host → virtual host, suffix → virtual host, catch-all
 */

/** A route with everything compiled that a request needs. It is a Route, so exchange.route holds it as it is. */
export interface PreparedRoute extends Route {
  conditions: Condition[];
  rewritePath: PathRewrite | null;
  /** One plan per weighted cluster (same order), or one in all for other actions. */
  requestPlans: HeaderPlan[];
  responsePlans: HeaderEdit[][];
}

export interface PreparedVirtualHost {
  virtualHost: VirtualHost;
  routes: PreparedRoute[];
}

export interface VirtualHostIndex {
  exact: Map<string, PreparedVirtualHost>;
  /** `.foo.com` for the domain `*.foo.com`. */
  suffixes: Map<string, PreparedVirtualHost>;
  catchAll: PreparedVirtualHost | null;
}

export interface PreparedView {
  kind: 'sidecar';
  view: OutboundView;
  ports: Map<number, VirtualHostIndex>;
  anyPort: VirtualHostIndex;
  /** Where unknown hosts go: PassthroughCluster (ALLOW_ANY) or 502 (REGISTRY_ONLY). */
  unknown: PreparedVirtualHost;
  outboundTrafficPolicy: MeshSnapshot['outboundTrafficPolicy'];
}

export interface PreparedGateway {
  kind: 'gateway';
  view: OutboundView;
  index: VirtualHostIndex;
  /** Hosts of servers with tls.httpsRedirect: plaintext requests to them are answered 301. */
  redirectHosts: string[];
}

export type RouteTable = PreparedView | PreparedGateway;

export function isPrepared(route: Route): route is PreparedRoute {
  return 'conditions' in route;
}

/** Throws RE2JSException when a regex is not RE2: the caller turns it into a diagnostic and refuses the snapshot. */
export function prepareView(
  view: OutboundView,
  outboundTrafficPolicy: MeshSnapshot['outboundTrafficPolicy'],
  regexes: RegexCache = new RegexCache(),
): PreparedView {
  const ports = new Map<number, VirtualHostIndex>();
  for (const [port, virtualHosts] of Object.entries(view.routeTables)) {
    if (Number(port) !== 0) ports.set(Number(port), indexVirtualHosts(virtualHosts, regexes));
  }
  const anyPort = indexVirtualHosts(view.routeTables[0] ?? [], regexes);
  const unknown = prepareVirtualHost(outboundTrafficPolicy === 'ALLOW_ANY' ? allowAny : blockAll, regexes);
  return { kind: 'sidecar', view, ports, anyPort, unknown, outboundTrafficPolicy };
}

export function prepareGateway(
  listener: GatewayListener,
  view: OutboundView,
  regexes: RegexCache = new RegexCache(),
): PreparedGateway {
  const redirectHosts = listener.servers
    .filter((server) => server.httpsRedirect)
    .flatMap((server) => server.hosts.map((host) => host.slice(host.indexOf('/') + 1).toLowerCase()));
  return { kind: 'gateway', view, index: indexVirtualHosts(listener.virtualHosts, regexes), redirectHosts };
}

/** The one route of an inbound port: straight to the app, Istio's `inbound|http|<port>` virtual host. */
export function prepareInboundRoute(port: InboundPort, regexes: RegexCache = new RegexCache()): PreparedVirtualHost {
  const { rateLimits, ...streamTimeouts } = port.route ?? {};
  return prepareVirtualHost(
    {
      name: `inbound|http|${port.port}`,
      domains: ['*'],
      origin: null,
      shadowed: [],
      routes: [
        {
          ...plainRoute('default', forwardTo(port.cluster.name)),
          action: { ...forwardTo(port.cluster.name), retry: port.retry, ...streamTimeouts },
          ...(rateLimits ? { rateLimits } : {}),
          decorator: `${port.cluster.service}:${port.port}/*`,
        },
      ],
    },
    regexes,
  );
}

function prepareVirtualHost(virtualHost: VirtualHost, regexes: RegexCache): PreparedVirtualHost {
  return { virtualHost, routes: virtualHost.routes.map((route) => prepareRoute(route, regexes)) };
}

function prepareRoute(route: Route, regexes: RegexCache): PreparedRoute {
  const { action } = route;
  const clusters = action.type === 'forward' ? action.clusters : [];
  const plans = clusters.length === 0 ? [null] : clusters;
  const weighted = action.type === 'forward' && (action.weighted ?? clusters.length > 1);
  return {
    ...route,
    conditions: compileRouteMatch(route.match, regexes),
    rewritePath: action.type === 'forward' ? compilePathRewrite(action.rewrite?.path ?? null, regexes) : null,
    requestPlans: plans.map((cluster) => planRequestHeaders(route, cluster, weighted)),
    responsePlans: plans.map((cluster) => planResponseHeaders(route, cluster, weighted)),
  };
}

function indexVirtualHosts(virtualHosts: VirtualHost[], regexes: RegexCache): VirtualHostIndex {
  const index: VirtualHostIndex = { exact: new Map(), suffixes: new Map(), catchAll: null };
  for (const virtualHost of virtualHosts) {
    const prepared = prepareVirtualHost(virtualHost, regexes);
    for (const domain of virtualHost.domains) {
      const host = domain.toLowerCase();
      if (host === '*') index.catchAll ??= prepared;
      else if (host.startsWith('*')) setIfAbsent(index.suffixes, host.slice(1), prepared);
      else setIfAbsent(index.exact, host, prepared);
    }
  }
  return index;
}

function setIfAbsent<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}

/** Istio's catch-all virtual hosts of a sidecar (pilot/pkg/networking/core/httproute.go): allow_any and block_all. */
const allowAny: VirtualHost = {
  name: 'allow_any',
  domains: ['*'],
  origin: null,
  shadowed: [],
  routes: [plainRoute('allow_any', forwardTo('PassthroughCluster'))],
};
const blockAll: VirtualHost = {
  name: 'block_all',
  domains: ['*'],
  origin: null,
  shadowed: [],
  routes: [plainRoute('block_all', { type: 'directResponse', status: 502, body: '', base64: false })],
};

/** Used when a view does not list PassthroughCluster itself: the request's own host, no policies. */
export const passthroughCluster: ClusterSnapshot = Object.freeze({
  name: 'PassthroughCluster',
  service: '',
  port: 0,
  subset: '',
  protocol: 'http',
  endpoints: [],
  discovery: 'original',
  loadBalancer: { kind: 'passthrough' },
  connectTimeoutMs: 10_000,
  limits: { maxConnections: null, http1MaxPendingRequests: null, http2MaxRequests: null, maxRetries: null, retryBudget: null },
  maxRequestsPerConnection: null,
  idleTimeoutMs: 3_600_000,
  tcpIdleTimeoutMs: null,
  maxConnectionDurationMs: null,
  tcpKeepalive: false,
  outlierDetection: null,
  tls: { mode: 'disable' },
  http2: false,
  useClientProtocol: true,
  maxConcurrentStreams: null,
  warmup: null,
  locality: null,
  proxyProtocol: null,
  policy: null,
} satisfies ClusterSnapshot);
