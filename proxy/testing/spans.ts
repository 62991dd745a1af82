import type { Span } from '../api/observability.schema.ts';

/** A span for tests: a client span of a sidecar, one millisecond long, unless said otherwise. */
export function makeSpan(change: Partial<Span> = {}): Span {
  return {
    traceId: 't',
    spanId: 'a',
    parentSpanId: '',
    name: change.spanId ?? 'a',
    kind: 'client',
    service: 's',
    mesh: true,
    start: '',
    startMs: 0,
    durationMs: 1,
    error: false,
    attributes: {},
    events: [],
    ...change,
  };
}
