import type { Duplex } from 'node:stream';
import type { AppliedFault, ExchangeDetail } from '../api/exchange.schema.ts';
import type { ExplainRequest, Explanation } from '../api/explain.schema.ts';
import type { ClusterStatus } from '../api/observability.schema.ts';
import type { RotationAction } from '../api/status.schema.ts';
import type { Clock, Random } from './clock.ts';
import { Connections } from './connections.ts';
import { createHttpDate } from './edge-headers.ts';
import { ExchangeReporter } from './exchange-reporter.ts';
import { explain } from './explain/explain.ts';
import { createIdSource } from './ids.ts';
import { ListenerSet, type OpenedListeners } from './listener-set.ts';
import { OpenExchanges } from './live/open-exchanges.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { DataPlaneCounters, FromDataPlane, IdentityMaterial } from './messages.ts';
import { OverloadGuard } from './overload.ts';
import { PinnedTraces } from './pinned-traces.ts';
import { listenerKey, type PreparedSnapshot, prepareSnapshot } from './prepare.ts';
import { ResourceCounts } from './resource-counts.ts';
import { createConnectionGuard } from './route-filters/connection-guard.ts';
import { FaultState } from './route-filters/fault/fault-state.ts';
import { mayConcern } from './route-filters/fault/filter.ts';
import { GrpcChannels } from './route-filters/grpc-call.ts';
import { FilterFactory } from './route-filters/index.ts';
import { RateLimitState } from './route-filters/rate-limit/rate-limit-state.ts';
import type { BoundListener as BoundPort, FaultSnapshot, MeshSnapshot, PrepareResult, ProxySnapshot } from './snapshot.ts';
import { TcpFaults } from './tcp-faults.ts';
import { ToxicProxies } from './toxics/toxic-proxies.ts';
import { createDial, createTcpDial } from './upstream/dial.ts';
import type { DialRequest } from './upstream/pool.ts';
import { joinTunnel } from './upstream/tunnel.ts';
import { Upstreams } from './upstream/upstreams.ts';

export interface DataPlaneOptions {
  clock: Clock;
  random: Random;
  post: (message: FromDataPlane) => void;
}

/** All proxies of this worker: takes snapshots, keeps listeners and upstreams in line with the newest one. */
export class DataPlane {
  readonly toxicProxies: ToxicProxies;
  readonly pinnedTraces = new PinnedTraces();
  readonly #clock: Clock;
  readonly #reporter: ExchangeReporter;
  readonly #open: OpenExchanges;
  readonly #upstreams: Upstreams;
  readonly #faults: FaultState;
  readonly #rateLimits: RateLimitState;
  readonly #tcpFaults: TcpFaults;
  /** Connections to gRPC authorizers outlive snapshots. */
  readonly #authorizers: GrpcChannels;
  readonly #connections: Connections;
  readonly #identities = new Map<string, IdentityMaterial>();
  readonly #listeners: ListenerSet;
  readonly #random: Random;
  #prepared: PreparedSnapshot | null = null;
  #pending: { prepared: PreparedSnapshot; listeners: OpenedListeners } | null = null;
  /** Until all workers have committed: what listeners that are gone still serve. */
  #former: PreparedSnapshot | null = null;
  #peers: ReadonlyMap<string, BoundPort> = new Map();
  #forbidden: ReadonlySet<string> = new Set();
  #activeRequests = 0;
  #requests = 0;
  readonly #matched = new ResourceCounts();
  #idle: (() => void) | null = null;

