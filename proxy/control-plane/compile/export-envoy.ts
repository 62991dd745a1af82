import type {
  ClusterSnapshot,
  HeaderOperations,
  MeshSnapshot,
  NamedMatch,
  RedirectAction,
  Route,
  RouteMatch,
  StringMatch,
  VirtualHost,
} from '../../data-plane/snapshot.ts';

type Json = Record<string, unknown>;
const typed = (type: string, value: Json): Json => ({ '@type': `type.googleapis.com/${type}`, ...value });
const seconds = (ms: number): string => `${ms / 1000}s`;

export interface EnvoyExportOptions {
  /** `proxy id/listener id` → bound port; endpoints of workloads need their inbound port. */
  ports: Readonly<Record<string, number>>;
  /** Port of Envoy's admin page. */
  adminPort?: number;
}

/**
 * A static Envoy bootstrap (v3) of one proxy's outbound side: one listener per destination port, its virtual hosts, every cluster. Mutual
 * TLS certificates are not part of it: clusters speak plaintext, as PERMISSIVE sidecars accept. null when there is no such proxy.
 */
export function exportEnvoyBootstrap(snapshot: MeshSnapshot, proxyId: string, options: EnvoyExportOptions): Json | null {
  const proxy = snapshot.proxies.find((p) => p.id === proxyId);
  const view = proxy && snapshot.views[proxy.view];
  if (!proxy || !view) return null;
  return {
    node: {
      id: `sidecar~127.0.0.1~${proxy.id}.${proxy.workload.namespace}~cluster.local`,
      cluster: `${proxy.workload.service}.${proxy.workload.namespace}`,
    },
    admin: { address: socketAddress('127.0.0.1', options.adminPort ?? 0) },
    static_resources: {
      listeners: Object.entries(view.routeTables)
        .filter(([port]) => port !== '0')
        .map(([port, hosts]) =>
          listener(Number(port), [...hosts, ...(view.routeTables[0] ?? [])], proxy.workload.labels, snapshot),
        ),
      clusters: [...Object.values(view.clusters).map((c) => cluster(c, options)), passthrough],
    },
  };
}

const passthrough: Json = {
  name: 'PassthroughCluster',
  type: 'ORIGINAL_DST',
  lb_policy: 'CLUSTER_PROVIDED',
  connect_timeout: '10s',
};

function socketAddress(address: string, port: number): Json {
  return { socket_address: { address, port_value: port } };
}

