import { ConnectionError, errorCode, frameFlag, frameHeadBytes, frameType, maxFrameBytes } from './protocol.ts';

/** What a FrameReader finds, in the order of the bytes. */
export interface FrameSink {
  /**
   * DATA, as it comes: a frame cut by the end of a chunk is handed on in parts. `flowBytes` is what the part takes from the windows, padding
   * included; `frameEnds` with the last part.
   */
  onData(streamId: number, data: Buffer, flowBytes: number, frameEnds: boolean, endStream: boolean): void;
  /** Any other frame, whole; also those of types nobody knows. The payload is valid until the next bytes are read. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
}

const noBytes = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into frames (RFC 9113 §4.1). Frames that lie within one chunk are slices of it; only what a chunk cuts apart is
 * copied, into a payload of 16 KiB at most.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #head = Buffer.alloc(frameHeadBytes);
  #headLength = 0;
  /** Of the frame whose payload is being read; -1: none is. */
  #type = -1;
  #flags = 0;
  #streamId = 0;
  #payloadLength = 0;
  /** The part of a payload that came in chunks before; DATA without padding keeps none. */
  #payload: Buffer = noBytes;
  #received = 0;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** No more frames from here on, not even of the chunk being read. */
  stop(): void {
    this.#stopped = true;
  }

  /** Throws ConnectionError for a frame that is too large. */
  read(chunk: Buffer): void {
    let at = 0;
    while (!this.#stopped) {
      if (this.#type < 0) {
        const taken = this.#readHead(chunk, at);
        at += taken;
        if (this.#type < 0) return;
      }
      const left = this.#payloadLength - this.#received;
      const here = Math.min(left, chunk.length - at);
      if (here === 0 && left > 0) return;
      this.#readPayload(chunk, at, at + here);
      at += here;
      if (at === chunk.length && this.#type < 0) return;
    }
  }

  /** How many bytes it took. #type tells whether the head is complete. */
  #readHead(chunk: Buffer, at: number): number {
    if (this.#headLength === 0 && chunk.length - at >= frameHeadBytes) {
      this.#begin(chunk, at);
      return frameHeadBytes;
    }
    const taken = chunk.copy(this.#head, this.#headLength, at, Math.min(chunk.length, at + frameHeadBytes - this.#headLength));
    this.#headLength += taken;
    if (this.#headLength === frameHeadBytes) {
      this.#headLength = 0;
      this.#begin(this.#head, 0);
    }
    return taken;
  }

  #begin(bytes: Buffer, at: number): void {
    this.#payloadLength = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    if (this.#payloadLength > maxFrameBytes) {
      throw new ConnectionError(errorCode.frameSizeError, `a frame of ${this.#payloadLength} bytes`);
    }
    this.#type = bytes[at + 3]!;
    this.#flags = bytes[at + 4]!;
    this.#streamId = ((bytes[at + 5]! & 0x7f) << 24) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 8) | bytes[at + 8]!;
    this.#received = 0;
  }

  #readPayload(chunk: Buffer, from: number, to: number): void {
    const isWhole = to - from === this.#payloadLength;
    if (this.#type === frameType.data && (this.#flags & frameFlag.padded) === 0) {
      this.#received += to - from;
      this.#data(isWhole && from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), to - from);
      return;
    }
    if (isWhole) {
      this.#received = this.#payloadLength;
      this.#finish(chunk.subarray(from, to));
      return;
    }
    if (this.#received === 0) this.#payload = Buffer.allocUnsafeSlow(this.#payloadLength);
    this.#received += chunk.copy(this.#payload, this.#received, from, to);
    if (this.#received < this.#payloadLength) return;
    const payload = this.#payload;
    this.#payload = noBytes;
    this.#finish(payload);
  }

  #data(data: Buffer, flowBytes: number): void {
    const frameEnds = this.#received === this.#payloadLength;
    if (frameEnds) this.#type = -1;
    const endStream = frameEnds && (this.#flags & frameFlag.endStream) !== 0;
    this.#sink.onData(this.#streamId, data, flowBytes, frameEnds, endStream);
  }

  #finish(payload: Buffer): void {
    const type = this.#type;
    this.#type = -1;
    if (type === frameType.data) this.#data(withoutPadding(payload, this.#flags), this.#payloadLength);
    else this.#sink.onFrame(type, this.#flags, this.#streamId, payload);
  }
}

/** DATA, HEADERS and PUSH_PROMISE may be padded (§6.1): a length before, as many bytes after. */
export function withoutPadding(payload: Buffer, flags: number): Buffer {
  if ((flags & frameFlag.padded) === 0) return payload;
  if (payload.length === 0) throw new ConnectionError(errorCode.frameSizeError, 'a padded frame without a padding length');
  const padding = payload[0]!;
  if (padding >= payload.length) throw new ConnectionError(errorCode.protocolError, 'more padding than payload');
  return payload.subarray(1, payload.length - padding);
}
