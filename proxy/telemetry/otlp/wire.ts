/*
 * Protocol Buffers on the wire, as much as OTLP needs (protobuf.dev/programming-guides/encoding). Reading skips what it does not know and
 * throws WireError on bytes that are no message.
 */

export class WireError extends Error {
  override name = 'WireError';
}

/** Deeper nesting than any honest message has. */
const maxDepth = 32;

/** Goes through the fields of one message. */
export class WireReader {
  /** Number and wire type of the field `next` stopped at. */
  field = 0;
  #type = 0;
  #at: number;
  readonly #end: number;
  readonly #bytes: Buffer;
  readonly #depth: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length, depth = 0) {
    if (depth > maxDepth) throw new WireError('messages are nested too deeply');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#depth = depth;
  }

  /** Moves to the next field; false at the message's end. The value must be read or skipped before the next call. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = Number(this.#varint());
    this.field = tag >>> 3;
    this.#type = tag & 7;
    if (this.field === 0) throw new WireError('a field has number 0');
    return true;
  }

  skip(): void {
    switch (this.#type) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#take(8);
        return;
      case 2:
        this.#take(this.#length());
        return;
      case 5:
        this.#take(4);
        return;
      default:
        throw new WireError(`wire type ${this.#type} is not in use`);
    }
  }

  message(): WireReader {
    this.#expect(2);
    const length = this.#length();
    const start = this.#take(length);
    return new WireReader(this.#bytes, start, start + length, this.#depth + 1);
  }

  bytes(): Buffer {
    this.#expect(2);
    const length = this.#length();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  /** int32, enums, bool. */
  int(): number {
    this.#expect(0);
    return Number(BigInt.asIntN(32, this.#varint()));
  }

  int64(): bigint {
    this.#expect(0);
    return BigInt.asIntN(64, this.#varint());
  }

  fixed64(): bigint {
    this.#expect(1);
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  double(): number {
    this.#expect(1);
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  #expect(type: number): void {
    if (this.#type !== type) throw new WireError(`field ${this.field} has wire type ${this.#type} instead of ${type}`);
  }

  #length(): number {
    const length = Number(this.#varint());
    if (length > this.#end - this.#at) throw new WireError(`field ${this.field} is longer than its message`);
    return length;
  }

  #take(count: number): number {
    const start = this.#at;
    if (count > this.#end - start) throw new WireError('the message ends in the middle of a field');
    this.#at += count;
    return start;
  }

  #varint(): bigint {
    let low = 0;
    // Seven bytes hold 49 bits: exact as a number, and more than any length or tag has.
    for (let i = 0, factor = 1; i < 7; i++, factor *= 128) {
      const byte = this.#bytes[this.#take(1)]!;
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let i = 7; i < 10; i++) {
      const byte = this.#bytes[this.#take(1)]!;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return value;
    }
    throw new WireError('a varint is longer than ten bytes');
  }
}

/** One field of type varint; nothing for zero, as proto3 leaves defaults out. */
export function encodeVarint(field: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.from([...varintBytes(field * 8), ...varintBytes(value)]);
}

/** One length-delimited field: a string or a message. */
export function encodeBytes(field: number, value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([Buffer.from([...varintBytes(field * 8 + 2), ...varintBytes(bytes.length)]), bytes]);
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) | 0x80);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
  return bytes;
}
