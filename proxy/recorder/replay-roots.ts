import type { ExchangeDetail } from '../api/exchange.schema.ts';

/**
 * The calls to send again: those nobody in the recording caused. Services make their own calls when their callers are replayed. A call seen by both
 * sidecars counts once, as its sender reported it. Oldest first.
 */
export function findRootCalls(exchanges: readonly ExchangeDetail[]): ExchangeDetail[] {
  const spans = new Set(exchanges.filter((e) => e.spanId !== '').map((e) => `${e.traceId}/${e.spanId}`));
  return exchanges
    .filter((e) => e.method !== '' && (e.parentSpanId === '' || !spans.has(`${e.traceId}/${e.parentSpanId}`)))
    .filter((e) => e.protocol !== 'TCP' && e.protocol !== 'WebSocket' && e.method !== 'CONNECT')
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1));
}
