import type { Duplex } from 'node:stream';
import type { Timer } from '../clock.ts';
import { hearFaults } from '../edge-headers.ts';
import { addFlag, type ExchangeState, type LocalReply } from '../exchange.ts';
import type { HeaderMap } from '../header-map.ts';
import type { DownstreamReset, UpstreamReset } from '../stream.ts';
import { Attempt, type AttemptOwner, attemptWithoutHost, removeHopByHop, stampAttempt } from './attempt.ts';
import type { HashKey } from './balancer/hash-key.ts';
import type { ClusterRuntime } from './cluster.ts';
import type { ForwardDeps, ForwardOptions } from './forward-options.ts';
import type { Host } from './host.ts';
import { PendingMirrors } from './pending-mirrors.ts';
import { PreviousPriorities } from './previous-priorities.ts';
import { HTTP2_REPLAY_LIMIT_BYTES, REPLAY_LIMIT_BYTES, ReplayBody } from './replay-body.ts';
import { grpcStatusOf, RetryState } from './retry.ts';
import { takeRetryHeaders } from './retry-headers.ts';
import { finalTimeouts, type RequestTimeouts } from './timeouts.ts';
import {
  bufferLimitReply,
  detailsOfReset,
  flagOfReset,
  noHealthyUpstreamReply,
  resetReply,
  streamDurationReply,
  timeoutReply,
} from './upstream-replies.ts';

const NO_HASH_KEY: HashKey = { hash: null, setCookie: '' };

/**
 * One request from the router to the upstream and back (Envoy: source/common/router/router.cc).
 *
 *   pick host ──▶ attempt ──▶ response head ──▶ body ──▶ end
 *      ▲             │ failed, or a status to retry
 *      └── backoff ◀─┘
 *
 * Promises: the client leaving resets the upstream at once; a response cut short never ends cleanly; a head that went down ends all
 * retrying. run() settles with a LocalReply when nothing was sent down, and never rejects.
 */
export class Forward implements AttemptOwner {
  readonly #exchange: ExchangeState;
  readonly #cluster: ClusterRuntime;
  readonly #deps: ForwardDeps;
  readonly #timeouts: RequestTimeouts;
  readonly #hashKey: HashKey;
  readonly #mirrors: PendingMirrors;
  #retry: RetryState | null = null;
  #body: ReplayBody | null = null;
  #attempt: Attempt | null = null;
  #attempts = 0;
  #triedHosts: Host[] = [];
  /** Null unless retries are to leave the priorities they tried. */
  #priorities: PreviousPriorities | null = null;
  #settle: (reply: LocalReply | undefined) => void = () => {};
  /** Monotonic ms when the client had sent everything; −1 before. */
  #requestCompleteAt = -1;
  #globalTimer: Timer | null = null;
  #backoffTimer: Timer | null = null;
  #requestStarted = false;
  #informationalSent = false;
  #headersSent = false;
  #upgraded = false;
  #done = false;

  constructor(exchange: ExchangeState, cluster: ClusterRuntime, options: ForwardOptions, deps: ForwardDeps) {
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#deps = deps;
    this.#mirrors = new PendingMirrors(exchange.downstream.upgrade === '' ? options.mirrors : [], deps.mirror);
    this.#timeouts = finalTimeouts(exchange, options.timeoutMs, options.retry?.perTryTimeoutMs ?? null);
    this.#hashKey = cluster.snapshot.loadBalancer.kind === 'consistent-hash' ? cluster.hashKey(exchange) : NO_HASH_KEY;
    const { route, weightedCluster } = exchange;
    const edited = route?.requestHeaders != null || weightedCluster?.requestHeaders != null;
    const retry = edited ? takeRetryHeaders(exchange.headers, options.retry) : options.retry;
    if (retry !== null && retry.retryOn.length > 0) {
      this.#retry = new RetryState(retry, cluster.breaker, deps.random);
      if (retry.previousPriorities) this.#priorities = new PreviousPriorities();
    }
  }

