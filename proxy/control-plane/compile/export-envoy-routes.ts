import type {
  ClusterSnapshot,
  CorsPolicy,
  ForwardAction,
  HeaderOperations,
  NamedMatch,
  RedirectAction,
  RetryPolicy,
  Route,
  RouteFault,
  RouteMatch,
  StringMatch,
  VirtualHost,
} from '../../data-plane/snapshot.ts';
import { rateLimitConfig } from './export-envoy-filters.ts';
import { fraction, type Json, seconds, typed } from './export-envoy-json.ts';

/** What the proxy that is exported decides statically, and the clusters its routes lead to. */
export interface RouteScope {
  port: number;
  labels: Readonly<Record<string, string>>;
  namespace: string;
  clusters: Readonly<Record<string, ClusterSnapshot>>;
}

/** `domains` without those another virtual host of the listener has taken: Envoy refuses duplicates. */
export function virtualHost(host: VirtualHost, domains: string[], scope: RouteScope): Json {
  // Static selectors are decided per proxy; claim matches need the JWT filter's metadata and cannot stand alone.
  const routes = host.routes.filter(
    ({ match: m }) =>
      Object.entries(m.sourceLabels ?? {}).every(([k, v]) => scope.labels[k] === v) &&
      (m.sourceNamespace === null || m.sourceNamespace === scope.namespace) &&
      m.claims.length === 0,
  );
  return {
    name: host.name,
    domains,
    routes: routes.map((r) => route(r, scope)),
    include_request_attempt_count: true,
    ...hostLimits(host),
  };
}

/** Limits of the virtual host itself share one bucket, so they stand there and not on its routes. */
function hostLimits({ name, routes }: VirtualHost): Json {
  const own = routes.flatMap(({ rateLimits }) => Object.entries(rateLimits ?? {}).filter(([, limit]) => limit.id === name));
  if (own.length === 0) return {};
  return { typed_per_filter_config: Object.fromEntries(own.map(([filter, limit]) => [filter, rateLimitConfig(limit, filter)])) };
}

function route(source: Route, scope: RouteScope): Json {
  const { action } = source;
  const base: Json = {
    name: source.name,
    match: match(source.match),
    ...(source.statPrefix ? { stat_prefix: source.statPrefix } : {}),
    ...(source.decorator === '' ? {} : { decorator: { operation: source.decorator } }),
    ...headerFields(source, action),
    ...filterConfigs(source),
  };
  if (action.type === 'redirect') return { ...base, redirect: redirect(action, scope.port) };
  if (action.type === 'directResponse') {
    const body = action.base64 ? { inline_bytes: action.body } : { inline_string: action.body };
    return { ...base, direct_response: { status: action.status, ...(action.body ? { body } : {}) } };
  }
  return { ...base, route: forward(action, scope) };
}

/** One destination: its header operations join the route's, as istiod writes them. */
function headerFields(source: Route, action: Route['action']): Json {
  const only = action.type === 'forward' && isSingle(action) ? action.clusters[0]! : null;
  return {
    ...headerOperations([source.requestHeaders, only?.requestHeaders ?? null], 'request'),
    ...headerOperations([source.responseHeaders, only?.responseHeaders ?? null], 'response'),
  };
}

function forward(action: ForwardAction, scope: RouteScope): Json {
  const { clusters, rewrite, retry, mirrors } = action;
  const timeout = seconds(action.timeoutMs ?? 0);
  const authority = rewrite?.authority ?? (isSingle(action) ? clusters[0]!.hostRewrite : null);
  const hashed = clusters.flatMap((c) => hashPolicy(scope.clusters[c.cluster]));
  return {
    ...destinations(action),
    cluster_not_found_response_code: action.clusterNotFoundStatus === 503 ? 'SERVICE_UNAVAILABLE' : 'INTERNAL_SERVER_ERROR',
    timeout,
    max_grpc_timeout: timeout,
    ...(authority ? { host_rewrite_literal: authority } : {}),
    ...pathRewrite(rewrite?.path ?? null),
    ...(action.idleTimeoutMs === undefined ? {} : { idle_timeout: seconds(action.idleTimeoutMs) }),
    ...(action.maxStreamDurationMs === undefined
      ? {}
      : { max_stream_duration: { max_stream_duration: seconds(action.maxStreamDurationMs) } }),
    ...(retry && retry.attempts > 0 ? { retry_policy: retryPolicy(retry) } : {}),
    ...(hashed.length > 0 ? { hash_policy: hashed } : {}),
    ...(mirrors.length > 0 ? { request_mirror_policies: mirrors.map((m) => mirrorPolicy(m.cluster, m.percentage)) } : {}),
  };
}

const isSingle = (action: ForwardAction): boolean => action.clusters.length === 1 && !action.weighted;

