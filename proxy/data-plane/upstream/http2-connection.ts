import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  constants,
  connect as http2Connect,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { HeaderMap } from '../header-map.ts';
import { emptyHeaders, fromHttp2Headers, lengthOf, rawList, toHttp2Headers, toHttp2List } from '../http2-headers.ts';
import type { UpstreamCallbacks, UpstreamConnection, UpstreamRequestHead, UpstreamReset, UpstreamStream } from '../stream.ts';
import { describeSocketError } from './socket-error.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } = constants;
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
/** Before the peer's SETTINGS say otherwise. */
const assumedStreams = 100;
const informationalLimit = 20;

function ignore(): void {}

/**
 * Client side of one HTTP/2 connection: many requests at once over a given open socket (TCP with prior knowledge, or TLS with h2 agreed).
 * After GOAWAY it takes no more; requests the peer did not process fail with `refused-stream`, the others go on to their end.
 */
export class Http2UpstreamConnection implements UpstreamConnection {
  readonly protocol = 'HTTP/2';
  requestCount = 0;
  activeStreams = 0;
  onClose: (() => void) | null = null;
  onAvailable: (() => void) | null = null;
  readonly session: ClientHttp2Session;
  readonly socket: Duplex;
  /** The socket's or session's error, for the words of a reset. */
  error: Error | null = null;
  readonly #maxStreams: number;
  readonly #live = new Set<Http2UpstreamStream>();
  #open = true;

