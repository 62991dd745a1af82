import type { Exchange } from '../api/exchange.schema.ts';
import { parseFilter } from '../api/filter/request-filter.ts';
import { compileTraceFilter } from '../api/filter/trace-filter.ts';
import type { TraceSummary } from '../api/observability.schema.ts';
import { parseDurationMs } from '../shared/duration.ts';
import type { Store } from '../store/store.ts';
import { summarizeTrace } from './traces.ts';

export interface TraceListQuery {
  /** `reviews` or `default/reviews` */
  service?: string;
  /** `100ms`, `1.5s` */
  minDuration?: string;
  /** `true`, `1`: only traces with an error. */
  error?: string;
  /** The filter language of the requests; a trace is found by any call in it. */
  filter?: string;
  limit?: number;
  cursor?: string;
}

/** Pages of the store looked through for traces that pass a filter, before the caller is given a cursor to go on. */
const maxPages = 5;
const pageTraces = 200;

/** Traces, newest first; those that go on are before the ones that began when they did. Bad queries throw RangeError with words for a 400. */
export async function listTraces(store: Store, query: TraceListQuery): Promise<{ traces: TraceSummary[]; next: string | null }> {
  const limit = query.limit ?? 50;
  const passes = compileQuery(query);
  const open = groupByTrace(store.openExchanges());
  const traces: TraceSummary[] = [];
  let cursor = query.cursor;
  for (let page = 0; page < maxPages; page++) {
    const { groups, next } = await store.listTraceGroups({
      limit: Math.min(pageTraces, limit + 1),
      ...(cursor ? { cursor } : {}),
    });
    const finished = new Set(groups.map(({ traceId }) => traceId));
    // What has nothing finished is in no group; it is younger than anything on the pages that follow.
    const openOnly = page === 0 && query.cursor === undefined ? [...open.keys()].filter((id) => !finished.has(id)) : [];
    for (const traceId of openOnly) addIfPasses(traceId, open.get(traceId) ?? []);
    for (const { traceId, firstId, exchanges, app } of groups) {
      addIfPasses(traceId, [...exchanges, ...(open.get(traceId) ?? [])], app);
      cursor = firstId;
      if (traces.length >= limit) return { traces, next: groups.at(-1)!.firstId === firstId ? next : firstId };
    }
    if (next === null) return { traces, next: null };
    cursor = next;
  }
  return { traces, next: cursor ?? null };

  function addIfPasses(traceId: string, exchanges: readonly Exchange[], app?: Parameters<typeof summarizeTrace>[2]): void {
    const summary = summarizeTrace(traceId, exchanges, app);
    if (summary !== null && passes(summary, exchanges)) traces.push(summary);
  }
}

function compileQuery(query: TraceListQuery): (trace: TraceSummary, calls: readonly Exchange[]) => boolean {
  const minMs = query.minDuration === undefined || query.minDuration === '' ? 0 : parseDurationMs(query.minDuration);
  if (minMs === null) throw new RangeError(`minDuration "${query.minDuration}" is not a duration such as 100ms`);
  const onlyErrors = query.error === 'true' || query.error === '1';
  const service = query.service?.split('/').at(-1);
  const filter = parseFilter(query.filter ?? '');
  const [problem] = filter.problems;
  if (problem) throw new RangeError(problem.message);
  const matches = compileTraceFilter(filter);
  return (trace, calls) =>
    trace.durationMs >= minMs &&
    (!onlyErrors || trace.errors > 0) &&
    (service === undefined || trace.services.includes(service)) &&
    matches(trace, calls);
}

function groupByTrace(exchanges: readonly Exchange[]): Map<string, Exchange[]> {
  const traces = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    if (exchange.traceId === '') continue;
    const list = traces.get(exchange.traceId);
    if (list) list.push(exchange);
    else traces.set(exchange.traceId, [exchange]);
  }
  return traces;
}
