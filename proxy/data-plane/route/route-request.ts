import type { Random } from '../clock.ts';
import type { ExchangeState, LocalReply } from '../exchange.ts';
import type { ClusterSnapshot, WeightedCluster } from '../snapshot.ts';
import { splitAuthority } from './authority.ts';
import { directResponseReply } from './direct-response.ts';
import { applyEdit, attemptCount } from './header-operations.ts';
import { pickCluster } from './pick-cluster.ts';
import { pickRoute, type RouteTrace } from './pick-route.ts';
import { pickVirtualHost } from './pick-virtual-host.ts';
import {
  isPrepared,
  type PreparedGateway,
  type PreparedRoute,
  type PreparedVirtualHost,
  passthroughCluster,
  type RouteTable,
} from './prepare-view.ts';
import { httpsRedirectReply, redirectReply } from './redirect.ts';
import { defaultPortOf, serviceNamed } from './service-of.ts';

/** The part of an exchange that routing reads and writes. */
export type RoutableExchange = Pick<
  ExchangeState,
  | 'method'
  | 'scheme'
  | 'authority'
  | 'originalAuthority'
  | 'path'
  | 'headers'
  | 'grpc'
  | 'jwt'
  | 'proxy'
  | 'port'
  | 'destinationService'
  | 'virtualHost'
  | 'route'
  | 'weightedCluster'
  | 'cluster'
  | 'draw'
  | 'responseHeaderFilters'
  | 'downstream'
  | 'attemptCounted'
>;

export interface SelectOptions {
  /** The destination is known from elsewhere (an upstream's local port), whatever the Host says. Host lower case, without port. */
  target?: { host: string; port: number };
  trace?: RouteTrace;
}

/**
 * Before the route filters: which virtual host, route and cluster. Fills virtualHost, route, weightedCluster, cluster, draw, port and
 * destinationService, and registers the route's response header operations, which apply to local replies too (Envoy's FilterManager calls
 * finalizeResponseHeaders for them). What cannot be routed stays route = null; finalizeRequest answers it.
 */
export function selectRoute(exchange: RoutableExchange, table: RouteTable, random: Random, options?: SelectOptions): void {
  const authority = options?.target ?? splitAuthority(exchange.authority);
  const host = authority.host;
  if (table.kind === 'sidecar') {
    exchange.port = authority.port || defaultPortOf(table.view, host) || (exchange.downstream.scheme === 'https' ? 443 : 80);
  }
  exchange.destinationService = serviceNamed(table.view, host) ?? '';
  const pick = pickVirtualHost(table, host, exchange.port);
  if (pick.kind === 'none') return;
  exchange.virtualHost = pick.host.virtualHost.name;
  if (options?.trace !== undefined) options.trace.virtualHost = pick.host.virtualHost;
  const route = pickRoute(pick.host, exchange, options?.trace);
  if (route === null) return;
  const { clusters } = table.view;
  setRoute(exchange, route, (cluster) => findCluster(cluster, clusters), random);
  if (pick.kind === 'blackhole') exchange.weightedCluster = blackHole;
}

const blackHole: WeightedCluster = Object.freeze({
  cluster: 'BlackHoleCluster',
  weight: 0,
  requestHeaders: null,
  responseHeaders: null,
  hostRewrite: null,
});

/** The draw where there is one choice. */
const firstOf: Random = () => 0;

/** The inbound side: one route, one cluster. `host` comes from prepareInboundRoute. */
export function selectInboundRoute(exchange: RoutableExchange, host: PreparedVirtualHost, cluster: ClusterSnapshot): void {
  exchange.virtualHost = host.virtualHost.name;
  exchange.destinationService = cluster.service;
  setRoute(exchange, host.routes[0]!, () => cluster, firstOf);
}

