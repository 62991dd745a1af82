import type { HeaderMap } from '../../header-map.ts';
import { cleanValue } from '../../http1/write-head.ts';
import { DynamicTable, entryBytes } from './dynamic-table.ts';
import { type KnownName, knownNames } from './known-names.ts';
import { firstDynamicIndex } from './static-table.ts';

/** Our table, however large the peer allows (its SETTINGS_HEADER_TABLE_SIZE): RFC 7541's initial size. */
const tableLimitBytes = 4096;
/** Larger entries would push too many others out. */
const indexedEntryBytes = 1024;
/** Up to this length letters are written one by one: below it a call into the runtime costs more. */
const shortText = 48;
const initialBytes = 1024;
/** A block larger than this does not leave its buffer behind. */
const keptBytes = 16 * 1024;

/**
 * Headers → header block (RFC 7541). One per connection. Strings are never Huffman coded, as §5.2 leaves to the sender: between
 * processes of one machine a byte costs nothing, coding and decoding it does.
 */
export class HpackEncoder {
  readonly #table: DynamicTable;
  /** Name → value → number of its entry. */
  readonly #numbers = new Map<string, Map<string, number>>();
  #out: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  #length = 0;
  /** Table sizes to be told at the beginning of the next block: the smallest one since the last, and the one in force. */
  #smallestLimit = -1;

  constructor() {
    this.#table = new DynamicTable(tableLimitBytes, (name, value, number) => this.#forget(name, value, number));
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(bytes: number): void {
    const limitBytes = Math.min(bytes, tableLimitBytes);
    if (limitBytes === this.#table.limitBytes) return;
    this.#smallestLimit = this.#smallestLimit < 0 ? limitBytes : Math.min(this.#smallestLimit, limitBytes);
    this.#table.resize(limitBytes);
  }

  /**
   * `fixed` (pseudo-headers, and what the codec adds: [name, value, …]) as it is, then `headers` without those of an HTTP/1 connection. The
   * result is valid until the next call.
   */
  encode(fixed: readonly string[], headers: HeaderMap | null): Buffer {
    this.#length = 0;
    if (this.#out.length > keptBytes) this.#out = Buffer.allocUnsafeSlow(initialBytes);
    if (this.#smallestLimit >= 0) this.#writeTableSizes();
    for (let i = 0; i < fixed.length; i += 2) this.#write(fixed[i]!, fixed[i + 1]!, knownNames.get(fixed[i]!));
    if (headers !== null) {
      const { list } = headers;
      for (let i = 0; i < list.length; i += 2) {
        const name = list[i]!;
        const value = list[i + 1]!;
        const known = knownNames.get(name);
        if (known?.treatment === 'omitted' || name.charCodeAt(0) === 0x3a || (name === 'te' && value !== 'trailers')) continue;
        this.#write(name, value, known);
      }
    }
    return this.#out.subarray(0, this.#length);
  }

  #write(name: string, value: string, known: KnownName | undefined): void {
    const treatment = known?.treatment ?? 'indexed';
    if (treatment === 'indexed') {
      const index = known?.staticValues?.get(value) ?? this.#dynamicIndex(name, value);
      if (index !== undefined) {
        this.#reserve(8);
        this.#writeInteger(index, 7, 0x80);
        return;
      }
    }
    const text = cleanValue(value);
    const staticIndex = known?.staticIndex ?? 0;
    this.#reserve(name.length + text.length + 24);
    if (treatment === 'indexed' && text === value && entryBytes(name, value) <= indexedEntryBytes) {
      this.#writeInteger(staticIndex, 6, 0x40);
      this.#remember(name, value);
    } else this.#writeInteger(staticIndex, 4, treatment === 'never' ? 0x10 : 0);
    if (staticIndex === 0) this.#writeString(name);
    this.#writeString(text);
  }

  #dynamicIndex(name: string, value: string): number | undefined {
    const number = this.#numbers.get(name)?.get(value);
    return number === undefined ? undefined : firstDynamicIndex + this.#table.ageOf(number);
  }

  #remember(name: string, value: string): void {
    const number = this.#table.add(name, value);
    if (number < 0) return;
    let values = this.#numbers.get(name);
    if (values === undefined) {
      values = new Map();
      this.#numbers.set(name, values);
    }
    values.set(value, number);
  }

  #forget(name: string, value: string, number: number): void {
    const values = this.#numbers.get(name);
    if (values?.get(value) !== number) return;
    values.delete(value);
    if (values.size === 0) this.#numbers.delete(name);
  }

  #writeTableSizes(): void {
    this.#reserve(16);
    const { limitBytes } = this.#table;
    if (this.#smallestLimit < limitBytes) this.#writeInteger(this.#smallestLimit, 5, 0x20);
    this.#writeInteger(limitBytes, 5, 0x20);
    this.#smallestLimit = -1;
  }

  /** `first`: the bits above the prefix (§5.1). */
  #writeInteger(value: number, prefixBits: number, first: number): void {
    const out = this.#out;
    const mask = (1 << prefixBits) - 1;
    if (value < mask) {
      out[this.#length++] = first | value;
      return;
    }
    out[this.#length++] = first | mask;
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) out[this.#length++] = (rest & 0x7f) | 0x80;
    out[this.#length++] = rest;
  }

  #writeString(text: string): void {
    this.#writeInteger(text.length, 7, 0);
    const out = this.#out;
    if (text.length <= shortText) {
      for (let i = 0; i < text.length; i++) out[this.#length++] = text.charCodeAt(i);
    } else this.#length += out.write(text, this.#length, 'latin1');
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#out.length * 2, this.#length + bytes));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }
}
