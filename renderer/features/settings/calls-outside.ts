import type { Graph } from '../../../proxy/api/observability.schema.ts';

/** What left the mesh in the graph's window, by host, most first; `total` counts every request. */
export function callsOutside(graph: Pick<Graph, 'nodes' | 'edges'> | null): {
  hosts: { host: string; count: number }[];
  requests: number;
  total: number;
} {
  const outside = new Map((graph?.nodes ?? []).filter(({ kind }) => kind === 'external').map(({ id, name }) => [id, name]));
  const counts = new Map<string, number>();
  let [requests, total] = [0, 0];
  for (const { to, count } of graph?.edges ?? []) {
    total += count;
    const host = outside.get(to);
    if (host === undefined || count === 0) continue;
    requests += count;
    counts.set(host, (counts.get(host) ?? 0) + count);
  }
  const hosts = [...counts].map(([host, count]) => ({ host, count })).sort((a, b) => b.count - a.count);
  return { hosts, requests, total };
}
