import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import type { KnownService } from '../../config/hosts.ts';
import {
  groupOf,
  type ParsedResource,
  type Path,
  type ResourceEntry,
  type ResourceSet,
  refOf,
  resourceId,
} from '../../config/index.ts';
import type {
  BackendRefSpec,
  GatewayApiMatchSpec,
  GatewayApiRouteSpec,
  HeaderModifierSpec,
  PathModifierSpec,
  ReferenceGrantSpec,
  RouteFilterSpec,
} from '../../config/kinds/istio-types.ts';
import type {
  ClusterSnapshot,
  CorsPolicy,
  ForwardAction,
  HeaderOperations,
  RedirectAction,
  RetryPolicy,
  Route,
  RouteMatch,
  StringMatch,
  WeightedCluster,
} from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { clusterName } from './clusters.ts';
import { type CompileContext, originOf } from './context.ts';
import { anyRequest } from './http-match.ts';
import { decoratorOf } from './http-routes.ts';
import { compileRetries, defaultRetryPolicy } from './retries.ts';

type RuleSpec = NonNullable<GatewayApiRouteSpec['rules']>[number];

/** HTTPRoutes and GRPCRoutes, oldest first. */
export function gatewayApiRoutes(context: CompileContext): ResourceEntry[] {
  return [...context.set.list('HTTPRoute'), ...context.set.list('GRPCRoute')];
}

/**
 * Routes whose parent is a Service (GAMMA): a route of the service's own namespace holds for every client, one of another namespace only
 * for that namespace's clients, who then prefer it. null: no route, so the service's default route applies.
 */
export function compileServiceRoutes(
  context: CompileContext,
  service: KnownService,
  port: number,
  viewer: string,
  clusters: Record<string, ClusterSnapshot>,
): { routes: Route[]; origin: ResourceRef } | null {
  const bound = gatewayApiRoutes(context)
    .map((e) => e.resource)
    .filter((resource) =>
      ((resource.spec as GatewayApiRouteSpec).parentRefs ?? []).some(
        (p) =>
          p.kind === 'Service' &&
          p.name === service.name &&
          (p.namespace ?? resource.namespace) === service.namespace &&
          (p.port === undefined || p.port === port) &&
          (p.sectionName === undefined || service.ports.some((one) => one.port === port && one.name === p.sectionName)),
      ),
    );
  const consumer = bound.filter((r) => r.namespace !== service.namespace && r.namespace === viewer);
  const chosen = consumer.length > 0 ? consumer : bound.filter((r) => r.namespace === service.namespace);
  if (chosen.length === 0) return null;
  return { routes: compileGatewayApiRoutes(context, chosen, port, clusters), origin: refOf(chosen[0]!) };
}

/** The rules of several routes in Gateway API's order of precedence (with Istio's Exact > Prefix > Regex). */
export function compileGatewayApiRoutes(
  context: CompileContext,
  resources: readonly ParsedResource[],
  listenerPort: number,
  clusters: Record<string, ClusterSnapshot>,
): Route[] {
  const ranked = resources.flatMap((resource, age) =>
    ((resource.spec as GatewayApiRouteSpec).rules ?? []).flatMap((rule, i) => {
      const matches = rule.matches?.length ? rule.matches : [{}];
      return matches.map((match, j) => {
        const path = ['spec', 'rules', i];
        const compiled = resource.kind === 'GRPCRoute' ? grpcMatch(match) : httpMatch(match);
        const route = compileRoute(
          context,
          resource,
          rule,
          compiled,
          rule.matches?.length ? [...path, 'matches', j] : path,
          listenerPort,
          clusters,
        );
        return { route, rank: [...rankOf(compiled), age, i] };
      });
    }),
  );
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map((r) => r.route);
}

/** Smaller comes first. */
function rankOf(match: RouteMatch): number[] {
  const { path } = match;
  const kind = path?.kind === 'exact' ? 0 : path?.kind === 'regex' ? 2 : 1;
  return [kind, -(path?.value.length ?? 0), match.method ? 0 : 1, -match.headers.length, -match.queryParams.length];
}

function compareRanks(a: number[], b: number[]): number {
  for (const [i, x] of a.entries()) if (x !== b[i]) return x - b[i]!;
  return 0;
}

function valueMatch(type: string | undefined, value: string): StringMatch {
  return { kind: type === 'RegularExpression' ? 'regex' : 'exact', value };
}

