import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { ExchangeRing, RingView } from '../../engine/exchange-ring.ts';
import { NumberWindow } from './number-window.ts';

/** Rows by ring number: what a list shows of the ring. */
export interface RowNumbers {
  /** How many rows are numbered below `before`. */
  countBefore(before: number): number;
  /** Row `index` from the top (newest first) of a list frozen at `before`. */
  numberAt(index: number, before: number): number | undefined;
}

/**
 * The exchanges of the ring that match a predicate, kept up to date by looking at each exchange once.
 * Holds ring numbers in order of arrival; the list shows them newest first.
 */
export class MatchingList implements RowNumbers {
  readonly #ring: Pick<ExchangeRing, 'at' | 'replacedSince'>;
  readonly #matches: (exchange: Exchange) => boolean;
  readonly #numbers = new NumberWindow();
  #seenEnd = 0;
  #seenReplaced = 0;

  constructor(ring: Pick<ExchangeRing, 'at' | 'replacedSince'>, matches: (exchange: Exchange) => boolean) {
    this.#ring = ring;
    this.#matches = matches;
  }

  update(view: RingView): void {
    for (let number = Math.max(view.first, this.#seenEnd); number < view.end; number++) {
      const exchange = this.#ring.at(number);
      if (exchange && this.#matches(exchange)) this.#numbers.push(number);
    }
    this.#seenEnd = view.end;
    for (const number of this.#ring.replacedSince(this.#seenReplaced)) this.#lookAgain(number);
    this.#seenReplaced = view.replaced;
    this.#numbers.dropBefore(view.first);
  }

  /** An open exchange changed or ended: it may match now, or no longer. */
  #lookAgain(number: number): void {
    const exchange = this.#ring.at(number);
    const matches = exchange !== undefined && this.#matches(exchange);
    if (!matches) this.#numbers.remove(number);
    else if (number < this.#seenEnd && !this.#numbers.has(number)) this.#numbers.insert(number);
  }

  countBefore(before: number): number {
    return this.#numbers.countBefore(before);
  }

  numberAt(index: number, before: number): number | undefined {
    return this.#numbers.fromTop(index, before);
  }

  /** All that match among those numbered below `before`, newest first. */
  numbersBefore(before: number): number[] {
    return this.#numbers.between(0, before).reverse();
  }

  /** Those that match from `from` on, oldest first. */
  numbersFrom(from: number, before: number): number[] {
    return this.#numbers.between(from, before);
  }
}
