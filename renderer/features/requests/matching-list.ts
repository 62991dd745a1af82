import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { ExchangeRing, RingView } from '../../engine/exchange-ring.ts';

/**
 * The exchanges of the ring that match a predicate, kept up to date by looking at each exchange once.
 * Holds ring numbers in order of arrival; the list shows them newest first.
 */
export class MatchingList {
  readonly #ring: Pick<ExchangeRing, 'at' | 'replacedSince'>;
  readonly #matches: (exchange: Exchange) => boolean;
  #numbers: number[] = [];
  /** Numbers before this index have fallen out of the ring; they are cut off once there are many. */
  #head = 0;
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
    while (this.#head < this.#numbers.length && (this.#numbers[this.#head] as number) < view.first) this.#head++;
    if (this.#head > 10_000) {
      this.#numbers = this.#numbers.slice(this.#head);
      this.#head = 0;
    }
  }

  /** An open exchange changed or ended: it may match now, or no longer. */
  #lookAgain(number: number): void {
    const exchange = this.#ring.at(number);
    const index = this.#numbers.indexOf(number, this.#head);
    const matches = exchange !== undefined && this.#matches(exchange);
    if (!matches && index >= 0) this.#numbers.splice(index, 1);
    if (!matches || index >= 0 || number >= this.#seenEnd) return;
    this.#numbers.splice(this.#head + this.countBefore(number), 0, number);
  }

  /** How many match among those numbered below `before`. */
  countBefore(before: number): number {
    let low = this.#head;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] as number) < before) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  /** All that match among those numbered below `before`, newest first. */
  numbersBefore(before: number): number[] {
    return this.#numbers.slice(this.#head, this.#head + this.countBefore(before)).reverse();
  }

  /** Row `index` from the top (newest first) of a list frozen at `before`. */
  numberAt(index: number, before: number): number | undefined {
    const count = this.countBefore(before);
    return index >= 0 && index < count ? this.#numbers[this.#head + count - 1 - index] : undefined;
  }
}
