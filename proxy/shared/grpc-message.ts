/*
 * gRPC's framing of messages within a body ("Length-Prefixed-Message" of gRPC over HTTP/2): written and read here and nowhere else.
 *
 *   ┌────────┬──────────────┬─────────────────┐
 *   │ flag 1 │ length 4     │ message         │ …     flag: bit 0 compressed; bit 7 gRPC-Web's trailers, which are no message
 *   └────────┴──────────────┴─────────────────┘
 */

export const grpcHeadBytes = 5;
const compressedBit = 0x01;
const trailersBit = 0x80;

export interface GrpcMessage {
  /** As on the wire, compressed or not. A view of the body where it lies in one piece of it. */
  data: Buffer;
  /** As its head says; more than `data` holds when it was cut off or is longer than was to be kept. */
  bytes: number;
  compressed: boolean;
}

/** A message on the wire, said to be uncompressed. */
export function frameGrpcMessage(message: Uint8Array): Buffer {
  const head = Buffer.alloc(grpcHeadBytes);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export interface GrpcSink {
  /** The next bytes of the message that is being read. */
  onPiece(piece: Buffer): void;
  /** That message is complete; it may be empty. */
  onMessage(compressed: boolean): void;
}

/** Finds messages in bytes that come in any pieces, keeping nothing itself. Bytes that are no gRPC end it: nothing more is told. */
export class GrpcScanner {
  readonly #sink: GrpcSink;
  readonly #head = Buffer.alloc(grpcHeadBytes);
  #headFilled = 0;
  #left = 0;
  #isGrpc = true;

  constructor(sink: GrpcSink) {
    this.#sink = sink;
  }

  /** False once a head was none of gRPC's. */
  get isGrpc(): boolean {
    return this.#isGrpc;
  }

  /** Nothing is missing of what has begun. */
  get isBetweenMessages(): boolean {
    return this.#isGrpc && this.#headFilled === 0;
  }

  /** Length of the message that is being read and whether it is compressed; null between messages and within a head. */
  get current(): { bytes: number; compressed: boolean } | null {
    if (!this.#isGrpc || this.#headFilled < grpcHeadBytes || this.#isTrailers) return null;
    return { bytes: this.#head.readUInt32BE(1), compressed: (this.#head[0]! & compressedBit) !== 0 };
  }

  add(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#isGrpc)
      at = this.#headFilled < grpcHeadBytes ? this.#fillHead(chunk, at) : this.#pass(chunk, at);
  }

  get #isTrailers(): boolean {
    return (this.#head[0]! & trailersBit) !== 0;
  }

  #fillHead(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + grpcHeadBytes - this.#headFilled);
    for (let at = from; at < end; at++) this.#head[this.#headFilled++] = chunk[at]!;
    if (this.#headFilled < grpcHeadBytes) return end;
    this.#isGrpc = (this.#head[0]! & ~(compressedBit | trailersBit)) === 0;
    this.#left = this.#head.readUInt32BE(1);
    if (this.#left === 0) this.#end();
    return end;
  }

  #pass(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + this.#left);
    if (!this.#isTrailers) this.#sink.onPiece(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end));
    this.#left -= end - from;
    if (this.#left === 0) this.#end();
    return end;
  }

  #end(): void {
    if (!this.#isGrpc) return;
    this.#headFilled = 0;
    if (!this.#isTrailers) this.#sink.onMessage((this.#head[0]! & compressedBit) !== 0);
  }
}

/** Whole messages out of bytes that come in any pieces. Of one longer than `keepBytes` only the beginning is kept. */
export class GrpcReader implements GrpcSink {
  readonly #tell: (message: GrpcMessage) => void;
  readonly #keepBytes: number;
  readonly #scanner = new GrpcScanner(this);
  #pieces: Buffer[] = [];
  #kept = 0;
  #bytes = 0;

  constructor(tell: (message: GrpcMessage) => void, keepBytes = Number.POSITIVE_INFINITY) {
    this.#tell = tell;
    this.#keepBytes = keepBytes;
  }

  get isBetweenMessages(): boolean {
    return this.#scanner.isBetweenMessages;
  }

  add(chunk: Buffer): void {
    this.#scanner.add(chunk);
  }

  /** Nothing more will come: what there is of a message that has begun, null = none has. */
  takeCutOff(): GrpcMessage | null {
    const { current } = this.#scanner;
    return current === null ? null : { data: this.#takeData(), ...current };
  }

  onPiece(piece: Buffer): void {
    this.#bytes += piece.length;
    const room = this.#keepBytes - this.#kept;
    if (room <= 0) return;
    const part = piece.length <= room ? piece : piece.subarray(0, room);
    this.#pieces.push(part);
    this.#kept += part.length;
  }

  onMessage(compressed: boolean): void {
    const bytes = this.#bytes;
    this.#tell({ data: this.#takeData(), bytes, compressed });
  }

  #takeData(): Buffer {
    const [first] = this.#pieces;
    const data = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#kept = 0;
    this.#bytes = 0;
    return data;
  }
}

/** The messages of a body. `isWhole`: it consists of nothing else; if not, the last one may be cut off (`data` shorter than `bytes`). */
export function readGrpcMessages(body: Buffer): { messages: GrpcMessage[]; isWhole: boolean } {
  const messages: GrpcMessage[] = [];
  const reader = new GrpcReader((message) => messages.push(message));
  reader.add(body);
  const cutOff = reader.takeCutOff();
  if (cutOff !== null) messages.push(cutOff);
  return { messages, isWhole: reader.isBetweenMessages };
}

/** The one message of a unary call; null when the body is anything but one whole message. */
export function readUnaryMessage(body: Buffer): GrpcMessage | null {
  const { messages, isWhole } = readGrpcMessages(body);
  return isWhole && messages.length === 1 ? messages[0]! : null;
}