function destinations(action: ForwardAction): Json {
  const { clusters } = action;
  if (isSingle(action)) return { cluster: clusters[0]!.cluster || 'invalid-backend' };
  return {
    weighted_clusters: {
      clusters: clusters.map((c) => ({
        name: c.cluster || 'invalid-backend',
        weight: c.weight,
        ...headerOperations([c.requestHeaders], 'request'),
        ...headerOperations([c.responseHeaders], 'response'),
        ...(c.hostRewrite ? { host_rewrite_literal: c.hostRewrite } : {}),
      })),
    },
  };
}

/** Envoy's prefix_rewrite replaces what the match matched; a whole path is replaced by a regex over all of it. */
function pathRewrite(path: NonNullable<ForwardAction['rewrite']>['path']): Json {
  if (path === null) return {};
  switch (path.kind) {
    case 'prefix':
      return { prefix_rewrite: path.replacement };
    case 'full':
      return wholePath(path.replacement);
    case 'regex':
      return { regex_rewrite: { pattern: { regex: path.regex }, substitution: path.substitution } };
    case 'pathPrefix':
      // istiod: a trailing slash is cut, and a prefix that becomes nothing is cut with its slashes.
      return path.replacement === '/' || path.replacement === ''
        ? {
            regex_rewrite: {
              pattern: { regex: `^${escapeRegex(path.matched.replace(/\/+$/, ''))}(/?)(.*)` },
              substitution: '/\\2',
            },
          }
        : { prefix_rewrite: path.replacement.replace(/\/+$/, '') };
  }
}

const wholePath = (replacement: string): Json => ({
  regex_rewrite: { pattern: { regex: '/.*' }, substitution: replacement.replaceAll('\\', '\\\\') },
});
const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function retryPolicy(retry: RetryPolicy): Json {
  const previousPriorities = typed('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
    update_frequency: 2,
  });
  const predicate = typed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {});
  return {
    retry_on: retry.retryOn.join(','),
    num_retries: retry.attempts,
    ...(retry.retriableStatusCodes.length > 0 ? { retriable_status_codes: retry.retriableStatusCodes } : {}),
    ...(retry.perTryTimeoutMs === null ? {} : { per_try_timeout: seconds(retry.perTryTimeoutMs) }),
    retry_back_off: { base_interval: seconds(retry.backoffBaseMs), max_interval: seconds(retry.backoffMaxMs) },
    ...(retry.hostSelectionRetries > 0
      ? {
          retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config: predicate }],
          host_selection_retry_max_attempts: String(retry.hostSelectionRetries),
        }
      : {}),
    ...(retry.previousPriorities
      ? { retry_priority: { name: 'envoy.retry_priorities.previous_priorities', typed_config: previousPriorities } }
      : {}),
  };
}

/** `disable_shadow_host_suffix_append`: Istio's default since 1.28. */
function mirrorPolicy(cluster: string, percentage: number): Json {
  return {
    cluster,
    runtime_fraction: { default_value: fraction(percentage) },
    trace_sampled: false,
    disable_shadow_host_suffix_append: true,
  };
}

function hashPolicy(cluster: ClusterSnapshot | undefined): Json[] {
  if (cluster?.loadBalancer.kind !== 'consistent-hash') return [];
  const { key } = cluster.loadBalancer;
  switch (key.kind) {
    case 'header':
      return [{ header: { header_name: key.name } }];
    case 'query':
      return [{ query_parameter: { name: key.name } }];
    case 'source-ip':
      return [{ connection_properties: { source_ip: true } }];
    case 'cookie':
      return [
        {
          cookie: {
            name: key.name,
            ...(key.path === '' ? {} : { path: key.path }),
            ...(key.ttlSeconds === null ? {} : { ttl: seconds(key.ttlSeconds * 1000) }),
            ...(key.attributes ? { attributes: key.attributes } : {}),
          },
        },
      ];
  }
}

// ── filters ──
function filterConfigs({ fault, cors, action, rateLimits }: Route): Json {
  const configs: Json = {
    ...(fault ? { 'envoy.filters.http.fault': faultConfig(fault) } : {}),
    ...(cors && action.type === 'forward' ? { 'envoy.filters.http.cors': corsConfig(cors) } : {}),
    ...Object.fromEntries(
      Object.entries(rateLimits ?? {})
        .filter(([, limit]) => limit.id.includes('#'))
        .map(([name, limit]) => [name, rateLimitConfig(limit, name)]),
    ),
  };
  return Object.keys(configs).length === 0 ? {} : { typed_per_filter_config: configs };
}

function faultConfig({ delay, abort }: RouteFault): Json {
  return typed('envoy.extensions.filters.http.fault.v3.HTTPFault', {
    ...(delay && delay.fixedMs > 0
      ? { delay: { fixed_delay: seconds(delay.fixedMs), percentage: fraction(delay.percentage) } }
      : {}),
    ...(abort
      ? {
          abort: {
            ...(abort.httpStatus === null ? { grpc_status: abort.grpcStatus } : { http_status: abort.httpStatus }),
            percentage: fraction(abort.percentage),
          },
        }
      : {}),
  });
}

