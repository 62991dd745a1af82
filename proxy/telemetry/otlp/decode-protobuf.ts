import { type DecodedSpans, type OtlpAttributes, type OtlpSpan, type OtlpValue, SpanCollector } from './make-span.ts';
import type { WireReader } from './wire.ts';

/*
 * ExportTraceServiceRequest from protobuf bytes. Field numbers: opentelemetry-proto 1.x, trace/v1/trace.proto, resource.proto, common.proto.
 * Throws WireError when the bytes are no message.
 */
export function decodeProtobufSpans(request: WireReader): DecodedSpans {
  const collector = new SpanCollector();
  each(request, { 1: (resourceSpans) => readResourceSpans(resourceSpans.message(), collector) });
  return collector.result();
}

type Readers = Record<number, (reader: WireReader) => void>;

function each(message: WireReader, readers: Readers): void {
  while (message.next()) {
    const read = readers[message.field];
    if (read === undefined) message.skip();
    else read(message);
  }
}

function readResourceSpans(message: WireReader, collector: SpanCollector): void {
  const resource: OtlpAttributes = new Map();
  const scopes: WireReader[] = [];
  each(message, {
    1: (reader) => each(reader.message(), { 1: (attribute) => readAttribute(attribute.message(), resource) }),
    // The resource may come behind its spans: fields have no order.
    2: (reader) => scopes.push(reader.message()),
  });
  for (const scope of scopes) readScopeSpans(scope, resource, collector);
}

function readScopeSpans(message: WireReader, resource: OtlpAttributes, collector: SpanCollector): void {
  let scopeName = '';
  const spans: WireReader[] = [];
  each(message, {
    1: (reader) =>
      each(reader.message(), {
        1: (scope) => {
          scopeName = scope.string();
        },
      }),
    2: (reader) => spans.push(reader.message()),
  });
  for (const span of spans) collector.add(readSpan(span), { resource, scopeName });
}

function readSpan(message: WireReader): OtlpSpan {
  const span: OtlpSpan = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    kind: 0,
    startNanos: 0n,
    endNanos: 0n,
    attributes: new Map(),
    events: [],
    status: 0,
    statusMessage: '',
  };
  while (message.next()) readSpanField(message, span);
  return span;
}

function readSpanField(message: WireReader, span: OtlpSpan): void {
  switch (message.field) {
    case 1:
      span.traceId = message.bytes().toString('hex');
      return;
    case 2:
      span.spanId = message.bytes().toString('hex');
      return;
    case 4:
      span.parentSpanId = message.bytes().toString('hex');
      return;
    case 5:
      span.name = message.string();
      return;
    case 6:
      span.kind = message.int();
      return;
    case 7:
      span.startNanos = message.fixed64();
      return;
    case 8:
      span.endNanos = message.fixed64();
      return;
    case 9:
      readAttribute(message.message(), span.attributes);
      return;
    case 11:
      span.events.push(readEvent(message.message()));
      return;
    case 15:
      readStatus(message.message(), span);
      return;
    default:
      message.skip();
  }
}

function readEvent(message: WireReader): { nanos: bigint; name: string } {
  const event = { nanos: 0n, name: '' };
  each(message, {
    1: (reader) => {
      event.nanos = reader.fixed64();
    },
    2: (reader) => {
      event.name = reader.string();
    },
  });
  return event;
}

function readStatus(message: WireReader, span: OtlpSpan): void {
  each(message, {
    2: (reader) => {
      span.statusMessage = reader.string();
    },
    3: (reader) => {
      span.status = reader.int();
    },
  });
}

function readAttribute(message: WireReader, into: OtlpAttributes): void {
  let key = '';
  let value: unknown;
  each(message, {
    1: (reader) => {
      key = reader.string();
    },
    2: (reader) => {
      value = readValue(reader.message());
    },
  });
  if (key !== '' && value !== undefined) into.set(key, scalarOf(value));
}

/** AnyValue. Lists and maps become plain arrays and objects. */
function readValue(message: WireReader): unknown {
  let value: unknown;
  each(message, {
    1: (reader) => {
      value = reader.string();
    },
    2: (reader) => {
      value = reader.int() !== 0;
    },
    3: (reader) => {
      value = numberOf(reader.int64());
    },
    4: (reader) => {
      value = reader.double();
    },
    5: (reader) => {
      const list: unknown[] = [];
      each(reader.message(), { 1: (item) => list.push(readValue(item.message())) });
      value = list;
    },
    6: (reader) => {
      const map: OtlpAttributes = new Map();
      each(reader.message(), { 1: (item) => readAttribute(item.message(), map) });
      value = Object.fromEntries(map);
    },
    7: (reader) => {
      value = reader.bytes().toString('base64');
    },
  });
  return value;
}

/** 64-bit integers that a number cannot hold exactly stay text. */
export function numberOf(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** Attributes are shown as text, number or truth; anything else as JSON. */
export function scalarOf(value: unknown): OtlpValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value) ?? '';
}
