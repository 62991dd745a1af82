import type { FrameSink } from './frame-reader.ts';
import { withoutPadding } from './frame-reader.ts';
import { HeaderBlock } from './header-block.ts';
import { areTrailers, readRequestHead, readResponseHead } from './header-rules.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { readSettings } from './peer-settings.ts';
import { ConnectionError, connectionPreface, errorCode, frameFlag, frameType, largest31Bits } from './protocol.ts';
import type { Http2Session, SessionHandler, SessionOptions } from './session.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';

/** What we allow the peer to remember: RFC 7541's initial size, which our SETTINGS leave as it is. */
const headerTableBytes = 4096;

/** Until the request has a handler of its own. */
const nobody: StreamHandler = {
  onStreamInformational: () => undefined,
  onStreamResponse: () => undefined,
  onStreamData: () => undefined,
  onStreamEnd: () => undefined,
  onStreamDrain: () => undefined,
  onStreamSent: () => undefined,
  onStreamReset: () => undefined,
};

/** Frames of the peer, one after another: what each does to the session and its streams (RFC 9113 §5, §6). Throws ConnectionError. */
export class IncomingFrames implements FrameSink {
  readonly #session: Http2Session;
  readonly #handler: SessionHandler;
  readonly #options: SessionOptions;
  readonly #decoder: HpackDecoder;
  readonly #block = new HeaderBlock();
  /** Server: bytes of the preface still to come. */
  #prefaceLeft: number;
  #settingsSeen = false;
  #settingsAcknowledged = false;
  /** Server: the highest stream the client has opened. */
  lastStreamId = 0;
  /** Received and not given back to the peer's window for the connection. */
  #received = 0;

  constructor(session: Http2Session, handler: SessionHandler, options: SessionOptions) {
    this.#session = session;
    this.#handler = handler;
    this.#options = options;
    this.#decoder = new HpackDecoder(headerTableBytes, options.headerLimits);
    this.#prefaceLeft = session.isClient ? 0 : connectionPreface.length;
  }