function corsConfig(cors: CorsPolicy): Json {
  const list = (name: string, values: string[]): Json => (values.length > 0 ? { [name]: values.join(',') } : {});
  return typed('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: cors.allowOrigins.map(stringMatch),
    ...list('allow_methods', cors.allowMethods),
    ...list('allow_headers', cors.allowHeaders),
    ...list('expose_headers', cors.exposeHeaders),
    ...(cors.maxAgeSeconds === null ? {} : { max_age: String(cors.maxAgeSeconds) }),
    ...(cors.allowCredentials === null ? {} : { allow_credentials: cors.allowCredentials }),
    forward_not_matching_preflights: cors.unmatchedPreflights === 'FORWARD',
    filter_enabled: { default_value: { numerator: 100, denominator: 'HUNDRED' } },
  });
}

// ── matching ──
function match(source: RouteMatch): Json {
  const { path } = source;
  const pseudo: [string, StringMatch | null][] = [
    [':method', source.method],
    [':scheme', source.scheme],
    [':authority', source.authority],
  ];
  const headers = [
    ...pseudo.flatMap(([name, m]) => (m ? [headerMatch({ name, match: m }, false)] : [])),
    ...source.headers.map((h) => headerMatch(h, false)),
    ...source.withoutHeaders.map((h) => headerMatch(h, true)),
  ];
  const query = source.queryParams.map((q) =>
    q.match.kind === 'present' ? { name: q.name, present_match: true } : { name: q.name, string_match: stringMatch(q.match) },
  );
  return {
    ...pathMatch(path),
    ...(path?.ignoreCase ? { case_sensitive: false } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(query.length > 0 ? { query_parameters: query } : {}),
    ...(source.grpc ? { grpc: {} } : {}),
  };
}

function pathMatch(path: RouteMatch['path']): Json {
  if (path?.kind === 'exact') return { path: path.value };
  if (path?.kind === 'regex') return { safe_regex: { regex: path.value } };
  if (path?.kind === 'suffix') return { safe_regex: { regex: `.*${escapeRegex(path.value)}` } };
  if (path?.kind === 'pathPrefix' && path.value !== '/') return { path_separated_prefix: path.value.replace(/\/+$/, '') };
  return { prefix: path?.value || '/' };
}

function headerMatch({ name, match: m }: NamedMatch, invert: boolean): Json {
  const value = m.kind === 'present' ? { present_match: true } : { string_match: stringMatch(m) };
  return { name, ...value, ...(invert ? { invert_match: true, treat_missing_header_as_empty: m.kind !== 'present' } : {}) };
}

function stringMatch(m: StringMatch): Json {
  const kind = m.kind === 'regex' ? { safe_regex: { regex: m.value } } : { [m.kind]: m.value };
  return { ...kind, ...(m.ignoreCase && m.kind !== 'regex' ? { ignore_case: true } : {}) };
}

function headerOperations(levels: (HeaderOperations | null)[], direction: 'request' | 'response'): Json {
  const present = levels.filter((operations) => operations !== null);
  const pairs = (name: 'set' | 'add', action: string): Json[] =>
    present.flatMap((o) =>
      o[name].filter(([key]) => isPlainHeader(key)).map(([key, value]) => ({ header: { key, value }, append_action: action })),
    );
  const add = [...pairs('set', 'OVERWRITE_IF_EXISTS_OR_ADD'), ...pairs('add', 'APPEND_IF_EXISTS_OR_ADD')];
  const remove = present.flatMap((o) => o.remove).filter(isPlainHeader);
  return {
    ...(add.length > 0 ? { [`${direction}_headers_to_add`]: add } : {}),
    ...(remove.length > 0 ? { [`${direction}_headers_to_remove`]: [...new Set(remove)] } : {}),
  };
}

const isPlainHeader = (name: string): boolean => !name.startsWith(':') && name !== 'host';

function redirect({ status, path, authority, scheme, port }: RedirectAction, listenerPort: number): Json {
  const codes: Record<number, string> = {
    301: 'MOVED_PERMANENTLY',
    302: 'FOUND',
    303: 'SEE_OTHER',
    307: 'TEMPORARY_REDIRECT',
    308: 'PERMANENT_REDIRECT',
  };
  const number = port === 'from-request-port' ? listenerPort : port === 'from-protocol-default' ? null : port;
  const implied = scheme === 'https' ? 443 : 80;
  return {
    response_code: codes[status] ?? 'MOVED_PERMANENTLY',
    ...(path?.kind === 'full' ? { path_redirect: path.value } : path ? { prefix_rewrite: path.replacement } : {}),
    ...(authority ? { host_redirect: authority } : {}),
    ...(scheme ? { scheme_redirect: scheme } : {}),
    ...(number === null || number === implied ? {} : { port_redirect: number }),
  };
}
