import type {
  ClusterSnapshot,
  EndpointSnapshot,
  MeshSnapshot,
  OutboundView,
  ProxySnapshot,
  VirtualHost,
} from '../../data-plane/snapshot.ts';
import { httpFilters, managerFields } from './export-envoy-filters.ts';
import { type Json, seconds, typed } from './export-envoy-json.ts';
import { type RouteScope, virtualHost } from './export-envoy-routes.ts';

export interface EnvoyExportOptions {
  /** `proxy id/listener id` → bound port, for the inbound ports of workloads; without one Envoy goes straight to the app. */
  ports: Readonly<Record<string, number>>;
  /** Port of Envoy's admin page; omitted or 0 = any. */
  adminPort?: number;
  /** Destination port → port to listen on instead. */
  listenerPorts?: Readonly<Record<number, number>>;
  /** Priority of an endpoint for this proxy, 0 = highest: locality is the data plane's business. Default: the endpoint's own. */
  priorityOf?: (cluster: ClusterSnapshot, endpoint: EndpointSnapshot) => number;
  /** File for one JSON line per request: id (x-request-id), flags, details. */
  accessLog?: string;
}

/**
 * A static Envoy bootstrap (v3) of one proxy's outbound side: one listener per destination port, its virtual hosts, every cluster, with the
 * settings istiod gives a sidecar. Mutual TLS certificates are not part of it: clusters speak plaintext, as PERMISSIVE sidecars accept. null
 * when there is no such proxy. bench/oracle.ts proves that a real Envoy takes it.
 */
export function exportEnvoyBootstrap(snapshot: MeshSnapshot, proxyId: string, options: EnvoyExportOptions): Json | null {
  const proxy = snapshot.proxies.find((p) => p.id === proxyId);
  const view = proxy && snapshot.views[proxy.view];
  if (!proxy || !view) return null;
  const ports = Object.keys(view.routeTables)
    .map(Number)
    .filter((port) => port !== 0);
  return {
    node: {
      id: `sidecar~127.0.0.1~${proxy.id}.${proxy.workload.namespace}~cluster.local`,
      cluster: `${proxy.workload.service}.${proxy.workload.namespace}`,
    },
    admin: { address: socketAddress('127.0.0.1', options.adminPort ?? 0) },
    static_resources: {
      listeners: ports.map((port) => listener(port, proxy, view, snapshot, options)),
      clusters: [...Object.values(view.clusters).map((c) => cluster(c, snapshot, options)), passthrough],
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

function listener(
  port: number,
  proxy: ProxySnapshot,
  view: OutboundView,
  snapshot: MeshSnapshot,
  options: EnvoyExportOptions,
): Json {
  const manager = typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: `outbound_${port}`,
    route_config: routeConfig(port, proxy, view, snapshot),
    // istiod's settings of a sidecar's outbound side.
    use_remote_address: false,
    normalize_path: true,
    proxy_100_continue: true,
    path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
    stream_idle_timeout: '0s',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    http_filters: httpFilters(proxy.http, port),
    ...managerFields(proxy.http, port),
    ...(options.accessLog === undefined ? {} : { access_log: [accessLog(options.accessLog)] }),
  });
  const bound = options.listenerPorts?.[port] ?? port;
  return {
    name: `127.0.0.1_${port}`,
    address: socketAddress('127.0.0.1', bound),
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

function accessLog(path: string): Json {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
      path,
      log_format: {
        json_format: { id: '%REQ(X-REQUEST-ID)%', flags: '%RESPONSE_FLAGS%', details: '%RESPONSE_CODE_DETAILS%' },
      },
    }),
  };
}

function routeConfig(port: number, proxy: ProxySnapshot, view: OutboundView, snapshot: MeshSnapshot): Json {
  const scope: RouteScope = {
    port,
    labels: proxy.workload.labels,
    namespace: proxy.workload.namespace,
    clusters: view.clusters,
  };
  const taken = new Set<string>();
  const own = (host: VirtualHost): string[] => host.domains.filter((domain) => !taken.has(domain) && taken.add(domain));
  const hosts = [...(view.routeTables[port] ?? []), ...(view.routeTables[0] ?? [])].flatMap((host) => {
    const domains = own(host);
    return domains.length === 0 ? [] : [virtualHost(host, domains, scope)];
  });
  return {
    name: String(port),
    virtual_hosts: taken.has('*') ? hosts : [...hosts, fallback(snapshot)],
    ignore_port_in_host_matching: true,
    max_direct_response_body_size_bytes: 1_048_576,
    // A route may name a cluster that does not exist: that is 503 NC, not a refused configuration.
    validate_clusters: false,
  };
}

function fallback({ outboundTrafficPolicy }: MeshSnapshot): Json {
  const action =
    outboundTrafficPolicy === 'ALLOW_ANY'
      ? { route: { cluster: 'PassthroughCluster', timeout: '0s', max_grpc_timeout: '0s' } }
      : { direct_response: { status: 502 } };
  const name = outboundTrafficPolicy === 'ALLOW_ANY' ? 'allow_any' : 'block_all';
  return { name, domains: ['*'], routes: [{ name, match: { prefix: '/' }, ...action }], include_request_attempt_count: true };
}