  run(): Promise<LocalReply | undefined> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      const { resolving } = this.#cluster;
      if (resolving === null) this.#start();
      else void resolving.then(() => this.#start());
    });
  }

  #start(): void {
    const { downstream, headers } = this.#exchange;
    if (this.#exchange.aborted) {
      this.#finish(undefined);
      return;
    }
    const earlier = downstream.onReset;
    downstream.onReset = (reason) => {
      earlier?.(reason);
      this.#onDownstreamReset(reason);
    };
    removeHopByHop(headers);
    if (downstream.body.empty) {
      // An upgrade request never counts as complete: no timeout cuts a tunnel.
      if (downstream.upgrade === '') this.#onRequestComplete();
      downstream.body.resume();
    } else {
      const keep = this.#retry !== null || this.#mirrors.wanted;
      const limit = downstream.protocol === 'HTTP/2' ? HTTP2_REPLAY_LIMIT_BYTES : REPLAY_LIMIT_BYTES;
      this.#body = new ReplayBody(
        downstream.body,
        keep,
        {
          onComplete: () => {
            this.#onRequestComplete();
            this.#sendMirrors();
          },
          onOverflow: () => this.#onBufferOverflow(),
        },
        limit,
      );
    }
    this.#startAttempt(0);
    if (this.#done) return;
    if (this.#body === null) this.#sendMirrors();
    else this.#body.start();
  }

  // ── attempts ──

  #startAttempt(backoffMs: number): void {
    const exchange = this.#exchange;
    const { clock } = this.#deps;
    const redraws = this.#attempts === 0 ? 0 : (this.#retry?.policy.hostSelectionRetries ?? 0);
    const loads = this.#priorities?.loadsFor(this.#cluster.priorityAvailability) ?? null;
    const host = this.#cluster.pickHost(exchange, this.#hashKey, redraws, (drawn) => this.#triedHosts.includes(drawn), loads);
    this.#attempts++;
    if (host === null) {
      exchange.attempts.push(attemptWithoutHost(clock.now() - exchange.startedAt, backoffMs));
      this.#finish(noHealthyUpstreamReply());
      return;
    }
    const elapsedMs = this.#requestCompleteAt < 0 ? 0 : clock.now() - this.#requestCompleteAt;
    stampAttempt(exchange, this.#attempts, this.#timeouts, elapsedMs);
    if (this.#attempts === 1) this.#mirrors.keepHead(exchange.headers);
    const attempt = new Attempt(this.#cluster, host, exchange, exchange.headers, this, backoffMs);
    this.#attempt = attempt;
    exchange.attempts.push(attempt.record);
    exchange.endpoint = attempt.record.endpoint;
    exchange.endpointWorkload = host.endpoint.workload;
    attempt.start();
  }

  /** True when another attempt was scheduled; otherwise the flag that tells why not, or ''. */
  #retryAfter(decision: 'retry' | 'no' | 'overflow' | 'exhausted', failed: Attempt): { again: boolean; flag: string } {
    if (decision !== 'retry' || this.#retry === null) {
      return { again: false, flag: decision === 'overflow' ? 'UO' : decision === 'exhausted' ? 'URX' : '' };
    }
    this.#body?.detach();
    this.#attempt = null;
    this.#triedHosts.push(failed.host);
    this.#priorities?.add(failed.host.priority);
    const { clock } = this.#deps;
    const failedAt = clock.now();
    this.#backoffTimer = clock.setTimer(() => {
      this.#backoffTimer = null;
      this.#startAttempt(clock.now() - failedAt);
    }, this.#retry.backoffMs);
    return { again: true, flag: '' };
  }

  /** Another attempt where the policy wants one; else the reply, with the flag that tells why there is none. */
  #retryOr(failed: Attempt, kind: UpstreamReset['kind'], reply: () => LocalReply): void {
    if (this.#retry === null) {
      this.#finish(reply());
      return;
    }
    const { again, flag } = this.#retryAfter(this.#retry.onReset(kind, this.#requestStarted), failed);
    if (!again) this.#finish(reply(), flag);
  }

  onAttemptStarted(attempt: Attempt): void {
    if (this.#done || attempt !== this.#attempt) return;
    this.#exchange.endpoint = attempt.record.endpoint;
    const body = this.#body;
    // A chunked body that turns out to be empty keeps its framing, as with Envoy.
    attempt.sendHead(body === null);
    if (body !== null && attempt === this.#attempt) body.attach(attempt);
    if (this.#requestCompleteAt >= 0 && attempt === this.#attempt) attempt.armPerTryTimeout(this.#timeouts.perTryMs);
  }

  onAttemptDrain(attempt: Attempt): void {
    if (attempt === this.#attempt) this.#body?.onDrain();
  }

  // ── the request side ──

  #onRequestComplete(): void {
    const { clock } = this.#deps;
    this.#requestCompleteAt = clock.now();
    if (this.#done) return;
    const { globalMs, perTryMs } = this.#timeouts;
    if (globalMs > 0) this.#globalTimer = clock.setTimer(() => this.#onGlobalTimeout(), globalMs);
    if (perTryMs > 0) this.#attempt?.armPerTryTimeout(perTryMs);
  }

  #onBufferOverflow(): void {
    this.#mirrors.giveUp();
    this.#retry?.close();
    this.#retry = null;
    if (this.#attempt !== null || this.#headersSent) return;
    this.#finish(bufferLimitReply());
  }

  #sendMirrors(): void {
    if (this.#done || !this.#mirrors.send(this.#exchange, this.#body, this.#timeouts.globalMs)) return;
    if (this.#headersSent || this.#retry === null) this.#body?.stopKeeping();
  }

  // ── the response side ──

  onAttemptInformational(attempt: Attempt, status: number, headers: HeaderMap): void {
    if (this.#done || attempt !== this.#attempt) return;
    // The client has seen something of this attempt: no other may follow.
    this.#retry?.close();
    this.#retry = null;
    this.#informationalSent = true;
    this.#exchange.downstream.sendInformational(status, headers);
  }

  onAttemptHeaders(attempt: Attempt, status: number, headers: HeaderMap, endStream: boolean): void {
    if (this.#done || attempt !== this.#attempt) return;
    if (this.#retry !== null) {
      const { again, flag } = this.#retryAfter(this.#retry.onHeaders(status, headers), attempt);
      if (again) {
        hearFaults(this.#exchange, headers);
        attempt.discard(`retriable status ${status}`);
        return;
      }
      addFlag(this.#exchange, flag);
    }
    const { downstream } = this.#exchange;
    if (this.#requestCompleteAt >= 0) {
      headers.set('x-envoy-upstream-service-time', String(Math.floor(this.#deps.clock.now() - this.#requestCompleteAt)));
    }
    if (this.#hashKey.setCookie !== '') headers.add('set-cookie', this.#hashKey.setCookie);
    const response = this.#finishHead(status, headers);
    if (!this.#mirrors.wanted) this.#body?.stopKeeping();
    if (!endStream) this.#prepareBody(attempt);
    downstream.sendHeaders(response.status, response.headers, endStream);
    if (endStream) this.#finish(undefined);
  }

  #finishHead(status: number, headers: HeaderMap): { status: number; headers: HeaderMap } {
    const exchange = this.#exchange;
    const response = { status, headers };
    if (exchange.grpc) exchange.grpcStatus = grpcStatusOf(headers) ?? exchange.grpcStatus;
    exchange.details = 'via_upstream';
    for (const filter of exchange.responseHeaderFilters) filter(response);
    exchange.responseStatus = response.status;
    this.#headersSent = true;
    return response;
  }

  /** Flow control, and the fault's transform between upstream and client. */
  #prepareBody(attempt: Attempt): void {
    const { downstream, responseTransform: transform } = this.#exchange;
    downstream.onDrain = () => attempt.resume();
    if (transform === null) return;
    transform.emit = (chunk) => {
      if (!this.#done && !downstream.sendData(chunk)) attempt.pause();
    };
    transform.onDrain = () => attempt.resume();
    transform.emitReset = () => {
      if (this.#done) return;
      attempt.cancel('', 'cut by a fault');
      downstream.reset();
      this.#finish(undefined);
    };
  }

  onAttemptData(attempt: Attempt, chunk: Buffer): void {
    if (this.#done || attempt !== this.#attempt) return;
    const { downstream, responseTransform } = this.#exchange;
    const flowing = responseTransform === null ? downstream.sendData(chunk) : responseTransform.write(chunk);
    if (!flowing && !this.#done) attempt.pause();
  }

  onAttemptEnd(attempt: Attempt, trailers: HeaderMap | null): void {
    if (this.#done || attempt !== this.#attempt) return;
    const exchange = this.#exchange;
    if (exchange.grpc && trailers !== null) exchange.grpcStatus = grpcStatusOf(trailers) ?? exchange.grpcStatus;
    this.#cancelTimers();
    const transform = exchange.responseTransform;
    if (transform === null) {
      exchange.downstream.end(trailers);
      this.#finish(undefined);
      return;
    }
    transform.emitEnd = () => {
      if (this.#done) return;
      exchange.downstream.end(trailers);
      this.#finish(undefined);
    };
    transform.end();
  }

  onAttemptUpgrade(attempt: Attempt, status: number, headers: HeaderMap, stream: Duplex): void {
    if (this.#done || attempt !== this.#attempt) {
      stream.destroy();
      attempt.endUpgrade();
      return;
    }
    this.#upgraded = true;
    this.#cancelTimers();
    this.#retry?.close();
    this.#retry = null;
    const response = this.#finishHead(status, headers);
    const downstream = this.#exchange.downstream.acceptUpgrade(response.status, response.headers);
    this.#watchUpgrade(downstream, stream);
    const { downstream: request } = this.#exchange;
    const onClosed = (): void => {
      attempt.endUpgrade();
      this.#finish(undefined);
    };
    this.#deps.joinTunnel(downstream, stream, onClosed, (direction, chunk) => request.noteUpgraded?.(direction, chunk));
  }

  /** A client that ends the tunnel first has left. */
  #watchUpgrade(downstream: Duplex, upstream: Duplex): void {
    let upstreamEnded = false;
    upstream.once('end', () => {
      upstreamEnded = true;
    });
    downstream.once('end', () => {
      if (upstreamEnded) return;
      addFlag(this.#exchange, 'DC');
      this.#exchange.details = 'downstream_remote_disconnect';
    });
  }

  // ── failures ──

  onAttemptReset(attempt: Attempt, reset: UpstreamReset): void {
    if (this.#done || attempt !== this.#attempt) return;
    if (!reset.nothingSent) this.#requestStarted = true;
    this.#body?.detach();
    if (this.#headersSent) {
      this.#cutResponse(flagOfReset(reset.kind), detailsOfReset(reset, true));
      return;
    }
    this.#retryOr(attempt, reset.kind, () => resetReply(reset, this.#attempts > 1, this.#informationalSent));
  }

  /** One try took too long: a local reset as far as retries are concerned, a 504 otherwise. */
  onAttemptTimeout(attempt: Attempt): void {
    if (this.#done || attempt !== this.#attempt || this.#headersSent) return;
    this.#requestStarted ||= attempt.requestStarted;
    this.#countTimeout(attempt);
    this.#body?.detach();
    attempt.cancel('UT', 'upstream per-try timeout');
    this.#retryOr(attempt, 'local-reset', () => timeoutReply('upstream_per_try_timeout'));
  }

  /** The cluster's max_stream_duration: a local reset for retries; after the head the response is cut. */
  onAttemptExpired(attempt: Attempt): void {
    if (this.#done || attempt !== this.#attempt) return;
    this.#requestStarted = true;
    this.#body?.detach();
    attempt.cancel('UMSDR', 'upstream max stream duration reached');
    if (this.#headersSent) {
      this.#cutResponse('UMSDR', 'upstream_max_stream_duration_reached');
      return;
    }
    this.#retryOr(attempt, 'local-reset', () => streamDurationReply(this.#requestCompleteAt >= 0));
  }

  #onGlobalTimeout(): void {
    this.#globalTimer = null;
    if (this.#done) return;
    const attempt = this.#attempt;
    if (attempt !== null) {
      if (attempt.awaitingHeaders && attempt.connected) this.#countTimeout(attempt);
      attempt.cancel('UT', 'response timeout');
    }
    if (this.#headersSent) this.#cutResponse('UT', 'response_timeout');
    else this.#finish(timeoutReply('response_timeout'));
  }

  #countTimeout(attempt: Attempt): void {
    attempt.host.errors++;
    this.#cluster.reportLocalOrigin(attempt.host, 'timeout', this.#exchange.id);
  }

  /** The head is out: all that is left is to make sure the client sees an error. */
  #cutResponse(flag: string, details: string): void {
    addFlag(this.#exchange, flag);
    this.#exchange.details = details;
    this.#exchange.downstream.reset();
    this.#finish(undefined);
  }

  #onDownstreamReset(reason: DownstreamReset): void {
    if (this.#done) return;
    const exchange = this.#exchange;
    exchange.aborted = true;
    // The tunnel closes its other side itself.
    if (this.#upgraded) return;
    if (reason === 'stream-timeout') {
      // Whoever ran out of patience answers too.
      this.#attempt?.cancel('', 'stream timeout');
      this.#finish(undefined);
      return;
    }
    addFlag(exchange, reason === 'protocol-error' ? 'DPE' : 'DC');
    exchange.details = reason === 'protocol-error' ? 'http1.codec_error' : 'downstream_remote_disconnect';
    this.#attempt?.cancel('DC', 'downstream remote disconnect');
    this.#finish(undefined);
  }

  #cancelTimers(): void {
    this.#globalTimer?.cancel();
    this.#globalTimer = null;
    this.#backoffTimer?.cancel();
    this.#backoffTimer = null;
  }

  /** Ends it once; `extraFlag` was raised before the reply's own (`URX,UF`). */
  #finish(reply: LocalReply | undefined, extraFlag = ''): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelTimers();
    this.#retry?.close();
    this.#body?.close();
    this.#exchange.downstream.onDrain = null;
    if (this.#exchange.responseTransform !== null && this.#headersSent) this.#exchange.responseTransform.close();
    if (reply !== undefined) {
      addFlag(this.#exchange, extraFlag);
      addFlag(this.#exchange, reply.flag);
      this.#exchange.details = reply.details;
    }
    this.#settle(reply);
  }
}
