import type { Duplex } from 'node:stream';
import { frameFlag, frameHeadBytes, frameType, maxFrameBytes } from './protocol.ts';

/** Payloads up to this size are copied behind the frames before them: one write for many frames. Larger ones are handed on as they are. */
const joinBytes = 2048;
/** Blocks that small frames are gathered in. */
const blockBytes = 16 * 1024;
/** More than this does not wait for the end of the event loop's round. */
const flushAboveBytes = 64 * 1024;

/**
 * Frames on their way to one socket. What small frames there are in a round of the event loop goes out in one write at its end, when all
 * that had arrived is read: each write may wake the process at the other end, which costs more than the frames (as in http1/message-writer.ts).
 */
export class FrameWriter {
  readonly #socket: Duplex;
  /** Frames not given to the socket: whole parts, then those in the block from `#from` to `#to`. */
  #parts: Buffer[] = [];
  #block: Buffer | null = null;
  #from = 0;
  #to = 0;
  #waitingBytes = 0;
  #scheduled = false;
  /** Bytes ever begun, and ever given to the socket: a frame whose position is below the second has left. */
  #position = 0;
  #flushedPosition = 0;
  #done: ((written: boolean) => void)[] = [];
  /** PING and SETTINGS acknowledgements, RST_STREAM: frames the peer can make us write, not yet taken by the kernel. */
  #controlFrames = 0;

