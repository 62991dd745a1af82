import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import type { ExplainRequest, Explanation } from '../../api/explain.schema.ts';
import type { ClusterStatus } from '../../api/observability.schema.ts';
import { isGrpcType } from '../grpc-type.ts';
import { HeaderMap } from '../header-map.ts';
import { splitAuthority } from '../route/authority.ts';
import { normalizePath } from '../route/normalize-path.ts';
import type { RouteTrace } from '../route/pick-route.ts';
import { pickVirtualHost } from '../route/pick-virtual-host.ts';
import { type PreparedView, prepareGateway, prepareView, type RouteTable } from '../route/prepare-view.ts';
import { finalizeRequest, httpsRedirect, type RoutableExchange, selectRoute } from '../route/route-request.ts';
import { RegexCache } from '../route/string-match.ts';
import { describeEffect } from '../route-filters/fault/describe-fault.ts';
import { type FaultState, isFaultActive } from '../route-filters/fault/fault-state.ts';
import { mayConcern, meetsFault, prepareFault } from '../route-filters/fault/filter.ts';
import type { FaultSnapshot, ForwardAction, GatewayListener, MeshSnapshot, ProxySnapshot, RetryPolicy } from '../snapshot.ts';
import { explainInboundPolicies } from './explain-policies.ts';

/*
 * What would happen to a request, told from the code that would do it: the same selectRoute as the traffic, with a trace. Nothing is sent.
 */

export interface ExplainOptions {
  /** Adds what a fault has already done to its effect. */
  faults?: FaultState;
  /** Epoch ms, for schedules and expiry of faults; without it they all count as acting. */
  nowWallMs?: number;
  /** A cluster as a proxy lives it now. */
  statusOf?: (proxyId: string, cluster: string) => ClusterStatus | undefined;
}

/**
 * Explains one request. `views` are the prepared outbound views by name (prepareViews makes them where no data plane runs). Throws an Error
 * with a sentence for the user when `from` names nobody.
 */
export function explain(
  snapshot: MeshSnapshot,
  views: ReadonlyMap<string, PreparedView>,
  request: ExplainRequest,
  options: ExplainOptions = {},
): Explanation {
  const proxy = findSource(snapshot, request.from);
  const table = findTable(proxy, views, request.to);
  const exchange = makeRequest(proxy, request, table);
  const trace: RouteTrace = { virtualHost: null, rules: [] };
  const redirect = table.kind === 'gateway' ? httpsRedirect(exchange, table) : undefined;
  if (redirect === undefined) selectRoute(exchange, table, () => 0, { trace });
  const original = exchange.path;
  const action = exchange.route?.action.type === 'forward' ? exchange.route.action : null;
  const clusters = action === null ? [] : shareClusters(action, exchange, table, options);
  const faults = explainFaults(snapshot, proxy, exchange, clusters, options);
  const policies = explainInboundPolicies(snapshot, proxy, exchange, clusters);
  const reply = redirect ?? finalizeRequest(exchange);
  const explanation: Explanation = {
    request,
    outcome: redirect === undefined ? nameOutcome(exchange, trace) : 'redirect',
    summary: '',
    objects: listObjects(exchange, trace, clusters, table),
    virtualHost: exchange.virtualHost,
    rules: listRules(exchange, trace),
    route: exchange.route?.name ?? '',
    ...(exchange.route?.statPrefix ? { statPrefix: exchange.route.statPrefix } : {}),
    clusters,
    rewrittenPath: exchange.path === original ? null : exchange.path,
    ...explainWaits(action),
    mirrors: action?.mirrors ?? [],
    faults,
    policies,
  };
  const location = reply?.headers?.find(([name]) => name === 'location')?.[1];
  explanation.summary = summarise(explanation, reply?.status ?? 0, location, trace);
  return explanation;
}

/** The outbound views of a snapshot, prepared: for explaining from files. */
export function prepareViews(snapshot: MeshSnapshot, regexes: RegexCache = new RegexCache()): Map<string, PreparedView> {
  const views = Object.entries(snapshot.views);
  return new Map(views.map(([name, view]) => [name, prepareView(view, snapshot.outboundTrafficPolicy, regexes)]));
}

