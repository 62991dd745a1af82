import type { Clock, Timer } from '../clock.ts';
import type { ClusterSnapshot, EndpointSnapshot } from '../snapshot.ts';
import type { UpstreamConnection, UpstreamReset } from '../stream.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Host } from './host.ts';

export type UpstreamProtocol = 'HTTP/1.1' | 'HTTP/2';

export interface DialRequest {
  endpoint: EndpointSnapshot;
  /** The address to connect to: the sidecar's inbound listener for a workload of the mesh. */
  host: string;
  port: number;
  cluster: ClusterSnapshot;
  protocol: UpstreamProtocol;
  /** The proxy that dials: its identity goes into mTLS. */
  proxyId: string;
  /** Host of the first request that wants this connection, without port: SNI of a TLS cluster that has none of its own. */
  authority: string;
}
export interface DialCallbacks {
  onConnected(connection: UpstreamConnection): void;
  onFailed(reset: UpstreamReset): void;
}
/** Opens a connection, TLS included. Exactly one callback fires, unless cancelled. The pool sets the connect timeout. */
export type Dial = (request: DialRequest, callbacks: DialCallbacks) => { cancel(): void };

/** A request that wants a connection. Exactly one of the two fires, perhaps before acquire() returns. */
export interface PoolWaiter {
  onPoolReady(connection: PooledConnection): void;
  onPoolFailure(reset: UpstreamReset): void;
}

/** A connection as the pool keeps it. */
export class PooledConnection {
  readonly connection: UpstreamConnection;
  readonly address: string;
  readonly connectMs: number;
  /** Requests given to it. */
  carried = 0;
  /** Of these, still in flight. */
  streams = 0;
  /** No new request; closed when the last one in flight ends. */
  draining = false;
  ready = false;
  /** Its socket became a tunnel: it counts until the tunnel closes. */
  upgraded = false;
  idleSince = 0;
  lifeTimer: Timer | null = null;
  keepAliveTimer: Timer | null = null;

  constructor(connection: UpstreamConnection, address: string, connectMs: number) {
    this.connection = connection;
    this.address = address;
    this.connectMs = connectMs;
  }
}

interface Dialing {
  timer: Timer | null;
  handle: { cancel(): void } | null;
}

export interface PoolOwner {
  readonly clock: Clock;
  readonly breaker: CircuitBreaker;
  readonly snapshot: ClusterSnapshot;
  readonly proxyId: string;
  readonly dial: Dial;
}

/** Envoy's cap on connections opened for one new request. */
const MAX_DIALS_AT_ONCE = 3;

/**
 * Connections of one cluster to one host in one protocol (Envoy: intro/arch_overview/upstream/connection_pooling, conn_pool_base.cc).
 *
 *   acquire ──▶ ready connection? ─yes─▶ request in flight, or UO at http2MaxRequests
 *                     │ no
 *                     ▼
 *               queue, or UO at http1MaxPendingRequests ──▶ dial within maxConnections (a pool without any may always open one)
 *                                                            └─ failed: everyone in the queue fails
 *
 * HTTP/1.1: one request per connection, the one used last is used next. HTTP/2: as many as the peer allows.
 */
export class HostPool {
  readonly #owner: PoolOwner;
  readonly #host: Host;
  readonly #protocol: UpstreamProtocol;
  readonly #authority: string;
  readonly #all = new Set<PooledConnection>();
  /** Stack of connections with room. */
  readonly #ready: PooledConnection[] = [];
  readonly #dialing = new Set<Dialing>();
  readonly #waiting = new Set<PoolWaiter>();
  #idleTimer: Timer | null = null;
  #closed = false;

  constructor(owner: PoolOwner, host: Host, protocol: UpstreamProtocol, authority: string) {
    this.#owner = owner;
    this.#host = host;
    this.#protocol = protocol;
    this.#authority = authority;
  }

  get connectionCount(): number {
    return this.#all.size + this.#dialing.size;
  }

  get unused(): boolean {
    return this.#all.size === 0 && this.#dialing.size === 0 && this.#waiting.size === 0;
  }

  acquire(waiter: PoolWaiter): void {
    const connection = this.#takeReady();
    if (connection !== null) {
      this.#attach(connection, waiter);
      return;
    }
    const { breaker } = this.#owner;
    if (!breaker.mayQueue()) {
      waiter.onPoolFailure({ kind: 'overflow', phase: 'queue', nothingSent: true, detail: '' });
      return;
    }
    this.#waiting.add(waiter);
    breaker.pending++;
    this.#openConnections();
  }

