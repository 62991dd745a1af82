import type { ParsedResource } from '../../config/index.ts';
import { coversHost } from '../../config/kinds/virtual-service.ts';
import type { GatewayServer } from '../../data-plane/snapshot.ts';
import type { Listener } from './gateway-api/listener-admission.ts';

/** A server of one of Istio's Gateways, or a listener of one of the Gateway API's. */
export interface OwnedServer {
  port: number;
  server: GatewayServer;
  /** `namespace/name` of the Gateway. */
  gateway: string;
  resource: ParsedResource;
  /** Host patterns with the namespaces whose routes may bind them (`*` = any). */
  hosts: { namespace: string; host: string }[];
  /** Gateway API: listener name; '' for Istio's. */
  section: string;
  /** Gateway API's own; absent for Istio's. */
  listener?: Listener;
}

/** `x.test` is closer than `*.test`, which is closer than `*`. */
export function isCloser(host: string, than: string): boolean {
  return host !== than && coversHost(than, host);
}

/** The narrower of route host and server host, for server hosts whose namespace admits the route. */
export function intersect(routeHost: string, namespace: string, servers: OwnedServer['hosts']): string[] {
  const domains = servers.flatMap(({ namespace: admitted, host: serverHost }) => {
    if (admitted !== '*' && admitted !== namespace) return [];
    if (coversHost(serverHost, routeHost)) return [routeHost];
    return coversHost(routeHost, serverHost) ? [serverHost] : [];
  });
  return [...new Set(domains)];
}
