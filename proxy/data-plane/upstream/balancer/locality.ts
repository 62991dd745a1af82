import type { ClusterSnapshot, EndpointSnapshot, WorkloadInfo } from '../../snapshot.ts';

/*
 * Istio's locality load balancing, worked out from the caller's side (istio: pilot/pkg/networking/core/loadbalancer). Localities are
 * `region/zone/subzone`.
 *
 *   failover     endpoints get a priority by closeness: 0 same subzone, 1 same zone, 2 same region, 3 named fallback, 4 the rest
 *   failoverPriority  by how many labels, in order, agree
 *   distribute   endpoints keep their priority; localities get shares
 */

/** Priority of an endpoint before gaps are closed; lower is nearer. */
export function localityPriority(
  endpoint: EndpointSnapshot,
  caller: WorkloadInfo,
  locality: ClusterSnapshot['locality'],
): number {
  if (locality === null || locality.distribute.length > 0) return 0;
  if (locality.failoverPriority.length > 0) return labelPriority(endpoint, caller, locality.failoverPriority);
  if (caller.locality === '') return 0;
  const own = caller.locality.split('/');
  const theirs = endpoint.locality.split('/');
  for (let level = 3; level > 0; level--) {
    let same = true;
    for (let i = 0; i < level; i++) same &&= (own[i] ?? '') === (theirs[i] ?? '');
    if (same) return 3 - level;
  }
  const fallback = locality.failover.find((entry) => entry.from === own[0]);
  if (fallback === undefined) return 3;
  return fallback.to === theirs[0] ? 3 : 4;
}

/** `topology.istio.io/network`, or `key=value` to demand a value: the longest agreeing prefix wins. */
function labelPriority(endpoint: EndpointSnapshot, caller: WorkloadInfo, labels: string[]): number {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const equals = label.indexOf('=');
    const name = equals < 0 ? label : label.slice(0, equals);
    const wanted = equals < 0 ? labelOf(name, caller.labels, caller.locality) : label.slice(equals + 1);
    if (labelOf(name, endpoint.labels, endpoint.locality) !== wanted) return labels.length - i;
  }
  return 0;
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

/** The most specific share for a locality; 0 when it gets nothing. */
export function shareOf(locality: string, shares: Record<string, number>): number {
  let best = 0;
  let length = -1;
  for (const [pattern, share] of Object.entries(shares)) {
    if (pattern.length > length && matchesLocality(locality, pattern)) {
      best = share;
      length = pattern.length;
    }
  }
  return best;
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