  constructor(options: DataPlaneOptions) {
    const { clock, random, post } = options;
    const ids = createIdSource();
    this.#clock = clock;
    this.#random = random;
    this.#reporter = new ExchangeReporter(clock, ({ exchanges, dropped, tallies, events }) => {
      if (exchanges.length > 0 || dropped > 0) post({ type: 'exchanges', exchanges, dropped, tallies });
      if (events.length > 0) post({ type: 'events', events });
    });
    this.#open = new OpenExchanges({
      clock,
      tell: (changed, open) => {
        // What has just ended must not look as if it had vanished.
        this.#reporter.flush();
        post({ type: 'open', changed, ids: open });
      },
    });
    this.#faults = new FaultState({ clock, random });
    this.#rateLimits = new RateLimitState(clock);
    this.#tcpFaults = new TcpFaults({ state: this.#faults, clock, random, onBegin: (toxic) => this.#renewConnections(toxic) });
    this.#authorizers = new GrpcChannels(clock);
    this.toxicProxies = new ToxicProxies({ clock, random, forbidden: () => this.#forbidden });
    const identityOf = (proxyId: string) => this.#identityOf(proxyId);
    const dialDeps = {
      clock,
      identityOf,
      trustDomain: () => this.#prepared?.snapshot.trustDomain ?? '',
      forbidden: () => this.#forbidden,
    };
    this.#upstreams = new Upstreams({
      clock,
      random,
      joinTunnel: (a, b, onClosed, onBytes) => joinTunnel(a, b, { onClosed, onBytes, halfClose: false }),
      newSpanId: ids.spanId,
      emit: (event) => this.#reporter.event(event),
      dial: createDial({ ...dialDeps, disturb: (request, socket) => this.#disturbUpstream(request, socket) }),
    });
    this.#connections = new Connections({
      clock,
      identityOf,
      gatewayCertificate: identityOf,
      emit: (event) => this.#reporter.event(event),
      tcp: {
        dialTcp: createTcpDial(dialDeps),
        authorize: createConnectionGuard(this.#authorizers.call),
        faults: this.#tcpFaults,
      },
      prepared: (key) => this.#prepared?.listeners.get(key) ?? this.#former?.listeners.get(key),
      request: {
        clock,
        random,
        ids,
        httpDate: createHttpDate(clock.wallNow),
        upstreams: this.#upstreams,
        pinned: this.pinnedTraces,
        reporter: this.#reporter,
        overload: new OverloadGuard({ clock, emit: (event) => this.#reporter.event(event) }),
        messageBudget: this.#open.budget,
        onBegin: (exchange) => {
          this.#open.begin(exchange);
          this.#activeRequests++;
          this.#requests++;
        },
        onEnd: (exchange) => this.#onEnd(exchange),
      },
    });
    this.#listeners = new ListenerSet({
      accept: (key, socket) => this.#connections.accept(key, socket),
      onGone: (key) => this.#connections.drainListener(key),
    });
  }

  /** New certificates. Listeners and later connections use them at once; open connections go on. */
  setIdentities(identities: IdentityMaterial[]): void {
    for (const identity of identities) this.#identities.set(identity.spiffeId, identity);
    this.#connections.onIdentities(new Set(identities.map((i) => i.spiffeId)));
    const replaced = new Set(identities.filter((i) => i.replaceConnections).map((i) => i.spiffeId));
    if (replaced.size === 0) return;
    this.#connections.renew(({ workload }) => replaced.has(workload.spiffeId));
    this.#upstreams.renewConnections(({ workload }) => replaced.has(workload.spiffeId));
  }

  /**
   * First half of an apply: builds filters and binds what is new; nothing of it is served yet. `own`: the proxies that run here. A failure
   * leaves all as it was.
   */
  async prepare(snapshot: MeshSnapshot, own: readonly string[]): Promise<PrepareResult> {
    this.abandon();
    const filters = new FilterFactory({
      clock: this.#clock,
      random: this.#random,
      faults: this.#faults,
      rateLimits: this.#rateLimits,
      grpc: this.#authorizers.call,
    });
    const prepared = prepareSnapshot(snapshot, filters, new Set(own));
    if ('severity' in prepared) return { ok: false, bound: [], diagnostics: [prepared] };
    const listeners = await this.#listeners.open(prepared.listeners);
    if (Array.isArray(listeners)) return { ok: false, bound: [], diagnostics: listeners };
    this.#pending = { prepared, listeners };
    return { ok: true, bound: listeners.bound, diagnostics: [] };
  }

  /** Second half: switches over in one step. `bound`: the listeners of every worker. */
  commit(bound: readonly BoundPort[]): void {
    if (this.#pending === null) throw new Error('nothing is prepared');
    const { prepared, listeners } = this.#pending;
    this.#pending = null;
    this.#matched.settle();
    this.#former = this.#prepared;
    this.#prepared = prepared;
    this.#forbidden = new Set(prepared.snapshot.forbiddenUpstreams);
    this.#listeners.switchTo(prepared.listeners, listeners);
    this.setPeers(bound);
    this.#faults.update(prepared.snapshot.faults);
    this.#rateLimits.prune();
    this.#upstreams.update(prepared.snapshot, (workload) => this.#inboundOf(workload));
    this.#tcpFaults.update(prepared.snapshot.faults);
  }

  /** Every worker has committed: listeners that the snapshot no longer has stop. */
  settle(): void {
    this.#listeners.settle();
    this.#former = null;
  }

  /** What was prepared is not wanted: its ports are free again. */
  abandon(): void {
    if (this.#pending !== null) this.#listeners.abandon(this.#pending.listeners);
    this.#pending = null;
  }

  /** Where the listeners of all workers are. */
  setPeers(bound: readonly BoundPort[]): void {
    this.#peers = new Map(bound.map((listener) => [listenerKey(listener.proxy, listener.listener), listener]));
  }

  /** Hands over what is finished and still waits for its batch. */
  flush(): void {
    this.#reporter.flush();
  }

  /** One that still goes on. */
  openExchange(id: string): ExchangeDetail | null {
    return this.#open.detail(id);
  }

  /** The control plane has taken this many full records. */
  acknowledge(exchanges: number): void {
    this.#reporter.acknowledge(exchanges);
  }

  /** How many workers share what the control plane can take. */
  shareAmong(workers: number): void {
    this.#reporter.shareAmong(workers);
  }

  /** On while a recording runs: no exchange is left out for its number alone. */
  keepAllExchanges(on: boolean): void {
    this.#reporter.keepAll(on);
  }

  clusters(): ClusterStatus[] {
    return this.#upstreams.status();
  }

  /** Takes a workload out of rotation or back, by hand; returns how many clusters that changed. */
  rotate(workload: string, action: RotationAction): number {
    return this.#upstreams.rotate(workload, action);
  }

  explain(request: ExplainRequest): Explanation {
    if (this.#prepared === null) throw new Error('nothing has been applied yet');
    return explain(this.#prepared.snapshot, this.#prepared.views, request, {
      faults: this.#faults,
      nowWallMs: this.#clock.wallNow(),
      statusOf: (proxyId, cluster) => this.#upstreams.statusOf(proxyId, cluster),
    });
  }

  counters(): DataPlaneCounters {
    return {
      downstreamConnections: this.#listeners.connections,
      activeRequests: this.#activeRequests,
      requests: this.#requests,
      resources: this.#matched.totals(),
      faults: this.#faults.counters(),
      droppedExchanges: this.#reporter.dropped,
    };
  }

  /** Stops accepting, tells connections to end after the request in progress, cuts what is left after graceMs. */
  async drain(graceMs: number): Promise<number> {
    this.#listeners.stopAccepting();
    this.#connections.drain();
    if (this.#activeRequests > 0 && !this.#open.onlyEndless()) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimer(resolve, graceMs);
        this.#idle = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    return this.close();
  }

  /** Cuts everything at once. Returns how many connections that were. */
  async close(): Promise<number> {
    this.abandon();
    const cut = this.#listeners.close();
    this.#connections.close();
    this.#upstreams.close();
    this.#tcpFaults.close();
    this.#authorizers.close();
    await this.toxicProxies.close();
    this.#open.close();
    this.#reporter.close();
    return cut;
  }

  /** Toxics draw when a connection opens, so those kept open for later requests must give way to new ones. */
  #renewConnections(faults: readonly FaultSnapshot[]): void {
    const on = (side: FaultSnapshot['side'], proxy: ProxySnapshot, service: string) =>
      faults.some((fault) => fault.side === side && fault.toService === service && mayConcern(fault, proxy));
    if (faults.length === 0) return;
    this.#connections.renew((proxy, port) => on('server', proxy, port.cluster.service));
    this.#upstreams.renewConnections((proxy, { name, service }) => !isInbound(name) && on('client', proxy, service));
  }

  /** The caller's side of a toxic on requests: between its sidecar's codec and the connection it dialled. */
  #disturbUpstream({ proxyId, cluster, endpoint }: DialRequest, socket: Duplex): { stream: Duplex; met: AppliedFault[] } | null {
    const snapshot = this.#prepared?.snapshot;
    const proxy = snapshot?.proxies.find(({ id }) => id === proxyId);
    const untouched = { stream: socket, met: [] };
    if (snapshot === undefined || proxy === undefined || snapshot.faults.length === 0 || isInbound(cluster.name))
      return untouched;
    return this.#tcpFaults.disturb(socket, {
      side: 'client',
      faults: snapshot.faults,
      proxy,
      destinationService: cluster.service,
      port: cluster.port,
      peer: null,
      // The host is picked by now: a fault on one version or workload is about this connection or not.
      cluster: { ...cluster, endpoints: [endpoint] },
      client: proxyId,
    });
  }

  #inboundOf(workload: string): { host: string; port: number } | undefined {
    const key = listenerKey(workload, 'inbound');
    return this.#listeners.at(key) ?? this.#peers.get(key);
  }

  #identityOf(proxyId: string): IdentityMaterial | undefined {
    const spiffeId = this.#prepared?.workloads.get(proxyId)?.spiffeId;
    return spiffeId === undefined ? undefined : this.#identities.get(spiffeId);
  }

  #onEnd(exchange: LiveExchange): void {
    this.#open.end(exchange);
    this.#activeRequests--;
    if (this.#idle !== null && (this.#activeRequests === 0 || this.#open.onlyEndless())) this.#idle();
    const origin = exchange.route?.origin ?? null;
    if (origin !== null) this.#matched.add(origin);
    const policy = exchange.cluster?.policy ?? null;
    if (policy !== null && exchange.direction === 'outbound') this.#matched.add(policy);
    for (const { resource, outcome } of exchange.policies) {
      if (outcome !== 'not-matched') this.#matched.add(resource);
    }
  }
}

/** A sidecar's cluster towards its own process. */
const isInbound = (cluster: string): boolean => cluster.startsWith('inbound');
