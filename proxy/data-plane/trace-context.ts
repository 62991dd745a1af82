import type { TraceContext } from './exchange.ts';
import type { HeaderMap } from './header-map.ts';
import type { IdSource } from './ids.ts';
import { addOwnMember, readTracestate } from './tracestate.ts';

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

/** B3's word on sampling without the ids: `d` is accept and debug; '' leaves the decision to whoever reads it. */
type B3State = '' | '0' | '1' | 'd';

/**
 * Continues the caller's trace or starts one. Order of belief: traceparent, then `b3`, then X-B3-*; a broken header of one kind is as if absent.
 * The new span's parent is the caller's span. Local sampling is 100 %; a caller's decision not to sample is passed on.
 * W3C Trace Context level 1 §3.2 (https://www.w3.org/TR/trace-context/); B3 (https://github.com/openzipkin/b3-propagation).
 */
export function beginSpan(headers: HeaderMap, ids: IdSource, sampleNew: () => boolean): TraceContext {
  const b3 = headers.get('b3');
  const formats = {
    b3Single: b3 !== undefined,
    b3Multi: headers.has('x-b3-traceid') || headers.has('x-b3-sampled') || headers.has('x-b3-flags'),
  };
  const w3c = parseTraceparent(headers.get('traceparent'));
  const parent = w3c ?? parseB3Single(b3) ?? parseB3Multi(headers);
  const state = stateOf(b3, headers);
  const trace: TraceContext = {
    traceId: parent?.traceId ?? ids.traceId(),
    spanId: ids.spanId(),
    parentSpanId: parent?.spanId ?? '',
    sampled: parent ? parent.sampled : state === '' ? sampleNew() : state !== '0',
    formats,
    tracestate: w3c ? readTracestate(headers.getJoined('tracestate')) : '',
  };
  if (state === 'd') trace.debug = true;
  return trace;
}

/**
 * Writes the span into the outgoing request: traceparent always, B3 in whatever form it came. A tracestate that came goes on behind our own
 * entry; none is begun, as Istio's sidecars begin none.
 */
export function injectSpan(headers: HeaderMap, trace: TraceContext): void {
  headers.set('traceparent', `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`);
  headers.remove('tracestate');
  if (trace.tracestate !== '') headers.set('tracestate', addOwnMember(trace.tracestate, trace.spanId));
  if (trace.formats.b3Single) {
    const state = trace.debug ? 'd' : trace.sampled ? '1' : '0';
    headers.set('b3', `${trace.traceId}-${trace.spanId}-${state}${trace.parentSpanId === '' ? '' : `-${trace.parentSpanId}`}`);
  }
  if (trace.formats.b3Multi) injectB3Multi(headers, trace);
}

function injectB3Multi(headers: HeaderMap, trace: TraceContext): void {
  headers.set('x-b3-traceid', trace.traceId);
  headers.set('x-b3-spanid', trace.spanId);
  // Debug implies accept and stands instead of it.
  headers.remove(trace.debug ? 'x-b3-sampled' : 'x-b3-flags');
  if (trace.debug) headers.set('x-b3-flags', '1');
  else headers.set('x-b3-sampled', trace.sampled ? '1' : '0');
  if (trace.parentSpanId === '') headers.remove('x-b3-parentspanid');
  else headers.set('x-b3-parentspanid', trace.parentSpanId);
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

const B3_SINGLE = /^([0-9a-f]+)-([0-9a-f]+)(?:-([01d])(?:-[0-9a-f]{16})?)?$/;

function parseB3Single(value: string | undefined): Parent | null {
  const match = value === undefined ? null : B3_SINGLE.exec(value);
  return match === null ? null : validParent(match[1], match[2], match[3] !== '0');
}

function parseB3Multi(headers: HeaderMap): Parent | null {
  return validParent(headers.get('x-b3-traceid'), headers.get('x-b3-spanid'), multiState(headers) !== '0');
}

/** The single header is believed before the several, as for the ids. */
function stateOf(b3: string | undefined, headers: HeaderMap): B3State {
  if (b3 === undefined) return multiState(headers);
  if (b3 === '0' || b3 === '1' || b3 === 'd') return b3;
  return (B3_SINGLE.exec(b3)?.[3] ?? '') as B3State;
}

/** `true` and `false` are what B3's first tracers wrote. */
function multiState(headers: HeaderMap): B3State {
  if (headers.get('x-b3-flags') === '1') return 'd';
  const sampled = headers.get('x-b3-sampled');
  return sampled === '1' || sampled === 'true' ? '1' : sampled === '0' || sampled === 'false' ? '0' : '';
}

function validParent(traceId: string | undefined, spanId: string | undefined, sampled: boolean): Parent | null {
  if (traceId === undefined || spanId === undefined || !HEX_TRACE.test(traceId) || !HEX_SPAN.test(spanId)) return null;
  const padded = traceId.padStart(32, '0');
  if (padded === ZERO_TRACE || spanId === ZERO_SPAN) return null;
  return { traceId: padded, spanId, sampled };
}