function listener(port: number, hosts: readonly VirtualHost[], labels: Record<string, string>, snapshot: MeshSnapshot): Json {
  const fallback =
    snapshot.outboundTrafficPolicy === 'ALLOW_ANY'
      ? {
          name: 'allow_any',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'PassthroughCluster', timeout: '0s' } }],
        }
      : { name: 'block_all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 502 } }] };
  const open = hosts.some((h) => h.domains.includes('*'));
  const routes = {
    name: String(port),
    virtual_hosts: [...hosts.map((h) => virtualHost(h, port, labels)), ...(open ? [] : [fallback])],
  };
  const manager = typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: `outbound_${port}`,
    route_config: routes,
    http_filters: [
      { name: 'envoy.filters.http.fault', typed_config: typed('envoy.extensions.filters.http.fault.v3.HTTPFault', {}) },
      { name: 'envoy.filters.http.cors', typed_config: typed('envoy.extensions.filters.http.cors.v3.Cors', {}) },
      { name: 'envoy.filters.http.router', typed_config: typed('envoy.extensions.filters.http.router.v3.Router', {}) },
    ],
  });
  return {
    name: `127.0.0.1_${port}`,
    address: socketAddress('127.0.0.1', port),
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

function virtualHost(host: VirtualHost, port: number, labels: Record<string, string>): Json {
  // Static selectors are decided per proxy; claim matches need the JWT filter's metadata and cannot stand alone.
  const routes = host.routes.filter((r) => Object.entries(r.match.sourceLabels ?? {}).every(([k, v]) => labels[k] === v));
  return {
    name: host.name,
    domains: host.domains.flatMap((d) => (d === '*' ? ['*'] : [d, `${d}:${port}`])),
    routes: routes.filter((r) => r.match.claims.length === 0).map(route),
    include_request_attempt_count: true,
  };
}

function route(source: Route): Json {
  const { action } = source;
  const base: Json = {
    name: source.name,
    match: match(source.match),
    decorator: { operation: source.decorator },
    ...headerFields(source.requestHeaders, 'request'),
    ...headerFields(source.responseHeaders, 'response'),
    ...faultConfig(source),
  };
  if (action.type === 'redirect') return { ...base, redirect: redirect(action) };
  if (action.type === 'directResponse') {
    const body = action.base64 ? { inline_bytes: action.body } : { inline_string: action.body };
    return { ...base, direct_response: { status: action.status, ...(action.body ? { body } : {}) } };
  }
  const { clusters, rewrite, retry } = action;
  const target =
    clusters.length === 1
      ? { cluster: clusters[0]!.cluster }
      : {
          weighted_clusters: {
            clusters: clusters.map((c) => ({
              name: c.cluster,
              weight: c.weight,
              ...headerFields(c.requestHeaders, 'request'),
              ...headerFields(c.responseHeaders, 'response'),
              ...(c.hostRewrite ? { host_rewrite_literal: c.hostRewrite } : {}),
            })),
          },
        };
  const path = rewrite?.path;
  return {
    ...base,
    route: {
      ...target,
      timeout: seconds(action.timeoutMs ?? 0),
      ...(rewrite?.authority ? { host_rewrite_literal: rewrite.authority } : {}),
      ...(path?.kind === 'regex' ? { regex_rewrite: { pattern: { regex: path.regex }, substitution: path.substitution } } : {}),
      ...(path && path.kind !== 'regex' ? { prefix_rewrite: path.replacement } : {}),
      ...(retry
        ? {
            retry_policy: {
              retry_on: retry.retryOn.join(','),
              num_retries: retry.attempts,
              ...(retry.retriableStatusCodes.length > 0 ? { retriable_status_codes: retry.retriableStatusCodes } : {}),
              ...(retry.perTryTimeoutMs === null ? {} : { per_try_timeout: seconds(retry.perTryTimeoutMs) }),
              retry_back_off: { base_interval: seconds(retry.backoffBaseMs), max_interval: seconds(retry.backoffMaxMs) },
              ...(retry.hostSelectionRetries > 0 ? previousHosts(retry.hostSelectionRetries) : {}),
            },
          }
        : {}),
      ...(action.mirrors.length > 0
        ? {
            request_mirror_policies: action.mirrors.map((m) => ({
              cluster: m.cluster,
              runtime_fraction: fraction(m.percentage),
            })),
          }
        : {}),
    },
  };
}

function previousHosts(attempts: number): Json {
  const type = 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate';
  return {
    retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config: typed(type, {}) }],
    host_selection_retry_max_attempts: String(attempts),
  };
}

function fraction(percent: number): Json {
  return { default_value: { numerator: Math.round(percent * 10_000), denominator: 'MILLION' } };
}

function faultConfig({ fault }: Route): Json {
  if (!fault) return {};
  const share = (percent: number): unknown => fraction(percent).default_value;
  const { delay, abort } = fault;
  const config = typed('envoy.extensions.filters.http.fault.v3.HTTPFault', {
    ...(delay ? { delay: { fixed_delay: seconds(delay.fixedMs), percentage: share(delay.percentage) } } : {}),
    ...(abort
      ? {
          abort: {
            ...(abort.httpStatus === null ? { grpc_status: abort.grpcStatus } : { http_status: abort.httpStatus }),
            percentage: share(abort.percentage),
          },
        }
      : {}),
  });
  return { typed_per_filter_config: { 'envoy.filters.http.fault': config } };
}

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
  if (path?.kind === 'pathPrefix' && path.value !== '/') return { path_separated_prefix: path.value };
  return { prefix: path?.value || '/' };
}

function headerMatch({ name, match: m }: NamedMatch, invert: boolean): Json {
  const value = m.kind === 'present' ? { present_match: true } : { string_match: stringMatch(m) };
  return { name, ...value, ...(invert ? { invert_match: true, treat_missing_header_as_empty: m.kind !== 'present' } : {}) };
}

