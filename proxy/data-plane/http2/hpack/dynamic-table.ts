/** What an entry costs besides its name and value (RFC 7541 §4.1). */
const entryOverheadBytes = 32;

export function entryBytes(name: string, value: string): number {
  return name.length + value.length + entryOverheadBytes;
}

/**
 * Names and values both ends remember, newest first, bounded in bytes (RFC 7541 §2.3.2). A ring: entry n of all time sits at n modulo its
 * length, so that neither adding nor evicting moves anything.
 */
export class DynamicTable {
  #names: string[] = new Array<string>(32).fill('');
  #values: string[] = new Array<string>(32).fill('');
  #limitBytes: number;
  #bytes = 0;
  /** Entries ever added, and ever evicted. */
  #added = 0;
  #evicted = 0;
  readonly #onEvict: ((name: string, value: string, number: number) => void) | null;

  /** `onEvict` is told the entry's number, as add() returned it. */
  constructor(limitBytes: number, onEvict: ((name: string, value: string, number: number) => void) | null = null) {
    this.#limitBytes = limitBytes;
    this.#onEvict = onEvict;
  }

  get length(): number {
    return this.#added - this.#evicted;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Number of the entry, counted from the connection's first; -1: it is larger than the table, which is empty now. */
  add(name: string, value: string): number {
    const bytes = entryBytes(name, value);
    this.#evictUntil(this.#limitBytes - bytes);
    if (bytes > this.#limitBytes) return -1;
    if (this.length === this.#names.length) this.#grow();
    const slot = this.#added & (this.#names.length - 1);
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#bytes += bytes;
    return this.#added++;
  }

  /** 0 is the newest entry; undefined beyond the oldest. */
  nameAt(age: number): string | undefined {
    return age < this.length ? this.#names[this.#slotOf(age)] : undefined;
  }

  valueAt(age: number): string | undefined {
    return age < this.length ? this.#values[this.#slotOf(age)] : undefined;
  }

  /** Entry number → how many are newer. */
  ageOf(number: number): number {
    return this.#added - 1 - number;
  }

  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#evictUntil(limitBytes);
  }

  #slotOf(age: number): number {
    return (this.#added - 1 - age) & (this.#names.length - 1);
  }

  #evictUntil(bytes: number): void {
    while (this.#bytes > bytes && this.length > 0) {
      const slot = this.#evicted & (this.#names.length - 1);
      const name = this.#names[slot]!;
      const value = this.#values[slot]!;
      this.#bytes -= entryBytes(name, value);
      this.#onEvict?.(name, value, this.#evicted);
      this.#names[slot] = '';
      this.#values[slot] = '';
      this.#evicted++;
    }
  }

  #grow(): void {
    const length = this.#names.length * 2;
    const names = new Array<string>(length).fill('');
    const values = new Array<string>(length).fill('');
    for (let number = this.#evicted; number < this.#added; number++) {
      names[number & (length - 1)] = this.#names[number & (this.#names.length - 1)]!;
      values[number & (length - 1)] = this.#values[number & (this.#values.length - 1)]!;
    }
    this.#names = names;
    this.#values = values;
  }
}
