import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { EngineParts } from './engine-parts.ts';
import { askDataPlane, need } from './failures.ts';

/** Finished, or still going on. Throws not_found. */
export async function needExchange(parts: EngineParts, id: string): Promise<ExchangeDetail> {
  const { store } = parts;
  const exchange =
    (await store.getExchange(id)) ??
    (await askDataPlane(() => parts.openExchange(id))) ??
    // It ended between the two.
    (await store.getExchange(id));
  return need(exchange, `There is no exchange ${id}; the oldest are dropped first`);
}
