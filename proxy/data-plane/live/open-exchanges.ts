import type { Exchange, ExchangeDetail } from '../../api/exchange.schema.ts';
import type { Clock, Timer } from '../clock.ts';
import type { LiveExchange } from '../live-exchange.ts';
import { MessageBudget } from './message-log.ts';

const openAfterMs = 1_000;
const lookEveryMs = 500;
const maxAnnounced = 500;
const budgetBytes = 64 * 1024 * 1024;

export interface OpenExchangesOptions {
  clock: Clock;
  /** `changed` since the last call, without contents; `ids` of all that are open for long. */
  tell: (changed: Exchange[], ids: string[]) => void;
}

/**
 * Exchanges in progress. Those that go on for more than a second are told while they are open, as often as twice a second when something
 * changed; a short one costs an entry in a set and nothing else.
 */
export class OpenExchanges {
  readonly budget = new MessageBudget(budgetBytes);
  readonly #options: OpenExchangesOptions;
  /**
   * In order of their beginning, linked through the exchanges themselves. A Set would be rebuilt again and again, and its discarded tables, once
   * old, keep finished exchanges alive until the next full collection: a quarter of a short request's time.
   */
  #first: LiveExchange | null = null;
  #last: LiveExchange | null = null;
  /** What was last told of each. */
  readonly #told = new Map<LiveExchange, string>();
  #timer: Timer | null = null;
  #hadSome = false;

  constructor(options: OpenExchangesOptions) {
    this.#options = options;
  }

  begin(exchange: LiveExchange): void {
    exchange.earlier = this.#last;
    if (this.#last === null) this.#first = exchange;
    else this.#last.later = exchange;
    this.#last = exchange;
    this.#schedule();
  }

  end(exchange: LiveExchange): void {
    const { earlier, later } = exchange;
    if (earlier !== null) earlier.later = later;
    else if (this.#first === exchange) this.#first = later;
    if (later !== null) later.earlier = earlier;
    else if (this.#last === exchange) this.#last = earlier;
    exchange.earlier = null;
    exchange.later = null;
    if (exchange.announced) this.#told.delete(exchange);
    exchange.downstream.messages?.close();
  }

  *#live(): Generator<LiveExchange> {
    for (let exchange = this.#first; exchange !== null; exchange = exchange.later) yield exchange;
  }

  detail(id: string): ExchangeDetail | null {
    for (const exchange of this.#live()) if (exchange.id === id) return exchange.soFar(this.#options.clock.now());
    return null;
  }

  /** Nothing in progress ends by itself: WebSockets, event streams, gRPC streams that have gone on for long. Waiting for them is no use. */
  onlyEndless(): boolean {
    for (const { downstream, announced } of this.#live()) {
      const kind = downstream.messages?.kind;
      if (kind !== 'websocket' && kind !== 'sse' && !(kind === 'grpc' && announced)) return false;
    }
    return true;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    while (this.#first !== null) this.end(this.#first);
    this.#told.clear();
  }

  #schedule(): void {
    this.#timer ??= this.#options.clock.setTimer(() => this.#look(), lookEveryMs);
  }

  #look(): void {
    this.#timer = null;
    const now = this.#options.clock.now();
    const changed: Exchange[] = [];
    for (const exchange of this.#live()) {
      if (now - exchange.startedAt < openAfterMs) break;
      if (!this.#told.has(exchange) && this.#told.size >= maxAnnounced) break;
      const { downstream } = exchange;
      const state = `${downstream.responseStatus} ${downstream.requestBody.total} ${downstream.responseBody.total} ${exchange.attempts.length}`;
      if (this.#told.get(exchange) === state) continue;
      exchange.announced = true;
      downstream.follow();
      this.#told.set(exchange, state);
      changed.push(exchange.summarySoFar(now));
    }
    if (changed.length > 0 || this.#told.size > 0 || this.#hadSome) {
      this.#options.tell(
        changed,
        Array.from(this.#told.keys(), (exchange) => exchange.id),
      );
    }
    this.#hadSome = this.#told.size > 0;
    if (this.#first !== null || this.#hadSome) this.#schedule();
  }
}
