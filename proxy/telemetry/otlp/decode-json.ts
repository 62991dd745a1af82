import { attributesOf, eachJsonItem, enumOf, idOf, isObject, type Json, nanosOf, objects, textOf } from './json-values.ts';
import { type DecodedSpans, type OtlpSpan, SpanCollector } from './make-span.ts';

/** ExportTraceServiceRequest from OTLP/JSON. Ids in base64, as plain protobuf-JSON encoders write them, are converted with a warning. */
export function decodeJsonSpans(text: string): DecodedSpans {
  const collector = new SpanCollector();
  eachJsonItem(text, ['resourceSpans', 'scopeSpans', 'spans'], (span, scope) => collector.add(readSpan(span, collector), scope));
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
    events: objects(span.events, 'events').map((event) => ({
      nanos: nanosOf(event.timeUnixNano),
      name: textOf(event.name),
      attributes: attributesOf(event.attributes),
    })),
    links: objects(span.links, 'links').map((link) => ({
      traceId: idOf(link.traceId, 16, collector),
      spanId: idOf(link.spanId, 8, collector),
      attributes: attributesOf(link.attributes),
    })),
    status: enumOf(status.code, 'STATUS_CODE_', ['UNSET', 'OK', 'ERROR']),
    statusMessage: textOf(status.message),
  };
}
