import type { Duplex } from 'node:stream';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import type { AppliedFault, ExchangeDetail } from '../api/exchange.schema.ts';
import type { ExplainRequest, Explanation } from '../api/explain.schema.ts';
import type { ClusterStatus } from '../api/observability.schema.ts';
import { BoundListener } from './bound-listener.ts';
import type { Clock, Random } from './clock.ts';
import { Connections } from './connections.ts';
import { createHttpDate } from './edge-headers.ts';
import { ExchangeReporter } from './exchange-reporter.ts';
import { explain } from './explain/explain.ts';
import { createIdSource } from './ids.ts';
import { OpenExchanges } from './live/open-exchanges.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { DataPlaneCounters, FromDataPlane, IdentityMaterial } from './messages.ts';
import { PinnedTraces } from './pinned-traces.ts';
import { listenerKey, type PreparedSnapshot, prepareSnapshot } from './prepare.ts';
import { ResourceCounts } from './resource-counts.ts';
import { FaultState } from './route-filters/fault/fault-state.ts';
import { mayConcern } from './route-filters/fault/filter.ts';
import { FilterFactory } from './route-filters/index.ts';
import { createConnectionAuthorizer } from './route-filters/rbac/filter.ts';
import type {
  BoundListener as BoundPort,
  FaultSnapshot,
  InboundPort,
  MeshSnapshot,
  PrepareResult,
  ProxySnapshot,
} from './snapshot.ts';
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
  readonly #tcpFaults: TcpFaults;
  readonly #connections: Connections;
  readonly #identities = new Map<string, IdentityMaterial>();
  readonly #bound = new Map<string, BoundListener>();
  readonly #random: Random;
  #prepared: PreparedSnapshot | null = null;
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
    this.#tcpFaults = new TcpFaults({ state: this.#faults, clock, random, onBegin: (toxic) => this.#renewConnections(toxic) });
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
      tcp: { dialTcp: createTcpDial(dialDeps), authorize: authorizeTcp, faults: this.#tcpFaults },
      prepared: (key) => this.#prepared?.listeners.get(key),
      request: {
        clock,
        random,
        ids,
        httpDate: createHttpDate(clock.wallNow),
        upstreams: this.#upstreams,
        pinned: this.pinnedTraces,
        reporter: this.#reporter,
        messageBudget: this.#open.budget,
        onBegin: (exchange) => {
          this.#open.begin(exchange);
          this.#activeRequests++;
          this.#requests++;
        },
        onEnd: (exchange) => this.#onEnd(exchange),
      },
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

  /** Prepares everything, binds what is new, then switches over in one step. A failure leaves all as it was. */
  async apply(snapshot: MeshSnapshot): Promise<PrepareResult> {
    const prepared = prepareSnapshot(
      snapshot,
      new FilterFactory({ clock: this.#clock, random: this.#random, faults: this.#faults }),
    );
    if ('severity' in prepared) return { ok: false, bound: [], diagnostics: [prepared] };
    const opened = new Map<string, BoundListener>();
    const diagnostics: Diagnostic[] = [];
    const opening: Promise<void>[] = [];
    for (const [key, { proxy, listener }] of prepared.listeners) {
      if (this.#keeps(key, listener)) continue;
      opening.push(
        BoundListener.open(proxy.id, listener).then((result) => {
          if (result instanceof BoundListener) opened.set(key, result);
          else diagnostics.push(result);
        }),
      );
    }
    await Promise.all(opening);
    if (diagnostics.length > 0) {
      for (const listener of opened.values()) listener.stopAccepting();
      return { ok: false, bound: [], diagnostics };
    }
    this.#commit(prepared, opened);
    return { ok: true, bound: this.#boundPorts(), diagnostics: [] };
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

  /** On while a recording runs: no exchange is left out for its number alone. */
  keepAllExchanges(on: boolean): void {
    this.#reporter.keepAll(on);
  }

  clusters(): ClusterStatus[] {
    return this.#upstreams.status();
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
      downstreamConnections: [...this.#bound.values()].reduce((sum, b) => sum + b.sockets.size, 0),
      activeRequests: this.#activeRequests,
      requests: this.#requests,
      resources: this.#matched.totals(),
      faults: this.#faults.counters(),
      droppedExchanges: this.#reporter.dropped,
    };
  }

  /** Stops accepting, tells connections to end after the request in progress, cuts what is left after graceMs. */
  async drain(graceMs: number): Promise<number> {
    for (const listener of this.#bound.values()) listener.stopAccepting();
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
    let cut = 0;
    for (const listener of this.#bound.values()) {
      listener.stopAccepting();
      cut += listener.cut();
    }
    this.#bound.clear();
    this.#connections.close();
    this.#upstreams.close();
    this.#tcpFaults.close();
    await this.toxicProxies.close();
    this.#open.close();
    this.#reporter.close();
    return cut;
  }

  /** A listener stays when the new snapshot asks for the same place, or does not care which port it is. */
  #keeps(key: string, listener: { host: string; port: number; fixed: boolean }): boolean {
    const bound = this.#bound.get(key);
    if (bound === undefined || bound.host !== listener.host) return false;
    return bound.port === listener.port || (!listener.fixed && (listener.port === 0 || bound.askedPort === listener.port));
  }

  #commit(prepared: PreparedSnapshot, opened: Map<string, BoundListener>): void {
    this.#matched.settle();
    this.#prepared = prepared;
    this.#forbidden = new Set(prepared.snapshot.forbiddenUpstreams);
    for (const [key, bound] of this.#bound) {
      if (prepared.listeners.has(key) && !opened.has(key)) continue;
      bound.stopAccepting();
      this.#connections.drainListener(key);
      this.#bound.delete(key);
    }
    for (const [key, bound] of opened) {
      bound.onConnection = (socket) => this.#connections.accept(key, socket);
      this.#bound.set(key, bound);
    }
    this.#faults.update(prepared.snapshot.faults);
    this.#upstreams.update(prepared.snapshot, (workload) => this.#bound.get(listenerKey(workload, 'inbound')));
    this.#tcpFaults.update(prepared.snapshot.faults);
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

  #boundPorts(): BoundPort[] {
    return [...this.#bound.values()].map((b) => ({ proxy: b.proxyId, listener: b.listenerId, host: b.host, port: b.port }));
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

/** AuthorizationPolicy for a connection to an opaque port: '' lets it in, otherwise the details of the refusal. */
function authorizeTcp(exchange: LiveExchange, port: InboundPort): string {
  const authorizer = createConnectionAuthorizer(port.authorization);
  if (authorizer === null) return '';
  const decision = authorizer(exchange.downstream.connection, port.port);
  exchange.policies.push(...decision.outcomes);
  return decision.allowed ? '' : decision.details;
}
