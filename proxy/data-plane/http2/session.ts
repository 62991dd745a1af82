import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import { FloodLimits } from './flood-limits.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import type { RequestHead } from './header-rules.ts';
import type { HeaderListLimits } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { IncomingFrames } from './incoming-frames.ts';
import { initialPeerSettings, type PeerSettings } from './peer-settings.ts';
import { ConnectionError, connectionPreface, defaultWindowBytes, errorCode, largest31Bits, setting } from './protocol.ts';
import { Http2Stream, type StreamCarrier, type StreamHandler } from './stream.ts';

export interface SessionOptions {
  /** Server: streams a client may have open at once; further ones are refused. */
  maxConcurrentStreams?: number;
  /** What a stream's sender may be ahead of its reader, bytes. */
  streamWindowBytes: number;
  /** The same for all streams together. */
  connectionWindowBytes: number;
  headerLimits: HeaderListLimits;
  /** Milliseconds; for the limits that recover with time. */
  now: () => number;
}

/** What a session tells, besides what its streams tell. */
export interface SessionHandler {
  /** Server: a request. `listBytes`: its head as SETTINGS_MAX_HEADER_LIST_SIZE counts. The stream is paused. */
  onRequest(stream: Http2Stream, head: RequestHead, listBytes: number): StreamHandler;
  /** What of ours would never reach the handlers above, and was reset: malformed, too large. */
  onRefused(reason: string): void;
  /** Client: the peer's limit of streams may be another one. */
  onSettings(): void;
  /** The peer takes no new streams. */
  onGoaway(): void;
  /** The peer broke the protocol, or the socket failed; onClose follows. */
  onError(error: Error): void;
  /** The connection is gone. Streams were told before. */
  onClose(): void;
}

/** After GOAWAY with an error the peer has this long to read it and to close. */
const lingerMs = 1_000;

/**
 * One HTTP/2 connection over any duplex stream (RFC 9113), either role.
 *
 *   socket ──▶ FrameReader ──▶ IncomingFrames ──▶ Http2Stream ──▶ StreamHandler
 *   socket ◀── FrameWriter ◀── Http2Stream ◀── sendHeaders, sendData, end
 *
 * The connection's window is given back as data comes, the stream's as it is read: a slow reader holds up its own stream only, and what is
 * held is bounded by the stream windows. Push is off, priorities are read and ignored.
 */
export class Http2Session implements StreamCarrier {
  readonly isClient: boolean;
  readonly writer: FrameWriter;
  readonly streams = new Map<number, Http2Stream>();
  readonly floods: FloodLimits;
  connectionWindow = defaultWindowBytes;
  peer: PeerSettings = initialPeerSettings();
  readonly #socket: Duplex;
  readonly #handler: SessionHandler;
  readonly #options: SessionOptions;
  readonly #encoder = new HpackEncoder();
  readonly #reader: FrameReader;
  readonly #incoming: IncomingFrames;
  readonly #blocked = new Set<Http2Stream>();
  readonly #pings: (() => void)[] = [];
  #chunksRead = 0;
  #nextStreamId = 1;
  /** Told to the peer: no stream after it is processed. */
  #goawaySent = false;
  #goawayReceived = false;
  /** Nothing more is read or said. */
  #ended = false;
  #closed = false;
  #linger: NodeJS.Timeout | null = null;

