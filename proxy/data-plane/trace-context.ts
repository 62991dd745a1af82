import type { TraceContext } from './exchange.ts';
import type { HeaderMap } from './header-map.ts';
import type { IdSource } from './ids.ts';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;
const HEX_TRACE = /^(?:[0-9a-f]{32}|[0-9a-f]{16})$/;
const HEX_SPAN = /^[0-9a-f]{16}$/;
const ZERO_TRACE = '0'.repeat(32);
const ZERO_SPAN = '0'.repeat(16);

interface Parent {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

/**
 * Continues the caller's trace or starts one. Order of belief: traceparent, then `b3`, then X-B3-*; a broken header of one kind is as if absent.
 * The new span's parent is the caller's span. Local sampling is 100 %; a caller's decision not to sample is passed on.
 * W3C Trace Context level 1 §3.2; B3 propagation (openzipkin).
 */
export function beginSpan(headers: HeaderMap, ids: IdSource, sampleNew: () => boolean): TraceContext {
  const b3 = headers.get('b3');
  const formats = { b3Single: b3 !== undefined, b3Multi: headers.has('x-b3-traceid') || headers.has('x-b3-sampled') };
  const w3c = parseTraceparent(headers.get('traceparent'));
  const parent = w3c ?? parseB3Single(b3) ?? parseB3Multi(headers);
  const denied = parent === null && (b3 === '0' || headers.get('x-b3-sampled') === '0');
  return {
    traceId: parent?.traceId ?? ids.traceId(),
    spanId: ids.spanId(),
    parentSpanId: parent?.spanId ?? '',
    sampled: parent ? parent.sampled : !denied && sampleNew(),
    formats,
    tracestate: w3c ? (headers.getJoined('tracestate') ?? '') : '',
  };
}

/** Writes the span into the outgoing request: traceparent always, B3 in whatever form it came. */
export function injectSpan(headers: HeaderMap, trace: TraceContext): void {
  headers.set('traceparent', `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`);
  if (trace.tracestate === '') headers.remove('tracestate');
  const sampled = trace.sampled ? '1' : '0';
  if (trace.formats.b3Single) {
    headers.set('b3', `${trace.traceId}-${trace.spanId}-${sampled}${trace.parentSpanId === '' ? '' : `-${trace.parentSpanId}`}`);
  }
  if (trace.formats.b3Multi) {
    headers.set('x-b3-traceid', trace.traceId);
    headers.set('x-b3-spanid', trace.spanId);
    headers.set('x-b3-sampled', sampled);
    if (trace.parentSpanId !== '') headers.set('x-b3-parentspanid', trace.parentSpanId);
  }
}

function parseTraceparent(value: string | undefined): Parent | null {
  if (value === undefined) return null;
  const match = TRACEPARENT.exec(value);
  if (match === null) return null;
  const [, version, traceId, spanId, flags] = match as unknown as [string, string, string, string, string];
  if (version === 'ff' || traceId === ZERO_TRACE || spanId === ZERO_SPAN) return null;
  // Version 00 has exactly these four fields; a later one may say more after a dash.
  if (version === '00' ? value.length !== 55 : value.length > 55 && value[55] !== '-') return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

function parseB3Single(value: string | undefined): Parent | null {
  if (value === undefined) return null;
  const [traceId, spanId, state] = value.split('-');
  return validParent(traceId, spanId, state !== '0');
}

function parseB3Multi(headers: HeaderMap): Parent | null {
  const sampled = headers.get('x-b3-flags') === '1' || headers.get('x-b3-sampled') !== '0';
  return validParent(headers.get('x-b3-traceid'), headers.get('x-b3-spanid'), sampled);
}

function validParent(traceId: string | undefined, spanId: string | undefined, sampled: boolean): Parent | null {
  if (traceId === undefined || spanId === undefined || !HEX_TRACE.test(traceId) || !HEX_SPAN.test(spanId)) return null;
  const padded = traceId.padStart(32, '0');
  if (padded === ZERO_TRACE || spanId === ZERO_SPAN) return null;
  return { traceId: padded, spanId, sampled };
}