function setRoute(
  exchange: RoutableExchange,
  route: PreparedRoute,
  find: (cluster: string) => ClusterSnapshot | null,
  random: Random,
): void {
  exchange.route = route;
  let index = 0;
  if (route.action.type === 'forward') {
    const picked = pickCluster(route.action, random);
    exchange.draw = picked.draw;
    index = Math.max(picked.index, 0);
    const weighted = picked.index === -1 ? null : route.action.clusters[picked.index]!;
    exchange.weightedCluster = weighted;
    exchange.cluster = weighted === null ? null : find(weighted.cluster);
    if (exchange.cluster !== null && exchange.cluster.service !== '') exchange.destinationService = exchange.cluster.service;
  }
  const edits = route.responsePlans[index] ?? [];
  if (edits.length > 0) {
    exchange.responseHeaderFilters.push((response) => {
      for (const edit of edits) applyEdit(edit, response.headers, exchange, response);
    });
  }
}

function findCluster(name: string, clusters: Record<string, ClusterSnapshot>): ClusterSnapshot | null {
  if (Object.hasOwn(clusters, name)) return clusters[name]!;
  return name === 'PassthroughCluster' ? passthroughCluster : null;
}

/**
 * After the route filters, as Envoy's router does first thing: the local reply when there is nothing to forward to (404 NR, redirect, direct
 * response, unknown cluster), otherwise header operations, then Host, then path, in that order.
 */
export function finalizeRequest(exchange: RoutableExchange): LocalReply | undefined {
  const { route } = exchange;
  if (route === null) return { status: 404, body: '', flag: 'NR', details: 'route_not_found' };
  if (!isPrepared(route)) throw new Error(`route ${route.name} was not selected by selectRoute`);
  const { action } = route;
  if (action.type === 'redirect') return redirectReply(action, exchange);
  if (action.type === 'directResponse') return directResponseReply(action, exchange);
  if (exchange.cluster === null) return clusterNotFound(action.clusterNotFoundStatus, exchange.grpc);
  rewriteRequest(exchange, route);
  return undefined;
}

function clusterNotFound(status: number, grpc: boolean): LocalReply {
  const reply: LocalReply = { status, body: '', flag: 'NC', details: 'cluster_not_found' };
  // Gateway API: an invalid backend is UNAVAILABLE to a gRPC client, whatever the HTTP status.
  if (grpc) reply.grpcStatus = 14;
  return reply;
}

function rewriteRequest(exchange: RoutableExchange, route: PreparedRoute): void {
  const index = route.action.type === 'forward' ? Math.max(route.action.clusters.indexOf(exchange.weightedCluster!), 0) : 0;
  const plan = route.requestPlans[index]!;
  if (plan.countsFirst) {
    exchange.headers.set(attemptCount, '1');
    exchange.attemptCounted = true;
  }
  const { edits, authority, destination } = plan;
  edits.forEach((edit, index) => {
    if (index === destination?.edits) exchange.authority = destination.host;
    applyEdit(edit, exchange.headers, exchange);
  });
  if (destination !== null && destination.edits >= edits.length) exchange.authority = destination.host;
  if (authority !== null && authority !== '') {
    exchange.headers.set('x-envoy-original-host', exchange.authority);
    exchange.authority = authority;
  }
  if (route.rewritePath !== null) {
    exchange.headers.set('x-envoy-original-path', exchange.path);
    exchange.path = route.rewritePath(exchange.path);
  }
}

/**
 * A gateway's tls.httpsRedirect: plaintext requests to such a server's hosts are answered 301 before anything else is decided. Hosts as in
 * Gateway servers: exact, `*.suffix`, `*`.
 */
export function httpsRedirect(exchange: Pick<ExchangeState, 'scheme' | 'authority' | 'path' | 'port'>, gateway: PreparedGateway) {
  if (exchange.scheme === 'https' || gateway.redirectHosts.length === 0) return undefined;
  const { host } = splitAuthority(exchange.authority);
  const applies = gateway.redirectHosts.some((pattern) =>
    pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern,
  );
  return applies ? httpsRedirectReply(exchange) : undefined;
}
