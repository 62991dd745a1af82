import type { Exchange, ExchangeDetail } from '../../api/exchange.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import { isError } from '../judge.ts';
import { attemptAttributes, callAttributes, errorType } from './span-attributes.ts';

/** What a span is made of: a record, or the summary of a call that goes on, of which less is known. */
export type SpanSource = Exchange & Partial<Pick<ExchangeDetail, 'request' | 'peer' | 'decision' | 'standIn'>>;

/**
 * Spans as Istio's sidecars make them: a client span by the caller's proxy, a server span by the callee's, and, ours, a client span per attempt
 * when there were several (OpenTelemetry: one span per send). `traceStart` is epoch ms.
 * https://istio.io/latest/docs/tasks/observability/distributed-tracing/overview/
 */
export function spansOf(exchange: SpanSource, traceStart: number): Span[] {
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
    // To a server a 4xx is an answer like any other, to a client it is a failure (OpenTelemetry's conventions for HTTP spans).
    error: !exchange.open && (isError(exchange) || (!server && exchange.status >= 400)),
    attributes: callAttributes(exchange, injectedHere(exchange)),
    events: injectedHere(exchange).map((f) => ({
      name: `fault ${f.name}: ${f.effect}${f.delayMs ? ` ${f.delayMs} ms` : ''}`,
      atMs: startMs,
    })),
    exchangeId: exchange.id,
  };
  if (exchange.open) span.open = true;
  return hasAttemptSpans(exchange) ? [span, ...attemptSpans(exchange, span)] : [span];
}

/** How many spans a record makes. */
export const countSpans = (exchange: Exchange): number => 1 + (hasAttemptSpans(exchange) ? exchange.attempts.length : 0);

const hasAttemptSpans = (exchange: Exchange): boolean => exchange.attempts.length > 1;

/** A caller's record repeats what the callee's sidecar injected; each fault counts where it acted. */
export function injectedHere(exchange: Exchange): Exchange['faults'] {
  const own = exchange.reporter === 'destination' ? 'server' : 'client';
  return exchange.faults.filter((fault) => fault.side === own);
}

function attemptSpans(exchange: SpanSource, call: Span): Span[] {
  return exchange.attempts.map((attempt, index) => {
    const error = attempt.flag !== '' || attempt.status >= 400 || attempt.status === 0;
    return {
      ...call,
      spanId: attempt.spanId ?? `${call.spanId}-${index + 1}`,
      parentSpanId: call.spanId,
      name: `try ${index + 1}${attempt.endpoint === '' ? '' : ` ${attempt.endpoint}`}`,
      start: new Date(Date.parse(call.start) + attempt.startMs).toISOString(),
      startMs: call.startMs + attempt.startMs,
      durationMs: attempt.durationMs,
      error,
      attributes: {
        ...attemptAttributes(exchange, attempt, index),
        ...(error ? errorType(attempt.status, attempt.flag) : {}),
      },
      events: [],
    };
  });
}

/** `{method} {route}`, never the raw path: a name must not have as many values as there are paths. */
function spanName(exchange: Exchange): string {
  if (exchange.protocol === 'TCP') return `tcp ${exchange.destination}`;
  const route = exchange.route === '' || exchange.route === 'default' ? '' : ` ${exchange.route}`;
  return `${exchange.method} ${exchange.destination}${route}`;
}
