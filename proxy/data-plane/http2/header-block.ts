import { ConnectionError, errorCode, frameFlag, frameType } from './protocol.ts';

/** CONTINUATION frames of one block, as nghttp2 limits them (CVE-2024-27316): with the first frame some 147 KB. */
const maxContinuations = 8;

/** A header block in the making (RFC 9113 §4.3): HEADERS, then CONTINUATION of the same stream and nothing else until END_HEADERS. */
export class HeaderBlock {
  #parts: Buffer[] = [];
  #streamId = 0;
  #endStream = false;

  /** A block is open: only its CONTINUATION may come. */
  get isOpen(): boolean {
    return this.#parts.length > 0;
  }

  get streamId(): number {
    return this.#streamId;
  }

  get endStream(): boolean {
    return this.#endStream;
  }

  /** The block of HEADERS without padding and priority; null: CONTINUATION follows. */
  begin(streamId: number, flags: number, fragment: Buffer): Buffer | null {
    this.#streamId = streamId;
    this.#endStream = (flags & frameFlag.endStream) !== 0;
    const block = withoutPriority(fragment, flags);
    if ((flags & frameFlag.endHeaders) !== 0) return block;
    // The frame's bytes are only valid now.
    this.#parts.push(Buffer.from(block));
    return null;
  }

  /** The whole block with its last CONTINUATION, else null. */
  add(type: number, streamId: number, flags: number, fragment: Buffer): Buffer | null {
    if (type !== frameType.continuation || streamId !== this.#streamId) {
      throw new ConnectionError(errorCode.protocolError, 'another frame inside a header block');
    }
    this.#parts.push(Buffer.from(fragment));
    if (this.#parts.length > 1 + maxContinuations) {
      throw new ConnectionError(errorCode.enhanceYourCalm, 'too many CONTINUATION frames');
    }
    if ((flags & frameFlag.endHeaders) === 0) return null;
    const block = Buffer.concat(this.#parts);
    this.#parts = [];
    return block;
  }
}

/** HEADERS may begin with a priority, which nobody goes by any more (§5.3.2). */
function withoutPriority(fragment: Buffer, flags: number): Buffer {
  if ((flags & frameFlag.priority) === 0) return fragment;
  if (fragment.length < 5) throw new ConnectionError(errorCode.frameSizeError, 'HEADERS too short for its priority');
  return fragment.subarray(5);
}
