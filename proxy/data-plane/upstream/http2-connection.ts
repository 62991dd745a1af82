import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import { ConnectionError, errorCode } from '../http2/protocol.ts';
import { Http2Session } from '../http2/session.ts';
import type { Http2Stream, StreamHandler, StreamReset } from '../http2/stream.ts';
import { fromHttp2Fields } from '../http2-headers.ts';
import type { UpstreamCallbacks, UpstreamConnection, UpstreamRequestHead, UpstreamReset, UpstreamStream } from '../stream.ts';
import { describeSocketError } from './socket-error.ts';

const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
const headerLimits = { bytes: 128 * 1024, count: 208 };
/** Before the peer's SETTINGS say otherwise. */
const assumedStreams = 100;
const informationalLimit = 20;

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
  readonly session: Http2Session;
  /** The socket's error, or the rule the peer broke: for the words of a reset. */
  error: Error | null = null;
  readonly #maxStreams: number;
  #settingsSeen = false;
  #open = true;

  constructor(socket: Duplex, options: { maxConcurrentStreams?: number } = {}) {
    this.#maxStreams = options.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
    const handler = {
      onRequest: () => {
        throw new Error('a client takes no requests');
      },
      onRefused: () => undefined,
      onSettings: () => {
        this.#settingsSeen = true;
        if (this.available > 0) this.onAvailable?.();
      },
      onGoaway: () => this.#ended(),
      onError: (error: Error) => {
        this.error ??= error;
      },
      onClose: () => this.#ended(),
    };
    const now = () => performance.now();
    this.session = new Http2Session(socket, 'client', handler, { streamWindowBytes, connectionWindowBytes, headerLimits, now });
  }

  get available(): number {
    if (!this.#open || !this.session.isOpen) return 0;
    const remote = this.#settingsSeen ? this.session.peer.maxConcurrentStreams : assumedStreams;
    return Math.max(0, Math.min(remote, this.#maxStreams) - this.activeStreams);
  }

  newStream(callbacks: UpstreamCallbacks): UpstreamStream {
    this.requestCount++;
    this.activeStreams++;
    return new Http2UpstreamStream(this, callbacks);
  }

  ping(onAnswer: () => void): void {
    this.session.ping(onAnswer);
  }

  abort(): void {
    this.session.destroy();
    this.#ended();
  }

  /** Graceful when streams are active: they end first. */
  close(): void {
    if (this.activeStreams === 0) this.session.destroy();
    else this.session.drain();
    this.#ended();
  }

  /** For Http2UpstreamStream: its slot is free. */
  release(): void {
    this.activeStreams--;
    if (this.available > 0) this.onAvailable?.();
  }

  #ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.onClose?.();
  }
}

class Http2UpstreamStream implements UpstreamStream, StreamHandler {
  readonly #connection: Http2UpstreamConnection;
  readonly #callbacks: UpstreamCallbacks;
  #stream: Http2Stream | null = null;
  #requestComplete = false;
  #responseStarted = false;
  #informational = 0;
  /** No callback any more. */
  #over = false;
  #released = false;
  #paused = false;

  constructor(connection: Http2UpstreamConnection, callbacks: UpstreamCallbacks) {
    this.#connection = connection;
    this.#callbacks = callbacks;
  }

  sendHeaders(head: UpstreamRequestHead, endStream: boolean): void {
    if (this.#stream !== null || this.#over) return;
    const fixed = [':method', head.method, ':scheme', head.scheme, ':authority', head.authority, ':path', head.path];
    if (head.expectContinue) fixed.push('expect', '100-continue');
    const { session } = this.#connection;
    if (!session.isOpen) {
      // GOAWAY or the end came between choosing the connection and using it.
      queueMicrotask(() => this.#fail('refused-stream', 'connection is closing', true));
      return;
    }
    this.#requestComplete = endStream;
    const stream = session.request(fixed, head.headers, endStream, this);
    stream.expectsNoBody = head.method === 'HEAD';
    this.#stream = stream;
    if (this.#paused) stream.pause();
  }

  sendData(chunk: Buffer): boolean {
    if (this.#over || this.#stream === null || this.#requestComplete) return true;
    return this.#stream.sendData(chunk);
  }

  end(trailers: HeaderMap | null): void {
    if (this.#over || this.#stream === null || this.#requestComplete) return;
    this.#requestComplete = true;
    this.#stream.end(trailers);
  }

  reset(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream?.reset(errorCode.cancel);
    this.#release();
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  // ── what the stream tells ──

  onStreamInformational(status: number, fields: string[]): void {
    if (this.#over) return;
    if (++this.#informational > informationalLimit) {
      this.#stream?.reset(errorCode.protocolError);
      this.#fail('protocol-error', 'too many interim responses', false);
      return;
    }
    this.#callbacks.onInformational(status, fromHttp2Fields(fields, 'response'));
  }

  onStreamResponse(status: number, fields: string[], endStream: boolean): void {
    if (this.#over) return;
    this.#responseStarted = true;
    this.#callbacks.onHeaders(status, fromHttp2Fields(fields, 'response'), endStream);
    if (endStream) this.#finish(null);
  }

  onStreamData(data: Buffer): void {
    if (!this.#over) this.#callbacks.onData(data);
  }

  onStreamEnd(trailers: string[] | null): void {
    this.#finish(trailers);
  }

  onStreamDrain(): void {
    if (!this.#over) this.#callbacks.onDrain();
  }

  onStreamSent(): void {}

  onStreamReset({ why, code }: StreamReset): void {
    const { error } = this.#connection;
    // The peer vouches that it did nothing with the request (RFC 9113 §8.7), GOAWAY's unprocessed streams included: as good as unsent.
    if (why === 'unprocessed' || (why === 'peer' && code === errorCode.refusedStream)) this.#fail('refused-stream', '', true);
    else if (why === 'rules' || code === errorCode.protocolError || error instanceof ConnectionError) {
      this.#fail('protocol-error', '', false);
    } else if (why === 'connection') {
      const detail = error === null ? '' : describeSocketError(error);
      this.#fail('connection-termination', detail, this.#stream?.nothingSent ?? true);
    } else this.#fail('remote-reset', '', false);
  }

  /** The response is complete. A request still being sent is no longer wanted. */
  #finish(trailers: string[] | null): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#requestComplete) this.#stream?.reset(errorCode.noError);
    this.#release();
    this.#callbacks.onEnd(trailers === null ? null : fromHttp2Fields(trailers, 'response'));
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
    this.#connection.release();
  }
}