// ── clusters ──
const discoveryTypes = {
  static: 'STATIC',
  dns: 'STRICT_DNS',
  'dns-round-robin': 'LOGICAL_DNS',
  original: 'ORIGINAL_DST',
} as const;
const unlimited = 4_294_967_295;

function cluster(source: ClusterSnapshot, snapshot: MeshSnapshot, options: EnvoyExportOptions): Json {
  const { ports } = options;
  const original = source.discovery === 'original';
  const priorityOf = options.priorityOf ?? ((_cluster: ClusterSnapshot, endpoint: EndpointSnapshot) => endpoint.priority);
  const byPriority = new Map<number, Json[]>();
  for (const e of source.endpoints) {
    const priority = priorityOf(source, e);
    const row = { endpoint: { address: endpointAddress(e, source.port, snapshot, ports) }, load_balancing_weight: e.weight };
    byPriority.set(priority, [...(byPriority.get(priority) ?? []), row]);
  }
  const groups = [...byPriority].sort(([a], [b]) => a - b);
  // Envoy wants priorities without gaps.
  const endpoints = groups.map(([, lb_endpoints], priority) => ({ lb_endpoints, priority }));
  return {
    name: source.name,
    type: discoveryTypes[source.discovery],
    // istiod, on a machine with IPv4.
    ...(source.discovery.startsWith('dns')
      ? { dns_lookup_family: 'V4_ONLY', dns_refresh_rate: '60s', respect_dns_ttl: true }
      : {}),
    connect_timeout: seconds(source.connectTimeoutMs),
    ...(original ? { lb_policy: 'CLUSTER_PROVIDED' } : balancer(source)),
    ...(original ? {} : { load_assignment: { cluster_name: source.name, endpoints } }),
    circuit_breakers: { thresholds: [thresholds(source)] },
    ...keepalive(source),
    ...(source.outlierDetection ? { outlier_detection: outlierDetection(source.outlierDetection) } : {}),
    common_lb_config: { healthy_panic_threshold: { value: source.outlierDetection?.minHealthPercent ?? 0 } },
    ...tlsFields(source),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        protocolOptions(source),
      ),
    },
  };
}

function endpointAddress(
  endpoint: EndpointSnapshot,
  servicePort: number,
  snapshot: MeshSnapshot,
  ports: EnvoyExportOptions['ports'],
): Json {
  if (endpoint.workload === '') return socketAddress(endpoint.host, endpoint.port);
  const bound = ports[`${endpoint.workload}/inbound`];
  if (bound !== undefined) return socketAddress(endpoint.host, bound);
  const inbound = snapshot.proxies.find((p) => p.id === endpoint.workload)?.listeners.find((l) => l.role === 'inbound');
  const app = inbound?.ports.find((p) => p.port === servicePort)?.app;
  return app === undefined ? socketAddress(endpoint.host, endpoint.port) : socketAddress(app.host, app.port);
}

function balancer({ loadBalancer }: ClusterSnapshot): Json {
  switch (loadBalancer.kind) {
    case 'least-request':
      return { lb_policy: 'LEAST_REQUEST', least_request_lb_config: { choice_count: loadBalancer.choices } };
    case 'random':
      return { lb_policy: 'RANDOM' };
    case 'round-robin':
      return { lb_policy: 'ROUND_ROBIN' };
    case 'passthrough':
      return { lb_policy: 'CLUSTER_PROVIDED' };
    case 'consistent-hash':
      return loadBalancer.algorithm === 'maglev'
        ? { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: loadBalancer.tableSize } }
        : { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: loadBalancer.minimumRingSize } };
  }
}

function thresholds({ limits }: ClusterSnapshot): Json {
  const budget = limits.retryBudget;
  return {
    max_connections: limits.maxConnections ?? unlimited,
    max_pending_requests: limits.http1MaxPendingRequests ?? unlimited,
    max_requests: limits.http2MaxRequests ?? unlimited,
    ...(budget
      ? { retry_budget: { budget_percent: { value: budget.percent }, min_retry_concurrency: budget.minRetryConcurrency } }
      : { max_retries: limits.maxRetries ?? unlimited }),
  };
}

function keepalive({ tcpKeepalive, keepalive: { probes, timeMs, intervalMs } = {} }: ClusterSnapshot): Json {
  if (!tcpKeepalive) return {};
  const options = {
    ...(probes === undefined ? {} : { keepalive_probes: probes }),
    ...(timeMs === undefined ? {} : { keepalive_time: Math.round(timeMs / 1000) }),
    ...(intervalMs === undefined ? {} : { keepalive_interval: Math.round(intervalMs / 1000) }),
  };
  return { upstream_connection_options: { tcp_keepalive: options } };
}