function httpMatch(spec: GatewayApiMatchSpec): RouteMatch {
  const value = spec.path?.value ?? '/';
  const path: RouteMatch['path'] =
    spec.path?.type === 'Exact' || spec.path?.type === 'RegularExpression'
      ? valueMatch(spec.path.type, value)
      : { kind: 'pathPrefix', value: value.length > 1 ? value.replace(/\/+$/, '') || '/' : value };
  return {
    ...anyRequest,
    path,
    method: typeof spec.method === 'string' ? { kind: 'exact', value: spec.method } : null,
    headers: (spec.headers ?? []).map((h) => ({ name: h.name.toLowerCase(), match: valueMatch(h.type, h.value) })),
    queryParams: (spec.queryParams ?? []).map((q) => ({ name: q.name, match: valueMatch(q.type, q.value) })),
  };
}

function grpcMatch(spec: GatewayApiMatchSpec): RouteMatch {
  const method = typeof spec.method === 'object' ? spec.method : undefined;
  const regex = method?.type === 'RegularExpression';
  const literal = (text: string): string => (regex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  let path: RouteMatch['path'] = null;
  if (method?.service && method.method && !regex) path = { kind: 'exact', value: `/${method.service}/${method.method}` };
  else if (method?.service && !method.method && !regex) path = { kind: 'prefix', value: `/${method.service}/` };
  else if (method?.service || method?.method) {
    path = {
      kind: 'regex',
      value: `/${method.service ? literal(method.service) : '[^/]+'}/${method.method ? literal(method.method) : '.+'}`,
    };
  }
  const headers = (spec.headers ?? []).map((h) => ({ name: h.name.toLowerCase(), match: valueMatch(h.type, h.value) }));
  return { ...anyRequest, path, headers, grpc: true };
}

function compileRoute(
  context: CompileContext,
  resource: ParsedResource,
  rule: RuleSpec,
  match: RouteMatch,
  path: Path,
  listenerPort: number,
  clusters: Record<string, ClusterSnapshot>,
): Route {
  const filters = rule.filters ?? [];
  const cors = filters.find((f) => f.cors)?.cors;
  const redirect = filters.find((f) => f.requestRedirect)?.requestRedirect;
  const action = redirect ? compileRedirect(redirect, match) : compileForward(context, resource, rule, match, clusters);
  return {
    name: rule.name ?? `${resource.namespace}.${resource.name}.${path[2]}`,
    origin: originOf(resource, path),
    match,
    action,
    requestHeaders: headerOperations(filters, 'requestHeaderModifier'),
    responseHeaders: headerOperations(filters, 'responseHeaderModifier'),
    fault: null,
    cors: cors ? compileCors(cors) : null,
    decorator: decoratorOf(action, match, resource.name, listenerPort),
  };
}

function compileForward(
  context: CompileContext,
  resource: ParsedResource,
  rule: RuleSpec,
  match: RouteMatch,
  clusters: Record<string, ClusterSnapshot>,
): ForwardAction {
  const rewrite = (rule.filters ?? []).find((f) => f.urlRewrite)?.urlRewrite;
  const backends = (rule.backendRefs ?? []).map((b) => compileBackend(context, resource, b));
  const chosen = backends.filter((b) => b.weight > 0);
  // No backend, or none with weight: the whole share answers like an invalid backend.
  if (chosen.length === 0)
    chosen.push({ cluster: '', weight: 1, requestHeaders: null, responseHeaders: null, hostRewrite: null });
  const { timeoutMs, retry } = compileTimeouts(context, resource, rule, chosen, clusters);
  const mirrors = (rule.filters ?? []).flatMap((f) => (f.requestMirror ? [f.requestMirror] : []));
  return {
    type: 'forward',
    clusters: chosen,
    totalWeight: chosen.reduce((sum, c) => sum + c.weight, 0),
    rewrite: rewrite ? { path: pathModifier(rewrite.path, match), authority: rewrite.hostname ?? null } : null,
    timeoutMs,
    timeoutFrom: rule.timeouts ? resourceId(resource) : 'default',
    retry,
    mirrors: mirrors.map((m) => ({
      cluster: compileBackend(context, resource, m.backendRef).cluster,
      percentage: m.percent ?? (m.fraction ? (100 * m.fraction.numerator) / (m.fraction.denominator ?? 100) : 100),
    })),
    clusterNotFoundStatus: resource.kind === 'GRPCRoute' ? 503 : 500,
  };
}

/** backendRequest is the per-try timeout where retries exist; without, it cuts the whole (as Istio does it). */
function compileTimeouts(
  context: CompileContext,
  resource: ParsedResource,
  rule: RuleSpec,
  chosen: WeightedCluster[],
  clusters: Record<string, ClusterSnapshot>,
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
function compileBackend(context: CompileContext, resource: ParsedResource, backend: BackendRefSpec): WeightedCluster {
  const namespace = backend.namespace ?? resource.namespace;
  const service =
    (backend.kind ?? 'Service') === 'Service' && (backend.group ?? '') === ''
      ? context.services.find((s) => !s.external && s.name === backend.name && s.namespace === namespace)
      : undefined;
  const valid = service?.ports.some((p) => p.port === backend.port) && isGranted(context.set, resource, backend.name, namespace);
  return {
    cluster: valid ? clusterName(backend.port!, '', service!.fqdn) : '',
    weight: backend.weight ?? 1,
    requestHeaders: headerOperations(backend.filters ?? [], 'requestHeaderModifier'),
    responseHeaders: headerOperations(backend.filters ?? [], 'responseHeaderModifier'),
    hostRewrite: (backend.filters ?? []).find((f) => f.urlRewrite)?.urlRewrite?.hostname ?? null,
  };
}

/** Another namespace's Service must be opened to us by a ReferenceGrant there. */
export function isGranted(set: ResourceSet, resource: ParsedResource, name: string, namespace: string): boolean {
  if (namespace === resource.namespace) return true;
  return set.list('ReferenceGrant').some(({ resource: grant }) => {
    if (grant.namespace !== namespace) return false;
    const spec = grant.spec as ReferenceGrantSpec;
    const from = spec.from?.some(
      (f) => f.group === groupOf(resource.apiVersion) && f.kind === resource.kind && f.namespace === resource.namespace,
    );
    return Boolean(from && spec.to?.some((t) => (t.group ?? '') === '' && t.kind === 'Service' && (t.name ?? name) === name));
  });
}

function pathModifier(spec: PathModifierSpec | undefined, match: RouteMatch): NonNullable<ForwardAction['rewrite']>['path'] {
  if (!spec) return null;
  if (spec.type === 'ReplaceFullPath') return { kind: 'full', replacement: spec.replaceFullPath ?? '/' };
  return { kind: 'pathPrefix', matched: match.path?.value ?? '/', replacement: spec.replacePrefixMatch ?? '/' };
}

function compileRedirect(spec: NonNullable<RouteFilterSpec['requestRedirect']>, match: RouteMatch): RedirectAction {
  const path = pathModifier(spec.path, match);
  const compiled: RedirectAction['path'] =
    path?.kind === 'full'
      ? { kind: 'full', value: path.replacement }
      : path?.kind === 'pathPrefix'
        ? { kind: 'pathPrefix', matched: path.matched, replacement: path.replacement }
        : null;
  // Port: explicit, else the scheme's own when a scheme is given, else the listener's (the request's).
  const port = spec.port ?? (spec.scheme ? 'from-protocol-default' : 'from-request-port');
  return {
    type: 'redirect',
    status: spec.statusCode ?? 302,
    path: compiled,
    authority: spec.hostname ?? null,
    scheme: spec.scheme ?? null,
    port,
  };
}

function headerOperations(
  filters: RouteFilterSpec[],
  field: 'requestHeaderModifier' | 'responseHeaderModifier',
): HeaderOperations | null {
  const modifiers = filters.flatMap((f) => (f[field] ? [f[field]] : []));
  if (modifiers.length === 0) return null;
  const pairs = (key: 'set' | 'add'): [string, string][] =>
    modifiers.flatMap((m: HeaderModifierSpec) =>
      (m[key] ?? []).map(({ name, value }): [string, string] => [name.toLowerCase(), value]),
    );
  return { remove: modifiers.flatMap((m) => m.remove ?? []).map((n) => n.toLowerCase()), set: pairs('set'), add: pairs('add') };
}

function compileCors(spec: NonNullable<RouteFilterSpec['cors']>): CorsPolicy {
  const origin = (text: string): StringMatch => {
    if (text === '*') return { kind: 'regex', value: '.*' };
    if (!text.includes('*')) return { kind: 'exact', value: text };
    return { kind: 'regex', value: text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*') };
  };
  return {
    allowOrigins: (spec.allowOrigins ?? []).map(origin),
    allowMethods: spec.allowMethods ?? [],
    allowHeaders: spec.allowHeaders ?? [],
    exposeHeaders: spec.exposeHeaders ?? [],
    maxAgeSeconds: spec.maxAge ?? null,
    allowCredentials: spec.allowCredentials ?? null,
    unmatchedPreflights: 'FORWARD',
  };
}
