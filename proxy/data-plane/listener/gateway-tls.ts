import type { IdentityMaterial } from '../messages.ts';
import type { GatewayServer } from '../snapshot.ts';
import { TlsListener, type TlsListenerOptions, type TlsServerMode } from './tls.ts';

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