  /** The chunk without what of it belongs to the connection preface. */
  afterPreface(chunk: Buffer): Buffer {
    if (this.#prefaceLeft === 0) return chunk;
    const from = connectionPreface.length - this.#prefaceLeft;
    const length = Math.min(chunk.length, this.#prefaceLeft);
    if (connectionPreface.compare(chunk, 0, length, from, from + length) !== 0) {
      throw new ConnectionError(errorCode.protocolError, 'no connection preface');
    }
    this.#prefaceLeft -= length;
    return chunk.subarray(length);
  }

  onData(streamId: number, data: Buffer, flowBytes: number, frameEnds: boolean, endStream: boolean): void {
    const session = this.#session;
    this.#expectOrder(frameType.data);
    if (frameEnds) session.floods.onPayload(flowBytes, endStream);
    this.#giveBack(flowBytes);
    const stream = session.streams.get(streamId);
    if (stream !== undefined) stream.receiveData(data, flowBytes, endStream);
    // Of a stream that was reset a moment ago more may come; of one that never was it may not.
    else this.#expectKnown(streamId);
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (this.#block.isOpen) {
      this.#session.floods.onPayload(payload.length, false);
      const block = this.#block.add(type, streamId, flags, payload);
      if (block !== null) this.#onHeaderBlock(block);
      return;
    }
    this.#expectOrder(type);
    switch (type) {
      case frameType.headers:
        this.#onHeaders(streamId, flags, payload);
        return;
      case frameType.priority:
        expectLength(payload, 5);
        if (streamId === 0) throw new ConnectionError(errorCode.protocolError, 'PRIORITY of no stream');
        this.#session.floods.onPriority();
        return;
      case frameType.rstStream:
        expectLength(payload, 4);
        this.#onReset(streamId, payload.readUInt32BE(0));
        return;
      case frameType.settings:
        this.#onSettings(flags, streamId, payload);
        return;
      case frameType.ping:
        expectLength(payload, 8);
        expectConnection(streamId);
        this.#onPing(flags, payload);
        return;
      case frameType.goaway:
        expectConnection(streamId);
        if (payload.length < 8) throw new ConnectionError(errorCode.frameSizeError, 'a short GOAWAY');
        this.#session.onPeerGoaway(payload.readUInt32BE(0) & largest31Bits);
        return;
      case frameType.windowUpdate:
        expectLength(payload, 4);
        this.#onWindowUpdate(streamId, payload.readUInt32BE(0) & largest31Bits);
        return;
      case frameType.pushPromise:
        throw new ConnectionError(errorCode.protocolError, 'a push that was not allowed');
      case frameType.continuation:
        throw new ConnectionError(errorCode.protocolError, 'CONTINUATION of nothing');
      default:
        this.#session.floods.onUnknownFrame();
    }
  }

  /** SETTINGS come first (§3.4), and nothing stands inside a header block. */
  #expectOrder(type: number): void {
    if (this.#block.isOpen) throw new ConnectionError(errorCode.protocolError, 'another frame inside a header block');
    if (this.#settingsSeen) return;
    if (type !== frameType.settings) throw new ConnectionError(errorCode.protocolError, 'the first frame is not SETTINGS');
    this.#settingsSeen = true;
  }

  #isKnown(streamId: number): boolean {
    const last = this.#session.isClient ? this.#session.lastOwnStreamId : this.lastStreamId;
    return streamId % 2 === 1 && streamId <= last;
  }

  #expectKnown(streamId: number): void {
    if (!this.#isKnown(streamId)) throw new ConnectionError(errorCode.protocolError, 'a frame of a stream that never was');
  }

  /** The connection's window is given back by halves, as data comes: what is held is limited stream by stream. */
  #giveBack(bytes: number): void {
    this.#received += bytes;
    const { connectionWindowBytes } = this.#options;
    if (this.#received > connectionWindowBytes) {
      throw new ConnectionError(errorCode.flowControlError, 'more data than the connection’s window');
    }
    if (this.#received * 2 < connectionWindowBytes) return;
    this.#session.writer.windowUpdate(0, this.#received);
    this.#received = 0;
  }

  // ── heads and trailers ──

  #onHeaders(streamId: number, flags: number, payload: Buffer): void {
    if (streamId % 2 === 0) throw new ConnectionError(errorCode.protocolError, 'HEADERS of an even stream');
    this.#session.floods.onPayload(payload.length, (flags & frameFlag.endStream) !== 0);
    const block = this.#block.begin(streamId, flags, withoutPadding(payload, flags));
    if (block !== null) this.#onHeaderBlock(block);
  }

  #onHeaderBlock(block: Buffer): void {
    const { streamId, endStream } = this.#block;
    const session = this.#session;
    // Every block is decoded, wanted or not: the tables of both ends must stay the same.
    const list = this.#decoder.decode(block);
    const stream = session.streams.get(streamId);
    if (stream !== undefined) this.#onMoreHeaders(stream, list, endStream);
    else if (session.isClient) this.#expectKnown(streamId);
    else if (streamId > this.lastStreamId) this.#onNewStream(streamId, list, endStream);
  }

