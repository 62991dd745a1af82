import type { Duplex } from 'node:stream';
import { BodyAhead } from './body-ahead.ts';
import { HeaderMap } from './header-map.ts';
import { type CaptureKind, MessageCapture } from './live/message-capture.ts';
import { MessageBudget } from './live/message-log.ts';
import type { BodySource, ConnectionInfo, DownstreamRequest, DownstreamReset } from './stream.ts';

/** Where no budget is shared. */
const ownBudgetBytes = 1024 * 1024;

/** The first bytes of a body, up to a limit, and how many there were. */
export class BodyCapture {
  readonly chunks: Buffer[] = [];
  captured = 0;
  total = 0;
  readonly #limit: number;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  add(chunk: Buffer): void {
    this.total += chunk.length;
    const room = this.#limit - this.captured;
    if (room <= 0) return;
    // A copy: the socket's buffer is reused, and a slice would keep 64 KiB alive for a few bytes.
    const kept = Buffer.from(chunk.length <= room ? chunk : chunk.subarray(0, room));
    this.chunks.push(kept);
    this.captured += kept.length;
  }
}

/**
 * A downstream request that remembers what passed: heads, trailers and the first bytes of both bodies. Telemetry stands here, outside the
 * stages, so that no stage has to think of it.
 */
export class CapturedDownstream implements DownstreamRequest, BodySource {
  readonly inner: DownstreamRequest;
  readonly requestBody: BodyCapture;
  readonly responseBody: BodyCapture;
  requestTrailers: HeaderMap | null = null;
  responseTrailers: HeaderMap | null = null;
  responseHeaders: HeaderMap | null = null;
  responseStatus = 0;
  /** Monotonic ms of the request's end and of the first response byte; 0 until then. */
  requestEndedAt = 0;
  responseStartedAt = 0;
  upgraded = false;
  /** What passes as messages: WebSockets, event streams and gRPC from the start, other answers once they are long. */
  messages: MessageCapture | null = null;
  /** The response ended or was cut: nothing more will come. */
  closed = false;
  resetReason: DownstreamReset | null = null;
  onData: ((chunk: Buffer) => void) | null = null;
  onEnd: ((trailers: HeaderMap | null) => void) | null = null;
  onDrain: (() => void) | null = null;
  onReset: ((reason: DownstreamReset) => void) | null = null;
  onFinished: (() => void) | null = null;
  /** Something of the exchange passed, in either direction: what idle timeouts count from. */
  onActivity: (() => void) | null = null;
  /** Telemetry's own ear; the stages own onReset. */
  onClosed: (() => void) | null = null;
  /** The last touch on a response head, whoever sends it. */
  finishHead: ((status: number, headers: HeaderMap) => void) | null = null;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #limitBytes: number;
  readonly #budget: MessageBudget;
  /** What was read of the body before its reader came. */
  #ahead: BodyAhead | null = null;

