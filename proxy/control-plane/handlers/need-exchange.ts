import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import { ApiError } from '../server/api-error.ts';
import type { EngineParts } from './engine-parts.ts';
import { gone, throwIt } from './failures.ts';

/** Finished, or still going on. Throws not_found. */
export async function needExchange(parts: EngineParts, id: string): Promise<ExchangeDetail> {
  const { store } = parts;
  return (
    (await store.getExchange(id)) ??
    (await gone(() => parts.openExchange(id))) ??
    // It ended between the two.
    (await store.getExchange(id)) ??
    throwIt(new ApiError('not_found', `There is no exchange ${id}; the oldest are dropped first`))
  );
}
