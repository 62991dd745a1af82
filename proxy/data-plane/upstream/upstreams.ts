import type { ClusterStatus } from '../../api/observability.schema.ts';
import type { RotationAction } from '../../api/status.schema.ts';
import type { ExchangeState, LocalReply } from '../exchange.ts';
import type { HeaderMap } from '../header-map.ts';
import type { ClusterSnapshot, MeshSnapshot, ProxySnapshot } from '../snapshot.ts';
import { type ClusterDeps, ClusterRuntime } from './cluster.ts';
import { Forward } from './forward.ts';
import type { ForwardDeps, ForwardOptions, JoinTunnel } from './forward-options.ts';
import type { ResolveWorkload } from './host.ts';
import { Mirror } from './mirror.ts';
import type { MirrorBody } from './pending-mirrors.ts';
import { ResolvedNames, type ResolveName } from './resolved-names.ts';
import { clusterNotFoundReply } from './upstream-replies.ts';

export interface UpstreamsDeps extends Omit<ClusterDeps, 'resolveWorkload' | 'names' | 'isDrained'> {
  joinTunnel: JoinTunnel;
  /** Stands in for the system's resolver. */
  resolveName?: ResolveName;
}

/**
 * All clusters of all proxies of this worker. Each proxy has its own set, as each sidecar has in Istio: limits, ejections and connections
 * are never shared. A cluster comes to life with its first request, so idle proxies cost nothing.
 */
export class Upstreams {
  readonly #deps: UpstreamsDeps;
  readonly #clusterDeps: ClusterDeps;
  readonly #forwardDeps: ForwardDeps;
  /** Workloads taken out of rotation by hand. */
  readonly #drained = new Set<string>();
  readonly #mirrors = new Set<Mirror>();
  /** Proxy id → cluster name → runtime. */
  readonly #runtimes = new Map<string, Map<string, ClusterRuntime>>();
  readonly #proxies = new Map<string, ProxySnapshot>();
  #snapshot: MeshSnapshot | null = null;
  #resolveWorkload: ResolveWorkload = () => undefined;

