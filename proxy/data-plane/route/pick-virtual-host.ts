import type { PreparedVirtualHost, RouteTable, VirtualHostIndex } from './prepare-view.ts';

export type VirtualHostPick =
  | { kind: 'found'; host: PreparedVirtualHost }
  /** Sidecar, host not in the registry, ALLOW_ANY: on to the address the caller named. */
  | { kind: 'passthrough'; host: PreparedVirtualHost }
  /** Sidecar, host not in the registry, REGISTRY_ONLY: 502. */
  | { kind: 'blackhole'; host: PreparedVirtualHost }
  /** Gateway: 404 NR. */
  | { kind: 'none' };

/**
 * Exact host > longest `*.suffix` > `*`, without regard to case and port (the caller passes both split, lower case). The port's own virtual
 * hosts win over those for any port at equal rank. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
 */
export function pickVirtualHost(table: RouteTable, host: string, port: number): VirtualHostPick {
  const found =
    table.kind === 'gateway' ? find(table.index, null, host) : find(table.ports.get(port) ?? null, table.anyPort, host);
  if (found !== null) return { kind: 'found', host: found };
  if (table.kind === 'gateway') return { kind: 'none' };
  return { kind: table.outboundTrafficPolicy === 'ALLOW_ANY' ? 'passthrough' : 'blackhole', host: table.unknown };
}

function find(first: VirtualHostIndex | null, second: VirtualHostIndex | null, host: string): PreparedVirtualHost | null {
  const exact = first?.exact.get(host) ?? second?.exact.get(host);
  if (exact !== undefined) return exact;
  if (host.endsWith('.')) {
    const absolute = host.slice(0, -1);
    const named = first?.exact.get(absolute) ?? second?.exact.get(absolute);
    if (named !== undefined) return named;
  }
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    const suffix = host.slice(dot);
    const wildcard = first?.suffixes.get(suffix) ?? second?.suffixes.get(suffix);
    if (wildcard !== undefined) return wildcard;
  }
  return first?.catchAll ?? second?.catchAll ?? null;
}