function outlierDetection(outlier: NonNullable<ClusterSnapshot['outlierDetection']>): Json {
  return {
    // 0 is "off" in Istio; Envoy takes 0 for a threshold that is always passed, so the enforcing share goes to 0 with it.
    consecutive_5xx: outlier.consecutive5xx || 5,
    enforcing_consecutive_5xx: outlier.consecutive5xx > 0 ? 100 : 0,
    consecutive_gateway_failure: outlier.consecutiveGatewayErrors || 5,
    enforcing_consecutive_gateway_failure: outlier.consecutiveGatewayErrors > 0 ? 100 : 0,
    enforcing_success_rate: outlier.successRate ? 100 : 0,
    ...(outlier.successRate
      ? {
          success_rate_minimum_hosts: outlier.successRate.minimumHosts,
          success_rate_request_volume: outlier.successRate.requestVolume,
          success_rate_stdev_factor: outlier.successRate.stdevFactor,
        }
      : {}),
    ...(outlier.failurePercentage
      ? {
          enforcing_failure_percentage: 100,
          failure_percentage_threshold: Math.round(outlier.failurePercentage.threshold),
          failure_percentage_minimum_hosts: outlier.failurePercentage.minimumHosts,
          failure_percentage_request_volume: outlier.failurePercentage.requestVolume,
        }
      : {}),
    interval: seconds(outlier.intervalMs),
    base_ejection_time: seconds(outlier.baseEjectionMs),
    max_ejection_time: seconds(outlier.maxEjectionMs),
    max_ejection_percent: outlier.maxEjectionPercent,
    ...(outlier.splitExternalLocalOriginErrors
      ? {
          split_external_local_origin_errors: true,
          consecutive_local_origin_failure: outlier.consecutiveLocalOriginFailures || 5,
          enforcing_consecutive_local_origin_failure: outlier.consecutiveLocalOriginFailures > 0 ? 100 : 0,
          enforcing_local_origin_success_rate: outlier.successRate ? 100 : 0,
        }
      : {}),
  };
}

/** Only what needs no workload certificate. */
function tlsFields({ tls }: ClusterSnapshot): Json {
  if (tls.mode !== 'simple' && tls.mode !== 'client-certificate') return {};
  const inline = (pem: string): Json => ({ inline_string: pem });
  const validation = {
    ...(tls.caPem ? { trusted_ca: inline(tls.caPem) } : {}),
    ...(tls.subjectAltNames.length > 0
      ? {
          match_typed_subject_alt_names: tls.subjectAltNames.map((exact) => ({
            san_type: exact.includes('://') ? 'URI' : 'DNS',
            matcher: { exact },
          })),
        }
      : {}),
  };
  const certificate =
    tls.certificatePem && tls.privateKeyPem
      ? { tls_certificates: [{ certificate_chain: inline(tls.certificatePem), private_key: inline(tls.privateKeyPem) }] }
      : {};
  const context = typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    ...(tls.sni ? { sni: tls.sni } : {}),
    common_tls_context: {
      // As istiod sets it: Envoy's own default for clients ends at 1.2.
      tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
      ...certificate,
      // Envoy takes a SAN list only together with a CA to verify against.
      ...(tls.caPem && !tls.insecureSkipVerify ? { validation_context: validation } : {}),
    },
  });
  return { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: context } };
}

/** One of the statuses a cluster counts as errors. */
function errorMatcher(codes: readonly number[]): Json {
  const rules = codes.map((code) => ({
    http_response_headers_match: { headers: [{ name: ':status', string_match: { exact: String(code) } }] },
  }));
  return rules.length === 1 ? rules[0]! : { or_match: { rules } };
}

function protocolOptions(source: ClusterSnapshot): Json {
  const codes = source.outlierDetection?.errorCodes;
  const { tls } = source;
  const originates = tls.mode === 'simple' || tls.mode === 'client-certificate';
  const autoSni = originates && tls.sni === '';
  const verifyHost = originates && tls.verifyHost === true && tls.caPem !== null && !tls.insecureSkipVerify;
  const http2 = source.maxConcurrentStreams === null ? {} : { max_concurrent_streams: source.maxConcurrentStreams };
  return {
    common_http_protocol_options: {
      idle_timeout: seconds(source.idleTimeoutMs),
      ...(source.maxStreamDurationMs ? { max_stream_duration: seconds(source.maxStreamDurationMs) } : {}),
      ...(source.maxRequestsPerConnection === null ? {} : { max_requests_per_connection: source.maxRequestsPerConnection }),
    },
    ...(autoSni
      ? { upstream_http_protocol_options: { auto_sni: true, ...(verifyHost ? { auto_san_validation: true } : {}) } }
      : {}),
    ...(codes ? { outlier_detection: { error_matcher: errorMatcher(codes) } } : {}),
    ...(source.useClientProtocol
      ? { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: http2 } }
      : { explicit_http_config: source.http2 ? { http2_protocol_options: http2 } : { http_protocol_options: {} } }),
  };
}
