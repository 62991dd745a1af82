import type { Exchange } from '../../proxy/api/exchange.schema.ts';
import type { Call } from './client.ts';
import type { ExchangeRing } from './exchange-ring.ts';
import type { Reader } from './readings.ts';

const historyLimit = 1000;
const maxHeldBack = 20_000;

/** What the engine kept from before the page was opened, then what arrives; the latter waits for the former, so that the ring stays in order. */
export class Arrivals {
  readonly #ring: ExchangeRing;
  readonly #reader: Reader;
  readonly #call: Call;
  #heldBack: Exchange[] | null = null;

  constructor(ring: ExchangeRing, reader: Reader, call: Call) {
    this.#ring = ring;
    this.#reader = reader;
    this.#call = call;
  }

  take(batch: Exchange[]): void {
    if (this.#heldBack === null) this.#ring.push(batch);
    else if (this.#heldBack.length < maxHeldBack) this.#heldBack.push(...batch);
  }

  /** That it cannot be read is told by the readings; what arrives is shown all the same. */
  async loadHistory(): Promise<void> {
    this.#heldBack = [];
    await this.#reader.read(
      'exchanges',
      () => this.#call('listExchanges', { query: { limit: historyLimit } }),
      ({ exchanges }) => {
        this.#ring.push(exchanges.toReversed());
        this.#ring.settleOpen(new Set(exchanges.filter(({ open }) => open).map(({ id }) => id)));
      },
    );
    this.#ring.push(this.#heldBack ?? []);
    this.#heldBack = null;
  }
}
