import { type DecodedSpans, type OtlpSpan, SpanCollector } from './make-span.ts';
import { each, eachItem, readAttribute } from './protobuf-values.ts';
import type { WireReader } from './wire.ts';

/*
 * ExportTraceServiceRequest from protobuf bytes. Field numbers: opentelemetry-proto 1.x, trace/v1/trace.proto. Throws WireError when the bytes
 * are no message.
 */
export function decodeProtobufSpans(request: WireReader): DecodedSpans {
  const collector = new SpanCollector();
  eachItem(request, (span, scope) => collector.add(readSpan(span), scope));
  return collector.result();
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
    links: [],
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
    case 13:
      span.links.push(readLink(message.message()));
      return;
    case 15:
      readStatus(message.message(), span);
      return;
    default:
      message.skip();
  }
}

function readEvent(message: WireReader): OtlpSpan['events'][number] {
  const event = { nanos: 0n, name: '', attributes: new Map() };
  each(message, {
    1: (reader) => {
      event.nanos = reader.fixed64();
    },
    2: (reader) => {
      event.name = reader.string();
    },
    3: (reader) => readAttribute(reader.message(), event.attributes),
  });
  return event;
}

function readLink(message: WireReader): OtlpSpan['links'][number] {
  const link = { traceId: '', spanId: '', attributes: new Map() };
  each(message, {
    1: (reader) => {
      link.traceId = reader.bytes().toString('hex');
    },
    2: (reader) => {
      link.spanId = reader.bytes().toString('hex');
    },
    4: (reader) => readAttribute(reader.message(), link.attributes),
  });
  return link;
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
