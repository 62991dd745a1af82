import type { Duplex } from 'node:stream';
import type { Attempt as AttemptRecord } from '../../api/exchange.schema.ts';
import { httpStatusOfGrpc } from '../../shared/grpc-status.ts';
import type { Timer } from '../clock.ts';
import type { ExchangeState } from '../exchange.ts';
import type { HeaderMap } from '../header-map.ts';
import type { UpstreamCallbacks, UpstreamRequestHead, UpstreamReset, UpstreamStream } from '../stream.ts';
import type { ClusterRuntime } from './cluster.ts';
import type { Host } from './host.ts';
import type { HostPool, PooledConnection, PoolWaiter, UpstreamProtocol } from './pool.ts';
import type { BodyTarget } from './replay-body.ts';
import { grpcStatusOf } from './retry.ts';
import { expectedTimeoutMs, formatGrpcTimeout, type RequestTimeouts } from './timeouts.ts';
import { flagOfReset, reasonOfReset } from './upstream-replies.ts';

/** Who runs attempts: forward, and mirror. No call after cancel(). */
export interface AttemptOwner {
  /** A stream is open and the head is on its way: the body may follow. */
  onAttemptStarted(attempt: Attempt): void;
  onAttemptInformational(attempt: Attempt, status: number, headers: HeaderMap): void;
  onAttemptHeaders(attempt: Attempt, status: number, headers: HeaderMap, endStream: boolean): void;
  onAttemptData(attempt: Attempt, chunk: Buffer): void;
  onAttemptEnd(attempt: Attempt, trailers: HeaderMap | null): void;
  onAttemptReset(attempt: Attempt, reset: UpstreamReset): void;
  onAttemptUpgrade(attempt: Attempt, status: number, headers: HeaderMap, stream: Duplex): void;
  onAttemptTimeout(attempt: Attempt): void;
  /** It went on longer than the cluster's max_stream_duration allows. */
  onAttemptExpired(attempt: Attempt): void;
  onAttemptDrain(attempt: Attempt): void;
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
]);

/** Hop-by-hop and framing headers never leave, whoever added them; the codec writes its own. */
export function removeHopByHop(headers: HeaderMap): void {
  const { list } = headers;
  for (let i = list.length - 2; i >= 0; i -= 2) {
    const name = list[i]!;
    if (HOP_BY_HOP.has(name) || name.charCodeAt(0) === 58 || (name === 'te' && list[i + 1] !== 'trailers')) list.splice(i, 2);
  }
}

/** The record of a try for which there was no host. */
export function attemptWithoutHost(startMs: number, backoffMs: number): AttemptRecord {
  const reason = 'no healthy upstream';
  return { endpoint: '', status: 0, flag: 'UH', phase: 'pick', reason, startMs, durationMs: 0, backoffMs };
}

/**
 * Stamps what each attempt tells the upstream. Inbound sidecars pass the caller's count on, as Istio's inbound virtual hosts do not count
 * themselves.
 */
export function stampAttempt(exchange: ExchangeState, number: number, timeouts: RequestTimeouts, elapsedMs: number): void {
  const { headers } = exchange;
  const written = number === 1 && exchange.attemptCounted === true;
  if (exchange.direction === 'outbound' && !written) headers.set('x-envoy-attempt-count', String(number));
  const expectedMs = expectedTimeoutMs(timeouts, elapsedMs);
  if (expectedMs === 0) return;
  headers.set('x-envoy-expected-rq-timeout-ms', String(expectedMs));
  if (exchange.grpc) headers.set('grpc-timeout', formatGrpcTimeout(expectedMs));
}

/**
 * One try of a request on one host: the only place that builds an outgoing request.
 *
 *   start ──▶ pool ──▶ stream ──▶ head, body ──▶ response ──▶ end      phases: queue · connect · request · headers · body
 *
 * Every end goes through #finish once: it frees the connection's slot and completes the record shown to people.
 */
export class Attempt implements PoolWaiter, UpstreamCallbacks, BodyTarget {
  readonly host: Host;
  readonly record: AttemptRecord;
  readonly #exchange: ExchangeState;
  readonly #cluster: ClusterRuntime;
  readonly #owner: AttemptOwner;
  readonly #pool: HostPool;
  readonly #head: UpstreamRequestHead;
  readonly #startedAt: number;
  #connection: PooledConnection | null = null;
  #stream: UpstreamStream | null = null;
  #requestComplete = false;
  #responseStarted = false;
  #finished = false;
  #upgraded = false;
  #perTryMs = 0;
  #perTryTimer: Timer | null = null;
  #durationTimer: Timer | null = null;

