import type { Exchange } from '../api/exchange.schema.ts';
import type { Trace } from '../api/observability.schema.ts';
import type { Store } from '../store/store.ts';
import { findCause, findLostCalls, type LostLink } from './lost-context.ts';
import type { SpanSource } from './spans/exchange-spans.ts';
import { buildTrace } from './traces.ts';

/** Traces joined into one at most, and exchanges looked at around each. */
const maxJoined = 20;
const maxAround = 2000;
/** A call received this long before the trace began may still be the one being answered. */
const lookBackMs = 10_000;

/**
 * A trace with what its services sent without forwarding the trace headers: those calls began traces of their own, which are put under the
 * call they were made for as far as that can be known. Null when there is no such trace.
 */
export async function assembleTrace(store: Store, traceId: string): Promise<Trace | null> {
  const own: SpanSource[] = await store.exchangesOfTrace(traceId);
  const finished = new Set(own.map(({ id }) => id));
  own.push(...store.openExchanges().filter((exchange) => exchange.traceId === traceId && !finished.has(exchange.id)));
  const exchanges: SpanSource[] = [...own];
  const app = await store.appSpansOfTrace(traceId);
  const links: LostLink[] = [];
  const lost = new Map<string, { service: string; calls: number; linked: number }>();
  const count = (sent: Exchange, linked: number): void => {
    const entry = lost.get(sent.source) ?? { service: sent.source, calls: 0, linked: 0 };
    lost.set(sent.source, { ...entry, calls: entry.calls + 1, linked: entry.linked + linked });
  };
  const joined = new Set([traceId]);
  const pending: (readonly SpanSource[])[] = [own];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const around = await exchangesAround(store, next);
    const found = findLostCalls(next, around.exchanges);
    // Where not everything of that time was seen, only what the request id proves is certain.
    const certain = around.complete ? found.links : found.links.filter((link) => link.by === 'request-id');
    for (const sent of [...found.ambiguous, ...found.links.filter((link) => !certain.includes(link)).map((link) => link.sent)])
      count(sent, 0);
    for (const link of certain) {
      const id = link.sent.traceId;
      if (joined.has(id) || joined.size >= maxJoined) continue;
      joined.add(id);
      links.push(link);
      count(link.sent, 1);
      const more = await store.exchangesOfTrace(id);
      exchanges.push(...more);
      app.push(...(await store.appSpansOfTrace(id)));
      pending.push(more);
    }
  }
  const trace = buildTrace(traceId, exchanges, app, links);
  if (trace === null) return null;
  return { ...trace, contextLost: [...lost.values()], continues: await causeOf(store, own) };
}

/** The trace with what its apps logged, and those of the traces joined into it, by time. */
export async function addLogs(store: Store, trace: Trace): Promise<Trace> {
  const start = Date.parse(trace.start);
  const ids = [...new Set([trace.traceId, ...trace.spans.map((span) => span.traceId)])].slice(0, maxJoined + 1);
  const records = (await Promise.all(ids.map((id) => store.appLogsOfTrace(id)))).flat();
  const logs = records.map((record) => ({ ...record, atMs: Date.parse(record.time) - start }));
  return { ...trace, logs: logs.sort((a, b) => a.atMs - b.atMs) };
}

async function causeOf(store: Store, own: readonly Exchange[]): Promise<Trace['continues']> {
  const first = own.find((e) => e.reporter === 'source' && e.parentSpanId === '');
  if (first === undefined) return null;
  const { exchanges, complete } = await exchangesAround(store, [first]);
  const link = findCause(first, exchanges);
  if (link === null || (link.by === 'timing' && !complete)) return null;
  return { traceId: link.received.traceId, spanId: link.received.spanId, service: first.source, by: link.by };
}

async function exchangesAround(store: Store, trace: readonly Exchange[]): Promise<{ exchanges: Exchange[]; complete: boolean }> {
  if (trace.length === 0) return { exchanges: [], complete: true };
  const starts = trace.map((e) => Date.parse(e.time));
  const start = Math.min(...starts);
  const end = Math.max(...trace.map((e, index) => starts[index]! + e.durationMs));
  const { exchanges, next } = await store.queryExchanges({
    since: new Date(start - lookBackMs).toISOString(),
    until: new Date(end + 2).toISOString(),
    limit: maxAround,
  });
  return { exchanges, complete: next === null };
}
