import type { Exchange } from './exchange.schema.ts';

/**
 * One report per call. Both sidecars of a call report it; the caller's side (or the gateway) sees retries and the total time, so it
 * stands for the call. A call whose caller has no sidecar is reported by the destination alone, and stands for itself.
 */
export function isCall(exchange: Pick<Exchange, 'reporter' | 'source'>): boolean {
  return exchange.reporter !== 'destination' || exchange.source === 'outside' || exchange.source === '';
}

/** The same call as the other side saw it. */
export function isOtherHop(exchange: Exchange, other: Exchange): boolean {
  if (other.id === exchange.id || (other.reporter === 'destination') === (exchange.reporter === 'destination')) return false;
  const [near, far] = exchange.reporter === 'destination' ? [other, exchange] : [exchange, other];
  if (far.parentSpanId !== '' && far.parentSpanId === near.spanId) return true;
  const ids = near.requestId !== '' && near.requestId === far.requestId;
  return ids && near.destination === far.destination && near.source === far.source;
}
