import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import { type BodyDecoder, type BodySink, createBodyDecoder } from '../http1/body-decoder.ts';
import { checkPartialHead } from '../http1/fields.ts';
import { isHttp1Error } from '../http1/http1-error.ts';
import { defaultHttp1Limits, type Http1Limits } from '../http1/limits.ts';
import { MessageWriter } from '../http1/message-writer.ts';
import { parseResponseHead, type ResponseHead, responseFraming } from '../http1/response-head.ts';
import { scanHead } from '../http1/scan-head.ts';
import { declaredLength, writeFields } from '../http1/write-head.ts';
import type { UpstreamCallbacks, UpstreamConnection, UpstreamRequestHead, UpstreamReset, UpstreamStream } from '../stream.ts';
import type { DirectReads } from './direct-reads.ts';
import { describeSocketError } from './socket-error.ts';

/** Requests of these methods say nothing about a body they do not have; all others say `content-length: 0`, as Envoy's codec does. */
const bodilessMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'CONNECT']);

function ignore(): void {}

/**
 * Client side of one HTTP/1.1 connection: one request at a time.
 *
 *   newStream ─▶ sendHeaders/sendData/end ─▶ socket        phases: request ─▶ headers ─▶ body
 *   callbacks ◀── head, body, trailers    ◀─ socket
 *
 * The connection is used again only after an exchange without any anomaly: request sent whole, response framed and complete, nothing
 * after it. Everything else closes it.
 */
export class Http1UpstreamConnection implements UpstreamConnection, BodySink {
  readonly protocol = 'HTTP/1.1';
  requestCount = 0;
  onClose: (() => void) | null = null;
  onAvailable: (() => void) | null = null;
  readonly writer: MessageWriter;
  readonly #socket: Duplex;
  readonly #limits: Http1Limits;
  readonly #direct: DirectReads | null;
  #stream: Http1UpstreamStream | null = null;
  #open = true;
  #input: Buffer | null = null;
  #at = 0;
  #decoder: BodyDecoder | null = null;
  #informational = 0;
  #processing = false;
  #reusable = true;
  #inputEnded = false;
  #error: Error | null = null;

  /** Takes over an open socket (TCP or TLS, handshake done). */
  constructor(socket: Duplex, limits: Http1Limits = defaultHttp1Limits, direct: DirectReads | null = null) {
    this.#direct = direct;
    this.#socket = socket;
    this.#limits = limits;
    this.writer = new MessageWriter(socket);
    if (direct === null) socket.on('data', this.#onData);
    else direct.take(socket, this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.resume();
  }

  get available(): number {
    return this.#open && this.#stream === null && this.#reusable ? 1 : 0;
  }

  get activeStreams(): number {
    return this.#stream === null ? 0 : 1;
  }

  newStream(callbacks: UpstreamCallbacks): UpstreamStream {
    if (this.available === 0) throw new Error('newStream on an HTTP/1.1 connection that is busy or closed');
    this.requestCount++;
    this.#informational = 0;
    const stream = new Http1UpstreamStream(this, callbacks);
    this.#stream = stream;
    return stream;
  }

  close(): void {
    const stream = this.#stream;
    if (stream !== null) this.#failStream(stream, 'local-reset', 'connection closed');
    this.#destroy();
  }

  // ── for Http1UpstreamStream ──

  /** The stream gave up: HTTP/1.1 has no other way than closing the connection. */
  abandon(stream: Http1UpstreamStream): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.writer.discard();
    this.#destroy();
  }

  requestSent(stream: Http1UpstreamStream, complete: boolean): void {
    if (this.#stream !== stream) return;
    if (complete) return;
    // Fewer bytes than declared: the upstream must not take the next request for the rest of this one.
    this.#failStream(stream, 'local-reset', 'request body shorter than its content-length');
    this.#destroy();
  }

  continueReading(): void {
    this.#process();
  }

  carries(stream: Http1UpstreamStream): boolean {
    return this.#stream === stream;
  }

  onBody(chunk: Buffer): boolean {
    const stream = this.#stream;
    if (stream === null) return false;
    stream.callbacks.onData(chunk);
    return this.#stream === stream && !stream.paused;
  }

  // ── socket events ──

  readonly #onData = (chunk: Buffer): void => {
    if (this.#stream === null) {
      // Bytes nobody asked for: an extra response, or the end of one that should have ended. Never hand them to the next request.
      this.#destroy();
      return;
    }
    if (this.#input === null) this.#input = chunk;
    else this.#input = Buffer.concat([this.#at === 0 ? this.#input : this.#input.subarray(this.#at), chunk]);
    this.#at = 0;
    this.#process();
  };

  readonly #onEnd = (): void => {
    this.#inputEnded = true;
    this.#reusable = false;
    this.#process();
    if (this.#stream === null) this.#destroy();
  };

  readonly #onDrain = (): void => {
    this.#stream?.callbacks.onDrain();
  };

  readonly #onError = (error: Error): void => {
    this.#error = error;
  };