/** A gateway routes by its listeners: the one that serves the host, else the first. */
function findTable(proxy: ProxySnapshot, views: ReadonlyMap<string, PreparedView>, authority: string): RouteTable {
  const view = views.get(proxy.view);
  if (view === undefined) throw new Error(`${proxy.id} has no outbound configuration`);
  const gateways = proxy.listeners
    .filter((listener): listener is GatewayListener => listener.role === 'gateway')
    .map((listener) => prepareGateway(listener, view.view));
  const { host, port } = splitAuthority(authority);
  return gateways.find((gateway) => pickVirtualHost(gateway, host, port).kind === 'found') ?? gateways[0] ?? view;
}

function findSource(snapshot: MeshSnapshot, from: string): ProxySnapshot {
  const proxy = snapshot.proxies.find(
    ({ id, workload }) => id === from || workload.service === from || `${workload.namespace}/${workload.service}` === from,
  );
  if (proxy === undefined) {
    const known = [...new Set(snapshot.proxies.map(({ kind, id, workload }) => (kind === 'gateway' ? id : workload.service)))];
    throw new Error(`there is no workload or service ${from}; known are ${known.join(', ')}`);
  }
  return proxy;
}

type ExplainExchange = RoutableExchange & { peer: null };

function makeRequest(proxy: ProxySnapshot, request: ExplainRequest, table: RouteTable): ExplainExchange {
  const headers = HeaderMap.from(Object.entries(request.headers));
  const connection = { id: 0, remoteAddress: '127.0.0.1:0', localAddress: '127.0.0.1:0', peerSpiffeId: '', sni: '' };
  const gatewayPort = table.kind === 'gateway' ? (proxy.listeners.find(({ role }) => role === 'gateway')?.port ?? 80) : 0;
  return {
    method: request.method,
    scheme: 'http',
    authority: request.to,
    originalAuthority: request.to,
    path: normalizePath(request.path) ?? request.path,
    headers,
    grpc: isGrpcType(headers.get('content-type')),
    jwt: null,
    proxy,
    port: gatewayPort,
    peer: null,
    destinationService: '',
    virtualHost: '',
    route: null,
    weightedCluster: null,
    cluster: null,
    draw: null,
    responseHeaderFilters: [],
    // Only facts of the connection are read, by header values such as %PROTOCOL%.
    downstream: { protocol: 'HTTP/1.1', connection } as RoutableExchange['downstream'],
  };
}

function nameOutcome(exchange: ExplainExchange, trace: RouteTrace): Explanation['outcome'] {
  if (exchange.weightedCluster?.cluster === 'BlackHoleCluster') return 'blocked';
  if (trace.virtualHost === null || exchange.route === null) return 'no-route';
  if (exchange.route.action.type === 'redirect') return 'redirect';
  if (exchange.route.action.type === 'directResponse') return 'direct-response';
  if (exchange.cluster === null) return 'cluster-not-found';
  return exchange.cluster.name === 'PassthroughCluster' ? 'passthrough' : 'forward';
}

function shareClusters(
  action: ForwardAction,
  exchange: ExplainExchange,
  table: RouteTable,
  { statusOf }: ExplainOptions,
): Explanation['clusters'] {
  const total = action.clusters.reduce((sum, { weight }) => sum + weight, 0);
  return action.clusters.map(({ cluster, weight }) => {
    const snapshot = table.view.clusters[cluster] ?? (exchange.cluster?.name === cluster ? exchange.cluster : undefined);
    const status = snapshot === undefined ? undefined : statusOf?.(exchange.proxy.id, cluster);
    const share = action.clusters.length === 1 ? 1 : total === 0 ? 0 : weight / total;
    return {
      cluster,
      weight,
      share,
      endpoints: (snapshot?.endpoints ?? []).map(({ host, port, workload, version }) => ({
        address: `${host}:${port}`,
        workload,
        version,
      })),
      policy: snapshot?.policy ?? null,
      ...(status === undefined ? {} : { status }),
    };
  });
}

