import type { ServiceProtocol } from '../../api/mesh.schema.ts';
import type { KnownService, KnownWorkload } from '../../config/hosts.ts';
import { refOf } from '../../config/index.ts';
import type {
  ConnectionPoolSpec,
  LoadBalancerSpec,
  OutlierDetectionSpec,
  SubsetSpec,
  TrafficPolicySpec,
} from '../../config/kinds/istio-types.ts';
import type {
  CircuitBreakerLimits,
  ClusterSnapshot,
  EndpointSnapshot,
  LoadBalancer,
  OutlierDetection,
} from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { mtlsModeFor } from './authentication.ts';
import { type CompileContext, selects } from './context.ts';
import { type EffectiveRule, findDestinationRule, policyFor, type RuleViewer } from './destination-rules.ts';
import { compileBackendTls } from './gateway-api/backend-tls.ts';
import { externalEndpoints } from './service-entries.ts';
import { compileTls } from './upstream-tls.ts';

export function clusterName(port: number, subset: string, fqdn: string): string {
  return `outbound|${port}|${subset}|${fqdn}`;
}

/** All clusters of a service as one client sees them: one per port, and per port and subset. */
export function compileClusters(context: CompileContext, service: KnownService, viewer: RuleViewer): ClusterSnapshot[] {
  const rule = findDestinationRule(context, service, viewer);
  const subsets = [null, ...(rule?.subsets.map((s) => s.subset) ?? [])];
  return service.ports.flatMap((port) => subsets.map((subset) => compileCluster(context, service, port, rule, subset, viewer)));
}

function compileCluster(
  context: CompileContext,
  service: KnownService,
  port: KnownService['ports'][number],
  rule: EffectiveRule | null,
  subset: SubsetSpec | null,
  viewer: RuleViewer,
): ClusterSnapshot {
  const policy = rule ? policyFor(rule, subset, port.port) : {};
  const name = clusterName(port.port, subset?.name ?? '', service.fqdn);
  const backendTls = policy.tls ? null : compileBackendTls(context, service, port, rule?.resource.namespace);
  const tls = backendTls ?? compileTls(context, service, port.port, subset?.name ?? '', policy.tls, { rule, viewer });
  const discovery = discoveryOf(service);
  const autoOff = tls.mode === 'mutual' && tls.auto;
  const endpoints = service.mesh ? meshEndpoints(context, service, port.port, autoOff) : externalEndpoints(service, port.port);
  const chosen = endpoints.filter((e) => selects(subset?.labels, e.labels));
  const source = rule && subset ? (rule.subsets.find((s) => s.subset === subset)?.resource ?? rule.resource) : rule?.resource;
  return {
    ...clusterSettings(context, policy, port.protocol, source ? refOf(source) : null),
    name,
    service: service.fqdn,
    port: port.port,
    subset: subset?.name ?? '',
    endpoints: chosen,
    discovery: policy.loadBalancer?.simple === 'PASSTHROUGH' ? 'original' : discovery,
    tls,
  };
}

