import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import type { RequestHead } from '../http1/request-head.ts';
import { declaredLength, statusLine, writeFields } from '../http1/write-head.ts';
import type { BodySource, ConnectionInfo, DownstreamRequest, DownstreamReset } from '../stream.ts';
import type { Http1Downstream } from './http1.ts';

/** Request body as its one consumer sees it; the connection pushes, `paused` tells it to hold on. */
class Http1Body implements BodySource {
  readonly empty: boolean;
  onData: ((chunk: Buffer) => void) | null = null;
  onEnd: ((trailers: HeaderMap | null) => void) | null = null;
  paused = true;
  /** All bytes were decoded. */
  complete: boolean;
  trailers: HeaderMap | null = null;
  #endDelivered = false;
  readonly #connection: Http1Downstream;

  constructor(connection: Http1Downstream, empty: boolean) {
    this.#connection = connection;
    this.empty = empty;
    this.complete = empty;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    if (this.complete) this.deliverEnd();
    else this.#connection.continueReading();
  }

  /** Fires onEnd once, as soon as the consumer is reading. */
  deliverEnd(): void {
    if (this.paused || this.#endDelivered) return;
    this.#endDelivered = true;
    this.onEnd?.(this.trailers);
  }

  /** No more callbacks. */
  detach(): void {
    this.onData = null;
    this.onEnd = null;
    this.#endDelivered = true;
  }
}

/** One HTTP/1.1 request and its response. The connection owns parsing; this class owns what goes back. */
export class Http1Request implements DownstreamRequest {
  readonly protocol = 'HTTP/1.1';
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly path: string;
  readonly headers: HeaderMap;
  readonly upgrade: string;
  readonly expectContinue: boolean;
  readonly body: Http1Body;
  bytesReceived = 0;
  onDrain: (() => void) | null = null;
  onReset: ((reason: DownstreamReset) => void) | null = null;
  onFinished: (() => void) | null = null;
  /** The connection closes after this response. */
  closing: boolean;
  headersSent = false;
  ended = false;
  /** 100 Continue went out. */
  continued = false;
  #bytesSent = 0;
  readonly #connection: Http1Downstream;

  constructor(connection: Http1Downstream, head: RequestHead) {
    this.#connection = connection;
    this.method = head.method;
    this.scheme = head.scheme ?? connection.scheme;
    this.authority = head.authority;
    this.path = head.path;
    this.headers = head.headers;
    this.upgrade = head.upgrade;
    this.expectContinue = head.expectContinue;
    this.closing = head.close;
    this.body = new Http1Body(connection, head.framing.kind === 'none');
  }

  get connection(): ConnectionInfo {
    return this.#connection.info;
  }

  get bytesSent(): number {
    return this.ended ? this.#bytesSent : this.#connection.writer.bodyBytes;
  }

  /** Nothing may be written: the exchange is over or the client has gone. */
  get #over(): boolean {
    return this.ended || this.#connection.active !== this;
  }

  sendInformational(status: number, headers: HeaderMap): void {
    if (this.#over || this.headersSent) return;
    if (status === 100) this.continued = true;
    this.#connection.writer.interim(`${statusLine(status)}${writeFields(headers, true)}\r\n`);
  }

  sendHeaders(status: number, headers: HeaderMap, endStream: boolean): void {
    if (this.#over || this.headersSent) return;
    this.headersSent = true;
    if (!this.body.complete && this.#connection.mustCloseAfterEarlyResponse(this)) this.closing = true;
    const bodiless = this.method === 'HEAD' || status === 204 || status === 304;
    const length = declaredLength(headers);
    let framing: 'none' | 'length' | 'chunked' = 'none';
    let text = statusLine(status);
    // A response without a body still says how long it would be; 204 may not.
    text += writeFields(headers, status === 204 || length === -1 || (endStream && !bodiless));
    if (!bodiless) {
      if (endStream) text += 'content-length: 0\r\n';
      else if (length >= 0) framing = 'length';
      else {
        framing = 'chunked';
        text += 'transfer-encoding: chunked\r\n';
      }
    } else if (this.method === 'HEAD' && length === -1 && status !== 204 && status !== 304) {
      // What a GET would be framed with (Envoy's codec).
      text += 'transfer-encoding: chunked\r\n';
    }
    if (this.closing) text += 'connection: close\r\n';
    this.#connection.writer.begin(`${text}\r\n`, framing, length);
    if (endStream) this.end(null);
  }

  sendData(chunk: Buffer): boolean {
    if (this.#over || !this.headersSent) return true;
    return this.#connection.writer.data(chunk);
  }

  end(trailers: HeaderMap | null): void {
    if (this.#over || !this.headersSent) return;
    this.#bytesSent = this.#connection.writer.bodyBytes;
    this.ended = true;
    this.body.detach();
    this.#connection.endResponse(this, trailers);
  }

  reset(): void {
    if (this.#connection.active !== this) return;
    this.detach();
    this.#connection.abort();
  }

  acceptUpgrade(status: number, headers: HeaderMap): Duplex {
    this.headersSent = true;
    this.ended = true;
    const protocol = headers.get('upgrade') ?? this.upgrade;
    const head = `${statusLine(status)}${writeFields(headers, true)}connection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`;
    return this.#connection.handOver(head);
  }

  closeAfterResponse(): void {
    this.closing = true;
  }

  /** Ends the exchange from below: no callback but this one fires any more. */
  fail(reason: DownstreamReset): void {
    const { onReset } = this;
    this.detach();
    onReset?.(reason);
  }

  /** Called when the last byte is with the kernel, or could not be. */
  settle(error: Error | null | undefined): void {
    const { onFinished, onReset } = this;
    this.detach();
    if (error === null || error === undefined) onFinished?.();
    else onReset?.('remote-disconnect');
  }

  detach(): void {
    this.onReset = null;
    this.onFinished = null;
    this.onDrain = null;
    this.body.detach();
  }
}
