import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket, connect as tcpConnect } from 'node:net';
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import type { Clock } from '../clock.ts';
import type { IdentityMaterial } from '../messages.ts';
import type { UpstreamReset } from '../stream.ts';
import { checkSvid, parseSubjectAltName } from '../svid.ts';
import { encodeProxyHeader, type ProxyProtocolEnds } from './proxy-protocol.ts';
import { describeSocketError, isTlsError } from './socket-error.ts';

/** How to secure a connection to an upstream. */
export interface DialTls {
  /** Client certificate and trust bundle (Istio mutual TLS). TLS 1.3 only. */
  identity?: IdentityMaterial;
  /** Istio: the server must present exactly one of these SPIFFE IDs. */
  expectedSpiffeIds?: string[];
  /** Trust domain of the expected IDs; default: taken from the first of them. */
  trustDomain?: string;
  /** Not Istio: trust anchors, PEM; absent = the system's. */
  caPem?: string | null;
  certificatePem?: string | null;
  privateKeyPem?: string | null;
  /** Not Istio: names of which the certificate must carry one; absent or empty = the SNI or host. */
  subjectAltNames?: string[];
  /** Not Istio: the SNI or host must be in the certificate too; absent: where there are no subjectAltNames. */
  verifyHost?: boolean;
  insecureSkipVerify?: boolean;
  /** The trust anchors asked for cannot be had: fails in Envoy's words instead of trusting the system's. */
  caMissing?: boolean;
  /** '' = none. */
  sni: string;
  alpn: string[];
  /** Parsed certificates are kept here between dials. */
  contexts?: ClientContexts;
}

import type { DirectReads } from './direct-reads.ts';
export interface DialOptions {
  /** Plaintext only. */
  directReads?: DirectReads;
  host: string;
  port: number;
  /** Covers resolution, TCP and TLS. */
  timeoutMs: number;
  clock: Clock;
  /** `127.0.0.1:40123`: addresses that are never an upstream. */
  forbidden: ReadonlySet<string>;
  tls?: DialTls | null;
  /** Probes on a silent connection; what is absent is Linux' default. Absent: none. */
  keepalive?: { probes?: number; timeMs?: number; intervalMs?: number };
  /** PROXY header sent first; `downstream`: the connection carried on, null for HTTP. */
  proxyProtocol?: { version: 'V1' | 'V2'; downstream: ProxyProtocolEnds | null };
  /** Gives up: the promise resolves with a local-reset. */
  signal?: AbortSignal;
  /** Stands in for the system's resolver. */
  resolve?: Resolver;
}
export type Resolver = (host: string, done: (error: Error | null, addresses: LookupAddress[]) => void) => void;

export type DialResult =
  /** `peerSpiffeId` is '' without Istio mutual TLS; `alpn` '' when none was agreed. */
  | { ok: true; socket: Socket | TLSSocket; alpn: string; peerSpiffeId: string; remoteAddress: string }
  | { ok: false; reset: UpstreamReset };

/** Keeps one parsed TLS context per identity object: parsing keys costs a millisecond, rotation brings a new object. */
export class ClientContexts {
  readonly #byIdentity = new WeakMap<IdentityMaterial, SecureContext>();

  forIdentity(identity: IdentityMaterial): SecureContext {
    let context = this.#byIdentity.get(identity);
    if (context === undefined) {
      context = identityContext(identity);
      this.#byIdentity.set(identity, context);
    }
    return context;
  }
}

function identityContext(identity: IdentityMaterial): SecureContext {
  return createSecureContext({
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
    ca: identity.caPem,
    minVersion: 'TLSv1.3',
  });
}

function contextFor(tls: DialTls): SecureContext {
  if (tls.caMissing) throw new Error('TLS error: Secret is not supplied by SDS');
  if (tls.identity !== undefined) return tls.contexts?.forIdentity(tls.identity) ?? identityContext(tls.identity);
  return createSecureContext({
    ca: tls.caPem ?? undefined,
    cert: tls.certificatePem ?? undefined,
    key: tls.privateKeyPem ?? undefined,
    minVersion: 'TLSv1.2',
  });
}

/** A URI as it stands, any other name as TLS compares names; never the common name, which Envoy does not look at. */
function carriesName(certificate: PeerCertificate, name: string): boolean {
  const text = certificate.subjectaltname ?? '';
  if (name.includes('://')) return parseSubjectAltName(text).uris.includes(name);
  return text !== '' && checkServerIdentity(name, certificate) === undefined;
}

/** `server.case, spiffe://case/server`, without what kind each is. */
function sansOf(certificate: PeerCertificate): string {
  return (certificate.subjectaltname ?? '').replace(/(^|, )[A-Za-z ]+:/g, '$1');
}

