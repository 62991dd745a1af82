import type { Exchange } from '../api/exchange.schema.ts';
import type { Span, Trace, TraceSummary } from '../api/observability.schema.ts';
import type { AppSpanBrief } from '../store/store-types.ts';
import { isError } from './judge.ts';
import type { LostLink } from './lost-context.ts';
import { countSpans, injectedHere, type SpanSource, spansOf } from './spans/exchange-spans.ts';
import { placeSpans } from './spans/place-spans.ts';

/**
 * The sidecars' spans of these exchanges and those of the apps themselves (`app`), as one trace. `links`: what was sent without trace headers,
 * and for which call; its spans come under that call, marked as inferred, and keep the id of the trace they began. Null when there is none.
 */
export function buildTrace(
  traceId: string,
  exchanges: readonly SpanSource[],
  app: readonly Span[] = [],
  links: readonly LostLink[] = [],
): Trace | null {
  const first = exchanges[0]?.time ?? app[0]?.start;
  if (first === undefined) return null;
  const origin = Date.parse(first);
  const spans = exchanges.flatMap((exchange) => spansOf(exchange, origin));
  const linked = new Map(links.map(({ sent, received }) => [sent.id, received.spanId]));
  for (const span of spans) {
    const parent = linked.get(span.exchangeId ?? '');
    if (parent !== undefined && span.parentSpanId === '') Object.assign(span, { parentSpanId: parent, inferred: true });
  }
  for (const span of app) {
    // What an app said is kept relative to its own span, with the part of a millisecond that its start has no room for.
    const startMs = Date.parse(span.start) - origin + span.startMs;
    spans.push({ ...span, startMs, events: span.events.map((event) => ({ ...event, atMs: startMs + event.atMs })) });
  }
  placeSpans(spans);
  const startMs = rebase(spans);
  spans.sort((a, b) => a.startMs - b.startMs || depth(a) - depth(b));
  const durationMs = Math.max(0, ...spans.map((s) => s.startMs + s.durationMs));
  return { traceId, start: new Date(origin + startMs).toISOString(), durationMs, spans };
}

/** Counts from the earliest span on; returns where that was. */
function rebase(spans: readonly Span[]): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { startMs } of spans) earliest = Math.min(earliest, startMs);
  for (const span of spans) {
    span.startMs -= earliest;
    for (const event of span.events) event.atMs -= earliest;
  }
  return earliest;
}

/** Client before server before attempts of the same moment. */
function depth(span: Span): number {
  return span.attributes['drydock.attempt'] !== undefined ? 1 : span.kind === 'server' ? 2 : 0;
}

const farOffMs = 60_000;

/** `app`: what the apps sent of it, their spans alone where there are no exchanges. Null when there is nothing at all. */
export function summarizeTrace(traceId: string, exchanges: readonly Exchange[], app?: AppSpanBrief): TraceSummary | null {
  if (exchanges.length === 0) return app === undefined ? null : summarizeAppTrace(traceId, app);
  const spanIds = new Set(exchanges.map((e) => e.spanId));
  const ordered = [...exchanges].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : order(a) - order(b)));
  const root = ordered.find((e) => !spanIds.has(e.parentSpanId) && e.reporter !== 'destination') ?? ordered[0]!;
  const first = Date.parse(ordered[0]!.time);
  // An app whose clock is far off says nothing about how long the trace was.
  const beside = app !== undefined && Math.abs(app.startMs - first) < farOffMs ? app : undefined;
  const start = Math.min(first, beside?.startMs ?? first);
  const end = Math.max(...exchanges.map((e) => Date.parse(e.time) + e.durationMs), beside?.endMs ?? 0);
  const services = [...ordered.flatMap((e) => [e.source, e.destination]), ...(app?.services ?? [])];
  return {
    traceId,
    start: new Date(start).toISOString(),
    durationMs: Math.max(root.durationMs, end - start),
    rootService: root.source,
    rootName: root.method === '' ? `tcp ${root.destination}` : `${root.method} ${root.path.split('?')[0]}`,
    services: [...new Set(services)].filter((s) => s !== '' && s !== 'outside'),
    spans: exchanges.reduce((sum, exchange) => sum + countSpans(exchange), app?.count ?? 0),
    errors: exchanges.filter(isError).length,
    status: root.status,
    faults: exchanges.reduce((sum, e) => sum + injectedHere(e).length, 0),
    ...(exchanges.some((e) => e.open) ? { open: true } : {}),
  };
}

/** Of apps alone: nobody answered with a status that we know. */
function summarizeAppTrace(traceId: string, app: AppSpanBrief): TraceSummary {
  return {
    traceId,
    start: new Date(app.startMs).toISOString(),
    durationMs: app.endMs - app.startMs,
    rootService: app.rootService,
    rootName: app.rootName,
    services: app.services,
    spans: app.count,
    errors: app.errors,
    status: 0,
    faults: 0,
    appOnly: true,
  };
}

function order(exchange: Exchange): number {
  return exchange.reporter === 'gateway' ? 0 : exchange.reporter === 'source' ? 1 : 2;
}
