import type { ClusterStatus } from '../../api/observability.schema.ts';
import type { LoadBalancer, OutlierDetection } from '../snapshot.ts';
import type { ClusterRuntime } from './cluster.ts';
import type { Host } from './host.ts';

/** How long an overflow colours the cluster's state. */
const OVERFLOW_SHOWN_MS = 10_000;

/** A cluster as `GET /clusters` shows it: limits with current values, endpoints with their ejections. */
export function clusterStatus(cluster: ClusterRuntime): ClusterStatus {
  const { snapshot, proxy, breaker, hosts } = cluster;
  const now = cluster.clock.now();
  const wallNow = cluster.clock.wallNow();
  const outlier = snapshot.outlierDetection;
  let activeRequests = 0;
  for (const host of hosts) activeRequests += host.activeRequests;
  return {
    proxy: proxy.id,
    source: proxy.workload.service,
    sourceNamespace: proxy.workload.namespace,
    cluster: snapshot.name,
    service: snapshot.service,
    namespace: namespaceOf(snapshot.service),
    subset: snapshot.subset,
    loadBalancer: nameOf(snapshot.loadBalancer),
    state: stateOf(cluster, now),
    endpoints: hosts.map((host) => endpointStatus(host, now, wallNow)),
    activeRequests,
    pendingRequests: breaker.pending,
    connections: breaker.connections,
    limits: breaker.status(),
    outlierDetection: outlier === null ? null : detectionStatus(outlier),
    notEjected: cluster.notEjected.slice(),
    policy: snapshot.policy,
  };
}

function detectionStatus(outlier: OutlierDetection): NonNullable<ClusterStatus['outlierDetection']> {
  const { errorCodes, successRate, failurePercentage } = outlier;
  return {
    consecutive5xxErrors: outlier.consecutive5xx,
    intervalMs: outlier.intervalMs,
    baseEjectionMs: outlier.baseEjectionMs,
    maxEjectionPercent: outlier.maxEjectionPercent,
    consecutiveGatewayErrors: outlier.consecutiveGatewayErrors,
    minHealthPercent: outlier.minHealthPercent,
    ...(outlier.splitExternalLocalOriginErrors ? { consecutiveLocalOriginFailures: outlier.consecutiveLocalOriginFailures } : {}),
    ...(errorCodes ? { errorCodes } : {}),
    ...(successRate ? { successRate } : {}),
    ...(failurePercentage ? { failurePercentage } : {}),
  };
}

function stateOf(cluster: ClusterRuntime, now: number): ClusterStatus['state'] {
  if (cluster.exhausted) return 'no-healthy-host';
  if (now - cluster.lastOverflowAt < OVERFLOW_SHOWN_MS) return 'overflow';
  return cluster.hosts.some((host) => !host.healthy) ? 'ejected' : 'healthy';
}

function endpointStatus(host: Host, now: number, wallNow: number): ClusterStatus['endpoints'][number] {
  const { outlier, endpoint } = host;
  const rate = outlier.externalRate.last;
  const remainingMs = Math.max(0, outlier.ejectedUntil - now);
  return {
    address: host.address,
    workload: endpoint.workload,
    version: endpoint.version,
    healthy: host.healthy,
    ...(host.drained ? { drained: true } : {}),
    ejected:
      outlier.ejectedAt === null
        ? null
        : {
            reason: outlier.reason,
            until: new Date(wallNow + outlier.ejectedUntil - now).toISOString(),
            remainingMs,
            count: outlier.ejections,
          },
    activeRequests: host.activeRequests,
    connections: host.connections,
    requests: host.requests,
    errors: host.errors,
    consecutive5xx: outlier.consecutive5xx,
    consecutiveGatewayErrors: outlier.consecutiveGatewayErrors,
    consecutiveLocalOriginFailures: outlier.consecutiveLocalOriginFailures,
    successRate: rate === null ? null : { percent: rate.percent, requests: rate.volume },
    priority: host.priority,
    ...(endpoint.locality === '' ? {} : { locality: endpoint.locality }),
    weight: endpoint.weight,
  };
}

/** Istio's names. */
function nameOf(loadBalancer: LoadBalancer): string {
  if (loadBalancer.kind !== 'consistent-hash') return loadBalancer.kind.replace('-', '_').toUpperCase();
  return loadBalancer.algorithm === 'maglev' ? 'MAGLEV' : 'RING_HASH';
}

/** `ratings.default.svc.cluster.local` → `default`; '' for hosts outside the mesh. */
function namespaceOf(fqdn: string): string {
  const match = /^[^.]+\.([^.]+)\.svc\./.exec(fqdn);
  return match?.[1] ?? '';
}
