import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type { ExchangeFilter } from './exchange-filter.ts';

/**
 * The newest exchanges, in memory: what was just seen is found before it is on disk, and while the disk takes nothing.
 * A ring in order of arrival, bounded in rows and bytes; answers are in order of id (time).
 */
export class RecentExchanges {
  readonly #maxRows: number;
  readonly #maxBytes: number;
  /** Insertion order is age. */
  readonly #byId = new Map<string, ExchangeDetail>();
  #bytes = 0;

  constructor(maxRows: number, maxBytes: number) {
    this.#maxRows = maxRows;
    this.#maxBytes = maxBytes;
  }

  add(exchange: ExchangeDetail): void {
    const old = this.#byId.get(exchange.id);
    if (old) this.#bytes -= approximateBytes(old);
    this.#byId.set(exchange.id, exchange);
    this.#bytes += approximateBytes(exchange);
    while (this.#byId.size > this.#maxRows || this.#bytes > this.#maxBytes) {
      const first = this.#byId.entries().next().value;
      if (!first || this.#byId.size === 1) break;
      this.#byId.delete(first[0]);
      this.#bytes -= approximateBytes(first[1]);
    }
  }

  get(id: string): ExchangeDetail | undefined {
    return this.#byId.get(id);
  }

  /** Newest first, older than `before` (an id), at most `limit`. */
  query(filter: ExchangeFilter, before: string | undefined, limit: number): Exchange[] {
    const found: ExchangeDetail[] = [];
    for (const exchange of this.#byId.values()) {
      if ((before === undefined || exchange.id < before) && filter.matches(exchange)) found.push(exchange);
    }
    found.sort(newestFirst);
    return found.slice(0, limit).map(toSummary);
  }

  ofTrace(traceId: string): ExchangeDetail[] {
    const found: ExchangeDetail[] = [];
    for (const exchange of this.#byId.values()) if (exchange.traceId === traceId) found.push(exchange);
    return found;
  }

  *all(): IterableIterator<ExchangeDetail> {
    yield* this.#byId.values();
  }
}

export function newestFirst(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/** Without headers, bodies and stages. */
export function toSummary(detail: ExchangeDetail): Exchange {
  const {
    request: _request,
    response: _response,
    timeline: _timeline,
    decision: _decision,
    peer: _peer,
    redacted: _redacted,
    messages: _messages,
    standIn: _standIn,
    ...summary
  } = detail;
  return summary;
}

/** Memory it holds, roughly: bodies and headers count, the rest is a constant. */
export function approximateBytes(exchange: ExchangeDetail): number {
  let bytes = 1500 + exchange.path.length;
  for (const message of exchange.messages?.items ?? []) bytes += 200 + message.content.length;
  for (const side of [exchange.request, exchange.response]) {
    bytes += side.body?.content.length ?? 0;
    for (const [name, value] of side.headers) bytes += name.length + value.length + 16;
  }
  return bytes;
}