  /** The request no longer wants a connection; one being opened for it stays and becomes idle, as in Envoy. */
  cancel(waiter: PoolWaiter): void {
    if (this.#waiting.delete(waiter)) this.#owner.breaker.pending--;
  }

  /** The request on this connection is over. Call once per onPoolReady. */
  release(connection: PooledConnection): void {
    connection.streams--;
    this.#host.activeRequests--;
    this.#owner.breaker.requests--;
    if (connection.upgraded) {
      this.#forget(connection);
      return;
    }
    if (connection.draining || this.#host.removed) {
      this.#drainConnection(connection);
      return;
    }
    this.#offer(connection);
  }

  /** The connection turned into a tunnel for the request that holds it. */
  markUpgraded(connection: PooledConnection): void {
    connection.upgraded = true;
    this.#removeReady(connection);
  }

  /** Lets requests in flight end, takes no connection into use again; new ones are opened for new requests. */
  drain(): void {
    for (const connection of [...this.#all]) this.#drainConnection(connection);
  }

  /** Ends everything now. */
  close(): void {
    this.#closed = true;
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
    for (const dialing of [...this.#dialing]) this.#endDialing(dialing)?.cancel();
    this.#failWaiting({ kind: 'local-reset', phase: 'queue', nothingSent: true, detail: '' });
    for (const connection of [...this.#all]) connection.connection.close();
  }

  // ── handing out ──

  #takeReady(): PooledConnection | null {
    for (let i = this.#ready.length - 1; i >= 0; i--) {
      const connection = this.#ready[i]!;
      if (connection.connection.available > 0 && !connection.draining) return connection;
      this.#removeReady(connection);
    }
    return null;
  }

  #attach(connection: PooledConnection, waiter: PoolWaiter): void {
    const { breaker, snapshot } = this.#owner;
    if (!breaker.mayRequest()) {
      waiter.onPoolFailure({ kind: 'overflow', phase: 'queue', nothingSent: true, detail: '' });
      return;
    }
    connection.carried++;
    connection.streams++;
    breaker.requests++;
    this.#host.activeRequests++;
    this.#host.requests++;
    const limit = snapshot.maxRequestsPerConnection;
    if (limit !== null && limit > 0 && connection.carried >= limit) connection.draining = true;
    if (connection.draining || this.#protocol === 'HTTP/1.1') this.#removeReady(connection);
    waiter.onPoolReady(connection);
  }

  #offer(connection: PooledConnection): void {
    if (connection.draining || connection.upgraded || !this.#all.has(connection) || connection.connection.available <= 0) return;
    if (!connection.ready) {
      connection.ready = true;
      this.#ready.push(connection);
    }
    this.#serveWaiting();
    if (connection.streams === 0 && connection.ready) {
      connection.idleSince = this.#owner.clock.now();
      this.#watchIdle();
    }
  }

  #serveWaiting(): void {
    while (this.#waiting.size > 0) {
      const connection = this.#takeReady();
      if (connection === null) return;
      const waiter = this.#waiting.values().next().value!;
      this.#waiting.delete(waiter);
      this.#owner.breaker.pending--;
      this.#attach(connection, waiter);
    }
  }

  #failWaiting(reset: UpstreamReset): void {
    // A retry that queues again must not be failed by the same event.
    const failed = [...this.#waiting];
    this.#waiting.clear();
    this.#owner.breaker.pending -= failed.length;
    for (const waiter of failed) waiter.onPoolFailure(reset);
  }

  // ── opening ──

  #openConnections(): void {
    for (let i = 0; i < MAX_DIALS_AT_ONCE && this.#needsConnection(); i++) {
      const allowed = this.#owner.breaker.mayConnect();
      if (!allowed && this.connectionCount > 0) return;
      this.#open();
      if (!allowed) return;
    }
  }

  #needsConnection(): boolean {
    const perConnection = this.#protocol === 'HTTP/1.1' ? 1 : (this.#owner.snapshot.maxConcurrentStreams ?? 100);
    return !this.#closed && this.#waiting.size > this.#dialing.size * perConnection;
  }

  #open(): void {
    const { clock, breaker, snapshot, proxyId, dial } = this.#owner;
    const target = this.#host.dialAddress();
    const startedAt = clock.now();
    const dialing: Dialing = { timer: null, handle: null };
    this.#dialing.add(dialing);
    breaker.connections++;
    if (target === undefined) {
      // Its sidecar is not listening. Told later: the caller is still queueing.
      dialing.timer = clock.setTimer(() => this.#onDialFailed(dialing, connectFailure('Connection refused')), 0);
      return;
    }
    const address = this.#host.address;
    dialing.timer = clock.setTimer(() => {
      dialing.handle?.cancel();
      this.#onDialFailed(dialing, { kind: 'connect-timeout', phase: 'connect', nothingSent: true, detail: '' });
    }, snapshot.connectTimeoutMs);
    const { endpoint } = this.#host;
    const handle = dial(
      {
        endpoint,
        host: target.host,
        port: target.port,
        cluster: snapshot,
        protocol: this.#protocol,
        proxyId,
        authority: this.#authority,
      },
      {
        onConnected: (connection) => {
          const pooled = new PooledConnection(connection, address, clock.now() - startedAt);
          this.#onConnected(dialing, pooled);
        },
        onFailed: (reset) => this.#onDialFailed(dialing, reset),
      },
    );
    dialing.handle = handle;
  }

  #onConnected(dialing: Dialing, pooled: PooledConnection): void {
    if (!this.#dialing.has(dialing)) {
      pooled.connection.close();
      return;
    }
    this.#endDialing(dialing, true);
    this.#all.add(pooled);
    pooled.connection.onClose = () => this.#onConnectionClosed(pooled);
    pooled.connection.onAvailable = () => this.#offer(pooled);
    const { maxConnectionDurationMs } = this.#owner.snapshot;
    if (maxConnectionDurationMs !== null && maxConnectionDurationMs > 0) {
      pooled.lifeTimer = this.#owner.clock.setTimer(() => this.#drainConnection(pooled), maxConnectionDurationMs);
    }
    this.#keepAlive(pooled);
    if (this.#host.removed && this.#waiting.size === 0) {
      this.#drainConnection(pooled);
      return;
    }
    this.#offer(pooled);
    this.#openConnections();
  }

  /** connectionPool.http.http2KeepAlive: a PING each interval; no answer within its timeout cuts the connection. */
  #keepAlive(pooled: PooledConnection): void {
    const { clock, snapshot } = this.#owner;
    const { connection } = pooled;
    const settings = snapshot.http2KeepAlive;
    if (settings === undefined || connection.ping === undefined) return;
    pooled.keepAliveTimer = clock.setTimer(() => {
      if (!this.#all.has(pooled)) return;
      pooled.keepAliveTimer = clock.setTimer(() => connection.abort?.(), settings.timeoutMs);
      connection.ping?.(() => {
        pooled.keepAliveTimer?.cancel();
        if (this.#all.has(pooled)) this.#keepAlive(pooled);
      });
    }, settings.intervalMs);
  }

  #onDialFailed(dialing: Dialing, reset: UpstreamReset): void {
    if (!this.#dialing.has(dialing)) return;
    this.#endDialing(dialing);
    this.#failWaiting(reset);
    this.#openConnections();
  }

  #endDialing(dialing: Dialing, connected = false): { cancel(): void } | null {
    this.#dialing.delete(dialing);
    dialing.timer?.cancel();
    if (!connected) this.#owner.breaker.connections--;
    return dialing.handle;
  }

  // ── closing ──

  #onConnectionClosed(connection: PooledConnection): void {
    if (connection.upgraded) return;
    this.#forget(connection);
  }

  #forget(connection: PooledConnection): void {
    if (!this.#all.delete(connection)) return;
    this.#removeReady(connection);
    connection.lifeTimer?.cancel();
    connection.keepAliveTimer?.cancel();
    this.#owner.breaker.connections--;
    if (this.#waiting.size > 0) this.#openConnections();
  }

  #drainConnection(connection: PooledConnection): void {
    connection.draining = true;
    this.#removeReady(connection);
    if (connection.streams === 0 && !connection.upgraded) connection.connection.close();
  }

  #removeReady(connection: PooledConnection): void {
    if (!connection.ready) return;
    connection.ready = false;
    const last = this.#ready.length - 1;
    if (this.#ready[last] === connection) this.#ready.pop();
    else this.#ready.splice(this.#ready.indexOf(connection), 1);
  }

  /** One timer for all idle connections, and none while there is no idle one. */
  #watchIdle(): void {
    const { clock, snapshot } = this.#owner;
    if (this.#idleTimer !== null || snapshot.idleTimeoutMs <= 0) return;
    this.#idleTimer = clock.setTimer(() => this.#closeIdle(), snapshot.idleTimeoutMs);
  }

  #closeIdle(): void {
    this.#idleTimer = null;
    const { clock, snapshot } = this.#owner;
    const now = clock.now();
    let oldest = Number.POSITIVE_INFINITY;
    for (const connection of [...this.#ready]) {
      if (connection.streams > 0) continue;
      // Half a millisecond of slack: a timer may fire that much early.
      if (now - connection.idleSince >= snapshot.idleTimeoutMs - 0.5) connection.connection.close();
      else oldest = Math.min(oldest, connection.idleSince);
    }
    if (oldest !== Number.POSITIVE_INFINITY) {
      this.#idleTimer = clock.setTimer(() => this.#closeIdle(), oldest + snapshot.idleTimeoutMs - now);
    }
  }
}

export function connectFailure(detail: string): UpstreamReset {
  return { kind: 'connect-failure', phase: 'connect', nothingSent: true, detail };
}
