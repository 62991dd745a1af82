import type { HeaderMap } from '../header-map.ts';
import type { FrameWriter } from './frame-writer.ts';
import { ConnectionError, errorCode, largest31Bits, maxFrameBytes } from './protocol.ts';

/** What one stream tells. Nothing comes after onStreamReset, nor after onStreamEnd but drain, sent and reset. */
export interface StreamHandler {
  /** A 1xx of the server; `fields` without pseudo-headers. */
  onStreamInformational(status: number, fields: string[]): void;
  /** The server's final head. */
  onStreamResponse(status: number, fields: string[], endStream: boolean): void;
  onStreamData(data: Buffer): void;
  /** The peer's side is complete; null without trailers. */
  onStreamEnd(trailers: string[] | null): void;
  /** All that sendData() held back has left. */
  onStreamDrain(): void;
  /** Our side is complete and with the kernel. A server's stream whose connection goes before is told so by onStreamReset. */
  onStreamSent(): void;
  onStreamReset(reset: StreamReset): void;
}

/**
 * Why a stream ended early.
 *
 *   peer         RST_STREAM
 *   rules        the peer broke a rule of streams: it was sent RST_STREAM
 *   unprocessed  the peer's GOAWAY says that it did nothing with it (RFC 9113 §6.8)
 *   connection   the connection is gone
 */
export interface StreamReset {
  why: 'peer' | 'rules' | 'unprocessed' | 'connection';
  code: number;
}

/** What a stream needs of its session. */
export interface StreamCarrier {
  readonly isClient: boolean;
  readonly writer: FrameWriter;
  /** Bytes of DATA that the peer's window for the whole connection still takes. */
  connectionWindow: number;
  encode(fixed: readonly string[], headers: HeaderMap | null): Buffer;
  noteDataSent(): void;
  /** It has data and no window: send() is called when there is some again. */
  block(stream: Http2Stream): void;
  /** It broke a rule: counted. */
  onStreamError(): void;
  /** Both sides are complete, or it was reset. */
  forget(stream: Http2Stream): void;
}

const none: readonly Buffer[] = [];

/**
 * One stream (RFC 9113 §5): what of its data waits for whom, on both sides. Received data is held while paused and given back to the peer's
 * window when it is handed on, so that no more than one window of it is ever held.
 */
export class Http2Stream {
  readonly id: number;
  handler: StreamHandler;
  /** Client: the request is a HEAD, whose answer declares a length that does not come. */
  expectsNoBody = false;
  readonly #carrier: StreamCarrier;
  /** Where in the writer's bytes its head ends: whether anything of it has left. */
  #headPosition = 0;

  #sendWindow: number;
  #outbox: Buffer[] = [];
  #outboxBytes = 0;
  #ending = false;
  #trailers: HeaderMap | null = null;
  #localEnded = false;

  readonly #windowBytes: number;
  #receiveWindow: number;
  /** Handed on and not given back to the peer's window. */
  #consumed = 0;
  #inbox: readonly Buffer[] = none;
  #paused: boolean;
  #headReceived = false;
  #remoteEnded = false;
  #endTold = false;
  #receivedTrailers: string[] | null = null;
  /** Content-Length of what comes; -1: none, or there is no body for it. */
  #declared = -1;
  #received = 0;
  #closed = false;

  /** `windowBytes`: what our SETTINGS give the peer. A server's streams begin paused. */
  constructor(
    carrier: StreamCarrier,
    id: number,
    handler: StreamHandler,
    windows: { send: number; receive: number },
    paused: boolean,
  ) {
    this.#carrier = carrier;
    this.id = id;
    this.handler = handler;
    this.#sendWindow = windows.send;
    this.#windowBytes = windows.receive;
    this.#receiveWindow = windows.receive;
    this.#paused = paused;
  }

  /** Reset, or complete on both sides. */
  get closed(): boolean {
    return this.#closed;
  }

  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  /** All of ours is given to the writer. */
  get localEnded(): boolean {
    return this.#localEnded;
  }

  /** Data of ours waits for the peer's window. */
  get holdsData(): boolean {
    return this.#outboxBytes > 0;
  }

