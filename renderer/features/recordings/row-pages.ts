import type { RecordedRow, RecordedRowPage } from '../../../proxy/api/recording.schema.ts';
import { describeError } from '../../engine/client.ts';

export const rowsPerPage = 200;
/** A page is read this many rows before it is seen: half a second of a turning wheel. */
const readAhead = 120;
/** Pages in memory: 8,000 rows; the ones not looked at for longest go first. */
const maxPages = 40;

interface Page {
  rows: readonly RecordedRow[];
  /** Of an earlier round: shown until it is read again. */
  stale: boolean;
}

/**
 * The rows of a recording, read where someone looks. However long the recording, what is asked for is a page of two hundred, and at most one
 * question per page is on its way.
 */
export class RowPages {
  readonly #load: (offset: number, limit: number) => Promise<RecordedRowPage>;
  readonly #onChange: () => void;
  /** In order of use. */
  readonly #pages = new Map<number, Page>();
  readonly #asked = new Set<number>();
  #total: number | null = null;
  #error: string | null = null;
  #wanted: [number, number] = [0, 0];
  #closed = false;

  constructor(load: (offset: number, limit: number) => Promise<RecordedRowPage>, onChange: () => void) {
    this.#load = load;
    this.#onChange = onChange;
  }

  /** null until the first answer. */
  get total(): number | null {
    return this.#total;
  }

  get error(): string | null {
    return this.#error;
  }

  at(index: number): RecordedRow | undefined {
    return this.#pages.get(Math.floor(index / rowsPerPage))?.rows[index % rowsPerPage];
  }

  /** Rows `first` to `last` are looked at: what is missing of them is asked for. */
  readonly want = (first: number, last: number): void => {
    this.#wanted = [first, last];
    const end = this.#total === null ? first : Math.min(last + readAhead, this.#total - 1);
    const start = Math.max(0, first - readAhead);
    for (let page = Math.floor(start / rowsPerPage); page <= Math.floor(Math.max(first, end) / rowsPerPage); page++) {
      const known = this.#pages.get(page);
      if (known) this.#pages.delete(page);
      if (known) this.#pages.set(page, known);
      if ((!known || known.stale) && !this.#asked.has(page)) void this.#ask(page);
    }
  };

  /** Reads what is looked at again; it stays until the answer is there. */
  refresh(): void {
    for (const page of this.#pages.values()) page.stale = true;
    this.want(...this.#wanted);
  }

  close(): void {
    this.#closed = true;
  }

  async #ask(page: number): Promise<void> {
    this.#asked.add(page);
    const before = { total: this.#total, error: this.#error };
    try {
      const { rows, total } = await this.#load(page * rowsPerPage, rowsPerPage);
      this.#pages.delete(page);
      this.#pages.set(page, { rows, stale: false });
      this.#total = total;
      this.#error = null;
      for (const oldest of this.#pages.keys()) {
        if (this.#pages.size <= maxPages) break;
        this.#pages.delete(oldest);
      }
    } catch (error) {
      this.#error = describeError(error);
    }
    this.#asked.delete(page);
    const [first, last] = this.#wanted.map((row) => Math.floor(row / rowsPerPage)) as [number, number];
    const isSeen = page >= first && page <= last;
    if (!this.#closed && (isSeen || before.total !== this.#total || before.error !== this.#error)) this.#onChange();
  }
}
