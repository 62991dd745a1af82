import type { Exchange } from '../../proxy/api/exchange.schema.ts';
import type { Store } from './store.ts';

/**
 * The last `capacity` exchanges, outside React.
 *
 *   first ──────────────── end          numbers only grow: exchange n stays exchange n until it falls out at `first`,
 *   [ n | n+1 | … | end-1 ]             so a list can say "everything before n" and be frozen by remembering a number.
 */
export interface RingView {
  /** Number of the oldest exchange kept. */
  first: number;
  /** One past the newest. */
  end: number;
  /** How many were replaced so far: an open exchange has changed or ended. */
  replaced: number;
}

/** Replacements remembered for lists that look again; a list looks ten times a second. */
const maxReplaced = 4_000;

export interface Timer {
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

export class ExchangeRing implements Store<RingView> {
  readonly capacity: number;
  readonly #slots: Exchange[];
  readonly #ids = new Set<string>();
  /** Open ones by id. */
  readonly #open = new Map<string, number>();
  readonly #replaced: number[] = [];
  #replacedCount = 0;
  readonly #listeners = new Set<() => void>();
  readonly #timer: Timer;
  readonly #flushEveryMs: number;
  #first = 0;
  #end = 0;
  #view: RingView = { first: 0, end: 0, replaced: 0 };
  #pending: unknown = null;
  #paused = false;

  constructor(timer: Timer, capacity = 50_000, flushEveryMs = 100) {
    this.capacity = capacity;
    this.#slots = [];
    this.#timer = timer;
    this.#flushEveryMs = flushEveryMs;
  }

  /**
   * Adds exchanges, oldest first; ones already kept are left out (history and stream overlap after a reconnect). One that was open is replaced
   * where it stands.
   */
  push(exchanges: readonly Exchange[]): void {
    for (const exchange of exchanges) {
      if (this.#ids.has(exchange.id)) {
        this.#replace(exchange);
        continue;
      }
      const slot = this.#end % this.capacity;
      if (this.#end - this.#first === this.capacity) {
        const { id } = this.#slots[slot] as Exchange;
        this.#ids.delete(id);
        this.#open.delete(id);
        this.#first++;
      }
      this.#slots[slot] = exchange;
      this.#ids.add(exchange.id);
      if (exchange.open) this.#open.set(exchange.id, this.#end);
      this.#end++;
    }
    this.#schedule();
  }

  /** Only these are still open: the others ended while nobody told us (the engine was restarted). */
  settleOpen(ids: ReadonlySet<string>): void {
    for (const [id, number] of [...this.#open]) {
      const { open: _open, ...ended } = this.at(number) as Exchange;
      if (!ids.has(id)) this.#replace(ended);
    }
    this.#schedule();
  }

  /** Numbers of exchanges replaced after `count` replacements. */
  replacedSince(count: number): number[] {
    const missed = this.#replacedCount - count;
    return missed <= 0 ? [] : this.#replaced.slice(-missed);
  }

  at(number: number): Exchange | undefined {
    return number >= this.#first && number < this.#end ? this.#slots[number % this.capacity] : undefined;
  }

  clear(): void {
    this.#first = this.#end;
    this.#ids.clear();
    this.#open.clear();
    this.#schedule();
  }

  /** A paused ring goes on collecting but tells nobody. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#schedule();
  }

  get(): RingView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#pending !== null) this.#timer.clearTimeout(this.#pending);
    this.#listeners.clear();
  }

  #replace(exchange: Exchange): void {
    const number = this.#open.get(exchange.id);
    if (number === undefined) return;
    this.#slots[number % this.capacity] = exchange;
    if (!exchange.open) this.#open.delete(exchange.id);
    this.#replaced.push(number);
    this.#replacedCount++;
    if (this.#replaced.length > maxReplaced) this.#replaced.splice(0, maxReplaced / 2);
  }

  #schedule(): void {
    if (this.#paused || this.#pending !== null) return;
    this.#pending = this.#timer.setTimeout(() => {
      this.#pending = null;
      if (this.#paused) return;
      this.#view = { first: this.#first, end: this.#end, replaced: this.#replacedCount };
      for (const listener of this.#listeners) listener();
    }, this.#flushEveryMs);
  }
}
