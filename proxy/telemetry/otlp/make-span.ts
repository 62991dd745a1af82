import type { Span } from '../../api/observability.schema.ts';

/** A span as OTLP has it, whichever encoding it came in. Times are epoch nanoseconds. */
export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** SpanKind: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startNanos: bigint;
  endNanos: bigint;
  attributes: OtlpAttributes;
  events: { nanos: bigint; name: string; attributes: OtlpAttributes }[];
  links: { traceId: string; spanId: string; attributes: OtlpAttributes }[];
  /** Status code: 0 unset, 1 ok, 2 error. */
  status: number;
  statusMessage: string;
}

export type OtlpValue = string | number | boolean;
export type OtlpAttributes = Map<string, OtlpValue>;

/** The part of a batch that its spans share. */
export interface OtlpScope {
  resource: OtlpAttributes;
  scopeName: string;
}

export interface DecodedSpans {
  spans: Span[];
  rejected: number;
  /** Why spans were rejected, or what was bent to be accepted; '' when all was well. */
  message: string;
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const maxAttributes = 128;
export const maxTextLength = 4096;
const maxEvents = 128;
const maxLinks = 128;
/** Instrumentation scope of the sidecars' spans: another engine's come through OTLP too. */
export const meshScope = 'drydock.proxy';

/** Gathers spans in our own shape; what is no span is counted and explained, never an error. */
export class SpanCollector {
  readonly #spans: Span[] = [];
  #rejected = 0;
  #message = '';

  add(span: OtlpSpan, scope: OtlpScope): void {
    const wrong = whatIsWrong(span);
    if (wrong !== '') {
      this.#rejected++;
      this.warn(wrong);
      return;
    }
    this.#spans.push(makeSpan(span, scope));
  }

  /** The first reason is told. */
  warn(message: string): void {
    if (this.#message === '') this.#message = message;
  }

  result(): DecodedSpans {
    return { spans: this.#spans, rejected: this.#rejected, message: this.#message };
  }
}

/** Lowercase hex of the right length, and not all zero (W3C Trace Context, OTLP). */
export function isId(id: string, length: number): boolean {
  return id.length === length && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id);
}

function whatIsWrong(span: OtlpSpan): string {
  if (!isId(span.traceId, 32)) return `trace id ${JSON.stringify(span.traceId.slice(0, 64))} is not 16 bytes other than zero`;
  if (!isId(span.spanId, 16)) return `span id ${JSON.stringify(span.spanId.slice(0, 64))} is not 8 bytes other than zero`;
  if (span.startNanos <= 0n) return `span ${span.spanId} has no start time`;
  // The last millisecond a Date can hold.
  if (span.startNanos / 1_000_000n > 8_640_000_000_000_000n) return `span ${span.spanId} starts after the end of time`;
  return '';
}

function makeSpan(span: OtlpSpan, scope: OtlpScope): Span {
  const { resource, scopeName } = scope;
  const made: Span = {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: isId(span.parentSpanId, 16) ? span.parentSpanId : '',
    name: span.name.slice(0, 512),
    kind: kinds[span.kind] ?? 'internal',
    service: String(resource.get('service.name') ?? 'unknown_service').slice(0, 256),
    mesh: scopeName === meshScope,
    start: new Date(Number(span.startNanos / 1_000_000n)).toISOString(),
    // Until a trace is put together: the part of a millisecond that `start` has no room for, and events relative to the span.
    startMs: Number(span.startNanos % 1_000_000n) / 1e6,
    durationMs: Math.max(0, millisBetween(span.startNanos, span.endNanos)),
    error: span.status === 2,
    attributes: attributesOf(span, scope),
    events: span.events.slice(0, maxEvents).map(({ nanos, name, attributes }) => ({
      name: name.slice(0, 512),
      atMs: Math.max(0, millisBetween(span.startNanos, nanos)),
      ...(attributes.size > 0 ? { attributes: limitAttributes(attributes) } : {}),
    })),
  };
  const links = span.links.filter(({ traceId, spanId }) => isId(traceId, 32) && isId(spanId, 16)).slice(0, maxLinks);
  if (links.length === 0) return made;
  return {
    ...made,
    links: links.map(({ attributes, ...ids }) => ({
      ...ids,
      ...(attributes.size > 0 ? { attributes: limitAttributes(attributes) } : {}),
    })),
  };
}

function attributesOf(span: OtlpSpan, { resource, scopeName }: OtlpScope): Span['attributes'] {
  const attributes = limitAttributes(span.attributes);
  const version = resource.get('service.version');
  if (version !== undefined) define(attributes, 'service.version', version);
  if (scopeName !== '') define(attributes, 'otel.scope.name', scopeName);
  if (span.statusMessage !== '') define(attributes, 'otel.status_description', span.statusMessage);
  return attributes;
}

/** At most `maxAttributes` of them, names and texts cut. */
export function limitAttributes(from: OtlpAttributes): Record<string, OtlpValue> {
  const attributes: Record<string, OtlpValue> = {};
  let left = maxAttributes;
  for (const [name, value] of from) {
    if (left-- <= 0) break;
    define(attributes, name.slice(0, 256), value);
  }
  return attributes;
}

/** A key may be called anything, `__proto__` too. */
export function define(attributes: Record<string, OtlpValue>, name: string, value: OtlpValue): void {
  const safe = typeof value === 'string' ? value.slice(0, maxTextLength) : Number.isNaN(value) ? 'NaN' : value;
  Object.defineProperty(attributes, name, { value: safe, enumerable: true, configurable: true, writable: true });
}

function millisBetween(from: bigint, to: bigint): number {
  return Number(to - from) / 1e6;
}
