import type { DataPlaneCounters, FaultCounters } from '../../data-plane/messages.ts';

/** Counters of all workers as one. Faults are counted in memory that all share: the greatest number is the newest. */
export function sumCounters(counters: readonly DataPlaneCounters[]): DataPlaneCounters {
  const total = (read: (one: DataPlaneCounters) => number) => counters.reduce((sum, one) => sum + read(one), 0);
  const resources: Record<string, number> = {};
  const faults = new Map<string, FaultCounters>();
  for (const one of counters) {
    for (const [resource, requests] of Object.entries(one.resources)) resources[resource] = (resources[resource] ?? 0) + requests;
    for (const { id, matched, hits } of one.faults) {
      const known = faults.get(id);
      faults.set(id, { id, matched: Math.max(matched, known?.matched ?? 0), hits: Math.max(hits, known?.hits ?? 0) });
    }
  }
  return {
    downstreamConnections: total((one) => one.downstreamConnections),
    activeRequests: total((one) => one.activeRequests),
    requests: total((one) => one.requests),
    resources,
    faults: [...faults.values()],
    droppedExchanges: total((one) => one.droppedExchanges),
  };
}
