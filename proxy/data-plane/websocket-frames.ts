/** What passed in one direction of a WebSocket. */
export interface FrameCount {
  text: number;
  binary: number;
  ping: number;
  pong: number;
  /** Close code; 0: no close frame, 1005: one without a code. */
  closeCode: number;
  /** Why the bytes are no WebSocket frames (RFC 6455 §5); '' = they are. Nothing is counted after it. */
  invalid: string;
}

/** Hears the frames of one direction. */
export interface FrameSink {
  begin(frame: { opcode: number; fin: boolean; compressed: boolean }): void;
  /** A piece of the payload as it is on the wire; `unmask` tells how a client's is to be read. The piece is only lent. */
  data(piece: Buffer, unmask: { key: Buffer; position: number } | undefined): void;
  end(): void;
}

const controlLimit = 125;

/**
 * Counts frames of one direction while they pass, by their heads alone: payloads are skipped, never gathered, unmasked or inflated here, so
 * neither a long message nor a compression bomb costs anything; a sink that wants payloads bounds what it keeps. Whatever it finds, the bytes
 * go on as they are.
 */
export class FrameCounter implements FrameCount {
  text = 0;
  binary = 0;
  ping = 0;
  pong = 0;
  closeCode = 0;
  invalid = '';
  readonly #masked: boolean;
  /** Head of the frame being read; with a close frame also its code. */
  readonly #head = Buffer.alloc(16);
  #filled = 0;
  #skip = 0;
  readonly #sink: FrameSink | null;
  readonly #key = Buffer.alloc(4);
  #position = 0;

  /** `masked`: frames of a client are, a server's are not. */
  constructor(masked: boolean, sink: FrameSink | null = null) {
    this.#masked = masked;
    this.#sink = sink;
  }

  add(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.invalid === '') {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        if (this.#sink !== null) this.#hand(chunk.subarray(at, at + skipped));
        at += skipped;
        continue;
      }
      this.#head[this.#filled++] = chunk[at++]!;
      this.#look();
    }
  }

  /** Takes the head as soon as it is complete. */
  #look(): void {
    if (this.#filled < 2) return;
    const first = this.#head[0]!;
    const second = this.#head[1]!;
    const opcode = first & 0x0f;
    const short = second & 0x7f;
    this.invalid = this.#whatIsWrong(first, second);
    if (this.invalid !== '') return;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const headBytes = 2 + lengthBytes + (this.#masked ? 4 : 0);
    const wanted = opcode === 8 && short >= 2 ? headBytes + 2 : headBytes;
    if (this.#filled < wanted) return;
    const length = lengthBytes === 2 ? this.#head.readUInt16BE(2) : lengthBytes === 8 ? this.#longLength() : short;
    this.#count(opcode, headBytes, wanted > headBytes);
    this.#skip = length - (wanted - headBytes);
    this.#filled = 0;
    if (this.#sink === null || this.invalid !== '') return;
    if (this.#masked) this.#head.copy(this.#key, 0, headBytes - 4, headBytes);
    this.#position = 0;
    this.#sink.begin({ opcode, fin: (first & 0x80) !== 0, compressed: (first & 0x40) !== 0 });
    if (this.#skip === 0 || wanted > headBytes) this.#hand(this.#head.subarray(headBytes, wanted));
  }

  #hand(piece: Buffer): void {
    this.#sink?.data(piece, this.#masked ? { key: this.#key, position: this.#position } : undefined);
    this.#position += piece.length;
    if (this.#skip === 0) this.#sink?.end();
  }

  #whatIsWrong(first: number, second: number): string {
    const opcode = first & 0x0f;
    if ((opcode > 2 && opcode < 8) || opcode > 10) return `opcode ${opcode} is not defined`;
    if ((first & 0x30) !== 0) return 'a reserved bit is set';
    if (((second & 0x80) !== 0) !== this.#masked)
      return this.#masked ? 'a client’s frame is not masked' : 'a server’s frame is masked';
    if (opcode < 8) return '';
    if ((first & 0x80) === 0) return 'a control frame is fragmented';
    if ((second & 0x7f) > controlLimit) return 'a control frame is over 125 bytes';
    return opcode === 8 && (second & 0x7f) === 1 ? 'a close frame holds half a code' : '';
  }

  #longLength(): number {
    const length = this.#head.readBigUInt64BE(2);
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) {
      this.invalid = 'a frame is longer than can be';
      return 0;
    }
    return Number(length);
  }

  #count(opcode: number, headBytes: number, hasCode: boolean): void {
    if (opcode === 1) this.text++;
    else if (opcode === 2) this.binary++;
    else if (opcode === 9) this.ping++;
    else if (opcode === 10) this.pong++;
    else if (opcode === 8) this.closeCode = hasCode ? this.#closeCode(headBytes) : 1005;
  }

  #closeCode(headBytes: number): number {
    const code = this.#head.readUInt16BE(headBytes);
    return this.#masked ? code ^ this.#head.readUInt16BE(headBytes - 4) : code;
  }
}

/** `2 text, 1 ping, close 1000`; a message in several frames is one. */
export function describeFrames(frames: FrameCount): string {
  const parts = (['text', 'binary', 'ping', 'pong'] as const)
    .filter((kind) => frames[kind] > 0)
    .map((kind) => `${frames[kind]} ${kind}`);
  if (frames.closeCode > 0) parts.push(`close ${frames.closeCode}`);
  if (frames.invalid !== '') parts.push(`then not WebSocket: ${frames.invalid}`);
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}
