import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Clock, Timer } from './clock.ts';
import type { DataPlaneEvent } from './messages.ts';

export interface ReporterLimits {
  /** A batch leaves after this long … */
  flushMs: number;
  /** … or at this size. */
  batchSize: number;
}

/** Gathers finished exchanges and events and hands them on in batches, so that a request pays for no message of its own. */
export class ExchangeReporter {
  #exchanges: ExchangeDetail[] = [];
  #events: DataPlaneEvent[] = [];
  #timer: Timer | null = null;
  readonly #clock: Clock;
  readonly #limits: ReporterLimits;
  readonly #send: (exchanges: ExchangeDetail[], events: DataPlaneEvent[]) => void;

  constructor(
    clock: Clock,
    send: (exchanges: ExchangeDetail[], events: DataPlaneEvent[]) => void,
    limits: ReporterLimits = { flushMs: 20, batchSize: 256 },
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#limits = limits;
  }

  exchange(record: ExchangeDetail): void {
    this.#exchanges.push(record);
    if (this.#exchanges.length >= this.#limits.batchSize) this.flush();
    else this.#schedule();
  }

  event(event: DataPlaneEvent): void {
    this.#events.push(event);
    this.#schedule();
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#exchanges.length === 0 && this.#events.length === 0) return;
    const exchanges = this.#exchanges;
    const events = this.#events;
    this.#exchanges = [];
    this.#events = [];
    this.#send(exchanges, events);
  }

  close(): void {
    this.flush();
  }

  #schedule(): void {
    this.#timer ??= this.#clock.setTimer(() => this.flush(), this.#limits.flushMs);
  }
}