  constructor(socket: Duplex, role: 'server' | 'client', handler: SessionHandler, options: SessionOptions) {
    this.isClient = role === 'client';
    this.#socket = socket;
    this.#handler = handler;
    this.#options = options;
    this.writer = new FrameWriter(socket);
    this.floods = new FloodLimits(options.now);
    this.#incoming = new IncomingFrames(this, handler, options);
    const sink: FrameSink = this.#incoming;
    this.#reader = new FrameReader(sink);
    this.#greet();
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.pump());
    socket.on('error', (error: Error) => {
      if (!this.#ended) handler.onError(error);
    });
    // HTTP/2 knows no half-close of its connection; listeners and dialled sockets allow it for HTTP/1.1 and tunnels.
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => this.#onClose());
    if (socket.destroyed) setImmediate(() => this.#onClose());
    else socket.resume();
  }

  // ── for its owner ──

  /** Client: takes new streams. */
  get isOpen(): boolean {
    return (
      !this.#ended && !this.#goawaySent && !this.#goawayReceived && this.#nextStreamId <= largest31Bits && !this.#socket.destroyed
    );
  }

  /** Grows with every chunk that comes and every one that leaves. */
  get activity(): number {
    return this.#chunksRead + this.writer.writesDone;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Client: opens a stream with its head. Only while isOpen. */
  request(fixed: readonly string[], headers: HeaderMap, endStream: boolean, handler: StreamHandler): Http2Stream {
    const stream = this.openStream(this.#nextStreamId, handler, false);
    this.#nextStreamId += 2;
    stream.sendHeaders(fixed, headers, endStream);
    return stream;
  }

  /** `onAnswer` is called once when the peer has answered. */
  ping(onAnswer: () => void): void {
    if (this.#ended) return;
    this.#pings.push(onAnswer);
    this.writer.ping(Buffer.alloc(8), false);
  }

  /** GOAWAY: streams that are open end, then the connection does. */
  drain(): void {
    this.#sayGoaway(errorCode.noError);
    this.#endWhenIdle();
  }

  /** Cuts the connection, streams and all. */
  destroy(): void {
    this.#ended = true;
    this.#reader.stop();
    this.#socket.destroy();
    this.#onClose();
  }

  // ── for IncomingFrames ──

  /** No more streams of the peer are taken. */
  get goawaySent(): boolean {
    return this.#goawaySent;
  }

  /** Highest stream of ours so far. */
  get lastOwnStreamId(): number {
    return this.#nextStreamId - 2;
  }

  openStream(id: number, handler: StreamHandler, paused: boolean): Http2Stream {
    const windows = { send: this.peer.initialWindowSize, receive: this.#options.streamWindowBytes };
    const stream = new Http2Stream(this, id, handler, windows, paused);
    this.streams.set(id, stream);
    this.floods.noteOpenedStream();
    return stream;
  }

  applyPeerSettings(settings: PeerSettings): void {
    const change = settings.initialWindowSize - this.peer.initialWindowSize;
    this.peer = settings;
    this.#encoder.limitTable(settings.headerTableSize);
    if (change === 0) return;
    for (const stream of this.streams.values()) {
      if (!stream.widen(change)) throw new ConnectionError(errorCode.flowControlError, 'a stream’s window overflows');
    }
    this.pump();
  }

  onPong(): void {
    this.#pings.shift()?.();
  }

  onPeerGoaway(lastStreamId: number): void {
    this.#goawayReceived = true;
    if (this.isClient) {
      for (const stream of [...this.streams.values()]) {
        if (stream.id > lastStreamId) stream.abandon('unprocessed', errorCode.refusedStream);
      }
    }
    this.#handler.onGoaway();
    this.#endWhenIdle();
  }

  /** What waits for windows or the socket goes on, a frame of each stream in turn. */
  pump(): void {
    let moved = this.#blocked.size > 0;
    while (moved) {
      moved = false;
      for (const stream of this.#blocked) {
        if (this.writer.isFull) return;
        if (stream.sendFrame()) moved ||= this.connectionWindow > 0 && stream.hasWindow;
        else if (!stream.holdsData) {
          this.#blocked.delete(stream);
          stream.afterSending();
        }
      }
    }
  }

  // ── for Http2Stream ──

  encode(fixed: readonly string[], headers: HeaderMap | null): Buffer {
    return this.#encoder.encode(fixed, headers);
  }

  noteDataSent(): void {
    this.floods.noteDataSent();
  }

  block(stream: Http2Stream): void {
    this.#blocked.add(stream);
  }

  onStreamError(): void {
    if (!this.#ended) this.#guarded(() => this.floods.onStreamError(this.writer.controlFrames));
  }

  forget(stream: Http2Stream): void {
    if (stream.localEnded && stream.remoteEnded) this.floods.noteEndedStream();
    this.streams.delete(stream.id);
    this.#blocked.delete(stream);
    this.#endWhenIdle();
  }

  // ── the connection ──

  #greet(): void {
    const { streamWindowBytes, connectionWindowBytes, maxConcurrentStreams, headerLimits } = this.#options;
    const settings: [number, number][] = [[setting.initialWindowSize, streamWindowBytes]];
    settings.push([setting.maxHeaderListSize, headerLimits.bytes]);
    if (maxConcurrentStreams !== undefined) settings.push([setting.maxConcurrentStreams, maxConcurrentStreams]);
    if (this.isClient) {
      this.writer.raw(connectionPreface);
      settings.push([setting.enablePush, 0]);
    }
    this.writer.settings(settings);
    this.writer.windowUpdate(0, connectionWindowBytes - defaultWindowBytes);
  }

  #onData(chunk: Buffer): void {
    if (this.#ended) return;
    this.#chunksRead++;
    this.#guarded(() => this.#reader.read(this.#incoming.afterPreface(chunk)));
  }

  /** A broken rule of the connection ends it. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#fail(error);
    }
  }

  #fail(error: ConnectionError): void {
    if (this.#ended) return;
    this.#handler.onError(error);
    this.writer.goaway(this.isClient ? 0 : this.#incoming.lastStreamId, error.code);
    this.#goawaySent = true;
    this.#finish();
    if (error.code === errorCode.enhanceYourCalm) this.#cutFlood();
    this.#abandonStreams(error.code);
  }

  /** What was said goes out, then the connection ends; what the peer still sends is read and dropped for a while, so that it reads ours. */
  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader.stop();
    this.writer.flush();
    this.#socket.end();
    this.#linger = setTimeout(() => this.#socket.destroy(), lingerMs);
    this.#linger.unref();
  }

  /** Nothing more of it is taken: the connection goes as soon as the kernel has our last words, at once where it does not take them. */
  #cutFlood(): void {
    const socket = this.#socket;
    socket.pause();
    if (socket.writableNeedDrain || socket.writableFinished) socket.destroy();
    else socket.once('finish', () => socket.destroy());
  }

  #sayGoaway(code: number): void {
    if (this.#goawaySent || this.#ended) return;
    this.#goawaySent = true;
    this.writer.goaway(this.isClient ? 0 : this.#incoming.lastStreamId, code);
  }

  #endWhenIdle(): void {
    if (this.#ended || this.streams.size > 0 || !(this.#goawaySent || this.#goawayReceived)) return;
    // After what streams have just written.
    this.writer.whenWritten(() => {
      if (this.streams.size === 0) this.#finish();
    });
  }

  #onEnd(): void {
    this.#reader.stop();
    if (!this.#ended) this.writer.flush();
    this.#ended = true;
    this.#abandonStreams(errorCode.cancel);
    this.#socket.destroy();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#abandonStreams(errorCode.cancel);
    this.writer.abandon();
    this.#handler.onClose();
  }

  #abandonStreams(code: number): void {
    for (const stream of [...this.streams.values()]) stream.abandon('connection', code);
  }
}