function stringMatch(m: StringMatch): Json {
  const kind = m.kind === 'regex' ? { safe_regex: { regex: m.value } } : { [m.kind]: m.value };
  return { ...kind, ...(m.ignoreCase ? { ignore_case: true } : {}) };
}

function headerFields(operations: HeaderOperations | null, direction: 'request' | 'response'): Json {
  if (!operations) return {};
  const add = [
    ...operations.set.map(([key, value]) => ({ header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' })),
    ...operations.add.map(([key, value]) => ({ header: { key, value }, append_action: 'APPEND_IF_EXISTS_OR_ADD' })),
  ];
  return {
    ...(add.length > 0 ? { [`${direction}_headers_to_add`]: add } : {}),
    ...(operations.remove.length > 0 ? { [`${direction}_headers_to_remove`]: operations.remove } : {}),
  };
}

function redirect({ status, path, authority, scheme, port }: RedirectAction): Json {
  const codes: Record<number, string> = {
    301: 'MOVED_PERMANENTLY',
    302: 'FOUND',
    303: 'SEE_OTHER',
    307: 'TEMPORARY_REDIRECT',
    308: 'PERMANENT_REDIRECT',
  };
  return {
    response_code: codes[status] ?? 'MOVED_PERMANENTLY',
    ...(path?.kind === 'full' ? { path_redirect: path.value } : path ? { prefix_rewrite: path.replacement } : {}),
    ...(authority ? { host_redirect: authority } : {}),
    ...(scheme ? { scheme_redirect: scheme } : {}),
    ...(typeof port === 'number' ? { port_redirect: port } : {}),
  };
}

function cluster(source: ClusterSnapshot, { ports }: EnvoyExportOptions): Json {
  const { loadBalancer: balancer, limits, outlierDetection: outlier } = source;
  const types = { static: 'STATIC', dns: 'STRICT_DNS', 'dns-round-robin': 'LOGICAL_DNS', original: 'ORIGINAL_DST' } as const;
  const policies = {
    'least-request': 'LEAST_REQUEST',
    random: 'RANDOM',
    'round-robin': 'ROUND_ROBIN',
    passthrough: 'CLUSTER_PROVIDED',
  } as const;
  const unlimited = 4_294_967_295;
  const original = source.discovery === 'original';
  const hashed = balancer.kind === 'consistent-hash';
  const endpoints = source.endpoints.map((e) => ({
    endpoint: { address: socketAddress(e.host, e.workload ? (ports[`${e.workload}/inbound`] ?? e.port) : e.port) },
    load_balancing_weight: e.weight,
  }));
  return {
    name: source.name,
    type: types[source.discovery],
    connect_timeout: seconds(source.connectTimeoutMs),
    lb_policy: original
      ? 'CLUSTER_PROVIDED'
      : hashed
        ? balancer.algorithm === 'maglev'
          ? 'MAGLEV'
          : 'RING_HASH'
        : policies[balancer.kind],
    ...(original ? {} : { load_assignment: { cluster_name: source.name, endpoints: [{ lb_endpoints: endpoints }] } }),
    circuit_breakers: {
      thresholds: [
        {
          max_connections: limits.maxConnections ?? unlimited,
          max_pending_requests: limits.http1MaxPendingRequests ?? unlimited,
          max_requests: limits.http2MaxRequests ?? unlimited,
          max_retries: limits.maxRetries ?? unlimited,
        },
      ],
    },
    ...(outlier
      ? {
          outlier_detection: {
            consecutive_5xx: outlier.consecutive5xx,
            enforcing_consecutive_5xx: outlier.consecutive5xx > 0 ? 100 : 0,
            consecutive_gateway_failure: outlier.consecutiveGatewayErrors,
            enforcing_consecutive_gateway_failure: outlier.consecutiveGatewayErrors > 0 ? 100 : 0,
            enforcing_success_rate: 0,
            interval: seconds(outlier.intervalMs),
            base_ejection_time: seconds(outlier.baseEjectionMs),
            max_ejection_percent: outlier.maxEjectionPercent,
          },
        }
      : {}),
    common_lb_config: { healthy_panic_threshold: { value: outlier?.minHealthPercent ?? 0 } },
    ...(source.http2
      ? {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              {
                explicit_http_config: { http2_protocol_options: {} },
              },
            ),
          },
        }
      : {}),
  };
}
