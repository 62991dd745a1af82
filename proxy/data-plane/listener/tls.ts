import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { IdentityMaterial } from '../messages.ts';
import type { ConnectionInfo } from '../stream.ts';
import { checkSvid, parseSubjectAltName } from '../svid.ts';

/** ALPN of Istio's sidecars first, then what everybody speaks. */
const serverAlpn = ['istio-http/1.1', 'istio-h2', 'istio', 'h2', 'http/1.1'];
const gatewayAlpn = ['h2', 'http/1.1'];

export type TlsServerMode =
  /** Istio mutual TLS: TLS 1.3, client SVID of our trust domain required. */
  | { kind: 'istio-mutual'; identity: IdentityMaterial; trustDomain: string }
  /** A gateway's server. `clientCaPem` set: a client certificate is asked for; `requireClientCertificate`: or the handshake fails. */
  | {
      kind: 'terminate';
      certificatePem: string;
      privateKeyPem: string;
      clientCaPem: string | null;
      requireClientCertificate: boolean;
    };

export interface TlsListenerOptions {
  mode: TlsServerMode;
  handshakeTimeoutMs?: number;
  /** Handshake done and peer accepted; `info` has its TLS fields filled in. */
  onSecure(socket: TLSSocket, info: ConnectionInfo): void;
  /** Handshake failed or peer refused: counted, shown. The connection is closed. */
  onTlsError(reason: string, info: ConnectionInfo | null): void;
}

function contextOptions(mode: TlsServerMode): SecureContextOptions {
  if (mode.kind === 'istio-mutual') {
    const { certificatePem, privateKeyPem, caPem } = mode.identity;
    return { cert: certificatePem, key: privateKeyPem, ca: caPem, minVersion: 'TLSv1.3' };
  }
  return { cert: mode.certificatePem, key: mode.privateKeyPem, ca: mode.clientCaPem ?? undefined, minVersion: 'TLSv1.2' };
}

/** Subject in RFC 2253 order, as x-forwarded-client-cert wants it: `CN=a,O=b`. */
function subjectText(certificate: X509Certificate): string {
  return (certificate.subject ?? '').split('\n').filter(Boolean).reverse().join(',');
}

/**
 * Server side of TLS for one listener. Sockets come in through accept() (after protocol detection); certificates rotate with
 * setMode() without touching open connections. OpenSSL verifies the chain; that the peer is an SVID of our trust domain is checked here.
 * Session tickets are off: a resumed session would skip the check of who the client is now.
 */
export class TlsListener {
  readonly #server: Server;
  readonly #options: TlsListenerOptions;
  #mode: TlsServerMode;
  readonly #pending = new WeakMap<Duplex, ConnectionInfo>();

  constructor(options: TlsListenerOptions) {
    this.#options = options;
    this.#mode = options.mode;
    const { mode } = options;
    const mutual = mode.kind === 'istio-mutual';
    this.#server = createServer({
      ...contextOptions(mode),
      requestCert: mutual || mode.clientCaPem !== null,
      rejectUnauthorized: mutual || mode.requireClientCertificate,
      ALPNProtocols: mutual ? serverAlpn : gatewayAlpn,
      handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
      allowHalfOpen: true,
      // SSL_OP_NO_TICKET, and no session identifiers either.
      sessionTimeout: 1,
      secureOptions: 0x4000,
    });
    this.#server.on('resumeSession', (_id, done: (error: Error | null, data: Buffer | null) => void) => done(null, null));
    this.#server.on('secureConnection', (socket: TLSSocket) => this.#onSecure(socket));
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => this.#onError(error, socket));
  }

  /** Starts the handshake on an accepted socket. Bytes put back with unshift() are part of it. */
  accept(socket: Socket, info: ConnectionInfo): void {
    this.#pending.set(socket, info);
    this.#server.emit('connection', socket);
  }

  /** New certificates for new connections; a pair that does not fit throws and leaves the old one (case 85). */
  setMode(mode: TlsServerMode): void {
    this.#server.setSecureContext(contextOptions(mode));
    this.#mode = mode;
  }

  close(): void {
    this.#server.removeAllListeners();
    this.#server.close(() => {});
  }

  #infoOf(socket: TLSSocket): ConnectionInfo | null {
    const parent = '_parent' in socket ? (socket._parent as Duplex | null) : null;
    return parent === null ? null : (this.#pending.get(parent) ?? null);
  }

  #onError(error: Error, socket: TLSSocket): void {
    const info = this.#infoOf(socket);
    const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
    socket.on('error', ignore);
    socket.destroy();
    this.#options.onTlsError(reason, info);
  }

  #onSecure(socket: TLSSocket): void {
    socket.on('error', ignore);
    const base = this.#infoOf(socket);
    if (base === null) {
      socket.destroy();
      return;
    }
    const der = socket.getPeerCertificate().raw as Buffer | undefined;
    const info: ConnectionInfo = {
      ...base,
      tls: true,
      sni: typeof socket.servername === 'string' ? socket.servername : '',
      alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '',
    };
    if (der !== undefined && socket.authorized) {
      const certificate = new X509Certificate(der);
      const sans = parseSubjectAltName(certificate.subjectAltName ?? '');
      const sha256Hex = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
      info.peerCertificate = { subject: subjectText(certificate), sha256Hex, ...sans };
    }
    if (this.#mode.kind === 'istio-mutual') {
      const svid = checkSvid(der ?? Buffer.alloc(0), this.#mode.trustDomain);
      if (!svid.ok) {
        this.#options.onTlsError(svid.reason, info);
        socket.destroy();
        return;
      }
      info.mtls = true;
      info.peerSpiffeId = svid.spiffeId;
    } else if (info.peerCertificate !== null) {
      info.mtls = true;
      info.peerSpiffeId = info.peerCertificate.uris.find((uri) => uri.startsWith('spiffe://')) ?? '';
    }
    this.#options.onSecure(socket, info);
  }
}

function ignore(): void {}
