import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Parts } from './parts.ts';

/** One that still goes on, as it stands, without secrets; null when it does not. Throws DataPlaneGone. */
export async function openExchange(
  { dataPlane, redactor }: Pick<Parts, 'dataPlane' | 'redactor'>,
  id: string,
): Promise<ExchangeDetail | null> {
  const detail = await dataPlane.openExchange(id);
  return detail === null ? null : redactor.redactOne(detail);
}
