import type { IdentityMaterial } from '../messages.ts';
import type { PreparedListener } from '../prepare.ts';
import type { GatewayListener, GatewayServer } from '../snapshot.ts';
import { sniMatches } from '../tcp-path.ts';
import { TlsListener, type TlsListenerOptions, type TlsServerMode } from './tls.ts';

/* Which server of a gateway's port ends TLS for a connection, and how: Envoy's filter chains by server name. */

/** A TLS listener and the certificate it has now. */
export class TlsEntry {
  readonly listener: TlsListener;
  #mode: TlsServerMode;

  constructor(options: TlsListenerOptions) {
    this.listener = new TlsListener(options);
    this.#mode = options.mode;
  }

  /** Whether clients are asked for a certificate is decided when a listener is made; anything else may change under it. */
  fits(mode: TlsServerMode): boolean {
    return asks(mode) === asks(this.#mode);
  }

  setMode(mode: TlsServerMode): void {
    if (isSame(mode, this.#mode)) return;
    this.listener.setMode(mode);
    this.#mode = mode;
  }
}

function asks(mode: TlsServerMode): string {
  return mode.kind === 'istio-mutual' ? mode.kind : `${mode.clientCaPem !== null} ${mode.requireClientCertificate}`;
}

function isSame(a: TlsServerMode, b: TlsServerMode): boolean {
  if (a.kind === 'istio-mutual' || b.kind === 'istio-mutual')
    return a.kind === b.kind && 'identity' in a && 'identity' in b && a.identity === b.identity;
  return a.certificatePem === b.certificatePem && a.privateKeyPem === b.privateKeyPem && a.clientCaPem === b.clientCaPem;
}

/** Of one port no two servers share it. */
export const nameOf = (server: GatewayServer): string =>
  server.id ?? `${server.origin?.namespace ?? ''}/${server.origin?.name ?? ''}/${server.name}/${server.hosts.join()}`;

export function serverOf(prepared: PreparedListener, name: string): GatewayServer | null {
  if (prepared.listener.role !== 'gateway') return null;
  return ending(prepared.listener).find((server) => nameOf(server) === name) ?? null;
}

/** The one server that ends TLS, when it takes every name; null: the name has to be read. */
export function onlyServer(listener: GatewayListener): GatewayServer | null {
  const servers = ending(listener);
  return servers.length === 1 && servers[0]!.hosts.includes('*') ? servers[0]! : null;
}

/** The server whose host is closest to the name: exact, the longest wildcard, any. */
export function serverFor(listener: GatewayListener, sni: string): GatewayServer | null {
  let best: { server: GatewayServer; host: string } | null = null;
  for (const server of ending(listener)) {
    for (const host of server.hosts)
      if (sniMatches(host, sni) && (best === null || isCloser(host, best.host))) best = { server, host };
  }
  return best?.server ?? null;
}

function isCloser(a: string, b: string): boolean {
  if (a.startsWith('*') !== b.startsWith('*')) return b.startsWith('*');
  return a.length > b.length;
}

function ending({ servers }: GatewayListener): GatewayServer[] {
  return servers.filter(({ tls }) => tls !== null && tls.mode !== 'PASSTHROUGH' && tls.mode !== 'AUTO_PASSTHROUGH');
}

/** How a server ends TLS; `own`: the gateway's certificate, for a server without one. null: there is none. */
export function terminateMode({ tls }: GatewayServer, own: IdentityMaterial | undefined): TlsServerMode | null {
  const certificatePem = tls?.certificate ?? own?.certificatePem;
  const privateKeyPem = tls?.privateKey ?? own?.privateKeyPem;
  if (tls === null || certificatePem === undefined || privateKeyPem === undefined) return null;
  const asksClient = tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL' || tls.mode === 'ISTIO_MUTUAL';
  return {
    kind: 'terminate',
    certificatePem,
    privateKeyPem,
    clientCaPem: asksClient ? (tls.clientCa ?? own?.caPem ?? null) : null,
    requireClientCertificate: asksClient && tls.mode !== 'OPTIONAL_MUTUAL',
  };
}