  get hasWindow(): boolean {
    return this.#sendWindow > 0;
  }

  /** Not one byte of it was given to the socket. */
  get nothingSent(): boolean {
    return this.#headPosition > this.#carrier.writer.flushedPosition;
  }

  // ── sending ──

  /** `fixed`: pseudo-headers and others the codec adds. `endStream`: nothing follows. For interim heads too. */
  sendHeaders(fixed: readonly string[], headers: HeaderMap | null, endStream: boolean): void {
    if (this.#closed || this.#localEnded) return;
    const { writer } = this.#carrier;
    writer.headers(this.id, this.#carrier.encode(fixed, headers), endStream);
    this.#headPosition = writer.position;
    if (endStream) this.#endLocal();
  }

  /** False: some of it waits for the peer's window or the socket, and onStreamDrain follows. */
  sendData(data: Buffer): boolean {
    if (this.#closed || this.#ending || this.#localEnded || data.length === 0) return true;
    this.#outbox.push(data);
    this.#outboxBytes += data.length;
    if (this.#outbox.length === 1) this.#sendAll();
    return this.#outboxBytes === 0;
  }

  end(trailers: HeaderMap | null): void {
    if (this.#closed || this.#ending || this.#localEnded) return;
    this.#ending = true;
    this.#trailers = trailers;
    if (this.#outboxBytes === 0) this.#sendEnd();
  }

  /** RST_STREAM, without a word to the handler. */
  reset(code: number): void {
    if (this.#closed) return;
    this.#carrier.writer.resetStream(this.id, code);
    this.#inbox = none;
    this.#endTold = true;
    this.#close();
  }

  /** Sends one frame at most; false when that was all there is, or there is no window. */
  sendFrame(): boolean {
    const data = this.#outbox[0];
    const carrier = this.#carrier;
    if (this.#closed || data === undefined || carrier.writer.isFull) return false;
    const length = Math.min(data.length, maxFrameBytes, this.#sendWindow, carrier.connectionWindow);
    if (length <= 0) return false;
    const isLast = this.#ending && this.#trailers === null && length === this.#outboxBytes;
    carrier.writer.data(this.id, data, 0, length, isLast);
    carrier.noteDataSent();
    this.#sendWindow -= length;
    carrier.connectionWindow -= length;
    this.#outboxBytes -= length;
    if (length === data.length) this.#outbox.shift();
    else this.#outbox[0] = data.subarray(length);
    if (isLast) this.#endLocal();
    return this.#outboxBytes > 0;
  }

  /** Told by the session after sendFrame(), when there may be more to do than frames. */
  afterSending(): void {
    if (this.#closed) return;
    if (this.#outboxBytes > 0) this.#carrier.block(this);
    else if (this.#ending) this.#sendEnd();
    else this.handler.onStreamDrain();
  }

  /** WINDOW_UPDATE, or a change of SETTINGS_INITIAL_WINDOW_SIZE, which may make it negative (§6.9.2). False: it overflows. */
  widen(bytes: number): boolean {
    if (this.#sendWindow + bytes > largest31Bits) return false;
    this.#sendWindow += bytes;
    return true;
  }

  #sendAll(): void {
    while (this.sendFrame());
    if (this.#outboxBytes > 0) this.#carrier.block(this);
  }

  #sendEnd(): void {
    if (this.#localEnded || this.#closed) return;
    const { writer } = this.#carrier;
    if (this.#trailers === null) writer.data(this.id, noBytes, 0, 0, true);
    else {
      // An empty block would be no trailers at all to some.
      const block = this.#carrier.encode([], this.#trailers);
      if (block.length === 0) writer.data(this.id, noBytes, 0, 0, true);
      else writer.headers(this.id, block, true);
    }
    this.#endLocal();
  }

  #endLocal(): void {
    this.#localEnded = true;
    this.#carrier.writer.whenWritten((written) => this.#onWritten(written));
    if (this.#remoteEnded) this.#close();
  }

  #onWritten(written: boolean): void {
    if (written) this.handler.onStreamSent();
    // A server's stream is over with its answer, and hears of its connection from here only.
    else if (!this.#carrier.isClient) this.handler.onStreamReset({ why: 'connection', code: errorCode.cancel });
  }

  // ── receiving ──

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#handOn();
  }

  /** `length` -1: nothing declared, or nothing to be held against it (HEAD, 304). False: it does not fit what has come. */
  receiveHead(declared: number, endStream: boolean): boolean {
    this.#headReceived = true;
    this.#declared = declared;
    if (endStream) this.#remoteEnded = true;
    return !endStream || declared <= 0;
  }

  get headReceived(): boolean {
    return this.#headReceived;
  }

  /** What was received with the head is complete: told once the handler has the head. */
  endWithHead(): void {
    this.#finishRemote();
  }

  receiveData(data: Buffer, flowBytes: number, endStream: boolean): void {
    this.#receiveWindow -= flowBytes;
    if (this.#receiveWindow < 0) throw new ConnectionError(errorCode.flowControlError, 'more data than a stream’s window');
    if (this.#remoteEnded) {
      this.fail(errorCode.streamClosed);
      return;
    }
    this.#received += data.length;
    const isShort = endStream && this.#declared >= 0 && this.#received < this.#declared;
    if (!this.#headReceived || isShort || (this.#declared >= 0 && this.#received > this.#declared)) {
      this.fail(errorCode.protocolError);
      return;
    }
    if (endStream) this.#remoteEnded = true;
    // Padding is nobody's to consume.
    if (flowBytes > data.length) this.#consume(flowBytes - data.length);
    if (data.length > 0) {
      if (this.#paused || this.#inbox.length > 0) this.#hold(data);
      else {
        this.#consume(data.length);
        this.handler.onStreamData(data);
      }
    }
    if (endStream) this.#finishRemote();
  }

  receiveTrailers(list: string[]): void {
    if (this.#declared >= 0 && this.#received < this.#declared) {
      this.fail(errorCode.protocolError);
      return;
    }
    this.#remoteEnded = true;
    this.#receivedTrailers = list;
    this.#finishRemote();
  }

  receiveReset(code: number): void {
    // A server may say after its complete answer that it wants no more of the request (§8.1): the answer stands.
    const isComplete = this.#carrier.isClient && this.#remoteEnded;
    this.#close();
    if (!isComplete) this.#tellReset({ why: 'peer', code });
  }

  /** The peer broke a rule on this stream. */
  fail(code: number): void {
    if (this.#closed) return;
    this.reset(code);
    this.handler.onStreamReset({ why: 'rules', code });
    this.#carrier.onStreamError();
  }

  /** The connection will bring nothing more. A complete answer that waits for its reader stays. */
  abandon(why: 'unprocessed' | 'connection', code: number): void {
    const isComplete = this.#carrier.isClient && this.#remoteEnded;
    this.#close();
    if (!isComplete) this.#tellReset({ why, code });
  }

  #hold(data: Buffer): void {
    if (this.#inbox === none) this.#inbox = [data];
    else (this.#inbox as Buffer[]).push(data);
  }

  #handOn(): void {
    while (!this.#paused && this.#inbox.length > 0) {
      const data = (this.#inbox as Buffer[]).shift()!;
      this.#consume(data.length);
      this.handler.onStreamData(data);
    }
    this.#finishRemote();
  }

  #consume(bytes: number): void {
    if (this.#remoteEnded || this.#closed) return;
    this.#consumed += bytes;
    if (this.#consumed * 2 < this.#windowBytes) return;
    this.#carrier.writer.windowUpdate(this.id, this.#consumed);
    this.#receiveWindow += this.#consumed;
    this.#consumed = 0;
  }

  #finishRemote(): void {
    if (!this.#remoteEnded) return;
    if (this.#localEnded && !this.#closed) this.#close();
    if (this.#paused || this.#inbox.length > 0 || this.#endTold) return;
    this.#endTold = true;
    this.handler.onStreamEnd(this.#receivedTrailers);
  }

  #tellReset(reset: StreamReset): void {
    this.#inbox = none;
    this.#endTold = true;
    this.handler.onStreamReset(reset);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#carrier.forget(this);
  }
}

const noBytes = Buffer.alloc(0);
