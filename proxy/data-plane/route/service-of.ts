import { isIP } from 'node:net';
import { compileIpBlocks } from '../../shared/ip-blocks.ts';
import type { OutboundView } from '../snapshot.ts';

/** The service an opaque connection is for, and the address that TCP routes compare; both '' when there is none. */
export interface ConnectionTarget {
  service: string;
  address: string;
}

/**
 * By the name asked for, exactly or below a wildcard host; by an address, when a ServiceEntry lists it for that port. A name whose service
 * has an address of its own stands for that, as Istio's DNS would have answered.
 */
export function connectionTarget(view: OutboundView, host: string, port: number): ConnectionTarget {
  const addresses = (view.addresses ?? []).filter((entry) => entry.port === port);
  if (isIP(host) !== 0) {
    const found = addresses
      .filter(({ cidr }) => compileIpBlocks([cidr])(host))
      .sort((a, b) => bitsOf(b.cidr) - bitsOf(a.cidr))[0];
    return { service: found?.service ?? serviceNamed(view, host) ?? '', address: host };
  }
  const service = serviceNamed(view, host) ?? view.serviceByHost.get(wildcardFor(view, host)) ?? '';
  return { service, address: addresses.find((entry) => entry.service === service && isIP(entry.cidr) !== 0)?.cidr ?? '' };
}

/** The service of a host (lower case, no port), which may be absolute: `ratings.default.svc.cluster.local.` */
export function serviceNamed({ serviceByHost }: OutboundView, host: string): string | undefined {
  return serviceByHost.get(host) ?? (host.endsWith('.') ? serviceByHost.get(host.slice(0, -1)) : undefined);
}

/** The port meant by such a host without one. */
export function defaultPortOf({ defaultPorts }: OutboundView, host: string): number | undefined {
  return defaultPorts.get(host) ?? (host.endsWith('.') ? defaultPorts.get(host.slice(0, -1)) : undefined);
}

/** The longest `*.suffix` among the hosts that covers a name; '' when none does. */
function wildcardFor(view: OutboundView, host: string): string {
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    const wildcard = `*${host.slice(dot)}`;
    if (view.serviceByHost.has(wildcard)) return wildcard;
  }
  return '';
}

function bitsOf(cidr: string): number {
  const slash = cidr.indexOf('/');
  return slash < 0 ? 128 : Number(cidr.slice(slash + 1));
}
