import type { BoundListener, GatewayListener, HostPort, MeshSnapshot } from '../data-plane/snapshot.ts';

type Parts = { snapshot: MeshSnapshot; bound: readonly BoundListener[] };
type Scheme = 'http' | 'https' | 'tcp';
const order: readonly Scheme[] = ['http', 'https', 'tcp'];

/** Where traffic from outside enters: the ingress' first plain HTTP port, else HTTPS, else one that takes bytes; null: there is no gateway. */
export function findIngress({ snapshot, bound }: Parts): (HostPort & { scheme: Scheme }) | null {
  const gateway = snapshot.proxies.find(({ id }) => id === 'ingress');
  const found = (gateway?.listeners ?? []).flatMap((listener) => {
    const at = bound.find((one) => one.proxy === 'ingress' && one.listener === listener.id);
    if (listener.role !== 'gateway' || at === undefined) return [];
    return [{ scheme: schemeOf(listener), host: at.host === '0.0.0.0' ? '127.0.0.1' : at.host, port: at.port }];
  });
  return order.flatMap((scheme) => found.filter((one) => one.scheme === scheme))[0] ?? null;
}

/** Of a port with several servers, what most clients can speak. */
function schemeOf({ servers }: GatewayListener): Scheme {
  if (servers.some(({ tls, protocol }) => tls === null && protocol !== 'TCP' && protocol !== 'TLS')) return 'http';
  return servers.some(({ protocol }) => protocol === 'HTTPS') ? 'https' : 'tcp';
}
