import { createHash } from 'node:crypto';
import type { Span } from '../../api/observability.schema.ts';

/** A span and the epoch milliseconds that its `startMs` and events count from. */
export interface TimedSpan {
  span: Span;
  originMs: number;
}

const kindNumbers: Record<Span['kind'], number> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

/**
 * ExportTraceServiceRequest in OTLP's JSON: ids in hex, 64-bit numbers as text. One resource per service, one scope per instrumentation:
 * `mesh` for the sidecars' own spans, whatever they said of themselves for the apps'.
 */
export function encodeTraces(spans: readonly TimedSpan[], mesh: { scope: string; version: string }): object {
  const byService = new Map<string, Map<string, TimedSpan[]>>();
  for (const timed of spans) {
    const { span } = timed;
    const scopes = byService.get(span.service) ?? new Map<string, TimedSpan[]>();
    byService.set(span.service, scopes);
    const scope = span.mesh ? mesh.scope : String(span.attributes['otel.scope.name'] ?? '');
    const list = scopes.get(scope);
    if (list) list.push(timed);
    else scopes.set(scope, [timed]);
  }
  return {
    resourceSpans: [...byService].map(([service, scopes]) => ({
      resource: { attributes: attributes({ 'service.name': service || 'unknown', 'telemetry.sdk.name': 'drydock' }) },
      scopeSpans: [...scopes].map(([name, own]) => ({
        scope: name === mesh.scope ? { name, version: mesh.version } : { name },
        spans: own.map(encodeSpan),
      })),
    })),
  };
}

function encodeSpan({ span, originMs }: TimedSpan): object {
  const startMs = originMs + span.startMs;
  return {
    traceId: span.traceId,
    spanId: spanIdOf(span.spanId),
    ...(span.parentSpanId === '' ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kindNumbers[span.kind],
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + span.durationMs),
    attributes: attributes(span.attributes),
    events: span.events.map((event) => ({
      name: event.name,
      timeUnixNano: nanos(originMs + Math.max(span.startMs, event.atMs)),
      ...(event.attributes ? { attributes: attributes(event.attributes) } : {}),
    })),
    ...(span.links ? { links: span.links.map((link) => ({ ...link, attributes: attributes(link.attributes ?? {}) })) } : {}),
    status: span.error ? { code: 2 } : {},
  };
}

/** Attempts without an id of their own are numbered after their call's; OTLP wants eight bytes. */
function spanIdOf(id: string): string {
  return /^[0-9a-f]{16}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 16);
}

function attributes(values: Span['attributes']): object[] {
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => ({ key, value: encodeValue(value) }));
}

function encodeValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Whole microseconds are exact in a double until the year 2255. */
const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`;
