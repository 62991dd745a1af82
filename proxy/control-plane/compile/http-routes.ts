import type { KnownService } from '../../config/hosts.ts';
import { type ParsedResource, resourceId } from '../../config/index.ts';
import type {
  CorsSpec,
  DestinationSpec,
  HttpFaultSpec,
  HttpMatchSpec,
  HttpRedirectSpec,
  HttpRouteSpec,
  PercentSpec,
  RouteDestinationSpec,
} from '../../config/kinds/istio-types.ts';
import { grpcStatusNumber } from '../../config/kinds/virtual-service.ts';
import { anyRequest, forwardTo, plainRoute } from '../../data-plane/snapshot/plain.ts';
import type {
  ClusterSnapshot,
  CorsPolicy,
  DirectResponseAction,
  ForwardAction,
  RedirectAction,
  Route,
  RouteFault,
  RouteMatch,
  WeightedCluster,
} from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { clusterName } from './clusters.ts';
import { type CompileContext, originOf } from './context.ts';
import { expandDelegates, type OwnedRule } from './delegates.ts';
import { compileHeaders, compileHttpMatch, compileStringMatch, isCatchAllMatch } from './http-match.ts';
import { compileRetries, defaultRetryPolicy } from './retries.ts';

/** Where routes are compiled for. */
export interface RouteTarget {
  /** `mesh`, or `namespace/name` of a Gateway. */
  gateway: string;
  /** Listener port for `match.port` and as a last resort for destinations; null = any. */
  port: number | null;
  clusters: Record<string, ClusterSnapshot>;
}

/** The routes of a VirtualService in match order: one per `match[]` entry; what stands behind a catch-all is dropped, as in Istio. */
export function compileHttpRoutes(context: CompileContext, resource: ParsedResource, target: RouteTarget): Route[] {
  const routes: Route[] = [];
  for (const owned of expandDelegates(context, resource)) {
    const matches: (HttpMatchSpec | null)[] = owned.rule.match?.length ? owned.rule.match : [null];
    for (const [j, match] of matches.entries()) {
      if (match && !matchesTarget(match, owned, target)) continue;
      const route = compileRoute(context, owned, match, j, target);
      routes.push(route);
      if (isCatchAllMatch(route.match)) return routes;
    }
  }
  return routes;
}

/** `match.port` and `match.gateways` are decided here, once; match.gateways overrides the VirtualService's list. */
function matchesTarget(match: HttpMatchSpec, owned: OwnedRule, target: RouteTarget): boolean {
  if (match.port !== undefined && match.port !== target.port) return false;
  if (!match.gateways?.length) return true;
  return match.gateways.some((g) => qualifyGateway(g, owned.root.namespace) === target.gateway);
}

/** `mesh` stays, `my-gateway` → `namespace/my-gateway`. */
export function qualifyGateway(gateway: string, namespace: string): string {
  return gateway === 'mesh' || gateway.includes('/') ? gateway : `${namespace}/${gateway}`;
}

function compileRoute(
  context: CompileContext,
  owned: OwnedRule,
  match: HttpMatchSpec | null,
  j: number,
  target: RouteTarget,
): Route {
  const { rule, resource, path } = owned;
  const compiled = match ? compileHttpMatch(match) : anyRequest;
  const request = compileHeaders(rule.headers?.request);
  const action = compileAction(context, owned, compiled, request.host, target);
  // A delegate's rules sit in another object: its own path leads to the match it wrote, if it wrote one.
  const matchPath = owned.matchPaths?.[j] ?? (match ? [...path, 'match', j] : path);
  return {
    name: match?.name ? `${rule.name ?? ''}.${match.name}` : rule.name || 'default',
    origin: originOf(resource, matchPath),
    match: compiled,
    action,
    requestHeaders: request.operations,
    responseHeaders: compileHeaders(rule.headers?.response).operations,
    fault: rule.fault ? compileRouteFault(rule.fault) : null,
    cors: rule.corsPolicy ? compileCors(rule.corsPolicy) : null,
    decorator: decoratorOf(action, compiled, owned.root.name, target.port ?? 80),
    ...(match?.statPrefix ? { statPrefix: match.statPrefix } : {}),
  };
}

