import type { Duplex } from 'node:stream';
import type { AppliedFault } from '../api/exchange.schema.ts';
import type { HeaderMap } from './header-map.ts';

/*
 * The two halves of an exchange, whatever the protocol. A listener's codec makes a DownstreamRequest; an upstream connection makes an
 * UpstreamStream. The request path joins them:
 *
 *   client ──▶ DownstreamRequest.body ──▶ [stages] ──▶ UpstreamStream.sendData ──▶ app
 *   client ◀── DownstreamRequest.send* ◀── [stages] ◀── UpstreamCallbacks.on*  ◀── app
 *
 * Every method is synchronous; flow control is `false` from send + onDrain, and pause/resume on the reading side.
 */

export interface ConnectionInfo {
  /** Unique per process. */
  id: number;
  /** `127.0.0.1:50412` */
  remoteAddress: string;
  localAddress: string;
  /** Verified peer identity, '' without mTLS. */
  peerSpiffeId: string;
  /** Peer certificate facts for x-forwarded-client-cert; null without mTLS. */
  peerCertificate: { subject: string; sha256Hex: string; uris: string[]; dns: string[] } | null;
  mtls: boolean;
  /** Any TLS, also a gateway's SIMPLE. */
  tls: boolean;
  sni: string;
  alpn: string;
  /** Toxics on the bytes of the connection: every request over it has met them. */
  faults?: readonly AppliedFault[];
}

/** Readable side of a message. One consumer; set the handlers before resume(). Starts paused. */
export interface BodySource {
  /** True when the message has no body and no trailers (GET): onEnd fires without data on resume(). */
  readonly empty: boolean;
  onData: ((chunk: Buffer) => void) | null;
  /** Trailers are null when there are none. */
  onEnd: ((trailers: HeaderMap | null) => void) | null;
  pause(): void;
  resume(): void;
}

/** Why the downstream side ended early. */
export type DownstreamReset = 'remote-disconnect' | 'protocol-error' | 'remote-reset' | 'timeout' | 'shutdown' | 'stream-timeout';

export interface DownstreamRequest {
  readonly connection: ConnectionInfo;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Raw Host or :authority, with its port if it had one. Absolute-form targets are already taken apart: the target's host wins. */
  readonly authority: string;
  /** Path with query, as on the wire; `*` for OPTIONS *. */
  readonly path: string;
  /** Without host, connection, keep-alive, transfer-encoding, upgrade, proxy-connection, te≠trailers. content-length stays. */
  readonly headers: HeaderMap;
  readonly body: BodySource;
  /** Lower-case protocol of an `Upgrade` request (`websocket`), '' otherwise. CONNECT requests never come here: listener/tunnel does them. */
  readonly upgrade: string;
  /** The client waits for 100 Continue; call sendInformational(100) or a final response. */
  readonly expectContinue: boolean;
  /** Body bytes read so far. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /**
   * Reads the body until it ended or `limitBytes` of it are there. Nothing is taken away: whoever reads the body afterwards gets all of it.
   * Null: the client left.
   */
  readAhead?(limitBytes: number): Promise<{ chunks: readonly Buffer[]; complete: boolean } | null>;
  /** 1xx. Dropped silently for HTTP/1.0. */
  sendInformational(status: number, headers: HeaderMap): void;
  /**
   * Final response head. The codec adds framing itself (content-length is kept when present, else chunked / END_STREAM) and never duplicates it.
   * endStream: no body follows.
   */
  sendHeaders(status: number, headers: HeaderMap, endStream: boolean): void;
  /** False when the socket's buffer is full: stop and wait for onDrain. */
  sendData(chunk: Buffer): boolean;
  end(trailers: HeaderMap | null): void;
  /** Abort so that the client sees an error, never a clean end. */
  reset(): void;
  /** Answers 101 (HTTP/1.1) and hands over the raw byte stream in both directions; bytes that followed the request come first. */
  acceptUpgrade(status: number, headers: HeaderMap): Duplex;
  /** Telemetry's ear on an upgraded connection; `forward` is towards the upstream. */
  noteUpgraded?(direction: 'forward' | 'backward', chunk: Buffer): void;
  onDrain: (() => void) | null;
  /** The client went away or misbehaved before the response ended. Never called after the exchange is complete. */
  onReset: ((reason: DownstreamReset) => void) | null;
  /** The response was flushed to the socket completely. */
  onFinished: (() => void) | null;
  /** Close the connection after this response (drain, protocol anomalies). */
  closeAfterResponse(): void;
}

/** Why an upstream stream failed. `phase` is where it was: retries and flags depend on both. */
export interface UpstreamReset {
  kind:
    | 'connect-failure'
    | 'connect-timeout'
    | 'tls-failure'
    | 'connection-termination'
    | 'remote-reset'
    | 'refused-stream'
    | 'protocol-error'
    | 'overflow'
    | 'local-reset';
  phase: 'queue' | 'connect' | 'request' | 'headers' | 'body';
  /** True when no byte of the request reached the wire, or the peer vouches that it processed nothing of it. */
  nothingSent: boolean;
  /** Transport's words: `Connection refused`, TLS alert text. */
  detail: string;
}

export interface UpstreamCallbacks {
  onInformational(status: number, headers: HeaderMap): void;
  onHeaders(status: number, headers: HeaderMap, endStream: boolean): void;
  onData(chunk: Buffer): void;
  onEnd(trailers: HeaderMap | null): void;
  onReset(reset: UpstreamReset): void;
  /** The upstream's 101: the raw byte stream; bytes after the head come first. */
  onUpgrade(status: number, headers: HeaderMap, stream: Duplex): void;
  /** After sendData returned false. */
  onDrain(): void;
}

export interface UpstreamRequestHead {
  method: string;
  scheme: 'http' | 'https';
  authority: string;
  path: string;
  headers: HeaderMap;
  /** '' or the Upgrade protocol. */
  upgrade: string;
  expectContinue: boolean;
}

/** One request on one upstream connection. Callbacks never fire after reset() or onEnd/onReset. */
export interface UpstreamStream {
  sendHeaders(head: UpstreamRequestHead, endStream: boolean): void;
  sendData(chunk: Buffer): boolean;
  end(trailers: HeaderMap | null): void;
  /** Abort. HTTP/1 closes the connection; HTTP/2 sends RST_STREAM. */
  reset(): void;
  /** Flow control of the response. */
  pause(): void;
  resume(): void;
}

/** An open connection to one endpoint that can carry requests. The pool owns it. */
export interface UpstreamConnection {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** Streams it could take now. HTTP/1: 1 or 0. */
  readonly available: number;
  readonly activeStreams: number;
  /** Requests it has carried, for maxRequestsPerConnection. */
  readonly requestCount: number;
  newStream(callbacks: UpstreamCallbacks): UpstreamStream;
  /** Toxics on the bytes of the connection. */
  faults?: readonly AppliedFault[];
  /** Connection ended (idle close, GOAWAY, error): the pool forgets it. */
  onClose: (() => void) | null;
  /** A stream slot became free. */
  onAvailable: (() => void) | null;
  /** HTTP/2 only: asks the peer for a sign of life. */
  ping?(onAnswer: () => void): void;
  /** HTTP/2 only: cuts it, streams and all. */
  abort?(): void;
  close(): void;
}