function verifyError(words: string): Error {
  return new Error(`CERTIFICATE_VERIFY_FAILED:verify cert failed: ${words}`);
}

/** The one spelling of an address: no IPv4-mapped form, unspecified means loopback, all loopback is one. */
function plainAddress(address: string): string {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (plain === '::' || plain === '0.0.0.0' || plain === '::1' || plain.startsWith('127.')) return 'loopback';
  return plain;
}

/** True when connecting there would reach a forbidden address, in whatever spelling. */
function isForbidden(address: string, port: number, forbidden: ReadonlySet<string>): boolean {
  if (forbidden.size === 0) return false;
  const wanted = `${plainAddress(address)}:${port}`;
  for (const entry of forbidden) {
    const colon = entry.lastIndexOf(':');
    const host = entry.slice(0, colon).replace(/^\[|\]$/g, '');
    if (`${host === 'localhost' ? 'loopback' : plainAddress(host)}:${entry.slice(colon + 1)}` === wanted) return true;
  }
  return false;
}

class ForbiddenError extends Error {
  constructor() {
    super('the control API is never an upstream');
  }
}

const systemResolver: Resolver = (host, done) => {
  dnsLookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []));
};

/** Resolution with the check in the middle: no address is tried that was not looked at. */
function guardedLookup(options: DialOptions): LookupFunction {
  const resolve = options.resolve ?? systemResolver;
  return (hostname, lookupOptions, callback) => {
    resolve(hostname, (error, addresses) => {
      const first = addresses[0];
      if (error !== null || first === undefined) {
        callback(error ?? new Error('DNS resolution failed'), '', 4);
      } else if (addresses.some(({ address }) => isForbidden(address, options.port, options.forbidden))) {
        callback(new ForbiddenError(), '', 4);
      } else if (lookupOptions.all) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

/**
 * Opens a connection to an upstream: resolve, connect, TLS handshake, identity check. Expected failures are values.
 *
 *   connect-failure  refused, unreachable, unknown name, forbidden address; `detail` in strerror's words as Envoy prints them
 *   connect-timeout  any phase over timeoutMs
 *   tls-failure      handshake or verification; `detail` carries OpenSSL's reason
 */
export function dial(options: DialOptions): Promise<DialResult> {
  return new Promise((settle) => {
    new Dial(options, settle).start();
  });
}

class Dial {
  readonly #options: DialOptions;
  readonly #settle: (result: DialResult) => void;
  #socket: Socket | TLSSocket | null = null;
  #timer: { cancel(): void } | null = null;
  #settled = false;
  #inTls = false;
  #peerSpiffeId = '';

  constructor(options: DialOptions, settle: (result: DialResult) => void) {
    this.#options = options;
    this.#settle = settle;
  }

  start(): void {
    const { host, port, timeoutMs, clock, signal, forbidden, tls } = this.#options;
    if (signal?.aborted) {
      this.#fail('local-reset', 'given up');
      return;
    }
    const address = host.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0 && isForbidden(address, port, forbidden)) {
      this.#fail('connect-failure', new ForbiddenError().message);
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = clock.setTimer(() => this.#fail('connect-timeout', 'connection timeout'), timeoutMs);
    const direct = tls ? undefined : this.#options.directReads;
    const socket: Socket = tcpConnect({
      host: address,
      port,
      lookup: guardedLookup(this.#options),
      noDelay: true,
      allowHalfOpen: true,
      ...(direct === undefined ? {} : { onread: direct.options(() => socket) }),
    });
    this.#socket = socket;
    if (this.#options.keepalive) keepAlive(socket, this.#options.keepalive);
    socket.on('error', this.#onError);
    socket.once('close', this.#onClose);
    socket.once('connect', () => {
      if (this.#settled) return;
      if (isForbidden(socket.remoteAddress ?? '', port, forbidden)) {
        this.#fail('connect-failure', new ForbiddenError().message);
        return;
      }
      this.#sendProxyHeader(socket);
      if (tls) this.#startTls(socket, tls);
      else this.#succeed(socket, '');
    });
  }

  #sendProxyHeader(socket: Socket): void {
    const { proxyProtocol } = this.#options;
    if (proxyProtocol === undefined) return;
    const own = {
      source: `${socket.localAddress}:${socket.localPort}`,
      destination: `${socket.remoteAddress}:${socket.remotePort}`,
    };
    socket.write(encodeProxyHeader(proxyProtocol.version, proxyProtocol.downstream, own));
  }

  #startTls(raw: Socket, tls: DialTls): void {
    this.#inTls = true;
    raw.off('error', this.#onError);
    raw.off('close', this.#onClose);
    let secureContext: SecureContext;
    try {
      secureContext = contextFor(tls);
    } catch (error) {
      raw.destroy();
      this.#fail('tls-failure', describeSocketError(error as Error));
      return;
    }
    const host = tls.sni !== '' ? tls.sni : this.#options.host;
    const socket = tlsConnect({
      socket: raw,
      secureContext,
      // An address is no server name (RFC 6066).
      servername: isIP(tls.sni) === 0 ? tls.sni : '',
      ALPNProtocols: tls.alpn,
      rejectUnauthorized: tls.insecureSkipVerify !== true,
      checkServerIdentity: (_, certificate) => {
        if (tls.identity !== undefined || tls.expectedSpiffeIds !== undefined) return this.#checkSpiffe(certificate.raw, tls);
        const names = tls.subjectAltNames ?? [];
        const has = `[${sansOf(certificate)}]`;
        if (names.length > 0 && names.every((name) => !carriesName(certificate, name)))
          return verifyError(`SAN matcher, certificate SANs are ${has}`);
        if ((tls.verifyHost ?? names.length === 0) && !carriesName(certificate, host))
          return verifyError(`verify SAN list, expected SANs: [${host}], certificate SANs: ${has}`);
        return undefined;
      },
    });
    this.#socket = socket;
    socket.on('error', this.#onError);
    socket.once('close', this.#onClose);
    socket.once('secureConnect', () => this.#succeed(socket, typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : ''));
  }

  #checkSpiffe(der: Buffer, tls: DialTls): Error | undefined {
    const expected = tls.expectedSpiffeIds ?? [];
    const trustDomain = tls.trustDomain ?? /^spiffe:\/\/([^/]+)/.exec(expected[0] ?? tls.identity?.spiffeId ?? '')?.[1] ?? '';
    const svid = checkSvid(der, trustDomain);
    if (!svid.ok) return new Error(`CERTIFICATE_VERIFY_FAILED: ${svid.reason}`);
    if (expected.length > 0 && !expected.includes(svid.spiffeId)) {
      return new Error(`CERTIFICATE_VERIFY_FAILED: verify SAN list: ${svid.spiffeId} is not ${expected.join(' or ')}`);
    }
    this.#peerSpiffeId = svid.spiffeId;
    return undefined;
  }

  readonly #onAbort = (): void => this.#fail('local-reset', 'given up');

  readonly #onError = (error: Error): void => {
    const tlsFault = this.#inTls && (isTlsError(error) || error.message.startsWith('CERTIFICATE_VERIFY_FAILED'));
    const detail = describeSocketError(error);
    if (tlsFault) this.#fail('tls-failure', detail.startsWith('TLS_error') ? detail : `TLS_error:${detail}`);
    else this.#fail(this.#inTls ? 'tls-failure' : 'connect-failure', detail);
  };

  readonly #onClose = (): void => {
    this.#fail(
      this.#inTls ? 'tls-failure' : 'connect-failure',
      this.#inTls ? 'connection closed during the TLS handshake' : 'Connection closed',
    );
  };

  #succeed(socket: Socket | TLSSocket, alpn: string): void {
    if (this.#settled) return;
    this.#finish();
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    // Until the codec attaches its own handler, an error must not be unhandled; `close` follows it anyway.
    socket.on('error', ignore);
    socket.setNoDelay(true);
    const remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#settle({ ok: true, socket, alpn, peerSpiffeId: this.#peerSpiffeId, remoteAddress });
  }

  #fail(kind: UpstreamReset['kind'], detail: string): void {
    if (this.#settled) return;
    this.#finish();
    const socket = this.#socket;
    if (socket !== null) {
      socket.off('error', this.#onError);
      socket.on('error', ignore);
      socket.destroy();
    }
    this.#settle({ ok: false, reset: { kind, phase: 'connect', nothingSent: true, detail } });
  }

  #finish(): void {
    this.#settled = true;
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

function ignore(): void {}

/** Node has defaults of its own for what is left out, so all three are given. https://man7.org/linux/man-pages/man7/tcp.7.html */
function keepAlive(
  socket: Socket,
  { probes = 9, timeMs = 7_200_000, intervalMs = 75_000 }: NonNullable<DialOptions['keepalive']>,
): void {
  const wholeSeconds = (milliseconds: number): number => Math.max(1000, milliseconds);
  socket.setKeepAlive(true, wholeSeconds(timeMs), wholeSeconds(intervalMs), Math.max(1, probes));
}
