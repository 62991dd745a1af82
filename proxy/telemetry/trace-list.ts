import type { Exchange } from '../api/exchange.schema.ts';
import { parseFilter } from '../api/filter/request-filter.ts';
import { compileTraceFilter } from '../api/filter/trace-filter.ts';
import type { TraceSummary } from '../api/observability.schema.ts';
import { parseDurationMs } from '../shared/duration.ts';
import type { Store } from '../store/store.ts';
import type { TraceGroup } from '../store/store-types.ts';
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

/** Summaries kept, so that a list that is read every two seconds does not put the same traces together again. */
const maxKnown = 2000;

/** Lists traces; what a list tells of one is what the trace itself tells, spans of the apps and their clocks included. */
export class TraceList {
  readonly #store: Store;
  /** By trace; `of` says what it was made from. */
  readonly #known = new Map<string, { of: string; summary: TraceSummary }>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Newest first; those that go on are before the ones that began when they did. Bad queries throw RangeError with words for a 400. */
  async list(query: TraceListQuery): Promise<{ traces: TraceSummary[]; next: string | null }> {
    const limit = query.limit ?? 50;
    const passes = compileQuery(query);
    const open = groupByTrace(this.#store.openExchanges());
    const traces: TraceSummary[] = [];
    let cursor = query.cursor;
    for (let page = 0; page < maxPages; page++) {
      const size = Math.min(pageTraces, limit + 1);
      const { groups, next } = await this.#store.listTraceGroups({ limit: size, ...(cursor ? { cursor } : {}) });
      if (page === 0 && query.cursor === undefined)
        traces.push(
          ...openAlone(open, groups)
            .filter(({ summary, calls }) => passes(summary, calls))
            .map(({ summary }) => summary),
        );
      for (const group of groups) {
        const calls = [...group.exchanges, ...(open.get(group.traceId) ?? [])];
        const summary = await this.#summarize({ ...group, exchanges: calls });
        if (summary !== null && passes(summary, calls)) traces.push(summary);
        cursor = group.firstId;
        if (traces.length >= limit) return { traces, next: groups.at(-1) === group ? next : cursor };
      }
      if (next === null) return { traces, next: null };
      cursor = next;
    }
    return { traces, next: cursor ?? null };
  }

  async #summarize({ traceId, exchanges, appSpans }: TraceGroup): Promise<TraceSummary | null> {
    if (appSpans === 0) return summarizeTrace(traceId, exchanges);
    const of = `${exchanges.length} ${appSpans}`;
    const known = this.#known.get(traceId);
    if (known?.of === of) return known.summary;
    const summary = summarizeTrace(traceId, exchanges, await this.#store.appSpansOfTrace(traceId));
    if (summary === null || summary.open) return summary;
    this.#known.set(traceId, { of, summary });
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value as string);
    return summary;
  }
}

/** What has nothing finished is in no group of the store; it is younger than anything on the pages that follow. */
function openAlone(
  open: ReadonlyMap<string, Exchange[]>,
  groups: readonly TraceGroup[],
): { summary: TraceSummary; calls: Exchange[] }[] {
  const finished = new Set(groups.map(({ traceId }) => traceId));
  return [...open].flatMap(([traceId, calls]) => {
    const summary = finished.has(traceId) ? null : summarizeTrace(traceId, calls);
    return summary === null ? [] : [{ summary, calls }];
  });
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
