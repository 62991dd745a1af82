import { ConnectionError, errorCode } from '../protocol.ts';
import { DynamicTable } from './dynamic-table.ts';
import { areNameBytes, areValueBytes, isName, isValue } from './field-bytes.ts';
import { decodeHuffman } from './huffman.ts';
import { firstDynamicIndex, staticNames, staticValues } from './static-table.ts';

export interface HeaderListLimits {
  /** Names, values and 32 bytes each, as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2). */
  bytes: number;
  count: number;
}

/** Larger than any length or index that could be meant; more bits only cost time (RFC 7541 §5.1). */
const largestInteger = 0x0fff_ffff;
const entryOverheadBytes = 32;
/** A string longer than this does not leave its buffer behind. */
const keptScratchBytes = 4096;
const noBytes = Buffer.alloc(0);

/**
 * Header blocks → name, value, name, value … (RFC 7541). One per connection: the dynamic table goes through all of its blocks in order.
 * Strings are latin1: bytes as they came. Whatever cannot be decoded is a COMPRESSION_ERROR of the connection, thrown.
 */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #tableLimitBytes: number;
  readonly #limits: HeaderListLimits;
  #block: Buffer = noBytes;
  /** The whole block as text, made when its first plain literal is met: each of them is then a slice of it. */
  #text = '';
  #at = 0;
  /** A name or value of this block holds what none may hold. */
  #malformed = false;
  /** Such a one is, or was, in the table: from then on whole lists are looked through. */
  #tainted = false;
  #bytes = 0;
  #scratch: Buffer = noBytes;

  /** `tableLimitBytes`: what our SETTINGS allow the peer (SETTINGS_HEADER_TABLE_SIZE). */
  constructor(tableLimitBytes: number, limits: HeaderListLimits) {
    this.#table = new DynamicTable(tableLimitBytes);
    this.#tableLimitBytes = tableLimitBytes;
    this.#limits = limits;
  }

  /** Of the last list: a name or a value has bytes that it may not have (RFC 9113 §8.2.1); of names a leading colon is allowed. */
  get malformed(): boolean {
    return this.#malformed;
  }

  /** Size of the last list, as the limit counts it. */
  get listBytes(): number {
    return this.#bytes;
  }

  /** Null: the list is larger than the limits. It was gone through all the same, so that the table is right, without being kept. */
  decode(block: Buffer): string[] | null {
    this.#block = block;
    this.#text = '';
    this.#at = 0;
    this.#malformed = false;
    const list: string[] = [];
    let bytes = 0;
    let count = 0;
    const limits = this.#limits;
    this.#readTableSizes();
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      let name: string;
      let value: string;
      if (first >= 0x80) {
        // Indexed header field (§6.1).
        const index = this.#readInteger(7);
        name = this.#nameOf(index);
        value = index < firstDynamicIndex ? staticValues[index]! : this.#table.valueAt(index - firstDynamicIndex)!;
      } else if (first >= 0x40) {
        // Literal with incremental indexing (§6.2.1).
        name = this.#readName(6, true);
        value = this.#readString(true, false);
        this.#table.add(name, value);
        if (this.#malformed) this.#tainted = true;
      } else if (first >= 0x20) {
        throw broken('a table size inside a header block');
      } else {
        // Literal without indexing, or never indexed (§6.2.2, §6.2.3).
        name = this.#readName(4, false);
        value = this.#readString(false, false);
      }
      bytes += name.length + value.length + entryOverheadBytes;
      count++;
      if (bytes <= limits.bytes && count <= limits.count) list.push(name, value);
    }
    this.#block = noBytes;
    this.#text = '';
    this.#bytes = bytes;
    if (this.#tainted && !this.#malformed)
      this.#malformed = !list.every((text, n) => (n % 2 === 0 ? isName(text) : isValue(text)));
    return bytes <= limits.bytes && count <= limits.count ? list : null;
  }

  /** Dynamic table size updates stand at the beginning of a block, two at most (§4.2). */
  #readTableSizes(): void {
    for (let updates = 0; this.#at < this.#block.length && (this.#block[this.#at]! & 0xe0) === 0x20; updates++) {
      const limitBytes = this.#readInteger(5);
      if (limitBytes > this.#tableLimitBytes || updates === 2) throw broken('a table size beyond the limit');
      this.#table.resize(limitBytes);
    }
  }

  #readName(prefixBits: number, kept: boolean): string {
    const index = this.#readInteger(prefixBits);
    return index === 0 ? this.#readString(kept, true) : this.#nameOf(index);
  }

  #nameOf(index: number): string {
    const name =
      index === 0 ? undefined : index < firstDynamicIndex ? staticNames[index] : this.#table.nameAt(index - firstDynamicIndex);
    if (name === undefined) throw broken('an index beyond the tables');
    return name;
  }

  #readInteger(prefixBits: number): number {
    const block = this.#block;
    const mask = (1 << prefixBits) - 1;
    let value = block[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; this.#at < block.length; shift += 7) {
      const byte = block[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (value > largestInteger || shift > 28) throw broken('an integer too large');
      if (byte < 0x80) return value;
    }
    throw broken('the block ends in an integer');
  }

  /** `kept`: it goes into the table, and must not keep all of the block in memory, as a slice of its text would. */
  #readString(kept: boolean, isNameText: boolean): string {
    const block = this.#block;
    if (this.#at >= block.length) throw broken('the block ends before a string');
    const isHuffman = block[this.#at]! >= 0x80;
    const length = this.#readInteger(7);
    const from = this.#at;
    const to = from + length;
    if (to > block.length) throw broken('a string longer than the block');
    this.#at = to;
    if (length === 0) {
      if (isNameText) this.#malformed = true;
      return '';
    }
    if (isHuffman) return this.#huffmanString(from, to, isNameText);
    this.#check(block, from, to, isNameText);
    if (kept) return block.toString('latin1', from, to);
    if (this.#text === '') this.#text = block.toString('latin1', 0, block.length);
    return this.#text.slice(from, to);
  }

  /** Once, where the bytes come in: what the tables give again need not be looked at again. */
  #check(bytes: Uint8Array, from: number, to: number, isNameText: boolean): void {
    if (!(isNameText ? areNameBytes(bytes, from, to) : areValueBytes(bytes, from, to))) this.#malformed = true;
  }

  #huffmanString(from: number, to: number, isNameText: boolean): string {
    // The shortest code word has five bits.
    const room = Math.ceil(((to - from) * 8) / 5);
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafeSlow(Math.max(512, room));
    const length = decodeHuffman(this.#block, from, to, this.#scratch);
    if (length < 0) throw broken('a Huffman code without meaning');
    this.#check(this.#scratch, 0, length, isNameText);
    const text = this.#scratch.toString('latin1', 0, length);
    if (this.#scratch.length > keptScratchBytes) this.#scratch = noBytes;
    return text;
  }
}

function broken(what: string): ConnectionError {
  return new ConnectionError(errorCode.compressionError, `HPACK: ${what}`);
}
