import type { ResourceRef } from '../../../api/diagnostic.schema.ts';
import type { KnownService } from '../../../config/hosts.ts';
import { type ParsedResource, type Path, refOf, resourceId } from '../../../config/index.ts';
import type { BackendRefSpec, GatewayApiRouteSpec } from '../../../config/kinds/istio-types.ts';
import type {
  ClusterSnapshot,
  ForwardAction,
  RetryPolicy,
  Route,
  RouteMatch,
  WeightedCluster,
} from '../../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../../shared/duration.ts';
import { clusterName } from '../clusters.ts';
import { type CompileContext, originOf } from '../context.ts';
import { decoratorOf } from '../http-routes.ts';
import { compileRetries, defaultRetryPolicy } from '../retries.ts';
import { type RouteParent, resolveBackend } from './backends.ts';
import { compileCors, compileRedirect, compileRewrite, headerOperations } from './filters.ts';
import { isServiceParent } from './listener-admission.ts';
import { compareRanks, grpcMatch, httpMatch } from './matches.ts';
import { findRouteError } from './route-errors.ts';

type RuleSpec = NonNullable<GatewayApiRouteSpec['rules']>[number];

/** HTTPRoutes and GRPCRoutes that one asks for, oldest first, without those that istiod serves nothing of. */
export function gatewayApiRoutes(
  context: CompileContext,
  parent: RouteParent,
  isWanted: (resource: ParsedResource) => boolean = () => true,
): ParsedResource[] {
  return [...context.set.list('HTTPRoute'), ...context.set.list('GRPCRoute')]
    .map(({ resource }) => resource)
    .filter((resource) => isWanted(resource) && findRouteError(context.set, resource, parent, context.services) === null);
}

/**
 * Routes whose parent is a Service (GAMMA) or, as Istio has it, a ServiceEntry: a route of the service's own namespace holds for every client, one of another namespace only
 * for that namespace's clients, who then prefer it. null: no route, so the service's default route applies.
 */
export function compileServiceRoutes(
  context: CompileContext,
  service: KnownService,
  port: number,
  viewer: string,
  clusters: Record<string, ClusterSnapshot>,
): { routes: Route[]; origin: ResourceRef } | null {
  const bound = gatewayApiRoutes(context, 'mesh', (resource) =>
    ((resource.spec as GatewayApiRouteSpec).parentRefs ?? []).some((parent) => isServiceParent(parent, resource, service, port)),
  );
  const consumer = bound.filter((r) => r.namespace !== service.namespace && r.namespace === viewer);
  const chosen = consumer.length > 0 ? consumer : bound.filter((r) => r.namespace === service.namespace);
  if (chosen.length === 0) return null;
  return { routes: compileGatewayApiRoutes({ context, parent: 'mesh', port, clusters }, chosen), origin: refOf(chosen[0]!) };
}

/** Where routes are compiled for. */
export interface RouteScope {
  context: CompileContext;
  parent: RouteParent;
  /** Of the listener or the service. */
  port: number;
  clusters: Record<string, ClusterSnapshot>;
}

/** The rules of several routes in Gateway API's order of precedence (with Istio's Exact > Prefix > Regex). */
export function compileGatewayApiRoutes(scope: RouteScope, resources: readonly ParsedResource[]): Route[] {
  const ranked = resources.flatMap((resource, age) =>
    ((resource.spec as GatewayApiRouteSpec).rules ?? []).flatMap((rule, i) => {
      const matches = rule.matches?.length ? rule.matches : [{}];
      return matches.map((spec, j) => {
        const path = ['spec', 'rules', i];
        const { match, rank } = resource.kind === 'GRPCRoute' ? grpcMatch(spec) : httpMatch(spec);
        const route = compileRoute(scope, resource, rule, match, rule.matches?.length ? [...path, 'matches', j] : path);
        return { route, rank: [...rank, age, i] };
      });
    }),
  );
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map((r) => r.route);
}

