/**
 * Bytes of a connection that were read from the socket and not consumed yet.
 *
 *   ├──── consumed ────┼──── waiting ────┤
 *   0                  at         bytes.length
 */
export class UnreadInput {
  /** Null when nothing waits: the chunk that is used up is not kept alive. */
  bytes: Buffer | null = null;
  at = 0;

  get waiting(): number {
    return this.bytes === null ? 0 : this.bytes.length - this.at;
  }

  append(chunk: Buffer): void {
    if (this.bytes === null) this.bytes = chunk;
    else this.bytes = Buffer.concat([this.at === 0 ? this.bytes : this.bytes.subarray(this.at), chunk]);
    this.at = 0;
  }

  /** Everything before `at` is used up. */
  consumeTo(at: number): void {
    this.at = at;
    if (at === this.bytes?.length) this.bytes = null;
  }

  /** What waits, for somebody else to read. */
  take(): Buffer | null {
    const { bytes, at } = this;
    this.bytes = null;
    return bytes === null || at >= bytes.length ? null : bytes.subarray(at);
  }

  clear(): void {
    this.bytes = null;
  }
}
