import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { HeaderMap } from '../header-map.ts';
import { emptyHeaders, fromHttp2Headers, lengthOf, rawList, toHttp2Headers, toHttp2List } from '../http2-headers.ts';
import type { BodySource, ConnectionInfo, DownstreamRequest, DownstreamReset } from '../stream.ts';

export interface Http2DownstreamOptions {
  info: ConnectionInfo;
  /** Scheme when the request names none: https behind any TLS. */
  scheme: 'http' | 'https';
  onRequest(request: DownstreamRequest): void;
  onClose(): void;
  /** The peer broke the protocol (bad frames, floods, malformed requests). */
  onProtocolError?(detail: string, info: ConnectionInfo): void;
  maxConcurrentStreams?: number;
  /** A connection without requests is closed after this long without a byte; Envoy's common_http_protocol_options.idle_timeout, one hour. */
  idleTimeoutMs?: number;
  /** A response the client gives no window for, or does not read: the connection is cut after this long without a byte, either way. */
  flushTimeoutMs?: number;
}

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
/** Names, values and 32 bytes each, as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2). */
const headBytes = 64 * 1024;
const headerCount = 208;
/** What an authority may not hold; the same rule as for Host in HTTP/1.1. */
const badAuthority = /[\s@/?#\\]/;

function ignore(): void {}

/**
 * Server side of one HTTP/2 connection (prior knowledge, or h2 by ALPN). nghttp2, inside node:http2, does framing, flow control and most of
 * the protection: rapid resets, CONTINUATION, SETTINGS and PING floods, header bombs and malformed pseudo-headers end in RST_STREAM or GOAWAY
 * before anything reaches us. What it lets pass is checked here: authority against host, spaces in the path, content-length against DATA.
 */
export class Http2Downstream {
  readonly info: ConnectionInfo;
  readonly #session: ServerHttp2Session;
  readonly #socket: Duplex & { bytesRead?: number; bytesWritten?: number };
  /** Requests not over yet: node tells a paused or unread stream late, or not at all, that its connection is gone. */
  readonly #live = new Set<Http2Request>();
  #quietMs = 0;

  constructor(socket: Duplex, options: Http2DownstreamOptions) {
    this.info = options.info;
    const session = performServerHandshake(socket, {
      settings: {
        maxConcurrentStreams: options.maxConcurrentStreams ?? 100,
        initialWindowSize: streamWindowBytes,
        maxHeaderListSize: 2 * headBytes,
        enablePush: false,
      },
      // Twice what we take: a head that is somewhat too large is told so with 431, a bomb is reset by the codec before it costs memory.
      maxHeaderListPairs: 2 * headerCount,
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
      maxSessionMemory: 16,
      // Repeated headers pass as they came, as everywhere else.
      strictSingleValueFields: false,
    });
    this.#session = session;
    this.#socket = socket;
    session.setLocalWindowSize(connectionWindowBytes);
    this.#watchQuiet(options.idleTimeoutMs ?? 3_600_000, options.flushTimeoutMs ?? 300_000);
    session.on('error', (error: Error) => options.onProtocolError?.(error.message, options.info));
    session.on('frameError', ignore);
    session.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw?: unknown) => {
      stream.on('error', ignore);
      this.#quietMs = 0;
      const list = rawList(raw, headers);
      const request = parseRequest({ session, socket }, stream, list, options);
      if (typeof request !== 'string') {
        this.#live.add(request);
        stream.once('close', () => this.#live.delete(request));
        options.onRequest(request);
        return;
      }
      options.onProtocolError?.(request, options.info);
      stream.respond({ ':status': statusOf[request] ?? 400 }, { endStream: true });
      stream.close(NGHTTP2_NO_ERROR);
    });
    session.on('close', () => options.onClose());
    // HTTP/2 knows no half-close of its connection; listeners allow it for HTTP/1.1 and tunnels.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      for (const request of this.#live) request.connectionLost();
      this.#live.clear();
    });
  }

  /** Node's session timer runs out when nothing moved, in either direction; every byte winds it up again. */
  #watchQuiet(idleTimeoutMs: number, flushTimeoutMs: number): void {
    const session = this.#session;
    const step = Math.min(idleTimeoutMs, flushTimeoutMs);
    let bytesBefore = -1;
    session.on('timeout', () => {
      const { bytesRead = 0, bytesWritten = 0 } = this.#socket;
      this.#quietMs = bytesRead + bytesWritten === bytesBefore ? this.#quietMs + step : step;
      bytesBefore = bytesRead + bytesWritten;
      const held = [...this.#live].some((request) => request.holdsResponse);
      if (held && this.#quietMs >= flushTimeoutMs) session.destroy();
      else if (this.#live.size === 0 && this.#quietMs >= idleTimeoutMs) session.close();
      session.setTimeout(step);
    });
    session.setTimeout(step);
  }

  /** GOAWAY: streams in progress end, then the connection closes. */
  drain(): void {
    if (!this.#session.closed) this.#session.close();
  }

  close(): void {
    this.#session.destroy();
  }
}

const tooLarge = 'the request head is too large';
/** Of refusals that are not 400. */
const statusOf: Readonly<Record<string, number>> = { CONNECT: 405, [tooLarge]: 431 };

interface Carrier {
  session: ServerHttp2Session;
  socket: Duplex;
}

/** The request, or why it is refused. */
function parseRequest(
  carrier: Carrier,
  stream: ServerHttp2Stream,
  raw: string[],
  options: Http2DownstreamOptions,
): Http2Request | string {
  const pseudo = { ':method': '', ':scheme': '', ':authority': '', ':path': '' };
  let bytes = 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!;
    bytes += name.length + raw[i + 1]!.length + 32;
    if (name in pseudo) pseudo[name as keyof typeof pseudo] = raw[i + 1]!;
  }
  if (bytes > headBytes || raw.length > 2 * headerCount) return tooLarge;
  const headers = fromHttp2Headers(raw, 'request');
  if (pseudo[':method'] === 'CONNECT') return 'CONNECT';
  const hosts = headers.getAll('host');
  const authority = pseudo[':authority'] !== '' ? pseudo[':authority'] : (hosts[0] ?? '');
  if (hosts.some((host) => host.toLowerCase() !== authority.toLowerCase())) return ':authority and host differ';
  if (authority === '' || badAuthority.test(authority)) return 'authority is malformed';
  const path = pseudo[':path'];
  if (!/^(?:\/[^\s#]*|\*)$/.test(path) || (path === '*' && pseudo[':method'] !== 'OPTIONS')) return ':path is malformed';
  headers.remove('host');
  const expectContinue = headers.get('expect')?.toLowerCase() === '100-continue';
  headers.remove('expect');
  const scheme = pseudo[':scheme'] === 'https' || pseudo[':scheme'] === 'http' ? pseudo[':scheme'] : options.scheme;
  return new Http2Request(carrier, stream, options.info, {
    method: pseudo[':method'],
    scheme,
    authority,
    path,
    headers,
    expectContinue,
  });
}

type Head = Pick<DownstreamRequest, 'method' | 'scheme' | 'authority' | 'path' | 'headers' | 'expectContinue'>;

/** One HTTP/2 stream as the stages see it. */
class Http2Request implements DownstreamRequest, BodySource {
  readonly protocol = 'HTTP/2';
  readonly upgrade = '';
  readonly connection: ConnectionInfo;
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly path: string;
  readonly headers: HeaderMap;
  readonly expectContinue: boolean;
  readonly empty: boolean;
  bytesReceived = 0;
  bytesSent = 0;
  onData: ((chunk: Buffer) => void) | null = null;
  onEnd: ((trailers: HeaderMap | null) => void) | null = null;
  onDrain: (() => void) | null = null;
  onReset: ((reason: DownstreamReset) => void) | null = null;
  onFinished: (() => void) | null = null;
  readonly #carrier: Carrier;
  readonly #stream: ServerHttp2Stream;
  readonly #declared: number;
  #requestTrailers: HeaderMap | null = null;
  #responseTrailers: HeaderMap | null = null;
  #bodyEnded = false;
  #reading = false;
  #bodiless = false;
  #ended = false;
  #settled = false;

  constructor(carrier: Carrier, stream: ServerHttp2Stream, info: ConnectionInfo, head: Head) {
    this.#carrier = carrier;
    this.#stream = stream;
    this.connection = info;
    this.method = head.method;
    this.scheme = head.scheme;
    this.authority = head.authority;
    this.path = head.path;
    this.headers = head.headers;
    this.expectContinue = head.expectContinue;
    this.empty = stream.endAfterHeaders;
    this.#declared = lengthOf(head.headers);
    stream.on('trailers', (trailers, _flags, raw?: unknown) => {
      this.#requestTrailers = fromHttp2Headers(rawList(raw, trailers), 'request');
    });
    stream.on('drain', () => this.onDrain?.());
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers(toHttp2Headers(this.#responseTrailers ?? new HeaderMap(), emptyHeaders()));
    });
    // Without a body nobody reads the stream, and an unread stream never says that it closed.
    if (this.empty) stream.resume();
    stream.on('aborted', () => this.#lost());
    stream.on('close', () => this.#closed());
  }

  get body(): BodySource {
    return this;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    if (this.empty) {
      this.#endBody();
      return;
    }
    if (!this.#reading) {
      this.#reading = true;
      this.#stream.on('data', (chunk: Buffer) => {
        this.bytesReceived += chunk.length;
        if (this.#declared >= 0 && this.bytesReceived > this.#declared) this.#mismatch();
        else this.onData?.(chunk);
      });
      this.#stream.on('end', () => {
        if (this.#declared >= 0 && this.bytesReceived < this.#declared) this.#mismatch();
        else this.#endBody();
      });
    }
    this.#stream.resume();
  }

  sendInformational(status: number, headers: HeaderMap): void {
    if (this.#over || this.#stream.headersSent) return;
    this.#stream.additionalHeaders(toHttp2Headers(headers, Object.assign(emptyHeaders(), { ':status': status })));
  }

  sendHeaders(status: number, headers: HeaderMap, endStream: boolean): void {
    const stream = this.#stream;
    if (this.#over || stream.headersSent) return;
    this.#bodiless = this.method === 'HEAD' || status === 204 || status === 205 || status === 304;
    // Node writes no status above 599 into HTTP/2; HTTP/1 apps may say one.
    const block = toHttp2List(headers, [':status', String(status > 599 ? 502 : status)]);
    const last = endStream || this.#bodiless;
    // waitForTrailers also makes a later reset a RST_STREAM: without it node ends the stream cleanly first (observed on 24.21).
    stream.respond(block, { endStream: last, waitForTrailers: !last });
    if (endStream) this.end(null);
  }

  sendData(chunk: Buffer): boolean {
    if (this.#over || this.#bodiless || chunk.length === 0) return true;
    this.bytesSent += chunk.length;
    return this.#stream.write(chunk);
  }

  end(trailers: HeaderMap | null): void {
    if (this.#over || !this.#stream.headersSent) return;
    this.#ended = true;
    this.#responseTrailers = trailers;
    this.onData = null;
    this.onEnd = null;
    const stream = this.#stream;
    if (!stream.writableEnded) stream.end();
    if (this.empty || this.#bodyEnded) return;
    // The rest of the request is not wanted: RFC 9113 §8.1 lets a server say so without calling it an error.
    if (stream.writableFinished) stream.close(NGHTTP2_NO_ERROR);
    else stream.once('finish', () => setImmediate(() => stream.close(NGHTTP2_NO_ERROR)));
    stream.resume();
  }

  reset(): void {
    this.#settled = true;
    this.#stream.close(NGHTTP2_INTERNAL_ERROR);
  }

  acceptUpgrade(): Duplex {
    throw new Error('HTTP/2 has no Upgrade; request.upgrade is always empty');
  }

  closeAfterResponse(): void {
    const { session } = this.#carrier;
    if (!session.closed) session.close();
  }

  /** Bytes of the response wait for the client. */
  get holdsResponse(): boolean {
    return this.#stream.writableLength > 0;
  }

  /** The connection went away under it. */
  connectionLost(): void {
    if (this.#ended && this.#stream.writableFinished && this.#stream.rstCode === NGHTTP2_NO_ERROR) this.#finish();
    else this.#fail('remote-disconnect');
  }

  get #over(): boolean {
    return this.#ended || this.#settled || this.#stream.destroyed || this.#stream.closed;
  }

  #endBody(): void {
    if (this.#bodyEnded) return;
    this.#bodyEnded = true;
    this.onEnd?.(this.#requestTrailers);
  }

  #mismatch(): void {
    this.#stream.close(NGHTTP2_PROTOCOL_ERROR);
    this.#fail('protocol-error');
  }

  #lost(): void {
    if (this.#ended && this.#stream.rstCode === NGHTTP2_NO_ERROR) return;
    const { rstCode } = this.#stream;
    if (this.#carrier.socket.destroyed || this.#carrier.session.destroyed || rstCode === undefined)
      this.#fail('remote-disconnect');
    else if (rstCode === NGHTTP2_CANCEL || rstCode === NGHTTP2_NO_ERROR) this.#fail('remote-reset');
    else this.#fail(rstCode === NGHTTP2_PROTOCOL_ERROR ? 'protocol-error' : 'remote-reset');
  }

  #closed(): void {
    if (this.#settled) return;
    if (!this.#ended || this.#stream.rstCode !== NGHTTP2_NO_ERROR) {
      this.#lost();
      return;
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.onFinished?.();
  }

  #fail(reason: DownstreamReset): void {
    if (this.#settled) return;
    this.#settled = true;
    this.onData = null;
    this.onEnd = null;
    this.onReset?.(reason);
  }
}
