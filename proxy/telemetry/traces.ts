import type { Exchange } from '../api/exchange.schema.ts';
import type { Span, Trace, TraceSummary } from '../api/observability.schema.ts';
import { isError } from './judge.ts';
import type { LostLink } from './lost-context.ts';

/**
 * Spans as Istio's sidecars make them: a client span by the caller's proxy, a server span by the callee's, and, ours, a span per attempt when
 * there were several. `app` are spans of the apps themselves. `links`: what was sent without trace headers, and for which call; its spans come
 * under that call, marked as inferred, and keep the id of the trace they began.
 */
export function buildTrace(
  traceId: string,
  exchanges: readonly Exchange[],
  app: readonly Span[] = [],
  links: readonly LostLink[] = [],
): Trace | null {
  if (exchanges.length === 0 && app.length === 0) return null;
  const starts = [...exchanges.map((e) => Date.parse(e.time)), ...app.map((s) => Date.parse(s.start))];
  const start = Math.min(...starts);
  const spans = exchanges.flatMap((exchange) => spansOf(exchange, start));
  const linked = new Map(links.map(({ sent, received }) => [sent.id, received.spanId]));
  for (const span of spans) {
    const parent = linked.get(span.exchangeId ?? '');
    if (parent !== undefined && span.parentSpanId === '') Object.assign(span, { parentSpanId: parent, inferred: true });
  }
  for (const span of app) {
    const startMs = Date.parse(span.start) - start;
    // An app's events are kept relative to their span.
    spans.push({ ...span, startMs, events: span.events.map((event) => ({ ...event, atMs: startMs + event.atMs })) });
  }
  nestWithinParents(spans);
  spans.sort((a, b) => a.startMs - b.startMs || depth(a) - depth(b));
  const durationMs = Math.max(0, ...spans.map((s) => s.startMs + s.durationMs));
  return { traceId, start: new Date(start).toISOString(), durationMs, spans };
}

/** Client before server before attempts of the same moment. */
function depth(span: Span): number {
  return span.attributes['drydock.attempt'] !== undefined ? 1 : span.kind === 'server' ? 2 : 0;
}

/** A span per report, and one per attempt when there were several; `traceStart` is epoch ms. */
export function spansOf(exchange: Exchange, traceStart: number): Span[] {
  const startMs = Date.parse(exchange.time) - traceStart;
  const server = exchange.reporter === 'destination';
  const span: Span = {
    traceId: exchange.traceId,
    spanId: exchange.spanId,
    parentSpanId: exchange.parentSpanId,
    name: spanName(exchange),
    kind: server ? 'server' : 'client',
    service: server ? exchange.destination : exchange.source,
    mesh: true,
    start: exchange.time,
    startMs,
    durationMs: exchange.durationMs,
    error: isError(exchange) || (!server && exchange.status >= 400),
    attributes: attributesOf(exchange, server),
    events: injectedHere(exchange).map((f) => ({
      name: `fault ${f.name}: ${f.effect}${f.delayMs ? ` ${f.delayMs} ms` : ''}`,
      atMs: startMs,
    })),
    exchangeId: exchange.id,
  };
  return exchange.attempts.length < 2 ? [span] : [span, ...attemptSpans(exchange, span)];
}

/** A caller's record repeats what the callee's sidecar injected; each fault counts where it acted. */
function injectedHere(exchange: Exchange): Exchange['faults'] {
  const own = exchange.reporter === 'destination' ? 'server' : 'client';
  return exchange.faults.filter((fault) => fault.side === own);
}