  constructor(
    cluster: ClusterRuntime,
    host: Host,
    exchange: ExchangeState,
    headers: HeaderMap,
    owner: AttemptOwner,
    backoffMs: number,
  ) {
    this.host = host;
    this.#cluster = cluster;
    this.#exchange = exchange;
    this.#owner = owner;
    this.#startedAt = cluster.clock.now();
    this.#pool = cluster.poolOf(host, protocolFor(exchange, cluster), exchange.authority);
    this.#head = {
      method: exchange.method,
      scheme: exchange.scheme,
      authority: exchange.authority,
      path: exchange.path,
      headers,
      upgrade: exchange.downstream.upgrade,
      expectContinue: exchange.downstream.expectContinue,
    };
    this.record = {
      endpoint: host.address,
      status: 0,
      flag: '',
      startMs: this.#startedAt - exchange.startedAt,
      durationMs: 0,
      backoffMs,
    };
    if (host.endpoint.workload !== '') this.record.workload = host.endpoint.workload;
    if (exchange.trace.sampled) this.record.spanId = cluster.newSpanId();
  }

  /** True once bytes of the request may have left. */
  get requestStarted(): boolean {
    return this.#stream !== null;
  }

  get awaitingHeaders(): boolean {
    return !this.#responseStarted;
  }

  /** A host was reached: failures from here on are its own. */
  get connected(): boolean {
    return this.#connection !== null;
  }

  start(): void {
    this.#pool.acquire(this);
  }

  /** Arms the per-try timeout; it counts from when both the request is complete and the connection is there. */
  armPerTryTimeout(perTryMs: number): void {
    if (perTryMs === 0 || this.#perTryTimer !== null || this.#finished || this.#responseStarted) return;
    this.#perTryMs = perTryMs;
    if (this.#stream === null) return;
    this.#perTryTimer = this.#cluster.clock.setTimer(() => {
      if (!this.#responseStarted && !this.#finished) this.#owner.onAttemptTimeout(this);
    }, perTryMs);
  }

  /** Gives up: the upstream sees a reset at once. No callback follows. */
  cancel(flag: string, reason: string): void {
    if (this.#finished) return;
    this.#fail(flag, reason, this.#phase());
    const stream = this.#stream;
    if (stream === null) this.#pool.cancel(this);
    this.#finish();
    if (stream !== null) stream.reset();
  }

  /** Its response is not wanted: it will be retried. What is left of it is cut, as Envoy does. */
  discard(reason: string): void {
    this.record.reason = reason;
    if (this.#finished) return;
    this.#finish();
    this.#stream?.reset();
  }

  pause(): void {
    if (!this.#finished) this.#stream?.pause();
  }

  resume(): void {
    if (!this.#finished) this.#stream?.resume();
  }

  sendData(chunk: Buffer): boolean {
    if (this.#finished || this.#stream === null) return true;
    return this.#stream.sendData(chunk);
  }

  end(trailers: HeaderMap | null): void {
    if (this.#finished || this.#stream === null) return;
    this.#requestComplete = true;
    this.#stream.end(trailers);
  }

  /** The tunnel this attempt became is closed. */
  endUpgrade(): void {
    this.#finish();
  }

  /** The head goes out with the stream's first bytes; `endStream` when no body follows. */
  sendHead(endStream: boolean): void {
    if (endStream) this.#requestComplete = true;
    this.#stream?.sendHeaders(this.#head, endStream);
  }

  // ── pool ──

  onPoolReady(pooled: PooledConnection): void {
    this.#connection = pooled;
    this.record.reused = pooled.carried > 1;
    this.record.connectMs = pooled.carried > 1 ? 0 : pooled.connectMs;
    this.record.endpoint = pooled.address;
    if (pooled.connection.faults !== undefined) this.#exchange.faults.push(...pooled.connection.faults);
    this.#cluster.reportConnected(this.host);
    this.#stream = pooled.connection.newStream(this);
    const { maxStreamDurationMs } = this.#cluster.snapshot;
    if (maxStreamDurationMs) {
      this.#durationTimer = this.#cluster.clock.setTimer(() => {
        if (!this.#finished) this.#owner.onAttemptExpired(this);
      }, maxStreamDurationMs);
    }
    this.#owner.onAttemptStarted(this);
    if (this.#perTryMs > 0) this.armPerTryTimeout(this.#perTryMs);
  }

  onPoolFailure(reset: UpstreamReset): void {
    this.#onFailure(reset);
  }

  // ── stream ──

  onInformational(status: number, headers: HeaderMap): void {
    if (!this.#finished) this.#owner.onAttemptInformational(this, status, headers);
  }

  onHeaders(status: number, headers: HeaderMap, endStream: boolean): void {
    if (this.#finished) return;
    this.#responseStarted = true;
    this.#perTryTimer?.cancel();
    this.record.status = status;
    let counted = status;
    if (this.#exchange.grpc) {
      const grpcStatus = grpcStatusOf(headers);
      if (grpcStatus !== undefined) counted = httpStatusOfGrpc(grpcStatus);
    }
    if (counted >= 500) this.host.errors++;
    this.#cluster.reportStatus(this.host, counted, this.#exchange.id);
    if (endStream) this.#complete();
    this.#owner.onAttemptHeaders(this, status, headers, endStream);
  }

  onData(chunk: Buffer): void {
    if (!this.#finished) this.#owner.onAttemptData(this, chunk);
  }

  onEnd(trailers: HeaderMap | null): void {
    if (this.#finished) return;
    this.#complete();
    this.#owner.onAttemptEnd(this, trailers);
  }

  onReset(reset: UpstreamReset): void {
    this.#onFailure(reset);
  }

  onUpgrade(status: number, headers: HeaderMap, stream: Duplex): void {
    if (this.#finished) {
      stream.destroy();
      return;
    }
    this.#responseStarted = true;
    this.#upgraded = true;
    this.record.status = status;
    this.#perTryTimer?.cancel();
    this.#cluster.reportStatus(this.host, status, this.#exchange.id);
    if (this.#connection !== null) this.#pool.markUpgraded(this.#connection);
    this.#owner.onAttemptUpgrade(this, status, headers, stream);
  }

  onDrain(): void {
    if (!this.#finished) this.#owner.onAttemptDrain(this);
  }

  // ── ends ──

  #onFailure(reset: UpstreamReset): void {
    if (this.#finished) return;
    this.#fail(
      flagOfReset(reset.kind),
      reset.detail === '' ? reasonOfReset(reset.kind) : `${reasonOfReset(reset.kind)}: ${reset.detail}`,
      reset.phase,
    );
    // Overflow is the cluster's doing, not the host's (envoyproxy/envoy#25487).
    if (reset.kind !== 'overflow') {
      this.host.errors++;
      this.#cluster.reportLocalOrigin(this.host, 'connect-failed', this.#exchange.id);
    }
    this.#finish();
    this.#owner.onAttemptReset(this, reset);
  }

  /** The response is complete. A request that is not is cut short, as Envoy does. */
  #complete(): void {
    const stream = this.#stream;
    const cut = !this.#requestComplete && !this.#upgraded;
    this.#finish();
    if (cut) stream?.reset();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#perTryTimer?.cancel();
    this.#durationTimer?.cancel();
    this.record.durationMs = this.#cluster.clock.now() - this.#startedAt;
    const connection = this.#connection;
    if (connection !== null) this.#pool.release(connection);
  }

  #fail(flag: string, reason: string, phase: AttemptRecord['phase']): void {
    this.record.flag = flag;
    this.record.reason = reason;
    if (phase !== undefined) this.record.phase = phase;
  }

  #phase(): AttemptRecord['phase'] {
    if (this.#stream === null) return 'queue';
    if (this.#responseStarted) return 'body';
    return this.#requestComplete ? 'headers' : 'request';
  }
}

/** HTTP/2 where the cluster speaks it (or the client does, with useClientProtocol); upgrades always take a connection of their own. */
function protocolFor(exchange: ExchangeState, cluster: ClusterRuntime): UpstreamProtocol {
  if (exchange.downstream.upgrade !== '') return 'HTTP/1.1';
  const { http2, useClientProtocol } = cluster.snapshot;
  if (useClientProtocol) return exchange.downstream.protocol === 'HTTP/2' ? 'HTTP/2' : 'HTTP/1.1';
  return http2 ? 'HTTP/2' : 'HTTP/1.1';
}