  readonly #onClose = (): void => {
    const wasOpen = this.#open;
    this.#open = false;
    this.#inputEnded = true;
    const stream = this.#stream;
    // What a paused consumer has not taken yet is still delivered when it resumes.
    if (stream !== null && !(stream.paused && this.#input !== null)) this.#endOfInput(stream);
    if (wasOpen) this.onClose?.();
  };

  // ── reading ──

  #process(): void {
    if (this.#processing) return;
    this.#processing = true;
    try {
      while (this.#stream !== null && this.#advance(this.#stream));
    } finally {
      this.#processing = false;
    }
    const stream = this.#stream;
    if (stream === null) return;
    const waiting = this.#input === null ? 0 : this.#input.length - this.#at;
    if (this.#inputEnded && (waiting === 0 || !stream.paused)) this.#endOfInput(stream);
    else if (stream.paused && waiting >= this.#limits.readAheadBytes) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #advance(stream: Http1UpstreamStream): boolean {
    const input = this.#input;
    if (input === null) return false;
    if (this.#decoder === null) return this.#readHead(stream, input);
    if (stream.paused) return false;
    const decoder = this.#decoder;
    this.#at = decoder.decode(input, this.#at, this);
    if (this.#stream !== stream) return false;
    if (this.#at === input.length) this.#input = null;
    if (decoder.error !== null) {
      this.#failStream(stream, 'protocol-error', decoder.error.detail);
      this.#destroy();
      return false;
    }
    if (decoder.done) this.#finish(stream, decoder.trailers);
    return true;
  }

  #readHead(stream: Http1UpstreamStream, input: Buffer): boolean {
    const start = this.#at;
    const { end, clean } = scanHead(input, start);
    const size = (end === -1 ? input.length : end + 4) - start;
    if (size > this.#limits.responseHeadBytes)
      return this.#protocolError(stream, `head over ${this.#limits.responseHeadBytes} bytes`);
    if (end === -1) {
      const error = checkPartialHead(input.toString('latin1', start));
      return error === null ? false : this.#protocolError(stream, error.detail);
    }
    const head = parseResponseHead(input.toString('latin1', start, end), this.#limits, clean);
    this.#at = end + 4;
    if (this.#at === input.length) this.#input = null;
    if (isHttp1Error(head)) return this.#protocolError(stream, head.detail);
    if (!stream.headersSent) return this.#protocolError(stream, 'response before the request');
    if (head.status === 101) return this.#switchProtocols(stream, head);
    if (head.status < 200) {
      if (++this.#informational > this.#limits.informationalCount)
        return this.#protocolError(stream, 'too many interim responses');
      head.headers.remove('content-length');
      stream.callbacks.onInformational(head.status, head.headers);
      return true;
    }
    return this.#startResponse(stream, head);
  }

  #startResponse(stream: Http1UpstreamStream, head: ResponseHead): boolean {
    const framing = responseFraming(head, stream.method);
    if ('detail' in framing) return this.#protocolError(stream, framing.detail);
    const bodiless = head.status === 204 || head.status === 304;
    const announced = head.transferEncoding !== '' || (head.contentLength > 0 && head.status === 204);
    // A body announced where none may be: if it comes, it would look like the next response.
    if (head.close || framing.kind === 'until-close' || (bodiless && announced)) this.#reusable = false;
    stream.responseStarted = true;
    const endStream = framing.kind === 'none';
    if (!endStream) this.#decoder = createBodyDecoder(framing, this.#limits);
    if (head.status === 204) head.headers.remove('content-length');
    if (!endStream) {
      stream.callbacks.onHeaders(head.status, head.headers, false);
      return true;
    }
    // Free the connection before the callback, which may want the next request on it.
    this.#release(stream);
    stream.callbacks.onHeaders(head.status, head.headers, true);
    stream.callbacks.onEnd(null);
    this.#announce();
    return false;
  }

  #switchProtocols(stream: Http1UpstreamStream, head: ResponseHead): boolean {
    if (stream.upgrade === '') return this.#protocolError(stream, 'unsolicited 101');
    const socket = this.#socket;
    this.#stream = null;
    this.#open = false;
    this.#reusable = false;
    this.#direct?.take(socket, null);
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('close', this.#onClose);
    socket.off('error', this.#onError);
    socket.on('error', ignore);
    socket.pause();
    const rest = this.#input === null ? null : this.#input.subarray(this.#at);
    this.#input = null;
    if (rest !== null && rest.length > 0) socket.unshift(rest);
    if (head.upgrade !== '') head.headers.set('upgrade', head.upgrade);
    stream.callbacks.onUpgrade(101, head.headers, socket);
    this.onClose?.();
    return false;
  }

  #protocolError(stream: Http1UpstreamStream, detail: string): false {
    this.#failStream(stream, 'protocol-error', detail);
    this.#destroy();
    return false;
  }

  #finish(stream: Http1UpstreamStream, trailers: HeaderMap | null): void {
    this.#release(stream);
    stream.callbacks.onEnd(trailers);
    this.#announce();
  }

  /** The exchange is over; keeps or closes the connection. */
  #release(stream: Http1UpstreamStream): void {
    this.#stream = null;
    this.#decoder = null;
    if (!stream.requestComplete || this.#input !== null || this.#inputEnded) this.#reusable = false;
    if (!this.#reusable) {
      this.writer.discard();
      this.#destroy();
    } else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #announce(): void {
    if (this.available > 0) this.onAvailable?.();
  }

  /** EOF or close while a response was expected. */
  #endOfInput(stream: Http1UpstreamStream): void {
    if (this.#decoder?.finish() === true && this.#error === null) {
      this.#finish(stream, this.#decoder?.trailers ?? null);
      return;
    }
    // A message cut short is a codec error to Envoy; a connection that ends before one began is a termination.
    const begun = this.#decoder !== null || this.#input !== null;
    const kind = begun ? 'protocol-error' : 'connection-termination';
    this.#failStream(stream, kind, this.#error === null ? '' : describeSocketError(this.#error));
    this.#destroy();
  }

  #failStream(stream: Http1UpstreamStream, kind: UpstreamReset['kind'], detail: string): void {
    this.#stream = null;
    this.#decoder = null;
    this.#input = null;
    const phase = stream.responseStarted ? 'body' : stream.requestComplete ? 'headers' : 'request';
    stream.callbacks.onReset({ kind, phase, nothingSent: !stream.touched, detail });
  }

  #destroy(): void {
    this.#reusable = false;
    this.#socket.destroy();
    if (!this.#open) return;
    this.#open = false;
    this.onClose?.();
  }
}

/** The one request of the moment on an HTTP/1.1 connection. */
class Http1UpstreamStream implements UpstreamStream {
  readonly callbacks: UpstreamCallbacks;
  method = '';
  upgrade = '';
  headersSent = false;
  requestComplete = false;
  responseStarted = false;
  paused = false;
  /** Something of this request was given to the socket. */
  touched = false;
  readonly #connection: Http1UpstreamConnection;

  constructor(connection: Http1UpstreamConnection, callbacks: UpstreamCallbacks) {
    this.#connection = connection;
    this.callbacks = callbacks;
  }

  sendHeaders(head: UpstreamRequestHead, endStream: boolean): void {
    if (this.headersSent || this.#over) return;
    this.headersSent = true;
    this.touched = true;
    this.method = head.method;
    this.upgrade = head.upgrade;
    const length = declaredLength(head.headers);
    let text = `${head.method} ${head.path} HTTP/1.1\r\nhost: ${head.authority}\r\n${writeFields(head.headers, length === -1)}`;
    let framing: 'none' | 'length' | 'chunked' = 'none';
    if (head.upgrade !== '') text += `connection: upgrade\r\nupgrade: ${head.upgrade}\r\n`;
    if (head.expectContinue) text += 'expect: 100-continue\r\n';
    if (endStream) {
      if (length === -1 && !bodilessMethods.has(head.method)) text += 'content-length: 0\r\n';
    } else if (length >= 0) framing = 'length';
    else if (head.upgrade === '') {
      framing = 'chunked';
      text += 'transfer-encoding: chunked\r\n';
    }
    this.#connection.writer.begin(`${text}\r\n`, framing, length);
    if (endStream) this.end(null);
  }

  sendData(chunk: Buffer): boolean {
    if (this.#over || !this.headersSent || this.requestComplete) return true;
    return this.#connection.writer.data(chunk);
  }

  end(trailers: HeaderMap | null): void {
    if (this.#over || !this.headersSent || this.requestComplete) return;
    this.requestComplete = true;
    this.#connection.requestSent(this, this.#connection.writer.end(trailers));
  }

  reset(): void {
    this.#connection.abandon(this);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#connection.continueReading();
  }

  get #over(): boolean {
    return !this.#connection.carries(this);
  }
}
