import type { EndpointSnapshot } from '../snapshot.ts';
import type { HostPool } from './pool.ts';
import { RateAccumulator } from './success-rate.ts';

/** Workload id → where its sidecar's inbound listener is; undefined until it is bound. */
export type ResolveWorkload = (workload: string) => { host: string; port: number } | undefined;

/** What outlier detection remembers of one host. */
class OutlierState {
  consecutive5xx = 0;
  consecutiveGatewayErrors = 0;
  consecutiveLocalOriginFailures = 0;
  /** Monotonic ms; null while the host is in rotation. */
  ejectedAt: number | null = null;
  /** Planned end, monotonic ms; the return itself waits for an interval tick. */
  ejectedUntil = 0;
  reason = '';
  /** Ejections since the host was first seen. */
  ejections = 0;
  /** The next ejection lasts base × (multiplier + 1). */
  multiplier = 0;
  returnedAt: number | null = null;
  /** Answers, and failures to connect where they are not counted apart. */
  readonly externalRate = new RateAccumulator();
  /** With splitExternalLocalOriginErrors: connections, made and failed. */
  readonly localRate = new RateAccumulator();
  /** Exchanges behind the current row of errors, oldest first, at most MAX_CAUSES. */
  causes: string[] = [];
}

/** One endpoint of one cluster of one proxy, with everything that must survive a new snapshot. */
export class Host {
  readonly key: string;
  endpoint: EndpointSnapshot;
  /** 0 = highest; endpoint.priority refined by locality. */
  priority = 0;
  /** Monotonic ms when it joined the cluster: warm-up counts from here. */
  readonly addedAt: number;
  /** Requests in flight; a connection of an opaque service counts as one, as in Envoy. */
  activeRequests = 0;
  /** Connections of opaque services; HTTP's are in the pools. */
  tcpConnections = 0;
  requests = 0;
  errors = 0;
  readonly outlier = new OutlierState();
  /** By protocol, and by SNI where that follows the request's authority. */
  readonly pools = new Map<string, HostPool>();
  /** It left the cluster: in-flight requests end on it, nothing new comes. */
  removed = false;
  /** Of a name with one logical host: the address it has now; '' where the endpoint's own is dialled. */
  dialHost = '';
  /** Taken out of rotation by hand; not what outlier detection thinks of it. */
  drained = false;
  /** Set while a change of health is held back: the health before it. */
  heldHealth: boolean | null = null;
  readonly #resolve: ResolveWorkload;
  #addressHost = '';
  #addressPort = -1;
  #address = '';

  constructor(endpoint: EndpointSnapshot, addedAt: number, resolve: ResolveWorkload) {
    this.key = hostKey(endpoint);
    this.endpoint = endpoint;
    this.addedAt = addedAt;
    this.#resolve = resolve;
  }

  /** Where to dial now; undefined when the workload's sidecar is not bound. */
  dialAddress(): { host: string; port: number } | undefined {
    const { endpoint } = this;
    if (endpoint.workload !== '') return this.#resolve(endpoint.workload);
    return this.dialHost === '' ? endpoint : { host: this.dialHost, port: endpoint.port };
  }

  /** `127.0.0.1:41001`, the address dialled; the endpoint's own while it cannot be resolved. */
  get address(): string {
    const at = this.dialAddress() ?? this.endpoint;
    if (at.port !== this.#addressPort || at.host !== this.#addressHost) {
      this.#addressHost = at.host;
      this.#addressPort = at.port;
      this.#address = at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`;
    }
    return this.#address;
  }

  /** What the balancers go by: the detector's verdict, or the one before it while the change is held back (health-updates.ts). */
  get inRotation(): boolean {
    return !this.drained && (this.heldHealth ?? this.healthy);
  }

  get healthy(): boolean {
    return this.outlier.ejectedAt === null;
  }

  get connections(): number {
    let sum = this.tcpConnections;
    for (const pool of this.pools.values()) sum += pool.connectionCount;
    return sum;
  }
}

/** A workload keeps its state when its port moves. */
export function hostKey(endpoint: EndpointSnapshot): string {
  return endpoint.workload === '' ? `${endpoint.host}:${endpoint.port}` : `workload:${endpoint.workload}`;
}