/** Rules in order: skipped with their reason, the one that matched, those behind it that were never looked at. */
function listRules(exchange: ExplainExchange, trace: RouteTrace): Explanation['rules'] {
  const seen = trace.rules.map(({ route, matched, reason }) => ({ route: route.name, resource: route.origin, matched, reason }));
  if (exchange.route === null) return seen;
  const behind = (trace.virtualHost?.routes ?? []).slice(seen.length);
  return [
    ...seen,
    ...behind.map((route) => ({
      route: route.name,
      resource: route.origin,
      matched: false,
      reason: 'not looked at: a rule before it matched',
    })),
  ];
}

function listObjects(
  exchange: ExplainExchange,
  trace: RouteTrace,
  clusters: Explanation['clusters'],
  table: RouteTable,
): Explanation['objects'] {
  const objects: Explanation['objects'] = [];
  const host = trace.virtualHost;
  if (host?.origin) {
    const used = exchange.route !== null;
    objects.push({
      resource: host.origin,
      role: 'routing',
      used,
      reason: used ? 'its host matches' : 'its host matches, but none of its rules',
    });
  }
  for (const resource of host?.shadowed ?? []) {
    objects.push({ resource, role: 'routing', used: false, reason: 'another object claims the same host and is older' });
  }
  const policies = new Map<string, ResourceRef>();
  for (const { policy } of clusters)
    if (policy !== null) policies.set(`${policy.kind}/${policy.namespace}/${policy.name}`, policy);
  const backendTls = new Map<string, ResourceRef>();
  for (const { cluster } of clusters) {
    const tls = table.view.clusters[cluster]?.tls;
    const origin = tls !== undefined && 'origin' in tls ? tls.origin : undefined;
    if (origin !== undefined) backendTls.set(`${origin.kind}/${origin.namespace}/${origin.name}`, origin);
  }
  for (const resource of policies.values()) {
    objects.push({ resource, role: 'traffic policy', used: true, reason: 'it sets the policy of a chosen cluster' });
  }
  for (const resource of backendTls.values())
    objects.push({ resource, role: 'TLS', used: true, reason: 'it asks for TLS towards a chosen cluster' });
  return objects;
}

function explainWaits(
  action: ForwardAction | null,
): Pick<Explanation, 'timeoutMs' | 'perTryTimeoutMs' | 'retries' | 'worstCaseMs'> {
  const retry = action?.retry ?? null;
  const from = retry?.from ?? 'default';
  return {
    timeoutMs: { value: action?.timeoutMs ?? null, from: action?.timeoutFrom ?? 'default' },
    perTryTimeoutMs: { value: retry?.perTryTimeoutMs ?? null, from },
    retries: { value: retry === null ? null : { attempts: retry.attempts, retryOn: retryConditions(retry) }, from },
    worstCaseMs: action === null ? null : worstCaseMs(action),
  };
}

function retryConditions(retry: RetryPolicy): string {
  return [...retry.retryOn, ...retry.retriableStatusCodes.map(String)].join(',');
}

/**
 * Longest wait: every try runs into the per-try timeout, every backoff takes its maximum (retry n: (2ⁿ − 1) × base, at most the cap), cut by
 * the route's timeout. Null when neither a timeout nor a per-try timeout bounds it.
 */
export function worstCaseMs({ timeoutMs, retry }: Pick<ForwardAction, 'timeoutMs' | 'retry'>): number | null {
  const perTry = retry?.perTryTimeoutMs ?? null;
  if (perTry === null || perTry === 0) return timeoutMs;
  let total = perTry;
  for (let n = 1; n <= (retry?.attempts ?? 0); n += 1) {
    total += perTry + Math.min((2 ** n - 1) * retry!.backoffBaseMs, retry!.backoffMaxMs);
  }
  return timeoutMs === null ? total : Math.min(total, timeoutMs);
}