  constructor(socket: Duplex, options: { maxConcurrentStreams?: number } = {}) {
    this.#maxStreams = options.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
    // Node's types know strictSingleValueFields of servers only: repeated headers pass as they came, as everywhere else.
    const sessionOptions: ClientSessionOptions & { strictSingleValueFields: boolean } = {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
      maxHeaderListPairs: 208,
      maxSessionMemory: 16,
      strictSingleValueFields: false,
    };
    // Ahead of the session's own listeners, which end all streams, also those whose answer is complete and has yet to be read.
    for (const event of ['end', 'error', 'close']) socket.on(event, () => this.#keepComplete());
    const session = http2Connect('http://upstream', sessionOptions);
    this.session = session;
    this.socket = socket;
    if (session.destroyed) this.#ended();
    else session.setLocalWindowSize(connectionWindowBytes);
    session.on('error', (error: Error) => {
      this.error = error;
    });
    socket.on('error', (error: Error) => {
      this.error ??= error;
    });
    // HTTP/2 knows no half-close of its connection; dialled sockets allow it for tunnels.
    socket.on('end', () => socket.destroy());
    session.on('frameError', ignore);
    session.on('goaway', () => this.#ended());
    session.on('close', () => this.#ended());
    session.on('remoteSettings', () => {
      if (this.available > 0) this.onAvailable?.();
    });
  }

  get available(): number {
    const { session } = this;
    if (!this.#open || session.closed || session.destroyed) return 0;
    const remote = session.remoteSettings?.maxConcurrentStreams ?? assumedStreams;
    return Math.max(0, Math.min(remote, this.#maxStreams) - this.activeStreams);
  }

  newStream(callbacks: UpstreamCallbacks): UpstreamStream {
    this.requestCount++;
    this.activeStreams++;
    const stream = new Http2UpstreamStream(this, callbacks);
    this.#live.add(stream);
    return stream;
  }

  #keepComplete(): void {
    for (const stream of this.#live) stream.keepComplete();
  }

  ping(onAnswer: () => void): void {
    const { session } = this;
    if (!session.closed && !session.destroyed) session.ping((error) => error === null && onAnswer());
  }

  abort(): void {
    this.session.destroy();
    this.socket.destroy();
    this.#ended();
  }

  /** Graceful when streams are active: they end first. */
  close(): void {
    const { session } = this;
    if (this.activeStreams === 0) session.destroy();
    else if (!session.closed) session.close();
    this.#ended();
  }

  /** For Http2UpstreamStream: its slot is free. */
  release(stream: Http2UpstreamStream): void {
    this.#live.delete(stream);
    this.activeStreams--;
    if (this.available > 0) this.onAvailable?.();
  }

  #ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.onClose?.();
  }
}

class Http2UpstreamStream implements UpstreamStream {
  readonly #connection: Http2UpstreamConnection;
  readonly #callbacks: UpstreamCallbacks;
  #stream: ClientHttp2Stream | null = null;
  #trailersOut: HeaderMap | null = null;
  #trailersIn: HeaderMap | null = null;
  #requestComplete = false;
  #responseStarted = false;
  #informational = 0;
  #declared = -1;
  #received = 0;
  /** No callback any more. */
  #over = false;
  #released = false;
  #paused = false;
  /**
   * Data told before its head: node tells the head a tick late, and over a stream that is no socket (toxics) what arrived together with it
   * comes first (observed on 24.21).
   */
  #early: Buffer[] | null = null;
  /** The rest of a complete answer whose connection is gone, to be read when the reader is ready. */
  #kept: Buffer[] | null = null;

  constructor(connection: Http2UpstreamConnection, callbacks: UpstreamCallbacks) {
    this.#connection = connection;
    this.#callbacks = callbacks;
  }

  sendHeaders(head: UpstreamRequestHead, endStream: boolean): void {
    if (this.#stream !== null || this.#over) return;
    const pseudo = [':method', head.method, ':scheme', head.scheme, ':authority', head.authority, ':path', head.path];
    const block = toHttp2List(head.headers, pseudo);
    if (head.expectContinue) block.push('expect', '100-continue');
    const { session } = this.#connection;
    if (session.closed || session.destroyed) {
      // GOAWAY or the end came between choosing the connection and using it.
      queueMicrotask(() => this.#fail('refused-stream', 'connection is closing', true));
      return;
    }
    const stream = session.request(block, { endStream, waitForTrailers: !endStream });
    this.#stream = stream;
    this.#requestComplete = endStream;
    this.#attach(stream, head.method);
  }

  sendData(chunk: Buffer): boolean {
    if (this.#over || this.#stream === null || this.#requestComplete || this.#stream.destroyed) return true;
    return this.#stream.write(chunk);
  }

  end(trailers: HeaderMap | null): void {
    if (this.#over || this.#stream === null || this.#requestComplete) return;
    this.#requestComplete = true;
    this.#trailersOut = trailers;
    this.#stream.end();
  }

  reset(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream?.close(NGHTTP2_CANCEL);
    this.#release();
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#kept !== null) this.#handOverKept(this.#kept);
    else if (this.#handOverEarly()) this.#stream?.resume();
  }

  /** The connection is about to end. A peer may end it after its last answer while the reader is still behind: what came is kept. */
  keepComplete(): void {
    const stream = this.#stream;
    if (this.#over || this.#kept !== null || stream === null || stream.destroyed || !this.#responseStarted) return;
    const isComplete = stream.closed ? stream.rstCode === NGHTTP2_NO_ERROR : stream.state.remoteClose === 1;
    if (!isComplete || !this.#paused) return;
    const kept = this.#keepEarly();
    for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) kept.push(chunk);
  }

  #keepEarly(): Buffer[] {
    const kept = this.#early ?? [];
    this.#early = null;
    this.#kept = kept;
    return kept;
  }

  /** False when the reader paused before all of it was handed over. */
  #handOverEarly(): boolean {
    while (this.#early !== null && !this.#paused) {
      const chunk = this.#early.shift();
      if (chunk === undefined) this.#early = null;
      else this.#onData(this.#stream!, chunk);
    }
    return !this.#paused;
  }

  #handOverKept(kept: Buffer[]): void {
    while (!this.#over && !this.#paused) {
      const chunk = kept.shift();
      if (chunk === undefined) this.#complete(this.#stream!);
      else this.#onData(this.#stream!, chunk);
    }
  }

  #attach(stream: ClientHttp2Stream, method: string): void {
    stream.on('error', ignore);
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers(toHttp2Headers(this.#trailersOut ?? new HeaderMap(), emptyHeaders()));
    });
    stream.on('headers', (headers, _flags, raw?: unknown) =>
      this.#onInformational(headers[':status'] ?? 0, rawList(raw, headers)),
    );
    stream.on('response', (headers, flags, raw?: unknown) => {
      if (this.#over) return;
      this.#responseStarted = true;
      const map = fromHttp2Headers(rawList(raw, headers), 'response');
      if (method !== 'HEAD' && headers[':status'] !== 304) this.#declared = lengthOf(map);
      const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      this.#callbacks.onHeaders(headers[':status'] ?? 0, map, endStream);
      if (endStream) this.#finish();
      else if (this.#handOverEarly()) stream.resume();
    });
    stream.on('trailers', (trailers, _flags, raw?: unknown) => {
      this.#trailersIn = fromHttp2Headers(rawList(raw, trailers), 'response');
    });
    stream.on('data', (chunk: Buffer) => {
      if (!this.#responseStarted || this.#early !== null) (this.#early ??= []).push(chunk);
      else if (this.#kept === null) this.#onData(stream, chunk);
    });
    stream.on('end', () => {
      // `end` also comes after a reset; only a stream that closed well has ended.
      if (this.#kept !== null || !this.#responseStarted || stream.aborted || (stream.rstCode ?? 0) !== NGHTTP2_NO_ERROR) return;
      if (this.#early !== null) this.#keepEarly();
      else if (this.#connection.error === null || stream.readableEnded) this.#complete(stream);
    });
    stream.on('drain', () => {
      if (!this.#over) this.#callbacks.onDrain();
    });
    stream.on('close', () => this.#closed(stream));
    if (this.#paused) stream.pause();
  }

  #onData(stream: ClientHttp2Stream, chunk: Buffer): void {
    if (this.#over) return;
    this.#received += chunk.length;
    if (this.#declared >= 0 && this.#received > this.#declared) this.#mismatch(stream);
    else this.#callbacks.onData(chunk);
  }

  #complete(stream: ClientHttp2Stream): void {
    if (this.#over) return;
    if (this.#declared >= 0 && this.#received !== this.#declared) this.#mismatch(stream);
    else this.#finish();
  }

  #onInformational(status: number, raw: string[]): void {
    if (this.#over) return;
    if (++this.#informational > informationalLimit) {
      this.#stream?.close(NGHTTP2_PROTOCOL_ERROR);
      this.#fail('protocol-error', 'too many interim responses', false);
      return;
    }
    this.#callbacks.onInformational(status, fromHttp2Headers(raw, 'response'));
  }

  #mismatch(stream: ClientHttp2Stream): void {
    stream.close(NGHTTP2_PROTOCOL_ERROR);
    this.#fail('protocol-error', 'content-length differs from the data', false);
  }

  /** The response is complete. A request still being sent is no longer wanted. */
  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#requestComplete) this.#stream?.close(NGHTTP2_NO_ERROR);
    this.#release();
    this.#callbacks.onEnd(this.#trailersIn);
  }

  #closed(stream: ClientHttp2Stream): void {
    this.#release();
    if (this.#over || this.#kept !== null) return;
    const { session, socket, error } = this.#connection;
    const code = stream.rstCode ?? NGHTTP2_NO_ERROR;
    // The peer vouches that it did nothing with the request (RFC 9113 §8.7), GOAWAY's unprocessed streams included: as good as unsent.
    if (code === NGHTTP2_REFUSED_STREAM) this.#fail('refused-stream', '', true);
    else if (socket.destroyed || session.destroyed || error !== null) {
      this.#fail('connection-termination', error === null ? '' : describeSocketError(error), stream.pending);
    } else if (code === NGHTTP2_PROTOCOL_ERROR) this.#fail('protocol-error', '', false);
    else this.#fail('remote-reset', '', false);
  }

  #fail(kind: UpstreamReset['kind'], detail: string, nothingSent: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#release();
    const phase = this.#responseStarted ? 'body' : this.#requestComplete ? 'headers' : 'request';
    this.#callbacks.onReset({ kind, phase, nothingSent, detail });
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#connection.release(this);
  }
}
