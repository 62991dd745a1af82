import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import { errorCode } from '../http2/protocol.ts';
import type { Http2Stream, StreamHandler, StreamReset } from '../http2/stream.ts';
import { fromHttp2Fields } from '../http2-headers.ts';
import type { BodySource, ConnectionInfo, DownstreamRequest, DownstreamReset } from '../stream.ts';

export type Http2RequestHead = Pick<
  DownstreamRequest,
  'connection' | 'method' | 'scheme' | 'authority' | 'path' | 'headers' | 'expectContinue'
>;

/** The connection a request came over. */
export interface RequestCarrier {
  /** GOAWAY: what is open ends, then the connection. */
  drain(): void;
  /** Complete, or reset: nothing more of it comes. */
  onRequestOver(request: Http2Request): void;
}

/** One HTTP/2 stream as the stages see it. */
export class Http2Request implements DownstreamRequest, BodySource, StreamHandler {
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
  readonly #stream: Http2Stream;
  readonly #carrier: RequestCarrier;
  #headSent = false;
  /** HEAD, 204, 304: the response has no body, whatever is sent. */
  #bodiless = false;
  #ended = false;
  /** All of it is with the kernel; without a body that may be before the stages are through with theirs. */
  #sent = false;
  #settled = false;

  constructor(stream: Http2Stream, carrier: RequestCarrier, head: Http2RequestHead) {
    this.#stream = stream;
    this.#carrier = carrier;
    this.connection = head.connection;
    this.method = head.method;
    this.scheme = head.scheme;
    this.authority = head.authority;
    this.path = head.path;
    this.headers = head.headers;
    this.expectContinue = head.expectContinue;
    this.empty = stream.remoteEnded;
  }

  get body(): BodySource {
    return this;
  }

  /** Bytes of the response wait for the client. */
  get holdsResponse(): boolean {
    return this.#headSent && !this.#settled && (this.#stream.holdsData || this.#ended);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  sendInformational(status: number, headers: HeaderMap): void {
    if (this.#over || this.#headSent) return;
    this.#stream.sendHeaders([':status', String(status)], headers, false);
  }

  sendHeaders(status: number, headers: HeaderMap, endStream: boolean): void {
    if (this.#over || this.#headSent) return;
    this.#headSent = true;
    this.#bodiless = this.method === 'HEAD' || status === 204 || status === 205 || status === 304;
    const last = endStream || this.#bodiless;
    if (endStream) this.#endResponse();
    // HTTP/1 apps may say a status above 599, which clients of HTTP/2 do not take.
    this.#stream.sendHeaders([':status', String(status > 599 ? 502 : status)], headers, last);
  }

  sendData(chunk: Buffer): boolean {
    if (this.#over || this.#bodiless || chunk.length === 0) return true;
    this.bytesSent += chunk.length;
    return this.#stream.sendData(chunk);
  }

  end(trailers: HeaderMap | null): void {
    if (this.#over || !this.#headSent) return;
    this.#endResponse();
    if (this.#sent) this.#finish();
    else this.#stream.end(trailers);
  }

  reset(): void {
    this.#settle();
    this.#stream.reset(errorCode.internalError);
  }

  acceptUpgrade(): Duplex {
    throw new Error('HTTP/2 has no Upgrade; request.upgrade is always empty');
  }

  closeAfterResponse(): void {
    this.#carrier.drain();
  }

  // ── what the stream tells ──

  onStreamData(data: Buffer): void {
    this.bytesReceived += data.length;
    this.onData?.(data);
  }

  onStreamEnd(trailers: string[] | null): void {
    this.onEnd?.(trailers === null ? null : fromHttp2Fields(trailers, 'request'));
  }

  onStreamDrain(): void {
    if (!this.#over) this.onDrain?.();
  }

  onStreamSent(): void {
    this.#sent = true;
    if (this.#ended) this.#finish();
  }

  onStreamReset(reset: StreamReset): void {
    if (this.#settled) return;
    this.#settle();
    if (reset.why === 'connection') this.onReset?.('remote-disconnect');
    else this.onReset?.(reset.why === 'rules' || reset.code === errorCode.protocolError ? 'protocol-error' : 'remote-reset');
  }

  /** Only servers answer. */
  onStreamInformational(): void {}
  onStreamResponse(): void {}

  get #over(): boolean {
    return this.#ended || this.#settled || (this.#stream.closed && !this.#bodiless);
  }

  #endResponse(): void {
    this.#ended = true;
    this.onData = null;
    this.onEnd = null;
    // What still comes of the request is read and dropped.
    this.#stream.resume();
  }

  #finish(): void {
    // The rest of the request is not wanted: RFC 9113 §8.1 lets a server say so without calling it an error.
    this.#stream.reset(errorCode.noError);
    if (this.#settled) return;
    this.#settle();
    this.onFinished?.();
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.onData = null;
    this.onEnd = null;
    this.#carrier.onRequestOver(this);
  }
}
