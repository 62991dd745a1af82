/** Of one message. */
export const previewBytes = 16 * 1024;

/** The first bytes of something that comes in pieces, copied: the socket's buffers are not ours to keep. */
export class Preview {
  total = 0;
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #kept = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get truncated(): boolean {
    return this.#kept < this.total;
  }

  /** `unmask`: key and the payload's position in it, for a WebSocket client's frames. */
  add(piece: Buffer, unmask?: { key: Buffer; position: number }): void {
    this.total += piece.length;
    const room = this.#limit - this.#kept;
    if (room <= 0) return;
    const copy = Buffer.from(piece.length <= room ? piece : piece.subarray(0, room));
    if (unmask !== undefined) for (let i = 0; i < copy.length; i++) copy[i]! ^= unmask.key[(unmask.position + i) & 3]!;
    this.#pieces.push(copy);
    this.#kept += copy.length;
  }

  /** What there is, and begins anew. */
  take(): { data: Buffer; bytes: number; truncated: boolean } {
    const [first] = this.#pieces;
    const data = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces);
    const taken = { data, bytes: this.total, truncated: this.truncated };
    this.#pieces = [];
    this.#kept = 0;
    this.total = 0;
    return taken;
  }
}
