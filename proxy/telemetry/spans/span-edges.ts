import type { Exchange } from '../../api/exchange.schema.ts';
import type { GraphEdge, Span } from '../../api/observability.schema.ts';
import { Metrics } from '../metrics.ts';
import { describePeer } from './span-peers.ts';

export type InferredKind = NonNullable<GraphEdge['inferred']>;

/** Calls between services as their spans name them; `to` may be a database, a queue or a host. */
export interface InferredCalls {
  metrics: Metrics;
  /** By `from->to`. */
  kinds: ReadonlyMap<string, InferredKind>;
}

/** SDKs send spans every five seconds, each app for itself: the other side may come that much later. */
const timeoutMs = 10_000;
const maxWaiting = 10_000;
/** Calls through sidecars that are remembered: their spans come behind them. */
const maxInMesh = 20_000;
const maxKinds = 1000;

interface Half {
  span: Span;
  untilMs: number;
}

/**
 * Who calls whom past the mesh, from the spans of the apps; what passes a sidecar is counted by the sidecars and nowhere else. A CLIENT waits
 * for the SERVER of its call, a PRODUCER for the CONSUMER of its message, until it comes or a time has passed: then who was called is known by
 * the span's own words only. A CLIENT that names a database has no other side to wait for.
 *
 *   CLIENT ──▶ a sidecar saw it: dropped │ names a database: counted │ SERVER comes: counted │ 10 s: counted towards whom it names
 *
 * The method of OpenTelemetry's service graph connector:
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/connector/servicegraphconnector
 */
export class SpanEdges {
  readonly #callers = new Map<string, Half>();
  readonly #callees = new Map<string, Half>();
  readonly #inMesh = new Set<string>();
  readonly #metrics = new Metrics();
  readonly #kinds = new Map<string, InferredKind>();

  recordExchanges(exchanges: readonly Exchange[]): void {
    for (const { reporter, traceId, spanId, parentSpanId } of exchanges) {
      // What an app sent through its sidecar, and what a sidecar handed to an app.
      const key = reporter === 'destination' ? `${traceId}/${spanId}` : `${traceId}/${parentSpanId}`;
      if (traceId === '' || parentSpanId === '') continue;
      this.#callers.delete(key);
      this.#inMesh.add(key);
      if (this.#inMesh.size > maxInMesh) this.#inMesh.delete(this.#inMesh.values().next().value as string);
    }
  }

  recordSpans(spans: readonly Span[], nowMs: number): void {
    for (const span of spans) {
      if (span.mesh) continue;
      if (span.kind === 'client' || span.kind === 'producer') this.#addCaller(span, nowMs);
      else if (span.kind === 'server' || span.kind === 'consumer') this.#addCallee(span, nowMs);
    }
    this.#expire(nowMs);
  }

  /** What is known by now. */
  calls(nowMs: number): InferredCalls {
    this.#expire(nowMs);
    return { metrics: this.#metrics, kinds: this.#kinds };
  }

  #addCaller(span: Span, nowMs: number): void {
    const key = keyOf(span);
    if (this.#inMesh.has(key)) return;
    const peer = describePeer(span);
    const other = this.#callees.get(key);
    if (peer?.kind === 'database') this.#count(span, peer.name, 'database');
    else if (other === undefined) hold(this.#callers, key, span, nowMs);
    else {
      this.#callees.delete(key);
      this.#pair(span, other.span);
    }
  }

  #addCallee(span: Span, nowMs: number): void {
    const keys = callerKeys(span);
    // A link leads from the consumer of a batch to each producer.
    let paired = false;
    for (const key of keys) {
      const caller = this.#callers.get(key);
      if (caller === undefined) continue;
      this.#callers.delete(key);
      this.#pair(caller.span, span);
      paired = true;
    }
    const [first] = keys;
    if (!paired && first !== undefined && !this.#inMesh.has(first)) hold(this.#callees, first, span, nowMs);
  }

  #pair(caller: Span, callee: Span): void {
    // The rest of an app's own processes are one service.
    if (caller.service === callee.service) return;
    this.#count(caller, callee.service, caller.kind === 'producer' || callee.kind === 'consumer' ? 'messaging' : 'call');
  }

  #expire(nowMs: number): void {
    for (const [key, { span, untilMs }] of this.#callers) {
      if (untilMs > nowMs && this.#callers.size <= maxWaiting) break;
      this.#callers.delete(key);
      const peer = this.#inMesh.has(key) ? null : describePeer(span);
      if (peer !== null) this.#count(span, peer.name, peer.kind);
    }
    for (const [key, { untilMs }] of this.#callees) {
      if (untilMs > nowMs && this.#callees.size <= maxWaiting) break;
      // Who called it is somebody without spans: outside, as far as anybody knows.
      this.#callees.delete(key);
    }
  }

  #count(caller: Span, to: string, kind: InferredKind): void {
    const id = `${caller.service}->${to}`;
    if (!this.#kinds.has(id) && this.#kinds.size >= maxKinds) return;
    this.#kinds.set(id, kind);
    this.#metrics.recordBetween(caller.service, to, asExchange(caller, kind));
  }
}

const keyOf = ({ traceId, spanId }: Span): string => `${traceId}/${spanId}`;

/** The spans it may be the other side of: its parent, or itself where B3 shares one id, or the links of a message. */
function callerKeys({ traceId, spanId, parentSpanId, kind, links = [] }: Span): string[] {
  const parents = kind === 'server' ? [parentSpanId, spanId] : [parentSpanId];
  const keys = parents.filter((id) => id !== '').map((id) => `${traceId}/${id}`);
  return kind === 'consumer' ? [...keys, ...links.map((link) => `${link.traceId}/${link.spanId}`)] : keys;
}

/** Insertion order is age, as all wait equally long. */
function hold(halves: Map<string, Half>, key: string, span: Span, nowMs: number): void {
  halves.delete(key);
  halves.set(key, { span, untilMs: nowMs + timeoutMs });
}

/** What metrics count is an exchange; of one that no sidecar saw this much is known. */
function asExchange(span: Span, kind: InferredKind): Exchange {
  const status = Number(span.attributes['http.response.status_code'] ?? span.attributes['http.status_code'] ?? 0);
  return {
    ...{ id: '', time: span.start, reporter: 'source', durationMs: span.durationMs, traceId: span.traceId, spanId: span.spanId },
    ...{ source: span.service, sourceNamespace: '', sourceWorkload: '', sourceVersion: '' },
    ...{ destination: '', destinationNamespace: '', destinationWorkload: '', destinationVersion: '' },
    ...{ method: '', authority: '', path: '', protocol: kind, flags: '', details: '', requestBytes: 0, responseBytes: 0 },
    ...{
      route: '',
      cluster: '',
      endpoint: '',
      attempts: [],
      parentSpanId: span.parentSpanId,
      requestId: '',
      mtls: false,
      faults: [],
    },
    // The app says whether its call failed.
    status: span.error ? Math.max(500, status) : status || 200,
  };
}
