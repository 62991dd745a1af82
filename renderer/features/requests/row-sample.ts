import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { ExchangeRing, RingView } from '../../engine/exchange-ring.ts';
import type { MatchingList, RowNumbers } from './matching-list.ts';
import { NumberWindow } from './number-window.ts';

/** Rows a second that a reader can still follow; above that a live list shows one in so many. */
export const readablePerSecond = 200;
const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500] as const;
/** A sample that has no gap among this many rows from its top may be given up without anybody seeing a row move. */
const rowsInSight = 300;

/**
 * What a live list shows where more match than can be read: one in n of them, n by what came in the second before. A row that is shown stays, and
 * none is put in above or below it later. What is left out is only not shown: it is kept, counted, sorted and found by a filter.
 */
export class RowSample implements RowNumbers {
  readonly #ring: Pick<ExchangeRing, 'at'>;
  readonly #list: MatchingList;
  #numbers = new NumberWindow();
  #seenEnd = 0;
  /** Second since 1970 that is being counted, and how many ended in it. */
  #second = 0;
  #inSecond = 0;
  #every = 1;
  /** Since the last one that was shown. */
  #passed = 0;
  /** The newest that was left out, or -1. */
  #lastLeftOut = -1;

  constructor(ring: Pick<ExchangeRing, 'at'>, list: MatchingList) {
    this.#ring = ring;
    this.#list = list;
  }

  /** One in this many is shown of what comes now. */
  get every(): number {
    return this.#every;
  }

  /** After the list's own update. */
  update(view: RingView): void {
    for (const number of this.#list.numbersFrom(this.#seenEnd, view.end)) {
      const exchange = this.#ring.at(number);
      if (exchange) this.#take(number, exchange);
    }
    this.#seenEnd = view.end;
    this.#numbers.dropBefore(view.first);
    if (this.#lastLeftOut < view.first) this.#lastLeftOut = -1;
  }

  /** Whether anything below `before` is left out. */
  hasGaps(before: number): boolean {
    return this.#list.countBefore(before) > this.#numbers.countBefore(before);
  }

  /** Shows everything again, where that moves no row in sight. */
  settle(end: number): void {
    if (this.#every > 1 || this.#lastLeftOut < 0) return;
    if (this.#numbers.countBefore(end) - this.#numbers.countBefore(this.#lastLeftOut) < rowsInSight) return;
    this.#numbers = new NumberWindow(this.#list.numbersFrom(0, end));
    this.#lastLeftOut = -1;
  }

  countBefore(before: number): number {
    return this.#numbers.countBefore(before);
  }

  numberAt(index: number, before: number): number | undefined {
    return this.#numbers.fromTop(index, before);
  }

  #take(number: number, exchange: Exchange): void {
    const second = Math.floor((Date.parse(exchange.time) + (exchange.open ? 0 : exchange.durationMs)) / 1000);
    if (second > this.#second) {
      // What is quiet for longer than a second has nothing to thin out.
      this.#every = second === this.#second + 1 ? stepFor(this.#inSecond) : 1;
      this.#second = second;
      this.#inSecond = 0;
    }
    // One that is told late, such as an open one, does not make its second a busier one.
    if (second === this.#second) this.#inSecond++;
    // A burst does not wait for its second to end.
    this.#every = Math.max(this.#every, stepFor(this.#inSecond));
    if (++this.#passed < this.#every) {
      this.#lastLeftOut = number;
      return;
    }
    this.#passed = 0;
    this.#numbers.push(number);
  }
}

/** The least step that leaves no more than can be read. */
function stepFor(perSecond: number): number {
  return steps.find((step) => perSecond / step <= readablePerSecond) ?? steps.at(-1)!;
}