function compileAction(
  context: CompileContext,
  owned: OwnedRule,
  match: RouteMatch,
  routeHost: string | null,
  target: RouteTarget,
): Route['action'] {
  const { rule, resource } = owned;
  if (rule.redirect) return compileRedirect(rule.redirect);
  if (rule.directResponse) return compileDirectResponse(rule.directResponse);
  const clusters = compileDestinations(context, rule.route ?? [], resource, target);
  // As istiod counts: by the destinations written, not by those with weight.
  const single = rule.route?.length === 1;
  const authority = rule.rewrite?.authority ?? (single ? (clusters[0]!.hostRewrite ?? routeHost) : routeHost);
  // The route's rewrite.authority wins over any header operation; with one destination there is one answer, kept in `rewrite`.
  if (rule.rewrite?.authority !== undefined || single) for (const cluster of clusters) cluster.hostRewrite = null;
  const timeoutMs = rule.timeout === undefined ? null : parseDurationMs(rule.timeout) || null;
  const hashed = clusters.some((c) => target.clusters[c.cluster]?.loadBalancer.kind === 'consistent-hash');
  const path = compilePathRewrite(rule, match);
  return {
    type: 'forward',
    clusters,
    totalWeight: clusters.reduce((sum, c) => sum + c.weight, 0),
    ...(clusters.length === 1 && !single ? { weighted: true } : {}),
    rewrite: path || authority !== null ? { path, authority } : null,
    timeoutMs,
    timeoutFrom: rule.timeout === undefined ? 'default' : resourceId(resource),
    retry: rule.retries
      ? compileRetries(rule.retries, timeoutMs, hashed, resourceId(resource))
      : defaultRetryPolicy(context, hashed),
    mirrors: compileMirrors(context, rule, resource, target),
    clusterNotFoundStatus: 503,
  };
}

/** One destination keeps its place whatever its weight; of several, those of weight 0 are dropped. */
function compileDestinations(
  context: CompileContext,
  route: RouteDestinationSpec[],
  resource: ParsedResource,
  target: RouteTarget,
): WeightedCluster[] {
  const kept = route.length > 1 ? route.filter((r) => (r.weight ?? 0) > 0) : route;
  return kept.map((r) => {
    const request = compileHeaders(r.headers?.request);
    return {
      cluster: destinationCluster(context, r.destination, resource.namespace, target.port),
      weight: route.length > 1 ? (r.weight ?? 0) : 100,
      requestHeaders: request.operations,
      responseHeaders: compileHeaders(r.headers?.response).operations,
      hostRewrite: request.host,
    };
  });
}

/** Port: the destination's own, else the service's only one, else the listener's. */
export function destinationCluster(
  context: CompileContext,
  to: DestinationSpec,
  namespace: string,
  listenerPort: number | null,
): string {
  const service = context.hosts.find(to.host, namespace);
  const port =
    to.port?.number ?? (service?.ports.length === 1 ? service.ports[0]!.port : (listenerPort ?? service?.ports[0]?.port ?? 80));
  return clusterName(port, to.subset ?? '', service?.fqdn ?? context.hosts.resolve(to.host, namespace));
}

function compileMirrors(
  context: CompileContext,
  rule: HttpRouteSpec,
  resource: ParsedResource,
  target: RouteTarget,
): ForwardAction['mirrors'] {
  const mirrors = (rule.mirrors ?? []).map((m) => ({ destination: m.destination, percentage: m.percentage?.value ?? 100 }));
  if (rule.mirror) {
    const percentage = rule.mirrorPercentage?.value ?? rule.mirrorPercent ?? rule.mirror_percent ?? 100;
    mirrors.push({ destination: rule.mirror, percentage });
  }
  return mirrors
    .filter((m) => m.percentage > 0)
    .map((m) => ({
      cluster: destinationCluster(context, m.destination, resource.namespace, target.port),
      percentage: m.percentage,
    }));
}

/** Envoy's prefix_rewrite replaces what the match matched: the prefix, or the whole path after an exact or regex match. */
function compilePathRewrite(rule: HttpRouteSpec, match: RouteMatch): NonNullable<ForwardAction['rewrite']>['path'] {
  const { rewrite } = rule;
  if (!rewrite) return null;
  if (rewrite.uriRegexRewrite) {
    return { kind: 'regex', regex: rewrite.uriRegexRewrite.match, substitution: rewrite.uriRegexRewrite.rewrite };
  }
  if (rewrite.uri === undefined || rewrite.uri === '') return null;
  if (match.path?.kind === 'exact' || match.path?.kind === 'regex') return { kind: 'full', replacement: rewrite.uri };
  return { kind: 'prefix', matched: match.path?.value ?? '/', replacement: rewrite.uri };
}

