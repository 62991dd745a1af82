import type { Exchange } from '../api/exchange.schema.ts';
import type { Span, Trace, TraceSummary } from '../api/observability.schema.ts';
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
  const linked = new Map(links.map(({ sent, received }) => [sent.id, placeOf(received, app)]));
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

/** The app's own span of a call it received, if it made one: what it sent, it sent within. */
function placeOf(received: Exchange, app: readonly Span[]): string {
  const { traceId, spanId } = received;
  const own = app.find((span) => span.kind === 'server' && span.traceId === traceId && span.parentSpanId === spanId);
  return own?.spanId ?? spanId;
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

/** `app`: the spans apps sent of it, theirs alone where there are no exchanges. Null when there is nothing at all. */
export function summarizeTrace(traceId: string, exchanges: readonly Exchange[], app: readonly Span[] = []): TraceSummary | null {
  const ordered = [...exchanges].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : order(a) - order(b)));
  const extent = app.length > 0 ? buildTrace(traceId, exchanges, app) : extentOf(ordered);
  if (extent === null) return null;
  const { start, durationMs } = extent;
  const count = exchanges.reduce((sum, exchange) => sum + countSpans(exchange), app.length);
  const services = [...ordered.flatMap((e) => [e.source, e.destination]), ...app.map((span) => span.service)];
  const shared = {
    traceId,
    start,
    durationMs,
    services: [...new Set(services)].filter((s) => s !== '' && s !== 'outside'),
    spans: count,
  };
  const root = rootOf(ordered);
  if (root === undefined) return { ...shared, ...summarizeApp(buildTrace(traceId, [], app)?.spans ?? []) };
  return {
    ...shared,
    rootService: root.source,
    rootName: root.method === '' ? `tcp ${root.destination}` : `${root.method} ${root.path.split('?')[0]}`,
    errors: exchanges.filter(isError).length,
    status: root.status,
    faults: exchanges.reduce((sum, e) => sum + injectedHere(e).length, 0),
    ...(exchanges.some((e) => e.open) ? { open: true } : {}),
  };
}

/** The first call nobody here made, as its caller's side tells it. */
function rootOf(ordered: readonly Exchange[]): Exchange | undefined {
  const spanIds = new Set(ordered.map((e) => e.spanId));
  return ordered.find((e) => !spanIds.has(e.parentSpanId) && e.reporter !== 'destination') ?? ordered[0];
}

function extentOf(ordered: readonly Exchange[]): { start: string; durationMs: number } | null {
  const [first] = ordered;
  if (first === undefined) return null;
  const end = Math.max(...ordered.map((e) => Date.parse(e.time) + e.durationMs));
  return { start: first.time, durationMs: Math.max(rootOf(ordered)?.durationMs ?? 0, end - Date.parse(first.time)) };
}

/** Of apps alone: nobody answered with a status that we know. */
function summarizeApp(spans: readonly Span[]): Omit<TraceSummary, 'traceId' | 'start' | 'durationMs' | 'services' | 'spans'> {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const root = spans.find(({ parentSpanId }) => !ids.has(parentSpanId)) ?? spans[0];
  const errors = spans.filter(({ error }) => error).length;
  return { rootService: root?.service ?? '', rootName: root?.name ?? '', errors, status: 0, faults: 0, appOnly: true };
}

function order(exchange: Exchange): number {
  return exchange.reporter === 'gateway' ? 0 : exchange.reporter === 'source' ? 1 : 2;
}
