import type { ResourceRef } from '../../../api/diagnostic.schema.ts';
import type { ClusterPlace, ClusterSettings, OutlierSettings, PatchContext } from '../../../config/envoy-filter/patch.ts';
import type { ClusterSnapshot, OutlierDetection } from '../../../data-plane/snapshot.ts';
import { type KnownEnvoyFilter, type PatchedProxy, patchesOf } from './patches.ts';

/** A cluster as CLUSTER MERGE patches leave it. `ports`: by which a patch may mean it, besides its own. */
export function patchCluster(
  filters: readonly KnownEnvoyFilter[],
  proxy: PatchedProxy,
  side: PatchContext,
  cluster: ClusterSnapshot,
  ports: readonly number[] = [],
): ClusterSnapshot {
  let patched = cluster;
  for (const { patch, origin } of patchesOf(filters, proxy, side, 'cluster'))
    if (meansCluster(patch.place, cluster, ports)) patched = mergeCluster(patched, patch.settings, origin);
  return patched;
}

function meansCluster(place: ClusterPlace, cluster: ClusterSnapshot, ports: readonly number[]): boolean {
  if (place.name !== '') return place.name === cluster.name || ports.some((port) => place.name === `inbound|${port}||`);
  return (
    (place.subset === '' || place.subset === cluster.subset) &&
    (place.service === '' || place.service === cluster.service) &&
    (place.port === 0 || place.port === cluster.port || ports.includes(place.port))
  );
}

function mergeCluster(cluster: ClusterSnapshot, settings: ClusterSettings, origin: ResourceRef): ClusterSnapshot {
  const { outlier, keepalive, panicThresholdPercent: panic } = settings;
  const merged: ClusterSnapshot = {
    ...cluster,
    connectTimeoutMs: settings.connectTimeoutMs ?? cluster.connectTimeoutMs,
    idleTimeoutMs: settings.idleTimeoutMs ?? cluster.idleTimeoutMs,
    maxRequestsPerConnection: settings.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection,
    maxConcurrentStreams: settings.maxConcurrentStreams ?? cluster.maxConcurrentStreams,
    ...(settings.maxStreamDurationMs === undefined ? {} : { maxStreamDurationMs: settings.maxStreamDurationMs }),
    ...(keepalive ? { tcpKeepalive: true, keepalive: { ...cluster.keepalive, ...keepalive } } : {}),
  };
  if (outlier !== undefined) {
    // Locality failover is decided from DestinationRules only, before patches (istiod: endpoint builder).
    if (cluster.outlierDetection === null) merged.locality = null;
    merged.outlierDetection = mergeOutlier(cluster.outlierDetection ?? envoyDefaults(origin), outlier);
  }
  if (panic !== undefined && merged.outlierDetection)
    merged.outlierDetection = { ...merged.outlierDetection, minHealthPercent: panic };
  return merged;
}

/** What an empty outlier_detection means to Envoy. istiod writes other values (success rate off, no panic); here nobody has. */
function envoyDefaults(origin: ResourceRef): OutlierDetection {
  return {
    consecutive5xx: 5,
    consecutiveGatewayErrors: 0,
    splitExternalLocalOriginErrors: false,
    consecutiveLocalOriginFailures: 5,
    intervalMs: 10_000,
    baseEjectionMs: 30_000,
    maxEjectionMs: 300_000,
    maxEjectionPercent: 10,
    minHealthPercent: 50,
    successRate: { ...successRateDefaults },
    origin,
  };
}

const successRateDefaults = { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900 };
const failurePercentageDefaults = { threshold: 85, minimumHosts: 5, requestVolume: 50 };

function mergeOutlier(base: OutlierDetection, patch: OutlierSettings): OutlierDetection {
  const baseEjectionMs = patch.baseEjectionMs ?? base.baseEjectionMs;
  return {
    ...base,
    consecutive5xx: detector(base.consecutive5xx, patch.consecutive5xx, patch.enforcingConsecutive5xx),
    consecutiveGatewayErrors: detector(
      base.consecutiveGatewayErrors,
      patch.consecutiveGatewayFailure,
      patch.enforcingConsecutiveGatewayFailure,
    ),
    splitExternalLocalOriginErrors: patch.splitExternalLocalOriginErrors ?? base.splitExternalLocalOriginErrors,
    consecutiveLocalOriginFailures: patch.consecutiveLocalOriginFailure ?? base.consecutiveLocalOriginFailures,
    intervalMs: patch.intervalMs ?? base.intervalMs,
    baseEjectionMs,
    maxEjectionMs: Math.max(patch.maxEjectionMs ?? base.maxEjectionMs, baseEjectionMs),
    maxEjectionPercent: patch.maxEjectionPercent ?? base.maxEjectionPercent,
    successRate: mergeSuccessRate(base.successRate ?? null, patch),
    failurePercentage: mergeFailurePercentage(base.failurePercentage ?? null, patch),
  };
}

/** A number counts only while it is enforced; 0 is "off" here. A detector that was off (enforcing 0) stays so until a patch enforces it. */
function detector(base: number, consecutive: number | undefined, enforcing: number | undefined): number {
  const enforced = enforcing === undefined ? base > 0 : enforcing > 0;
  return enforced ? (consecutive ?? (base || 5)) : 0;
}

function mergeSuccessRate(base: NonNullable<OutlierDetection['successRate']> | null, patch: OutlierSettings) {
  const enforced = patch.enforcingSuccessRate === undefined ? base !== null : patch.enforcingSuccessRate > 0;
  if (!enforced) return null;
  const from = base ?? successRateDefaults;
  return {
    minimumHosts: patch.successRateMinimumHosts ?? from.minimumHosts,
    requestVolume: patch.successRateRequestVolume ?? from.requestVolume,
    stdevFactor: patch.successRateStdevFactor ?? from.stdevFactor,
  };
}

function mergeFailurePercentage(base: NonNullable<OutlierDetection['failurePercentage']> | null, patch: OutlierSettings) {
  const enforced = patch.enforcingFailurePercentage === undefined ? base !== null : patch.enforcingFailurePercentage > 0;
  if (!enforced) return null;
  const from = base ?? failurePercentageDefaults;
  return {
    threshold: patch.failurePercentageThreshold ?? from.threshold,
    minimumHosts: patch.failurePercentageMinimumHosts ?? from.minimumHosts,
    requestVolume: patch.failurePercentageRequestVolume ?? from.requestVolume,
  };
}