function compileRedirect(spec: HttpRedirectSpec): RedirectAction {
  const port =
    spec.port ??
    (spec.derivePort === 'FROM_REQUEST_PORT' ? 'from-request-port' : spec.derivePort ? 'from-protocol-default' : null);
  return {
    type: 'redirect',
    status: spec.redirectCode || 301,
    path: spec.uri === undefined ? null : { kind: 'full', value: spec.uri },
    authority: spec.authority || null,
    scheme: spec.scheme || null,
    port,
  };
}

function compileDirectResponse(spec: NonNullable<HttpRouteSpec['directResponse']>): DirectResponseAction {
  const base64 = spec.body?.bytes !== undefined;
  return { type: 'directResponse', status: spec.status, body: spec.body?.bytes ?? spec.body?.string ?? '', base64 };
}

/** A missing percentage means 0: never (since the deprecated `percent` went). */
function compileRouteFault({ delay, abort }: HttpFaultSpec): RouteFault {
  const percent = (p: PercentSpec | undefined, old: number | undefined): number => p?.value ?? old ?? 0;
  return {
    delay: delay
      ? { percentage: percent(delay.percentage, delay.percent), fixedMs: parseDurationMs(delay.fixedDelay ?? '0') ?? 0 }
      : null,
    abort: abort
      ? {
          percentage: percent(abort.percentage, abort.percent),
          httpStatus: abort.httpStatus ?? null,
          grpcStatus: abort.grpcStatus === undefined ? null : grpcStatusNumber(abort.grpcStatus),
        }
      : null,
  };
}

function compileCors(spec: CorsSpec): CorsPolicy {
  const origins = spec.allowOrigins?.length
    ? spec.allowOrigins.flatMap((o) => compileStringMatch(o) ?? [])
    : (spec.allowOrigin ?? []).map((o) =>
        o === '*' ? ({ kind: 'regex', value: '.*' } as const) : ({ kind: 'exact', value: o } as const),
      );
  return {
    allowOrigins: origins,
    allowMethods: spec.allowMethods ?? [],
    allowHeaders: spec.allowHeaders ?? [],
    exposeHeaders: spec.exposeHeaders ?? [],
    maxAgeSeconds: spec.maxAge === undefined ? null : Math.floor((parseDurationMs(spec.maxAge) ?? 0) / 1000),
    allowCredentials: spec.allowCredentials ?? null,
    unmatchedPreflights: spec.unmatchedPreflights === 'IGNORE' ? 'IGNORE' : 'FORWARD',
  };
}

/** `ratings.default.svc.cluster.local:9080/*`: the one cluster's host, or the VirtualService's name when there are several. */
export function decoratorOf(action: Route['action'], match: RouteMatch, name: string, port: number): string {
  const path = match.path === null || match.path.kind === 'present' ? '/*' : pathText(match.path);
  const only = action.type === 'forward' && action.clusters.length === 1 ? action.clusters[0]!.cluster.split('|') : null;
  return only && only.length === 4 ? `${only[3]}:${only[1]}${path}` : `${name}:${port}${path}`;
}

function pathText(path: NonNullable<RouteMatch['path']>): string {
  return path.kind === 'prefix' || path.kind === 'pathPrefix' ? `${path.value}*` : path.value;
}

/** Everything to one service port: what a service without a VirtualService gets, and what Gateway API calls no route at all. */
export function defaultRoute(
  context: CompileContext,
  service: KnownService,
  port: number,
  clusters: Record<string, ClusterSnapshot>,
): Route {
  const cluster = clusterName(port, '', service.fqdn);
  const hashed = clusters[cluster]?.loadBalancer.kind === 'consistent-hash';
  const action = { ...forwardTo(cluster), retry: defaultRetryPolicy(context, hashed) };
  return { ...plainRoute('default', action), decorator: `${service.fqdn}:${port}/*` };
}