  #onNewStream(streamId: number, list: string[] | null, endStream: boolean): void {
    const session = this.#session;
    this.lastStreamId = streamId;
    const { maxConcurrentStreams = Number.POSITIVE_INFINITY } = this.#options;
    if (session.goawaySent || session.streams.size >= maxConcurrentStreams) {
      session.writer.resetStream(streamId, errorCode.refusedStream);
      session.floods.onReset();
      return;
    }
    const head = list === null || this.#decoder.malformed ? null : readRequestHead(list);
    const stream = session.openStream(streamId, nobody, true);
    if (head === null) {
      this.#handler.onRefused(list === null ? 'the request head is far too large' : 'the request head is malformed');
      stream.fail(list === null ? errorCode.enhanceYourCalm : errorCode.protocolError);
    } else if (!stream.receiveHead(head.contentLength, endStream)) stream.fail(errorCode.protocolError);
    else stream.handler = this.#handler.onRequest(stream, head, this.#decoder.listBytes);
  }

  /** A server's heads, or trailers. */
  #onMoreHeaders(stream: Http2Stream, list: string[] | null, endStream: boolean): void {
    if (stream.remoteEnded) stream.fail(errorCode.streamClosed);
    else if (list === null) stream.fail(errorCode.enhanceYourCalm);
    else if (this.#decoder.malformed) stream.fail(errorCode.protocolError);
    else if (stream.headReceived) {
      if (endStream && areTrailers(list)) stream.receiveTrailers(list);
      else stream.fail(errorCode.protocolError);
    } else this.#onResponse(stream, list, endStream);
  }

  #onResponse(stream: Http2Stream, list: string[], endStream: boolean): void {
    const head = readResponseHead(list);
    if (head === null || (head.status < 200 && endStream)) stream.fail(errorCode.protocolError);
    else if (head.status < 200) stream.handler.onStreamInformational(head.status, head.fields);
    else if (!stream.receiveHead(stream.expectsNoBody || head.status === 304 ? -1 : head.contentLength, endStream)) {
      stream.fail(errorCode.protocolError);
    } else {
      stream.handler.onStreamResponse(head.status, head.fields, endStream);
      if (endStream) stream.endWithHead();
    }
  }

  // ── other frames ──

  #onReset(streamId: number, code: number): void {
    this.#expectKnown(streamId);
    const stream = this.#session.streams.get(streamId);
    if (!this.#session.isClient) this.#session.floods.onReset();
    stream?.receiveReset(code);
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    expectConnection(streamId);
    const session = this.#session;
    if ((flags & frameFlag.ack) !== 0) {
      expectLength(payload, 0);
      if (this.#settingsAcknowledged) throw new ConnectionError(errorCode.protocolError, 'SETTINGS acknowledged twice');
      this.#settingsAcknowledged = true;
      return;
    }
    session.floods.onQuestion(session.writer.controlFrames);
    const peerSettings = readSettings(payload, session.peer, session.isClient);
    // First of all: what a larger window lets out must come after it.
    session.writer.settingsAck();
    session.applyPeerSettings(peerSettings);
    this.#handler.onSettings();
  }

  #onPing(flags: number, payload: Buffer): void {
    const session = this.#session;
    if ((flags & frameFlag.ack) !== 0) {
      session.onPong();
      return;
    }
    session.floods.onQuestion(session.writer.controlFrames);
    session.writer.ping(payload, true);
  }

  #onWindowUpdate(streamId: number, bytes: number): void {
    const session = this.#session;
    session.floods.onWindowUpdate();
    if (streamId === 0) {
      if (bytes === 0) throw new ConnectionError(errorCode.protocolError, 'WINDOW_UPDATE of nothing');
      if (session.connectionWindow + bytes > largest31Bits) {
        throw new ConnectionError(errorCode.flowControlError, 'the connection’s window overflows');
      }
      session.connectionWindow += bytes;
      session.pump();
      return;
    }
    const stream = session.streams.get(streamId);
    if (stream === undefined) this.#expectKnown(streamId);
    else if (bytes === 0) stream.fail(errorCode.protocolError);
    else if (!stream.widen(bytes)) stream.fail(errorCode.flowControlError);
    else if (stream.holdsData) session.pump();
  }
}

function expectLength(payload: Buffer, length: number): void {
  if (payload.length !== length) throw new ConnectionError(errorCode.frameSizeError, 'a frame of the wrong length');
}

function expectConnection(streamId: number): void {
  if (streamId !== 0) throw new ConnectionError(errorCode.protocolError, 'a frame of the connection on a stream');
}