  #writesDone = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  get position(): number {
    return this.#position;
  }

  get flushedPosition(): number {
    return this.#flushedPosition;
  }

  get controlFrames(): number {
    return this.#controlFrames;
  }

  /** Writes the kernel has taken. */
  get writesDone(): number {
    return this.#writesDone;
  }

  /** No more DATA for now: the socket's `drain` comes. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  data(streamId: number, data: Buffer, from: number, to: number, endStream: boolean): void {
    const length = to - from;
    this.#head(length, frameType.data, endStream ? frameFlag.endStream : 0, streamId, length <= joinBytes ? length : 0);
    if (length <= joinBytes) this.#to += data.copy(this.#block!, this.#to, from, to);
    else {
      this.#closeBlock();
      this.#parts.push(from === 0 && to === data.length ? data : data.subarray(from, to));
    }
    if (this.#waitingBytes > flushAboveBytes) this.flush();
  }

  /** A header block as HEADERS and as many CONTINUATION as it takes; the block is copied. */
  headers(streamId: number, block: Buffer, endStream: boolean): void {
    const first = Math.min(block.length, maxFrameBytes);
    const isWhole = first === block.length;
    const flags = (endStream ? frameFlag.endStream : 0) | (isWhole ? frameFlag.endHeaders : 0);
    this.#copied(frameType.headers, flags, streamId, block, 0, first);
    for (let at = first; at < block.length; at += maxFrameBytes) {
      const to = Math.min(block.length, at + maxFrameBytes);
      this.#copied(frameType.continuation, to === block.length ? frameFlag.endHeaders : 0, streamId, block, at, to);
    }
  }

  settings(entries: readonly (readonly [number, number])[]): void {
    this.#head(entries.length * 6, frameType.settings, 0, 0, entries.length * 6);
    for (const [name, value] of entries) {
      this.#to = this.#block!.writeUInt16BE(name, this.#to);
      this.#to = this.#block!.writeUInt32BE(value, this.#to);
    }
  }

  settingsAck(): void {
    this.#controlFrames++;
    this.#head(0, frameType.settings, frameFlag.ack, 0, 0);
  }

  /** `opaque`: eight bytes, copied. */
  ping(opaque: Buffer, isAck: boolean): void {
    if (isAck) this.#controlFrames++;
    this.#copied(frameType.ping, isAck ? frameFlag.ack : 0, 0, opaque, 0, 8);
  }

  resetStream(streamId: number, code: number): void {
    this.#controlFrames++;
    this.#word(frameType.rstStream, streamId, code);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.#word(frameType.windowUpdate, streamId, bytes);
  }

  goaway(lastStreamId: number, code: number): void {
    this.#head(8, frameType.goaway, 0, 0, 8);
    this.#to = this.#block!.writeUInt32BE(lastStreamId, this.#to);
    this.#to = this.#block!.writeUInt32BE(code, this.#to);
  }

  /** Bytes that are no frame: the connection preface. */
  raw(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#to += bytes.copy(this.#block!, this.#to);
  }

  /** Called when all that was written so far is with the kernel, or false when it will never be. */
  whenWritten(done: (written: boolean) => void): void {
    this.#done.push(done);
    this.#schedule();
  }

  flush(): void {
    const socket = this.#socket;
    this.#closeBlock();
    const parts = this.#parts;
    if (socket.destroyed || !socket.writable || (parts.length === 0 && this.#done.length === 0)) return;
    const done = this.#done;
    const controlFrames = this.#controlFrames;
    this.#parts = [];
    this.#done = [];
    this.#waitingBytes = 0;
    this.#flushedPosition = this.#position;
    const onWritten = (error?: Error | null): void => {
      this.#writesDone++;
      this.#controlFrames = Math.max(0, this.#controlFrames - controlFrames);
      for (const one of done) one(error === null || error === undefined);
    };
    if (parts.length <= 1) {
      socket.write(parts[0] ?? noBytes, onWritten);
      return;
    }
    socket.cork();
    for (let i = 0; i < parts.length - 1; i++) socket.write(parts[i]!);
    socket.write(parts[parts.length - 1]!, onWritten);
    socket.uncork();
  }

  /** The socket is gone: what was not given to it never left. */
  abandon(): void {
    this.#parts = [];
    this.#from = this.#to;
    for (const one of this.#done.splice(0)) one(false);
  }

  runScheduled(): void {
    this.#scheduled = false;
    this.flush();
  }

  #word(type: number, streamId: number, value: number): void {
    this.#head(4, type, 0, streamId, 4);
    this.#to = this.#block!.writeUInt32BE(value, this.#to);
  }

  #copied(type: number, flags: number, streamId: number, source: Buffer, from: number, to: number): void {
    this.#head(to - from, type, flags, streamId, to - from);
    this.#to += source.copy(this.#block!, this.#to, from, to);
  }

  /** Nine bytes of frame head, with room for `following` bytes after them in the same block. */
  #head(length: number, type: number, flags: number, streamId: number, following: number): void {
    this.#reserve(frameHeadBytes + following);
    this.#position += length - following;
    this.#waitingBytes += length - following;
    const block = this.#block!;
    const at = this.#to;
    block[at] = length >>> 16;
    block[at + 1] = length >>> 8;
    block[at + 2] = length;
    block[at + 3] = type;
    block[at + 4] = flags;
    block[at + 5] = streamId >>> 24;
    block[at + 6] = streamId >>> 16;
    block[at + 7] = streamId >>> 8;
    block[at + 8] = streamId;
    this.#to = at + frameHeadBytes;
  }

  #reserve(bytes: number): void {
    this.#position += bytes;
    this.#waitingBytes += bytes;
    this.#schedule();
    if (this.#block !== null && this.#to + bytes <= this.#block.length) return;
    this.#closeBlock();
    this.#block = Buffer.allocUnsafeSlow(Math.max(blockBytes, bytes));
    this.#from = 0;
    this.#to = 0;
  }

  /** What is in the block becomes a part. Its bytes are never written again: a stream that is no socket (toxics) may hold them for long. */
  #closeBlock(): void {
    if (this.#to === this.#from) return;
    this.#parts.push(this.#block!.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(runScheduled, this);
  }
}

const noBytes = Buffer.alloc(0);

function runScheduled(writer: FrameWriter): void {
  writer.runScheduled();
}