/** Everything of a cluster that comes from the policy alone. */
export function clusterSettings(
  context: CompileContext,
  policy: TrafficPolicySpec,
  protocol: ServiceProtocol,
  origin: ClusterSnapshot['policy'],
): Omit<ClusterSnapshot, 'name' | 'service' | 'port' | 'subset' | 'endpoints' | 'discovery' | 'tls'> {
  const { tcp, http } = policy.connectionPool ?? {};
  const balancer = policy.loadBalancer;
  const locality = balancer?.localityLbSetting;
  // Unset is the mesh's default, enabled: with outlierDetection alone calls stay near and fail over (istiod: loadbalancer.go).
  const localityOn = locality?.enabled !== false;
  const outlier = policy.outlierDetection;
  const keepAlive = http?.http2KeepAlive;
  const warmup = balancer?.warmup ?? (balancer?.warmupDurationSecs ? { duration: balancer.warmupDurationSecs } : undefined);
  return {
    protocol,
    loadBalancer: compileLoadBalancer(balancer),
    connectTimeoutMs: ms(tcp?.connectTimeout) ?? 10_000,
    limits: compileLimits(policy.connectionPool, policy.retryBudget),
    maxRequestsPerConnection: http?.maxRequestsPerConnection || null,
    // istiod gives HTTP pools the TCP idle timeout when they have none of their own.
    idleTimeoutMs: ms(http?.idleTimeout) ?? ms(tcp?.idleTimeout) ?? 3_600_000,
    tcpIdleTimeoutMs: tcp?.idleTimeout === undefined ? 3_600_000 : ms(tcp.idleTimeout) || null,
    maxConnectionDurationMs: ms(tcp?.maxConnectionDuration),
    tcpKeepalive: tcp?.tcpKeepalive !== undefined,
    ...(tcp?.tcpKeepalive ? { keepalive: compileKeepalive(tcp.tcpKeepalive) } : {}),
    outlierDetection: outlier ? compileOutlierDetection(context, outlier, origin) : null,
    http2: speaksHttp2(protocol) || http?.h2UpgradePolicy === 'UPGRADE',
    useClientProtocol: http?.useClientProtocol ?? false,
    maxConcurrentStreams: http?.maxConcurrentStreams || null,
    warmup: warmup?.duration
      ? { durationMs: ms(warmup.duration) ?? 0, minimumPercent: warmup.minimumPercent ?? 10, aggression: warmup.aggression ?? 1 }
      : null,
    locality: localityOn
      ? {
          distribute: (locality?.distribute ?? []).map((d) => ({ from: d.from ?? '*', to: d.to ?? {} })),
          failover: (locality?.failover ?? []).map((f) => ({ from: f.from ?? '', to: f.to ?? '' })),
          failoverPriority: locality?.failoverPriority ?? [],
        }
      : null,
    ...(policy.tunnel ? { tunnel: compileTunnel(policy.tunnel) } : {}),
    ...(keepAlive?.interval
      ? { http2KeepAlive: { intervalMs: ms(keepAlive.interval) ?? 0, timeoutMs: ms(keepAlive.timeout) ?? 20_000 } }
      : {}),
    proxyProtocol: policy.proxyProtocol ? (policy.proxyProtocol.version ?? 'V1') : null,
    policy: origin,
  };
}

/** Zero and unset are the system's own. */
function compileKeepalive({ probes, time, interval }: NonNullable<NonNullable<ConnectionPoolSpec['tcp']>['tcpKeepalive']>) {
  const [timeMs, intervalMs] = [ms(time), ms(interval)];
  return { ...(probes ? { probes } : {}), ...(timeMs ? { timeMs } : {}), ...(intervalMs ? { intervalMs } : {}) };
}

function compileTunnel({ protocol, targetHost = '', targetPort }: NonNullable<TrafficPolicySpec['tunnel']>) {
  const host = targetHost.includes(':') ? `[${targetHost}]` : targetHost;
  return { target: `${host}:${targetPort}`, method: protocol === 'POST' ? ('POST' as const) : ('CONNECT' as const) };
}

/** Of a service's protocol. */
export const speaksHttp2 = (protocol: ServiceProtocol): boolean => protocol === 'http2' || protocol === 'grpc';

function ms(text: string | undefined): number | null {
  return text === undefined ? null : parseDurationMs(text);
}

function discoveryOf(service: KnownService): ClusterSnapshot['discovery'] {
  switch (service.entry?.resolution ?? (service.entry ? 'NONE' : 'STATIC')) {
    case 'DNS':
      return 'dns';
    case 'DNS_ROUND_ROBIN':
      return 'dns-round-robin';
    case 'NONE':
    case 'DYNAMIC_DNS':
      return 'original';
    default:
      return 'static';
  }
}