function compileRoute(scope: RouteScope, resource: ParsedResource, rule: RuleSpec, match: RouteMatch, path: Path): Route {
  const filters = rule.filters ?? [];
  const cors = filters.find((f) => f.cors)?.cors;
  const redirect = filters.find((f) => f.requestRedirect)?.requestRedirect;
  const action = redirect ? compileRedirect(redirect, match) : compileForward(scope, resource, rule, match);
  return {
    name: rule.name ?? `${resource.namespace}.${resource.name}.${path[2]}`,
    origin: originOf(resource, path),
    match,
    action,
    requestHeaders: headerOperations(filters, 'requestHeaderModifier'),
    responseHeaders: headerOperations(filters, 'responseHeaderModifier'),
    fault: null,
    cors: cors ? compileCors(cors) : null,
    decorator: decoratorOf(action, match, resource.name, scope.port),
  };
}

function compileForward(scope: RouteScope, resource: ParsedResource, rule: RuleSpec, match: RouteMatch): ForwardAction {
  const rewrite = (rule.filters ?? []).find((f) => f.urlRewrite)?.urlRewrite;
  const backends = (rule.backendRefs ?? []).map((b) => compileBackend(scope, resource, b));
  const chosen = backends.filter((b) => b.weight > 0);
  // No backend, or none with weight: the whole share answers like an invalid backend.
  if (chosen.length === 0)
    chosen.push({ cluster: '', weight: 1, requestHeaders: null, responseHeaders: null, hostRewrite: null });
  const { timeoutMs, retry } = compileTimeouts(scope, resource, rule, chosen);
  const mirrors = (rule.filters ?? []).flatMap((f) => (f.requestMirror ? [f.requestMirror] : []));
  return {
    type: 'forward',
    clusters: chosen,
    totalWeight: chosen.reduce((sum, c) => sum + c.weight, 0),
    rewrite: rewrite ? compileRewrite(rewrite, match) : null,
    timeoutMs,
    timeoutFrom: rule.timeouts ? resourceId(resource) : 'default',
    retry,
    mirrors: mirrors.map((m) => ({
      cluster: compileBackend(scope, resource, m.backendRef).cluster,
      percentage: m.percent ?? (m.fraction ? (100 * m.fraction.numerator) / (m.fraction.denominator ?? 100) : 100),
    })),
    clusterNotFoundStatus: resource.kind === 'GRPCRoute' ? 503 : 500,
  };
}

/** backendRequest is the per-try timeout where retries exist; without, it cuts the whole (as Istio does it). */
function compileTimeouts(
  { context, clusters }: RouteScope,
  resource: ParsedResource,
  rule: RuleSpec,
  chosen: WeightedCluster[],
): { timeoutMs: number | null; retry: RetryPolicy | null } {
  const hashed = chosen.some((c) => clusters[c.cluster]?.loadBalancer.kind === 'consistent-hash');
  const request = rule.timeouts?.request === undefined ? null : parseDurationMs(rule.timeouts.request) || null;
  const backend = rule.timeouts?.backendRequest === undefined ? null : parseDurationMs(rule.timeouts.backendRequest) || null;
  if (!rule.retry) return { timeoutMs: backend ?? request, retry: defaultRetryPolicy(context, hashed) };
  const { attempts, codes, backoff } = rule.retry;
  const retryOn = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', ...(codes ?? []).map(String)].join(',');
  const spec = { attempts: attempts ?? 2, retryOn, backoff, perTryTimeout: rule.timeouts?.backendRequest };
  return { timeoutMs: request, retry: compileRetries(spec, request, hashed, resourceId(resource)) };
}

/** The cluster of a backend; '' (nobody's cluster) when it does not exist, is of a foreign kind, or is not granted. */
function compileBackend({ context, parent }: RouteScope, resource: ParsedResource, backend: BackendRefSpec): WeightedCluster {
  const { service } = resolveBackend(context.set, resource, backend, parent, context.services);
  return {
    cluster: service ? clusterName(backend.port!, '', service.fqdn) : '',
    weight: backend.weight ?? 1,
    requestHeaders: headerOperations(backend.filters ?? [], 'requestHeaderModifier'),
    responseHeaders: headerOperations(backend.filters ?? [], 'responseHeaderModifier'),
    hostRewrite: null,
  };
}
