import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { type ColumnId, columnIds } from './column-choice.ts';

export interface Sort {
  column: ColumnId;
  descending: boolean;
}

/** As it stands in the URL: `ms` ascending, `-ms` descending. */
export function parseSort(text: string | null): Sort | null {
  const column = columnIds.find((id) => id === text?.replace(/^-/, ''));
  return column ? { column, descending: text?.startsWith('-') ?? false } : null;
}

/** Ascending, then descending, then as they come. */
export function nextSort(sort: Sort | null, column: ColumnId): string | null {
  if (sort?.column !== column) return column;
  return sort.descending ? null : `-${column}`;
}

/** What a column is sorted by; '' and NaN have nothing to sort by and stand last either way. */
const values: Record<ColumnId, (exchange: Exchange) => string | number> = {
  time: ({ time }) => time,
  method: ({ method }) => method,
  path: ({ path }) => path,
  edge: ({ source, destination, destinationVersion }) => `${source}\n${destination}\n${destinationVersion}`,
  // A failed gRPC call answers 200 all the same: it stands behind the good ones.
  code: ({ status, grpcStatus, open }) => (open ? Number.NaN : status + (grpcStatus ?? 0) / 100),
  ms: ({ durationMs, open }) => (open ? Number.NaN : durationMs),
  tries: ({ attempts }) => attempts.length,
  flags: ({ flags }) => flags,
  faults: ({ faults }) => faults.map(({ name }) => name).join('\n'),
  rule: ({ route }) => (route === 'default' ? '' : route),
  protocol: ({ protocol }) => protocol,
  sent: ({ requestBytes }) => requestBytes,
  received: ({ responseBytes }) => responseBytes,
  endpoint: ({ endpoint }) => endpoint,
  version: ({ destinationVersion }) => destinationVersion,
  trace: ({ traceId }) => traceId,
  mtls: ({ mtls }) => (mtls ? 1 : 0),
  reporter: ({ reporter }) => reporter,
};

/**
 * Rows sorted once, at one moment: they hold their places whatever comes after. A row that goes on (an open request) still shows its latest
 * state, one that has fallen out of the ring shows its last.
 */
export class SortedRows {
  readonly #rows: { number: number; exchange: Exchange }[];

  /** `numbers` are ring numbers, newest first; equals keep that order. */
  constructor(numbers: readonly number[], at: (number: number) => Exchange | undefined, { column, descending }: Sort) {
    const keyed = numbers.flatMap((number) => {
      const exchange = at(number);
      return exchange
        ? [{ number, exchange, value: asTheyAre.has(column) ? values[column](exchange) : keyOf(values[column](exchange)) }]
        : [];
    });
    const sign = descending ? -1 : 1;
    keyed.sort((a, b) => {
      const [noneA, noneB] = [isNothing(a.value), isNothing(b.value)];
      if (noneA || noneB) return Number(noneA) - Number(noneB);
      return sign * compare(a.value, b.value);
    });
    this.#rows = keyed.map(({ number, exchange }) => ({ number, exchange }));
  }

  get count(): number {
    return this.#rows.length;
  }

  at(index: number, current: (number: number) => Exchange | undefined): Exchange | undefined {
    const row = this.#rows[index];
    return row && (current(row.number) ?? row.exchange);
  }
}

function isNothing(value: string | number): boolean {
  return value === '' || Number.isNaN(value);
}

/** Of one form throughout: their order as text is the order meant. */
const asTheyAre: ReadonlySet<ColumnId> = new Set(['time', 'trace']);

/** Text as it is compared: its numbers by their size (`/pay/9` before `/pay/10`). A collator would take a second for fifty thousand rows. */
function keyOf(value: string | number): string | number {
  return typeof value === 'string' ? value.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0')) : value;
}

function compare(a: string | number, b: string | number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
