import type { GatewayListener, GatewayServer, ListenerSnapshot } from '../snapshot.ts';

/* Which server of a gateway's port takes a name: Envoy's filter chains by server name. */

/** Of one port no two servers share it. */
export const nameOf = (server: GatewayServer): string =>
  server.id ?? `${server.origin?.namespace ?? ''}/${server.origin?.name ?? ''}/${server.name}/${server.hosts.join()}`;

export function serverOf(listener: ListenerSnapshot, name: string): GatewayServer | null {
  if (listener.role !== 'gateway') return null;
  return endingServers(listener).find((server) => nameOf(server) === name) ?? null;
}

/** The one server that ends TLS, when it takes every name; null: the name has to be read. */
export function onlyServer(listener: GatewayListener): GatewayServer | null {
  const servers = endingServers(listener);
  return servers.length === 1 && servers[0]!.hosts.includes('*') ? servers[0]! : null;
}

/** The server whose host is closest to the name: exact, the longest wildcard, any. */
export function serverFor(listener: GatewayListener, name: string): GatewayServer | null {
  const servers = endingServers(listener);
  const closest = closestHost(
    servers.flatMap(({ hosts }) => hosts),
    name,
  );
  return closest === null ? null : (servers.find(({ hosts }) => hosts.includes(closest)) ?? null);
}

/** A passthrough route of these hosts takes the name, unless a server that ends TLS names it more closely. */
export function passesThrough(listener: GatewayListener, hosts: readonly string[], name: string): boolean {
  const passed = closestHost(hosts, name);
  const ended = closestHost(
    endingServers(listener).flatMap((server) => server.hosts),
    name,
  );
  return passed !== null && (ended === null || !isCloser(ended, passed));
}

function closestHost(hosts: readonly string[], name: string): string | null {
  let closest: string | null = null;
  for (const host of hosts) if (coversName(host, name) && (closest === null || isCloser(host, closest))) closest = host;
  return closest;
}

function isCloser(a: string, b: string): boolean {
  if (a.startsWith('*') !== b.startsWith('*')) return b.startsWith('*');
  return a.length > b.length;
}

export function endingServers({ servers }: GatewayListener): GatewayServer[] {
  return servers.filter(({ tls }) => tls !== null && tls.mode !== 'PASSTHROUGH' && tls.mode !== 'AUTO_PASSTHROUGH');
}

/** Exact, `*.suffix`, or `*`. */
function coversName(pattern: string, name: string): boolean {
  return pattern === '*' || pattern === name || (pattern.startsWith('*.') && name.endsWith(pattern.slice(1)));
}
