import type { ClusterSnapshot, EndpointSnapshot, WorkloadInfo } from '../../snapshot.ts';

/*
 * Istio's locality load balancing, worked out from the caller's side (istio: pilot/pkg/networking/core/loadbalancer). Localities are
 * `region/zone/subzone`.
 *
 *   failover     endpoints get a priority by closeness: 0 same subzone, 1 same zone, 2 same region, 3 named fallback, 4 the rest
 *   failoverPriority  by how many labels, in order, agree; refined by failover where both are given
 *   distribute   endpoints keep their priority; localities get shares
 */

/** The endpoint's own priority, refined by locality; lower is nearer, with gaps. */
export function endpointRank(
  endpoint: EndpointSnapshot,
  { locality, outlierDetection }: Pick<ClusterSnapshot, 'locality' | 'outlierDetection'>,
  caller: WorkloadInfo,
): number {
  // Failover needs outlier detection: without it nothing would ever move away from the nearest hosts.
  return endpoint.priority * 10_000 + localityPriority(endpoint, caller, outlierDetection === null ? null : locality);
}

/** Priority of an endpoint before gaps are closed; lower is nearer. */
export function localityPriority(
  endpoint: EndpointSnapshot,
  caller: WorkloadInfo,
  locality: ClusterSnapshot['locality'],
): number {
  if (locality === null || locality.distribute.length > 0) return 0;
  if (locality.failoverPriority.length === 0) return closeness(endpoint, caller, locality.failover);
  const byLabels = labelPriority(endpoint, caller, locality.failoverPriority);
  return locality.failover.length === 0 ? byLabels : byLabels * 5 + closeness(endpoint, caller, locality.failover);
}

function closeness(endpoint: EndpointSnapshot, caller: WorkloadInfo, failover: readonly { from: string; to: string }[]): number {
  const own = caller.locality.split('/');
  const theirs = endpoint.locality.split('/');
  for (let level = 3; level > 0; level--) {
    let same = true;
    for (let i = 0; i < level; i++) same &&= (own[i] ?? '') === (theirs[i] ?? '');
    if (same) return 3 - level;
  }
  const fallback = failover.find((entry) => entry.from === own[0]);
  if (fallback === undefined) return 3;
  return fallback.to === theirs[0] ? 3 : 4;
}

/**
 * A label's name, or `key=value` to demand a value: the longest agreeing prefix wins. Another network, when asked first, comes after all of
 * the caller's own, ordered by the other labels.
 */
function labelPriority(endpoint: EndpointSnapshot, caller: WorkloadInfo, labels: string[]): number {
  let otherNetwork = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const equals = label.indexOf('=');
    const name = equals < 0 ? label : label.slice(0, equals);
    const wanted = equals < 0 ? labelOf(name, caller.labels, caller.locality) : label.slice(equals + 1);
    if (labelOf(name, endpoint.labels, endpoint.locality) === wanted) continue;
    if (i > 0 || name !== 'topology.istio.io/network') return otherNetwork + labels.length - i;
    otherNetwork = labels.length;
  }
  return otherNetwork;
}

function labelOf(name: string, labels: Record<string, string>, locality: string): string {
  const [region = '', zone = '', subzone = ''] = locality.split('/');
  if (name === 'topology.kubernetes.io/region') return labels[name] ?? region;
  if (name === 'topology.kubernetes.io/zone') return labels[name] ?? zone;
  if (name === 'topology.istio.io/subzone') return labels[name] ?? subzone;
  return labels[name] ?? '';
}

/** Shares per endpoint locality for this caller, or null when nothing is distributed from where it stands. */
export function distribution(caller: WorkloadInfo, locality: ClusterSnapshot['locality']): Record<string, number> | null {
  return locality?.distribute.find((entry) => matchesLocality(caller.locality, entry.from))?.to ?? null;
}

/**
 * Weight of each locality: the share of the most specific pattern that covers it, divided among all that pattern covers by the sum of their
 * endpoints' weights, rounded up. A locality that no pattern covers is missing: it gets nothing.
 */
export function shareLocalities(localities: ReadonlyMap<string, number>, shares: Record<string, number>): Map<string, number> {
  const patterns = Object.keys(shares).sort((a, b) => b.length - a.length);
  const patternOf = (locality: string) => patterns.find((pattern) => matchesLocality(locality, pattern));
  const covered = new Map<string, number>();
  for (const [locality, weight] of localities) {
    const pattern = patternOf(locality);
    if (pattern !== undefined) covered.set(pattern, (covered.get(pattern) ?? 0) + weight);
  }
  const weights = new Map<string, number>();
  for (const [locality, weight] of localities) {
    const pattern = patternOf(locality);
    if (pattern !== undefined) weights.set(locality, Math.ceil((weight * shares[pattern]!) / covered.get(pattern)!));
  }
  return weights;
}

/** `region/*`, `region/zone/*`, `region/zone`, `*`. */
function matchesLocality(locality: string, pattern: string): boolean {
  if (pattern === '*') return true;
  const parts = locality.split('/');
  const wanted = pattern.split('/');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '*') return true;
    if ((parts[i] ?? '') !== wanted[i]) return false;
  }
  return true;
}