function meshEndpoints(context: CompileContext, service: KnownService, port: number, autoMtls: boolean): EndpointSnapshot[] {
  return context.workloadsOf(service).map((workload: KnownWorkload) => {
    // Auto mTLS speaks plaintext to a workload that has switched mTLS off.
    const plaintext = autoMtls && mtlsModeFor(context, workload, port).mode === 'DISABLE';
    return {
      host: '127.0.0.1',
      port: 0,
      workload: workload.id,
      version: workload.version,
      labels: workload.labels,
      weight: workload.spec.weight ?? 1,
      locality: workload.spec.locality ?? '',
      spiffeId: plaintext ? '' : context.spiffeId(service.namespace, workload.serviceAccount),
      priority: 0,
    };
  });
}

function compileLoadBalancer(spec: LoadBalancerSpec | undefined): LoadBalancer {
  const hash = spec?.consistentHash;
  if (hash) {
    const cookie = hash.httpCookie;
    const key = hash.httpHeaderName
      ? ({ kind: 'header', name: hash.httpHeaderName.toLowerCase() } as const)
      : cookie
        ? ({
            kind: 'cookie',
            name: cookie.name,
            path: cookie.path ?? '',
            ttlSeconds: cookie.ttl === undefined ? null : (ms(cookie.ttl) ?? 0) / 1000,
            ...(cookie.attributes?.length
              ? { attributes: cookie.attributes.map(({ name, value = '' }) => ({ name, value })) }
              : {}),
          } as const)
        : hash.httpQueryParameterName
          ? ({ kind: 'query', name: hash.httpQueryParameterName } as const)
          : ({ kind: 'source-ip' } as const);
    return {
      kind: 'consistent-hash',
      algorithm: hash.maglev ? 'maglev' : 'ring-hash',
      minimumRingSize: hash.ringHash?.minimumRingSize ?? (hash.minimumRingSize || 1024),
      tableSize: hash.maglev?.tableSize || 65_537,
      key,
    };
  }
  switch (spec?.simple) {
    case 'RANDOM':
      return { kind: 'random' };
    case 'ROUND_ROBIN':
      return { kind: 'round-robin' };
    case 'PASSTHROUGH':
      return { kind: 'passthrough' };
    default:
      return { kind: 'least-request', choices: 2 };
  }
}

/** 0 means "not set" in Istio's API: the limit stays at its default, 2³²−1. */
function compileLimits(pool: ConnectionPoolSpec | undefined, budget: TrafficPolicySpec['retryBudget']): CircuitBreakerLimits {
  return {
    maxConnections: pool?.tcp?.maxConnections || null,
    http1MaxPendingRequests: pool?.http?.http1MaxPendingRequests || null,
    http2MaxRequests: pool?.http?.http2MaxRequests || null,
    maxRetries: pool?.http?.maxRetries || null,
    retryBudget: budget ? { percent: budget.percent ?? 20, minRetryConcurrency: budget.minRetryConcurrency ?? 3 } : null,
  };
}

function compileOutlierDetection(
  context: CompileContext,
  spec: OutlierDetectionSpec,
  origin: ClusterSnapshot['policy'],
): OutlierDetection {
  const { successRate, failurePercentage } = context.mesh.outlierDetection ?? {};
  const baseEjectionMs = ms(spec.baseEjectionTime) ?? 30_000;
  return {
    consecutive5xx: spec.consecutive5xxErrors ?? 5,
    // The deprecated consecutiveErrors counted gateway errors.
    consecutiveGatewayErrors: spec.consecutiveGatewayErrors ?? spec.consecutiveErrors ?? 0,
    splitExternalLocalOriginErrors: spec.splitExternalLocalOriginErrors ?? false,
    // 0 is left to Envoy's default of 5, which enforces.
    consecutiveLocalOriginFailures: spec.consecutiveLocalOriginFailures || 5,
    intervalMs: ms(spec.interval) ?? 10_000,
    baseEjectionMs,
    maxEjectionMs: Math.max(300_000, baseEjectionMs),
    maxEjectionPercent: spec.maxEjectionPercent || 10,
    minHealthPercent: spec.minHealthPercent ?? 0,
    ...(spec.outlierDetectionHttpErrorCodes?.length ? { errorCodes: spec.outlierDetectionHttpErrorCodes } : {}),
    ...(successRate ? { successRate } : {}),
    ...(failurePercentage ? { failurePercentage } : {}),
    origin,
  };
}
