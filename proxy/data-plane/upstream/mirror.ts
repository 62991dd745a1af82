import type { Duplex } from 'node:stream';
import type { Timer } from '../clock.ts';
import type { ExchangeState } from '../exchange.ts';
import type { HeaderMap } from '../header-map.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { ClusterRuntime } from './cluster.ts';
import type { MirrorBody } from './pending-mirrors.ts';

/**
 * A fire-and-forget copy of a request (VirtualService mirrors; Envoy: request_mirror_policies, shadow_writer_impl.cc): one attempt, no
 * retries, the response read and thrown away. It lives on after the request it copies.
 */
export class Mirror implements AttemptOwner {
  readonly #cluster: ClusterRuntime;
  readonly #exchange: ExchangeState;
  readonly #headers: HeaderMap;
  readonly #body: MirrorBody;
  readonly #timeoutMs: number;
  readonly #onClosed: () => void;
  #attempt: Attempt | null = null;
  #timer: Timer | null = null;
  #sent = 0;
  #closed = false;

  constructor(
    cluster: ClusterRuntime,
    exchange: ExchangeState,
    headers: HeaderMap,
    body: MirrorBody,
    timeoutMs: number,
    onClosed: () => void,
  ) {
    this.#cluster = cluster;
    this.#exchange = exchange;
    this.#headers = headers;
    this.#body = body;
    this.#timeoutMs = timeoutMs;
    this.#onClosed = onClosed;
  }

  start(): void {
    const cluster = this.#cluster;
    if (cluster.resolving !== null) {
      void cluster.resolving.then(() => this.start());
      return;
    }
    if (this.#closed) return;
    const host = cluster.pickHost(this.#exchange, cluster.hashKey(this.#exchange), 0, () => false);
    if (host === null) {
      this.#close();
      return;
    }
    // Envoy's internal client marks its requests so.
    this.#headers.set('x-envoy-internal', 'true');
    const forwarded = this.#headers.getJoined('x-forwarded-for');
    this.#headers.set('x-forwarded-for', forwarded === undefined ? '127.0.0.1' : `${forwarded},127.0.0.1`);
    if (this.#timeoutMs > 0) this.#timer = cluster.clock.setTimer(() => this.cancel(), this.#timeoutMs);
    this.#attempt = new Attempt(cluster, host, this.#exchange, this.#headers, this, 0);
    this.#attempt.start();
  }

  cancel(): void {
    this.#attempt?.cancel('', 'mirror ended');
    this.#close();
  }

  onAttemptStarted(attempt: Attempt): void {
    const { chunks, trailers } = this.#body;
    // A chunked body without a byte stays chunked.
    const headOnly = chunks.length === 0 && trailers === null && this.#exchange.downstream.body.empty;
    attempt.sendHead(headOnly);
    if (!headOnly) this.#send(attempt);
  }

  onAttemptDrain(attempt: Attempt): void {
    this.#send(attempt);
  }

  onAttemptInformational(): void {}

  onAttemptHeaders(_attempt: Attempt, _status: number, _headers: HeaderMap, endStream: boolean): void {
    if (endStream) this.#close();
  }

  onAttemptData(): void {}

  onAttemptEnd(): void {
    this.#close();
  }

  onAttemptReset(): void {
    this.#close();
  }

  onAttemptUpgrade(attempt: Attempt, _status: number, _headers: HeaderMap, stream: Duplex): void {
    stream.destroy();
    attempt.endUpgrade();
    this.#close();
  }

  onAttemptTimeout(): void {
    this.cancel();
  }

  onAttemptExpired(): void {
    this.cancel();
  }

  #send(attempt: Attempt): void {
    const { chunks, trailers } = this.#body;
    if (this.#sent > chunks.length) return;
    while (this.#sent < chunks.length) if (!attempt.sendData(chunks[this.#sent++]!)) return;
    this.#sent++;
    attempt.end(trailers);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#onClosed();
  }
}
