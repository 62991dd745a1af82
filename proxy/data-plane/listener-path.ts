import type { PreparedListener } from './prepare.ts';
import type { ListenerPath } from './request-path.ts';
import { splitAuthority } from './route/authority.ts';
import type { InboundListener } from './snapshot.ts';
import type { ConnectionInfo } from './stream.ts';

export type InboundPath = ListenerPath & { direction: 'inbound' };
export type OutboundPath = ListenerPath & { direction: 'outbound' };

/** What a request to `authority` meets. `server`: the one of a gateway's that ended TLS, else ''. */
export function pathOfRequest(
  prepared: PreparedListener | undefined,
  info: ConnectionInfo,
  authority: string,
  server: string,
): ListenerPath | undefined {
  if (prepared?.listener.role === 'inbound') return pathOfPort(prepared, info, authority);
  return prepared?.byServer?.get(server) ?? prepared?.paths[0];
}

/**
 * Of an inbound listener: mTLS connections name the service port in Istio's server name, plaintext ones by Host (null before there is one);
 * else it is the first port.
 */
export function pathOfPort(
  prepared: PreparedListener | undefined,
  info: ConnectionInfo,
  authority: string | null,
): InboundPath | undefined {
  if (prepared === undefined) return undefined;
  const paths = prepared.paths as InboundPath[];
  const { ports } = prepared.listener as InboundListener;
  if (ports.length === 1) return paths[0];
  const named = /^outbound_\.(\d+)_\./.exec(info.sni)?.[1];
  const port = named !== undefined ? Number(named) : authority === null ? 0 : splitAuthority(authority).port;
  const index = ports.findIndex((p) => p.port === port);
  return paths[Math.max(index, 0)];
}
