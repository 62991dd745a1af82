import { scalarOf } from './decode-protobuf.ts';
import { type DecodedSpans, type OtlpAttributes, type OtlpSpan, SpanCollector } from './make-span.ts';

/** The body is JSON, but no trace export. */
export class OtlpJsonError extends Error {
  override name = 'OtlpJsonError';
}

type Json = Record<string, unknown>;

const maxDepth = 32;

/**
 * ExportTraceServiceRequest from OTLP/JSON: lowerCamelCase, ids in hex of any case, 64-bit integers as text or number, enums as integers,
 * unknown fields ignored. Ids in base64, as plain protobuf-JSON encoders write them, are converted with a warning.
 */
export function decodeJsonSpans(text: string): DecodedSpans {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (error) {
    throw new OtlpJsonError(`the body is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(request)) throw new OtlpJsonError('the body is not an ExportTraceServiceRequest');
  const collector = new SpanCollector();
  for (const resourceSpans of objects(request.resourceSpans, 'resourceSpans')) {
    const resource = attributesOf(isObject(resourceSpans.resource) ? resourceSpans.resource.attributes : undefined);
    for (const scopeSpans of objects(resourceSpans.scopeSpans, 'scopeSpans')) {
      const scopeName = isObject(scopeSpans.scope) ? textOf(scopeSpans.scope.name) : '';
      for (const span of objects(scopeSpans.spans, 'spans')) collector.add(readSpan(span, collector), { resource, scopeName });
    }
  }
  return collector.result();
}

function readSpan(span: Json, collector: SpanCollector): OtlpSpan {
  const status = isObject(span.status) ? span.status : {};
  return {
    traceId: idOf(span.traceId, 16, collector),
    spanId: idOf(span.spanId, 8, collector),
    parentSpanId: idOf(span.parentSpanId, 8, collector),
    name: textOf(span.name),
    kind: enumOf(span.kind, 'SPAN_KIND_', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']),
    startNanos: nanosOf(span.startTimeUnixNano),
    endNanos: nanosOf(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes),
    events: objects(span.events, 'events').map((event) => ({ nanos: nanosOf(event.timeUnixNano), name: textOf(event.name) })),
    status: enumOf(status.code, 'STATUS_CODE_', ['UNSET', 'OK', 'ERROR']),
    statusMessage: textOf(status.message),
  };
}

/** Hex; base64 of the same number of bytes is converted. What is neither comes back as it is and is rejected. */
function idOf(value: unknown, bytes: number, collector: SpanCollector): string {
  const text = textOf(value);
  if (text.length === bytes * 2 && /^[0-9a-fA-F]+$/.test(text)) return text.toLowerCase();
  const decoded = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null;
  if (decoded === null || decoded.length !== bytes) return text;
  collector.warn('trace and span ids came in base64; OTLP/JSON has them in hex');
  return decoded.toString('hex');
}

function attributesOf(list: unknown): OtlpAttributes {
  const attributes: OtlpAttributes = new Map();
  if (!Array.isArray(list)) return attributes;
  for (const item of list) {
    if (!isObject(item) || typeof item.key !== 'string') continue;
    const value = anyValueOf(item.value, 0);
    if (value !== undefined) attributes.set(item.key, scalarOf(value));
  }
  return attributes;
}

function anyValueOf(any: unknown, depth: number): unknown {
  if (!isObject(any) || depth > maxDepth) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = any;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (typeof intValue === 'number') return intValue;
  if (typeof intValue === 'string' && /^-?\d{1,19}$/.test(intValue)) {
    return Number.isSafeInteger(Number(intValue)) ? Number(intValue) : intValue;
  }
  if (typeof doubleValue === 'number' || typeof doubleValue === 'string') return doubleValue;
  if (typeof bytesValue === 'string') return bytesValue;
  if (isObject(arrayValue) && Array.isArray(arrayValue.values))
    return arrayValue.values.map((item) => anyValueOf(item, depth + 1));
  if (!isObject(kvlistValue) || !Array.isArray(kvlistValue.values)) return undefined;
  const pairs = kvlistValue.values.filter(isObject).map((item) => [textOf(item.key), anyValueOf(item.value, depth + 1)]);
  return Object.fromEntries(pairs);
}

function objects(value: unknown, name: string): Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject)) throw new OtlpJsonError(`${name} is not a list of objects`);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function nanosOf(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? BigInt(Math.round(value)) : 0n;
}

/** Integers, as OTLP says; names, as other encoders write. */
function enumOf(value: unknown, prefix: string, names: readonly string[]): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? Math.max(0, names.indexOf(value.replace(prefix, ''))) : 0;
}