function attemptSpans(exchange: Exchange, parent: Span): Span[] {
  return exchange.attempts.map((attempt, index) => ({
    ...parent,
    spanId: attempt.spanId ?? `${parent.spanId}-${index + 1}`,
    parentSpanId: parent.spanId,
    name: `try ${index + 1}${attempt.endpoint === '' ? '' : ` ${attempt.endpoint}`}`,
    start: new Date(Date.parse(parent.start) + attempt.startMs).toISOString(),
    startMs: parent.startMs + attempt.startMs,
    durationMs: attempt.durationMs,
    error: attempt.flag !== '' || attempt.status >= 400 || attempt.status === 0,
    attributes: {
      'drydock.attempt': index + 1,
      'drydock.backoff_ms': attempt.backoffMs ?? 0,
      'drydock.attempt.reason': attempt.reason ?? '',
      'http.request.resend_count': index,
      'http.response.status_code': attempt.status,
      'network.peer.address': attempt.endpoint,
    },
    events: [],
  }));
}

/** `{method} {route}`, never the raw path. */
function spanName(exchange: Exchange): string {
  if (exchange.protocol === 'TCP') return `tcp ${exchange.destination}`;
  const route = exchange.route === '' || exchange.route === 'default' ? '' : ` ${exchange.route}`;
  return `${exchange.method} ${exchange.destination}${route}`;
}

function attributesOf(exchange: Exchange, server: boolean): Span['attributes'] {
  const path = exchange.path.split('?')[0] ?? '';
  return {
    component: 'proxy',
    'http.request.method': exchange.method,
    'http.response.status_code': exchange.status,
    'url.path': path,
    'network.protocol.version': exchange.protocol.replace('HTTP/', ''),
    'network.peer.address': exchange.endpoint,
    'guid:x-request-id': exchange.requestId,
    upstream_cluster: exchange.cluster,
    response_flags: exchange.flags === '' ? '-' : exchange.flags,
    request_size: exchange.requestBytes,
    response_size: exchange.responseBytes,
    'istio.canonical_service': server ? exchange.destination : exchange.source,
    'istio.canonical_revision': (server ? exchange.destinationVersion : exchange.sourceVersion) || 'latest',
    'drydock.route': exchange.route,
    'drydock.subset': exchange.destinationVersion,
    'drydock.fault.kind': exchange.faults.map((f) => f.effect).join(','),
    'drydock.fault.placement': exchange.faults[0]?.side ?? '',
    'service.peer.name': server ? exchange.source : exchange.destination,
  };
}

/** Wall stamps have millisecond grain: a child that seems to start before its parent starts with it. */
function nestWithinParents(spans: Span[]): void {
  const byId = new Map(spans.filter((s) => s.spanId !== '').map((s) => [s.spanId, s]));
  for (const span of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    const parent = byId.get(span.parentSpanId);
    if (parent === undefined || parent === span) continue;
    if (span.startMs < parent.startMs) span.startMs = parent.startMs;
    const latest = parent.startMs + Math.max(0, parent.durationMs - span.durationMs);
    if (span.mesh && parent.mesh && span.startMs > latest && span.startMs - latest < 2) span.startMs = latest;
  }
}

export function summarizeTrace(traceId: string, exchanges: readonly Exchange[]): TraceSummary | null {
  if (exchanges.length === 0) return null;
  const spanIds = new Set(exchanges.map((e) => e.spanId));
  const ordered = [...exchanges].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : order(a) - order(b)));
  const root = ordered.find((e) => !spanIds.has(e.parentSpanId) && e.reporter !== 'destination') ?? ordered[0]!;
  const start = Date.parse(ordered[0]!.time);
  const end = Math.max(...exchanges.map((e) => Date.parse(e.time) + e.durationMs));
  return {
    traceId,
    start: ordered[0]!.time,
    durationMs: Math.max(root.durationMs, end - start),
    rootService: root.source,
    rootName: root.method === '' ? `tcp ${root.destination}` : `${root.method} ${root.path.split('?')[0]}`,
    services: [...new Set(ordered.flatMap((e) => [e.source, e.destination]))].filter((s) => s !== '' && s !== 'outside'),
    spans: exchanges.length,
    errors: exchanges.filter(isError).length,
    status: root.status,
    faults: exchanges.reduce((sum, e) => sum + injectedHere(e).length, 0),
  };
}

function order(exchange: Exchange): number {
  return exchange.reporter === 'gateway' ? 0 : exchange.reporter === 'source' ? 1 : 2;
}