  /** `budget`: memory for messages, shared by all exchanges of a data plane. */
  constructor(
    inner: DownstreamRequest,
    bodyLimitBytes: number,
    time: { now: () => number; startedAt: number },
    budget = new MessageBudget(ownBudgetBytes),
  ) {
    this.inner = inner;
    this.#now = time.now;
    this.#startedAt = time.startedAt;
    this.#limitBytes = bodyLimitBytes;
    this.#budget = budget;
    const type = inner.headers.get('content-type');
    // Of gRPC-Web only the binary form has its frames on the wire as they are.
    if (type?.startsWith('application/grpc') && !type.startsWith('application/grpc-web-text')) this.capture('grpc');
    this.requestBody = new BodyCapture(bodyLimitBytes);
    this.responseBody = new BodyCapture(bodyLimitBytes);
    inner.body.onData = (chunk) => {
      this.onActivity?.();
      this.requestBody.add(chunk);
      this.messages?.passed('up', chunk);
      if (this.#ahead === null) this.onData?.(chunk);
      else this.#ahead.take(chunk);
    };
    inner.body.onEnd = (trailers) => {
      this.onActivity?.();
      this.requestTrailers = trailers;
      this.requestEndedAt = this.#now();
      if (this.#ahead === null) this.onEnd?.(trailers);
      else this.#ahead.end(trailers);
    };
    inner.onDrain = () => this.onDrain?.();
    inner.onReset = (reason) => {
      this.resetReason = reason;
      this.closed = true;
      this.#ahead?.giveUp();
      this.onClosed?.();
      this.onReset?.(reason);
    };
    inner.onFinished = () => {
      this.onFinished?.();
    };
  }

  get connection(): ConnectionInfo {
    return this.inner.connection;
  }
  get protocol(): 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' {
    return this.inner.protocol;
  }
  get method(): string {
    return this.inner.method;
  }
  get scheme(): 'http' | 'https' {
    return this.inner.scheme;
  }
  get authority(): string {
    return this.inner.authority;
  }
  get path(): string {
    return this.inner.path;
  }
  get headers(): HeaderMap {
    return this.inner.headers;
  }
  get body(): BodySource {
    return this;
  }
  get upgrade(): string {
    return this.inner.upgrade;
  }
  get expectContinue(): boolean {
    return this.inner.expectContinue;
  }
  get bytesReceived(): number {
    return this.inner.bytesReceived;
  }
  get bytesSent(): number {
    return this.inner.bytesSent;
  }
  get empty(): boolean {
    return this.inner.body.empty;
  }

  pause(): void {
    this.#ahead?.pause();
    this.inner.body.pause();
  }
  resume(): void {
    if (this.#ahead !== null) {
      if (!this.#ahead.handOver(this)) return;
      const { ended } = this.#ahead;
      this.#ahead = null;
      if (ended) return;
    }
    this.inner.body.resume();
  }

  async readAhead(limitBytes: number): Promise<{ chunks: readonly Buffer[]; complete: boolean } | null> {
    if (this.closed) return null;
    this.#ahead ??= new BodyAhead();
    const ahead = this.#ahead;
    // Who waits for 100 Continue sends nothing before it, and the app that would say so has not been asked yet.
    if (this.expectContinue) this.sendInformational(100, new HeaderMap());
    const reached = ahead.reach(limitBytes);
    this.inner.body.resume();
    const isThere = await reached;
    if (!this.closed) this.inner.body.pause();
    return isThere ? { chunks: ahead.chunks, complete: ahead.ended } : null;
  }

  sendInformational(status: number, headers: HeaderMap): void {
    this.onActivity?.();
    this.inner.sendInformational(status, headers);
  }

  sendHeaders(status: number, headers: HeaderMap, endStream: boolean): void {
    this.#responseHead(status, headers);
    this.inner.sendHeaders(status, headers, endStream);
    if (endStream) this.#close();
  }

  sendData(chunk: Buffer): boolean {
    this.onActivity?.();
    this.responseBody.add(chunk);
    this.messages?.passed('down', chunk);
    return this.inner.sendData(chunk);
  }

  end(trailers: HeaderMap | null): void {
    this.responseTrailers = trailers;
    this.inner.end(trailers);
    this.#close();
  }

  reset(): void {
    this.inner.reset();
    this.#close();
  }

  acceptUpgrade(status: number, headers: HeaderMap): Duplex {
    this.#responseHead(status, headers);
    this.upgraded = true;
    const stream = this.inner.acceptUpgrade(status, headers);
    stream.once('close', () => this.#close());
    return stream;
  }

  /** What passes through a WebSocket is kept as messages only, unmasked and inflated: so secrets can be taken out of them. */
  noteUpgraded(direction: 'forward' | 'backward', chunk: Buffer): void {
    this.onActivity?.();
    if (this.messages?.kind !== 'websocket') this.capture('websocket');
    const forward = direction === 'forward';
    (forward ? this.requestBody : this.responseBody).total += chunk.length;
    this.messages?.passed(forward ? 'up' : 'down', chunk);
  }

  /** From now on what passes is kept as messages too. */
  capture(kind: CaptureKind): MessageCapture {
    const capture = new MessageCapture({
      kind,
      budget: this.#budget,
      elapsed: () => this.#now() - this.#startedAt,
      limitBytes: this.#limitBytes,
      extensions: this.responseHeaders?.get('sec-websocket-extensions') ?? '',
    });
    this.messages = capture;
    return capture;
  }

  /** It has gone on for long: whatever it is, it is followed. What had passed before comes first. */
  follow(): void {
    if (this.messages !== null || this.responseStatus === 0) return;
    const followed = this.capture('data');
    for (const chunk of this.responseBody.chunks) followed.passed('down', chunk);
  }

  closeAfterResponse(): void {
    this.inner.closeAfterResponse();
  }

  #responseHead(status: number, headers: HeaderMap): void {
    this.onActivity?.();
    this.finishHead?.(status, headers);
    this.responseStatus = status;
    // The codec may still add framing to its own copy; what the client sees beyond that is this.
    this.responseHeaders = headers.clone();
    this.responseStartedAt = this.#now();
    const isEvents = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    if (isEvents && !headers.get('content-encoding') && this.messages === null) this.capture('sse');
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onClosed?.();
  }
}
