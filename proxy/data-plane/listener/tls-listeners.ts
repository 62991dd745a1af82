import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { IdentityMaterial } from '../messages.ts';
import type { PreparedListener } from '../prepare.ts';
import type { GatewayServer } from '../snapshot.ts';
import type { ConnectionInfo } from '../stream.ts';
import { nameOf, serverOf } from './gateway-servers.ts';
import { TlsListener, type TlsListenerOptions, type TlsServerMode } from './tls.ts';

export interface TlsListenersDeps {
  prepared: (key: string) => PreparedListener | undefined;
  identityOf: (proxyId: string) => IdentityMaterial | undefined;
  /** A gateway server's certificate when the configuration names none. */
  gatewayCertificate: (proxyId: string) => IdentityMaterial | undefined;
  /** `server`: name of the gateway's server that ended TLS; '' for a sidecar. */
  onSecure(key: string, socket: Duplex, info: ConnectionInfo, server: string): void;
  onTlsError(prepared: PreparedListener, reason: string, info: ConnectionInfo | null): void;
}

/** Where TLS ends: one TLS listener per inbound port of a sidecar, and per server of a gateway's port. */
export class TlsListeners {
  readonly #deps: TlsListenersDeps;
  /** By listener, and by server of a gateway's. */
  readonly #entries = new Map<string, Map<string, TlsEntry>>();

  constructor(deps: TlsListenersDeps) {
    this.#deps = deps;
  }

  /** Starts the handshake. `server` null: a sidecar's own. A certificate an apply brought counts from the next connection on. */
  accept(key: string, socket: Socket, info: ConnectionInfo, server: GatewayServer | null): void {
    const prepared = this.#deps.prepared(key);
    const mode = prepared === undefined ? null : this.#modeOf(prepared, server);
    if (prepared === undefined || mode === null) {
      socket.destroy();
      return;
    }
    let listener: TlsListener;
    try {
      listener = this.#listenerFor(key, prepared, server, mode);
    } catch (error) {
      // A certificate file and a key that do not fit, or are neither: told, not a crash.
      this.#deps.onTlsError(prepared, `its certificate cannot be used: ${(error as Error).message}`, info);
      socket.destroy();
      return;
    }
    listener.accept(socket, info);
  }

  /** New certificates of these identities: later handshakes use them. */
  renew(spiffeIds: ReadonlySet<string>): void {
    for (const [key, entries] of this.#entries) {
      const prepared = this.#deps.prepared(key);
      if (prepared === undefined || !spiffeIds.has(prepared.proxy.workload.spiffeId)) continue;
      for (const [name, entry] of entries) {
        const mode = this.#modeOf(prepared, serverOf(prepared.listener, name));
        if (mode !== null) entry.setMode(mode);
      }
    }
  }

  drop(key: string): void {
    for (const { listener } of this.#entries.get(key)?.values() ?? []) listener.close();
    this.#entries.delete(key);
  }

  close(): void {
    for (const key of [...this.#entries.keys()]) this.drop(key);
  }

  #listenerFor(key: string, prepared: PreparedListener, server: GatewayServer | null, mode: TlsServerMode): TlsListener {
    const name = server === null ? '' : nameOf(server);
    const entries = this.#entries.get(key) ?? new Map<string, TlsEntry>();
    this.#entries.set(key, entries);
    const known = entries.get(name);
    if (known?.fits(mode)) {
      known.setMode(mode);
      return known.listener;
    }
    const made = new TlsEntry({
      mode,
      onSecure: (socket, info) => this.#deps.onSecure(key, socket, info, name),
      onTlsError: (reason, info) => this.#deps.onTlsError(prepared, reason, info),
    });
    known?.listener.close();
    entries.set(name, made);
    return made.listener;
  }

  #modeOf(prepared: PreparedListener, server: GatewayServer | null): TlsServerMode | null {
    const { proxy, listener, paths } = prepared;
    if (listener.role === 'inbound') {
      const identity = this.#deps.identityOf(proxy.id);
      return identity === undefined ? null : { kind: 'istio-mutual', identity, trustDomain: paths[0]!.snapshot.trustDomain };
    }
    return server === null ? null : terminateMode(server, this.#deps.gatewayCertificate(proxy.id));
  }
}

/** A TLS listener and the certificate it has now. */
class TlsEntry {
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

/** How a server ends TLS; `own`: the gateway's certificate, for a server without one. null: there is none. */
function terminateMode({ tls }: GatewayServer, own: IdentityMaterial | undefined): TlsServerMode | null {
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