function explainFaults(
  snapshot: MeshSnapshot,
  caller: ProxySnapshot,
  exchange: ExplainExchange,
  clusters: Explanation['clusters'],
  { faults: state, nowWallMs }: ExplainOptions,
): Explanation['faults'] {
  const found: Explanation['faults'] = [];
  const route = exchange.route?.fault;
  const origin = exchange.route?.origin;
  const name = origin ? `${origin.kind}/${origin.namespace}/${origin.name}` : 'VirtualService';
  if (route?.delay)
    found.push({ name, side: 'client', effect: `delay ${route.delay.fixedMs} ms`, percentage: route.delay.percentage });
  if (route?.abort) {
    const { httpStatus, grpcStatus, percentage } = route.abort;
    found.push({ name, side: 'client', effect: `answer ${httpStatus ?? `grpc-status ${grpcStatus}`}`, percentage });
  }
  const counters = new Map(state?.counters().map((counter) => [counter.id, counter]));
  const regexes = new RegexCache();
  for (const fault of snapshot.faults) {
    const active = nowWallMs === undefined ? fault.enabled : isFaultActive(fault, nowWallMs);
    if (!active || !couldAct(snapshot, caller, exchange, clusters, fault, regexes)) continue;
    const counter = counters.get(fault.id);
    const past = counter === undefined ? '' : ` (${counter.hits} of ${counter.matched} so far)`;
    found.push({ name: fault.id, side: fault.side, effect: describeEffect(fault) + past, percentage: fault.percentage });
  }
  return found;
}

/** Client side: in this very proxy. Server side: in the sidecar of some endpoint the request may go to. */
function couldAct(
  snapshot: MeshSnapshot,
  caller: ProxySnapshot,
  exchange: ExplainExchange,
  clusters: Explanation['clusters'],
  fault: FaultSnapshot,
  regexes: RegexCache,
): boolean {
  if (fault.side === 'client') return mayConcern(fault, caller) && meetsFault(prepareFault(fault, regexes), exchange);
  const view = snapshot.views[caller.view];
  return clusters.some(({ cluster, endpoints }) => {
    const target = view?.clusters[cluster];
    if (target === undefined) return false;
    const arriving = { ...exchange, destinationService: target.service, port: target.port, peer: caller.workload };
    const concerned = snapshot.proxies.filter(({ id }) => endpoints.some(({ workload }) => workload === id));
    return concerned.some((callee) => mayConcern(fault, callee)) && meetsFault(prepareFault(fault, regexes), arriving);
  });
}

function summarise(explanation: Explanation, status: number, location: string | undefined, trace: RouteTrace): string {
  const { request, outcome, clusters } = explanation;
  const asked = `${request.method} ${request.path} from ${request.from} to ${request.to}`;
  switch (outcome) {
    case 'forward': {
      const shares = clusters.map(
        ({ cluster, share }) => `${(share * 100).toFixed(share === 1 ? 0 : 1).replace(/\.0$/, '')}% to ${cluster}`,
      );
      return `${asked} goes ${shares.join(', ')}${explainWait(explanation)}.`;
    }
    case 'passthrough':
      return `${asked} leaves the mesh: no service has this host and outboundTrafficPolicy is ALLOW_ANY.`;
    case 'blocked':
      return `${asked} is answered 502: no service has this host and outboundTrafficPolicy is REGISTRY_ONLY.`;
    case 'redirect':
      return `${asked} is redirected with ${status} to ${location ?? '?'}.`;
    case 'direct-response':
      return `${asked} is answered ${status} by the route itself.`;
    case 'cluster-not-found':
      return `${asked} is answered ${status}: the route's destination does not exist.`;
    case 'no-route':
      return `${asked} is answered 404: ${trace.virtualHost === null ? 'no virtual host serves this host' : 'no rule of its virtual host matches'}.`;
  }
}

function explainWait({ retries, worstCaseMs: worst }: Explanation): string {
  const tries = retries.value === null || retries.value.attempts === 0 ? '' : `, with up to ${retries.value.attempts} retries`;
  return tries + (worst === null ? ', without a timeout' : `, for at most ${Math.round(worst)} ms`);
}
