import type { ExchangeState, LocalReply, RouteFilter } from '../exchange.ts';

/** In order; the first that answers ends it. Nothing is awaited that is not a promise: most filters cost no tick. */
export function runFilters(
  filters: readonly RouteFilter[],
  exchange: ExchangeState,
  from = 0,
): LocalReply | undefined | Promise<LocalReply | undefined> {
  for (let index = from; index < filters.length; index++) {
    const result = filters[index]!(exchange);
    if (result instanceof Promise) {
      return result.then((reply) => (reply !== undefined || exchange.aborted ? reply : runFilters(filters, exchange, index + 1)));
    }
    if (result !== undefined || exchange.aborted) return result;
  }
  return undefined;
}
