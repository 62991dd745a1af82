import type { ClusterStatus } from '../../api/observability.schema.ts';
import type { RotationAction } from '../../api/status.schema.ts';
import type { Clock, Random } from '../clock.ts';
import type { ExchangeState } from '../exchange.ts';
import type { DataPlaneEvent } from '../messages.ts';
import { plainEndpoint } from '../snapshot/plain.ts';
import type { ClusterSnapshot, ProxySnapshot } from '../snapshot.ts';
import { extractHashKey, type HashKey } from './balancer/hash-key.ts';
import { HostSet } from './balancer/host-set.ts';
import { endpointRank } from './balancer/locality.ts';
import { CircuitBreaker, type LimitName } from './circuit-breaker.ts';
import { clusterStatus } from './cluster-status.ts';
import { HealthUpdates } from './health-updates.ts';
import { Host, hostKey, type ResolveWorkload } from './host.ts';
import { type Ejection, OutlierDetector } from './outlier-detection.ts';
import { type Dial, HostPool, type PoolOwner, type UpstreamProtocol } from './pool.ts';
import { ResolvedEndpoints } from './resolved-endpoints.ts';
import type { ResolvedNames } from './resolved-names.ts';

export interface ClusterDeps {
  clock: Clock;
  random: Random;
  dial: Dial;
  resolveWorkload: ResolveWorkload;
  /** Whether a workload was taken out of rotation by hand. */
  isDrained: (workload: string) => boolean;
  /** Answers for the names of DNS clusters. */
  names: ResolvedNames;
  emit: (event: DataPlaneEvent) => void;
  /** 16 hex digits. */
  newSpanId: () => string;
}

export interface NotEjected {
  endpoint: string;
  reason: string;
  /** ISO 8601. */
  time: string;
}

const MAX_NOT_EJECTED = 10;
/** One overflow event a second tells the story; the counters keep the number. */
const OVERFLOW_EVENT_MS = 1000;
/** Hosts of an original-destination cluster kept before unused ones are dropped. */
const MAX_DYNAMIC_HOSTS = 256;

/**
 * One cluster as one proxy lives it: hosts with their state, breaker, outlier detection, balancers. A new snapshot keeps what it can:
 * connections, ejections and counters of every endpoint that stays.
 */
export class ClusterRuntime implements PoolOwner {
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: Dial;
  readonly breaker: CircuitBreaker;
  readonly newSpanId: () => string;
  snapshot: ClusterSnapshot;
  proxy: ProxySnapshot;
  readonly notEjected: NotEjected[] = [];
  lastOverflowAt = Number.NEGATIVE_INFINITY;
  readonly #deps: ClusterDeps;
  readonly #hostSet: HostSet;
  #hosts: Host[] = [];
  readonly #byKey = new Map<string, Host>();
  readonly #healthUpdates: HealthUpdates;
  readonly #resolved: ResolvedEndpoints;
  #outlier: OutlierDetector | null = null;
  #retired = false;
  #lastOverflowEventAt = Number.NEGATIVE_INFINITY;