  constructor(deps: UpstreamsDeps) {
    this.#deps = deps;
    const names = new ResolvedNames(deps.clock, deps.resolveName);
    this.#clusterDeps = {
      ...deps,
      names,
      resolveWorkload: (workload) => this.#resolveWorkload(workload),
      isDrained: (workload) => this.#drained.has(workload),
    };
    this.#forwardDeps = {
      clock: deps.clock,
      random: deps.random,
      joinTunnel: deps.joinTunnel,
      mirror: (exchange, cluster, headers, body, timeoutMs) => this.#startMirror(exchange, cluster, headers, body, timeoutMs),
    };
  }

  /** Takes a new snapshot. Clusters that stay keep connections, ejections and counters; the others end with their last request. */
  update(snapshot: MeshSnapshot, resolveWorkload: ResolveWorkload): void {
    this.#snapshot = snapshot;
    this.#resolveWorkload = resolveWorkload;
    this.#proxies.clear();
    for (const proxy of snapshot.proxies) this.#proxies.set(proxy.id, proxy);
    for (const [proxyId, clusters] of this.#runtimes) {
      const proxy = this.#proxies.get(proxyId);
      for (const [name, runtime] of clusters) {
        const next = proxy === undefined ? undefined : findCluster(snapshot, proxy, name);
        if (next === undefined || proxy === undefined) {
          runtime.retire();
          clusters.delete(name);
        } else {
          runtime.update(next, proxy);
        }
      }
      if (clusters.size === 0) this.#runtimes.delete(proxyId);
    }
  }

  /** A proxy's cluster, created on first use; undefined when the configuration has none of that name. */
  cluster(proxyId: string, name: string): ClusterRuntime | undefined {
    const known = this.#runtimes.get(proxyId)?.get(name);
    if (known !== undefined) return known;
    const proxy = this.#proxies.get(proxyId);
    if (proxy === undefined || this.#snapshot === null) return undefined;
    const cluster = findCluster(this.#snapshot, proxy, name);
    return cluster === undefined ? undefined : this.#create(proxy, cluster);
  }

  /**
   * Sends the exchange to its cluster and streams the answer down. Settles with the reply to send when no response head went down. Options
   * default to the route's; its mirrors are rolled here.
   */
  forward(
    exchange: ExchangeState,
    options: ForwardOptions = routeOptions(exchange, this.#deps.random),
  ): Promise<LocalReply | undefined> {
    const runtime = this.#runtimeOf(exchange);
    if (runtime === null) {
      const action = exchange.route?.action;
      return Promise.resolve(clusterNotFoundReply(action?.type === 'forward' ? action.clusterNotFoundStatus : 503));
    }
    return new Forward(exchange, runtime, options, this.#forwardDeps).run();
  }

  /** Sends one copy of a request to another cluster and forgets it. forward() does this by itself for the route's mirrors. */
  mirror(exchange: ExchangeState, cluster: string, body: MirrorBody, timeoutMs = 0): void {
    this.#startMirror(exchange, cluster, exchange.headers.clone(), body, timeoutMs);
  }

  /** Connections of these clusters end after the request in progress; what comes next opens new ones. */
  renewConnections(concerned: (proxy: ProxySnapshot, cluster: ClusterSnapshot) => boolean): void {
    for (const clusters of this.#runtimes.values())
      for (const { proxy, snapshot, hosts } of clusters.values()) {
        if (!concerned(proxy, snapshot)) continue;
        for (const host of hosts) for (const pool of host.pools.values()) pool.drain();
      }
  }

  /** By hand; returns how many clusters with traffic that changed. A cluster that comes to life later knows who is drained. */
  rotate(workload: string, action: RotationAction): number {
    if (action === 'drain') this.#drained.add(workload);
    if (action === 'restore') this.#drained.delete(workload);
    let changed = 0;
    for (const clusters of this.#runtimes.values())
      for (const runtime of clusters.values()) if (runtime.rotate(workload, action)) changed++;
    return changed;
  }

  /** Every cluster that has seen traffic. */
  status(): ClusterStatus[] {
    const rows: ClusterStatus[] = [];
    for (const clusters of this.#runtimes.values()) for (const runtime of clusters.values()) rows.push(runtime.status());
    return rows;
  }

  /** One cluster of one proxy, at rest when it has not seen traffic yet; undefined when the configuration has none of that name. */
  statusOf(proxyId: string, name: string): ClusterStatus | undefined {
    const known = this.#runtimes.get(proxyId)?.get(name);
    if (known !== undefined) return known.status();
    const proxy = this.#proxies.get(proxyId);
    const cluster = proxy === undefined || this.#snapshot === null ? undefined : findCluster(this.#snapshot, proxy, name);
    if (proxy === undefined || cluster === undefined) return undefined;
    const asked = new ClusterRuntime(cluster, proxy, this.#clusterDeps);
    const status = asked.status();
    asked.close();
    return status;
  }

  close(): void {
    for (const mirror of [...this.#mirrors]) mirror.cancel();
    for (const clusters of this.#runtimes.values()) for (const runtime of clusters.values()) runtime.close();
    this.#runtimes.clear();
  }

  #runtimeOf(exchange: ExchangeState): ClusterRuntime | null {
    const { cluster, proxy } = exchange;
    if (cluster === null) return null;
    const known = this.cluster(proxy.id, cluster.name);
    if (known !== undefined) return known;
    if (this.#snapshot !== null && this.#snapshot.version === exchange.snapshot.version) return this.#create(proxy, cluster);
    // The cluster left the configuration after this request began: serve it, keep nothing.
    const runtime = new ClusterRuntime(cluster, proxy, this.#clusterDeps);
    runtime.retire();
    return runtime;
  }

  #create(proxy: ProxySnapshot, cluster: ClusterSnapshot): ClusterRuntime {
    let clusters = this.#runtimes.get(proxy.id);
    if (clusters === undefined) {
      clusters = new Map();
      this.#runtimes.set(proxy.id, clusters);
    }
    const runtime = new ClusterRuntime(cluster, proxy, this.#clusterDeps);
    clusters.set(cluster.name, runtime);
    return runtime;
  }

  #startMirror(exchange: ExchangeState, cluster: string, headers: HeaderMap, body: MirrorBody, timeoutMs: number): void {
    const runtime = this.cluster(exchange.proxy.id, cluster);
    if (runtime === undefined) return;
    const mirror = new Mirror(runtime, exchange, headers, body, timeoutMs, () => this.#mirrors.delete(mirror));
    this.#mirrors.add(mirror);
    mirror.start();
  }
}

/** Timeout, retries and rolled mirrors of the exchange's route. */
function routeOptions(exchange: ExchangeState, random: () => number): ForwardOptions {
  const action = exchange.route?.action;
  if (action?.type !== 'forward') return { timeoutMs: null, retry: null, mirrors: [] };
  const mirrors: string[] = [];
  for (const mirror of action.mirrors) {
    if (mirror.percentage >= 100 || random() * 100 < mirror.percentage) mirrors.push(mirror.cluster);
  }
  return { timeoutMs: action.timeoutMs, retry: action.retry, mirrors };
}

function findCluster(snapshot: MeshSnapshot, proxy: ProxySnapshot, name: string): ClusterSnapshot | undefined {
  const outbound = snapshot.views[proxy.view]?.clusters[name];
  if (outbound !== undefined) return outbound;
  for (const listener of proxy.listeners) {
    if (listener.role !== 'inbound') continue;
    for (const port of listener.ports) if (port.cluster.name === name) return port.cluster;
  }
  return undefined;
}