  constructor(snapshot: ClusterSnapshot, proxy: ProxySnapshot, deps: ClusterDeps) {
    this.clock = deps.clock;
    this.random = deps.random;
    this.dial = deps.dial;
    this.newSpanId = deps.newSpanId;
    this.snapshot = snapshot;
    this.proxy = proxy;
    this.#deps = deps;
    this.#hostSet = new HostSet(deps.random, () => deps.clock.now());
    this.#healthUpdates = new HealthUpdates(
      deps.clock,
      () => this.#hosts,
      () => this.#rebuild(),
    );
    this.#resolved = new ResolvedEndpoints(deps.names, () => {
      this.#updateHosts(this.snapshot);
      this.#rebuild();
    });
    this.breaker = new CircuitBreaker(snapshot.limits, (limit) => this.#onOverflow(limit));
    this.update(snapshot, proxy);
  }

  get proxyId(): string {
    return this.proxy.id;
  }

  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  get outlierDetector(): OutlierDetector | null {
    return this.#outlier;
  }

  /** Takes a new snapshot of the same cluster. */
  update(snapshot: ClusterSnapshot, proxy: ProxySnapshot): void {
    const transportChanged = transportKey(snapshot) !== transportKey(this.snapshot);
    this.snapshot = snapshot;
    this.proxy = proxy;
    this.breaker.setLimits(snapshot.limits);
    this.#updateOutlierDetection(snapshot);
    this.#resolved.follow(snapshot);
    if (snapshot.discovery !== 'original') this.#updateHosts(snapshot);
    if (transportChanged) for (const host of this.#hosts) for (const pool of host.pools.values()) pool.drain();
    this.#healthUpdates.flush();
    this.#rebuild();
  }

  /** While names of a DNS cluster wait for their first answer: settles with it. null: hosts can be picked. */
  get resolving(): Promise<void> | null {
    return this.#resolved.pending;
  }

  /**
   * Picks a host for one attempt: the balancer's choice, redrawn while `rejected` says so, up to `redraws` times; then the last draw
   * stands. null = no healthy upstream. `loads` replaces the priorities' shares of the load (previous-priorities.ts).
   */
  pickHost(
    exchange: ExchangeState,
    key: HashKey,
    redraws: number,
    rejected: (host: Host) => boolean,
    loads: readonly number[] | null = null,
  ): Host | null {
    if (this.snapshot.discovery === 'original') return this.#dynamicHost(exchange);
    let host: Host | null = null;
    for (let i = 0; i <= redraws; i++) {
      host = this.#hostSet.pick(key.hash, i, loads);
      if (host === null || !rejected(host)) return host;
    }
    return host;
  }

  /** What each priority could take, percent of the whole load. */
  get priorityAvailability(): number[] {
    return this.#hostSet.availability;
  }

  hashKey(exchange: ExchangeState): HashKey {
    return extractHashKey(exchange, this.snapshot.loadBalancer);
  }

  poolOf(host: Host, protocol: UpstreamProtocol, authority: string): HostPool {
    const { tls } = this.snapshot;
    // Without an SNI of its own a TLS cluster takes the request's host, so connections differ by it.
    const byAuthority = (tls.mode === 'simple' || tls.mode === 'client-certificate') && tls.sni === '';
    const sni = byAuthority || this.snapshot.discovery === 'original' ? withoutPort(authority) : '';
    const key = sni === '' ? protocol : `${protocol} ${sni}`;
    let pool = host.pools.get(key);
    if (pool === undefined) {
      pool = new HostPool(this, host, protocol, sni === '' ? withoutPort(authority) : sni);
      host.pools.set(key, pool);
    }
    return pool;
  }

  // ── outcomes, for outlier detection ──

  reportStatus(host: Host, status: number, exchangeId: string): void {
    this.#outlier?.reportStatus(host, status, exchangeId);
  }

  reportLocalOrigin(host: Host, failure: 'timeout' | 'connect-failed', exchangeId: string): void {
    this.#outlier?.reportLocalOrigin(host, failure, exchangeId);
  }

  reportConnected(host: Host): void {
    this.#outlier?.reportConnected(host);
  }

  /** True when no host may be picked. */
  get exhausted(): boolean {
    return this.snapshot.discovery !== 'original' && this.#hostSet.exhausted;
  }

  /**
   * What somebody wants of an instance by hand; false when that changes nothing here. Draining is an EDS endpoint of health DRAINING (Envoy:
   * arch_overview/upstream/health_checking, "unhealthy" for load balancing); ejecting and readmitting before their time is Drydock's own.
   */
  rotate(workload: string, action: RotationAction): boolean {
    const host = this.#hosts.find(({ endpoint }) => endpoint.workload === workload);
    if (host === undefined || this.#isTowardsOwnApp) return false;
    if (action === 'eject') return this.#outlier?.ejectByHand(host) ?? false;
    if (action === 'readmit') return this.#outlier?.readmit(host) ?? false;
    const drained = this.#isDrained(host);
    if (host.drained === drained) return false;
    host.drained = drained;
    if (drained) for (const pool of host.pools.values()) pool.drain();
    this.#rebuild();
    return true;
  }

  status(): ClusterStatus {
    return clusterStatus(this);
  }

  /** The cluster is gone from the configuration: requests in flight end, idle connections close. */
  retire(): void {
    this.#retired = true;
    this.#resolved.closeAfterFirstAnswer();
    this.#outlier?.stop();
    this.#healthUpdates.flush();
    for (const host of this.#hosts) this.#removeHost(host);
  }

  /** Ends everything now. */
  close(): void {
    this.#resolved.close();
    this.#outlier?.stop();
    this.#healthUpdates.flush();
    for (const host of this.#hosts) for (const pool of host.pools.values()) pool.close();
  }

  // ── hosts ──

  #updateHosts(snapshot: ClusterSnapshot): void {
    const now = this.clock.now();
    const before = new Map(this.#byKey);
    this.#byKey.clear();
    this.#hosts = [];
    for (const { endpoint, dialHost } of this.#resolved.endpointsOf(snapshot)) {
      const key = hostKey(endpoint);
      if (this.#byKey.has(key)) continue;
      const known = before.get(key);
      before.delete(key);
      const host = known ?? new Host(endpoint, now, this.#deps.resolveWorkload);
      if (known !== undefined && known.endpoint.spiffeId !== endpoint.spiffeId) {
        for (const pool of known.pools.values()) pool.drain();
      }
      host.endpoint = endpoint;
      host.dialHost = dialHost;
      host.removed = this.#retired;
      host.drained = this.#isDrained(host);
      this.#byKey.set(key, host);
      this.#hosts.push(host);
    }
    for (const gone of before.values()) this.#removeHost(gone);
    this.#prioritize();
  }

  /** Priorities in force: the endpoint's own, refined by locality, gaps closed. */
  #prioritize(): void {
    const rank = (host: Host) => endpointRank(host.endpoint, this.snapshot, this.proxy.workload);
    const ranks = [...new Set(this.#hosts.map(rank))].sort((a, b) => a - b);
    for (const host of this.#hosts) host.priority = ranks.indexOf(rank(host));
  }

  /** A sidecar's inbound cluster has its own process as the only host: draining is the callers' matter. */
  get #isTowardsOwnApp(): boolean {
    return this.snapshot.name.startsWith('inbound');
  }

  #isDrained({ endpoint }: Host): boolean {
    return endpoint.workload !== '' && !this.#isTowardsOwnApp && this.#deps.isDrained(endpoint.workload);
  }

  #removeHost(host: Host): void {
    host.removed = true;
    this.#outlier?.forget(host);
    for (const pool of host.pools.values()) pool.drain();
  }

  #rebuild(): void {
    this.#hostSet.rebuild(this.#hosts, this.snapshot, this.proxy.workload);
  }

  /** Original destination: the host the request names is the endpoint. */
  #dynamicHost(exchange: ExchangeState): Host {
    const endpoint = plainEndpoint(withoutPort(exchange.authority), exchange.port);
    const key = hostKey(endpoint);
    let host = this.#byKey.get(key);
    if (host === undefined) {
      if (this.#hosts.length >= MAX_DYNAMIC_HOSTS) this.#dropUnusedHosts();
      host = new Host(endpoint, this.clock.now(), this.#deps.resolveWorkload);
      this.#byKey.set(key, host);
      this.#hosts.push(host);
    }
    return host;
  }

  #dropUnusedHosts(): void {
    this.#hosts = this.#hosts.filter((host) => {
      if (host.activeRequests > 0 || ![...host.pools.values()].every((pool) => pool.unused)) return true;
      this.#byKey.delete(host.key);
      return false;
    });
  }

  // ── outlier detection ──

  #updateOutlierDetection(snapshot: ClusterSnapshot): void {
    const config = snapshot.outlierDetection;
    if (config === null) {
      this.#outlier?.close();
      this.#outlier = null;
    } else if (this.#outlier === null) {
      this.#outlier = new OutlierDetector(config, this.clock, () => this.#hosts, {
        onEjected: (ejection) => this.#onEjected(ejection),
        onReturned: (host, ejectedForMs, byHand) => this.#onReturned(host, ejectedForMs, byHand),
        onNotEjected: (host, reason) => this.#onNotEjected(host, reason),
      });
    } else {
      this.#outlier.setConfig(config);
    }
  }

  #onEjected(ejection: Ejection): void {
    const { host, reason, why, durationMs, count, exchanges } = ejection;
    this.#healthUpdates.changed(host, true);
    // Requests in flight end on their connections; nothing new goes over them, as in Envoy.
    for (const pool of host.pools.values()) pool.drain();
    const wallNow = this.clock.wallNow();
    const until = new Date(wallNow + durationMs).toISOString();
    const subject = hostName(host);
    this.#emit('endpoint.ejected', subject, `${subject} ejected for ${durationMs / 1000} s: ${why}`, {
      ...this.#eventData(host),
      reason,
      until,
      durationMs,
      count,
      exchanges,
    });
  }

  #onReturned(host: Host, ejectedForMs: number, byHand: boolean): void {
    this.#healthUpdates.changed(host, false);
    const subject = hostName(host);
    this.#emit(
      'endpoint.returned',
      subject,
      `${subject} is back after ${Math.round(ejectedForMs / 100) / 10} s${byHand ? ', readmitted by hand' : ''}`,
      {
        ...this.#eventData(host),
        ejectedForMs,
        count: host.outlier.ejections,
        ...(byHand ? { byHand } : {}),
      },
    );
  }

  #onNotEjected(host: Host, reason: string): void {
    this.notEjected.unshift({ endpoint: host.address, reason, time: new Date(this.clock.wallNow()).toISOString() });
    if (this.notEjected.length > MAX_NOT_EJECTED) this.notEjected.pop();
  }

  #onOverflow(limit: LimitName): void {
    // Requests beyond maxConnections wait; nothing is refused yet.
    if (limit === 'maxConnections') return;
    const now = this.clock.now();
    this.lastOverflowAt = now;
    if (now - this.#lastOverflowEventAt < OVERFLOW_EVENT_MS) return;
    this.#lastOverflowEventAt = now;
    const subject = `${this.proxy.workload.service}->${this.snapshot.service}`;
    this.#emit('cluster.overflow', subject, `${limit} of ${this.snapshot.name} is used up`, {
      proxy: this.proxy.id,
      cluster: this.snapshot.name,
      limit,
      overflowed: this.breaker.overflowed[limit],
    });
  }

  #eventData(host: Host): Record<string, unknown> {
    return { proxy: this.proxy.id, cluster: this.snapshot.name, endpoint: host.address, workload: host.endpoint.workload };
  }

  #emit(type: string, subject: string, message: string, data: Record<string, unknown>): void {
    this.#deps.emit({ at: this.clock.wallNow(), type, subject, message, data });
  }
}

/** The workload, or the address of an endpoint outside the mesh. */
function hostName(host: Host): string {
  return host.endpoint.workload === '' ? host.address : host.endpoint.workload;
}

/** What open connections were made with. */
function transportKey(snapshot: ClusterSnapshot): string {
  return JSON.stringify([snapshot.tls, snapshot.proxyProtocol, snapshot.tcpKeepalive, snapshot.keepalive]);
}

export function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  const host = colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority;
  return host.startsWith('[') ? host.slice(1, -1) : host;
}
