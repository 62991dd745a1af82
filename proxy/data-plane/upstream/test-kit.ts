import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { seededRandom } from '../../shared/seeded-random.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import type { Clock } from '../clock.ts';
import type { ExchangeState } from '../exchange.ts';
import { HeaderMap } from '../header-map.ts';
import type { DataPlaneEvent } from '../messages.ts';
import { passthroughCluster } from '../route/prepare-view.ts';
import { makeExchange, ratingsCluster } from '../route/test-exchange.ts';
import { forwardTo, plainEndpoint, plainRoute } from '../snapshot/plain.ts';
import type {
  ClusterSnapshot,
  EndpointSnapshot,
  ForwardAction,
  MeshSnapshot,
  OutlierDetection,
  ProxySnapshot,
  RetryPolicy,
} from '../snapshot.ts';
import type { BodySource, DownstreamRequest, DownstreamReset } from '../stream.ts';
import { Http1UpstreamConnection } from './http1-connection.ts';
import { connectFailure, type Dial } from './pool.ts';
import type { ResolveName } from './resolved-names.ts';
import { Upstreams } from './upstreams.ts';

/*
 * What the tests of this folder share: a clock turned by hand, seeded randomness, a downstream made of plain fields, snapshots with
 * Istio's defaults, and upstreams over real sockets.
 */

/** Begins at no round moment. */
export class HandClock extends ManualClock {
  constructor() {
    super(1_800_000_000_000, 1000);
  }

  get pending(): number {
    return this.pendingTimers;
  }
}

/** Waits for I/O until `condition` holds; at most 20 s. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

class TestBody implements BodySource {
  readonly empty: boolean;
  onData: ((chunk: Buffer) => void) | null = null;
  onEnd: ((trailers: HeaderMap | null) => void) | null = null;
  flowing = false;
  #queue: Buffer[] = [];
  #ended = false;

  constructor(empty: boolean) {
    this.empty = empty;
    this.#ended = empty;
  }
  push(chunk: Buffer): void {
    this.#queue.push(chunk);
    this.#flush();
  }
  end(): void {
    this.#ended = true;
    this.#flush();
  }
  pause(): void {
    this.flowing = false;
  }
  resume(): void {
    this.flowing = true;
    this.#flush();
  }
  #flush(): void {
    while (this.flowing && this.#queue.length > 0) this.onData?.(this.#queue.shift()!);
    if (this.flowing && this.#ended && this.#queue.length === 0) {
      this.#ended = false;
      this.onEnd?.(null);
    }
  }
}

/** A client by hand. */
export class TestDownstream implements DownstreamRequest {
  readonly connection = {
    id: 1,
    remoteAddress: '127.0.0.1:50000',
    localAddress: '127.0.0.1:15001',
    peerSpiffeId: '',
    peerCertificate: null,
    mtls: false,
    tls: false,
    sni: '',
    alpn: '',
  };
  readonly protocol = 'HTTP/1.1';
  readonly scheme = 'http';
  readonly authority = 'ratings:9080';
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderMap;
  readonly body: TestBody;
  readonly upgrade: string;
  readonly expectContinue = false;
  bytesReceived = 0;
  bytesSent = 0;
  onDrain: (() => void) | null = null;
  onReset: ((reason: DownstreamReset) => void) | null = null;
  onFinished: (() => void) | null = null;

  status = 0;
  responseHeaders = new HeaderMap();
  informational: number[] = [];
  received = '';
  ended = false;
  wasReset = false;
  trailers: HeaderMap | null = null;
  /** Push back on every chunk. */
  full = false;
  tunnel: Duplex | null = null;

  constructor(options: { method?: string; path?: string; headers?: [string, string][]; body?: boolean; upgrade?: string }) {
    this.method = options.method ?? 'GET';
    this.path = options.path ?? '/';
    this.headers = HeaderMap.from(options.headers ?? []);
    this.body = new TestBody(options.body !== true);
    this.upgrade = options.upgrade ?? '';
  }
  sendInformational(status: number): void {
    this.informational.push(status);
  }
  sendHeaders(status: number, headers: HeaderMap, endStream: boolean): void {
    this.status = status;
    this.responseHeaders = headers.clone();
    this.ended = endStream;
  }
  sendData(chunk: Buffer): boolean {
    this.received += chunk.toString('latin1');
    this.bytesSent += chunk.length;
    return !this.full;
  }
  end(trailers: HeaderMap | null): void {
    this.trailers = trailers;
    this.ended = true;
  }
  reset(): void {
    this.wasReset = true;
  }
  acceptUpgrade(status: number): Duplex {
    this.status = status;
    if (this.tunnel === null) throw new Error('no tunnel prepared');
    return this.tunnel;
  }
  closeAfterResponse(): void {}
}

export function endpoint(port: number, over: Partial<EndpointSnapshot> = {}): EndpointSnapshot {
  return { ...plainEndpoint('127.0.0.1', port), version: 'v1', ...over };
}

export function outlierDetection(over: Partial<OutlierDetection> = {}): OutlierDetection {
  return {
    consecutive5xx: 5,
    consecutiveGatewayErrors: 0,
    splitExternalLocalOriginErrors: false,
    consecutiveLocalOriginFailures: 5,
    intervalMs: 10_000,
    baseEjectionMs: 30_000,
    maxEjectionMs: 300_000,
    maxEjectionPercent: 10,
    minHealthPercent: 0,
    origin: null,
    ...over,
  };
}

export function clusterSnapshot(endpoints: EndpointSnapshot[], over: Partial<ClusterSnapshot> = {}): ClusterSnapshot {
  return {
    ...passthroughCluster,
    name: ratingsCluster,
    service: 'ratings.default.svc.cluster.local',
    port: 9080,
    endpoints,
    discovery: 'static',
    loadBalancer: { kind: 'round-robin' },
    useClientProtocol: false,
    ...over,
  };
}

export function retryPolicy(retryOn: string, over: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    attempts: 2,
    retryOn: retryOn.split(','),
    retriableStatusCodes: [],
    perTryTimeoutMs: null,
    backoffBaseMs: 25,
    backoffMaxMs: 250,
    hostSelectionRetries: 5,
    from: 'test',
    ...over,
  };
}

export const proxySnapshot: ProxySnapshot = {
  id: 'reviews-v1-0',
  kind: 'sidecar',
  workload: {
    id: 'reviews-v1-0',
    service: 'reviews',
    namespace: 'default',
    version: 'v1',
    labels: {},
    serviceAccount: 'default',
    spiffeId: '',
    locality: '',
  },
  view: 'default',
  listeners: [],
};

export function meshSnapshot(clusters: ClusterSnapshot[], version = 1): MeshSnapshot {
  return {
    version,
    meshName: 'test',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    outboundTrafficPolicy: 'ALLOW_ANY',
    samplingPercent: 1,
    captureBodyLimitBytes: 0,
    redact: [],
    proxies: [proxySnapshot],
    views: {
      default: {
        namespace: 'default',
        routeTables: {},
        defaultPorts: new Map(),
        serviceByHost: new Map(),
        tcpRoutes: [],
        clusters: Object.fromEntries(clusters.map((cluster) => [cluster.name, cluster])),
      },
    },
    services: [],
    faults: [],
    forbiddenUpstreams: [],
  };
}

export interface ExchangeOptions {
  snapshot: MeshSnapshot;
  cluster: ClusterSnapshot;
  clock: Clock;
  downstream: TestDownstream;
  timeoutMs?: number | null;
  retry?: RetryPolicy | null;
  mirrors?: ForwardAction['mirrors'];
}

export function exchangeState(options: ExchangeOptions): ExchangeState {
  const { downstream, cluster, clock } = options;
  const action: ForwardAction = {
    ...forwardTo(cluster.name),
    timeoutMs: options.timeoutMs ?? null,
    retry: options.retry ?? null,
    mirrors: options.mirrors ?? [],
  };
  return makeExchange({
    method: downstream.method,
    authority: downstream.authority,
    path: downstream.path,
    headers: downstream.headers.toPairs(),
    state: {
      snapshot: options.snapshot,
      proxy: proxySnapshot,
      downstream,
      startedAt: clock.now(),
      startedWallMs: clock.wallNow(),
      port: 9080,
      destinationService: cluster.service,
      route: plainRoute('default', action),
      cluster,
    },
  });
}

/** Plain TCP and the real HTTP/1.1 connection. */
export const dialTcp: Dial = (request, callbacks) => {
  const socket = createConnection({ host: request.host, port: request.port });
  const onError = (error: Error) => {
    const refused = 'code' in error && error.code === 'ECONNREFUSED';
    callbacks.onFailed(connectFailure(refused ? 'Connection refused' : error.message));
  };
  socket.once('error', onError);
  socket.once('connect', () => {
    socket.off('error', onError);
    callbacks.onConnected(new Http1UpstreamConnection(socket));
  });
  return { cancel: () => socket.destroy() };
};

/** An app that answers as the test says; counts what reached it. */
export class TestUpstream {
  readonly server: Server;
  port = 0;
  requests: IncomingMessage[] = [];
  connections = 0;
  handler: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end('ok');

  constructor() {
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.requests.push(request);
      this.handler(request, response);
    });
    this.server.on('connection', () => this.connections++);
    this.server.on('clientError', (_error, socket) => socket.destroy());
  }

  async listen(host = '127.0.0.1', port = 0): Promise<this> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** An Upstreams with one cluster, hand clock and real sockets. */
export class Bench {
  readonly clock = new HandClock();
  readonly events: DataPlaneEvent[] = [];
  readonly upstreams: Upstreams;
  readonly dials: string[] = [];
  snapshot: MeshSnapshot;
  cluster: ClusterSnapshot;

  constructor(
    cluster: ClusterSnapshot,
    options: { dial?: Dial; seed?: number; others?: ClusterSnapshot[]; resolveName?: ResolveName } = {},
  ) {
    const dial = options.dial ?? dialTcp;
    this.cluster = cluster;
    this.snapshot = meshSnapshot([cluster, ...(options.others ?? [])]);
    let spans = 0;
    this.upstreams = new Upstreams({
      clock: this.clock,
      random: seededRandom(options.seed ?? 7),
      dial: (request, callbacks) => {
        this.dials.push(`${request.host}:${request.port}`);
        return dial(request, callbacks);
      },
      emit: (event) => this.events.push(event),
      ...(options.resolveName ? { resolveName: options.resolveName } : {}),
      newSpanId: () => (++spans).toString(16).padStart(16, '0'),
      joinTunnel: (a, b, onClosed) => {
        a.pipe(b);
        b.pipe(a);
        b.once('close', () => {
          a.destroy();
          onClosed();
        });
        a.once('close', () => b.destroy());
      },
    });
    this.upstreams.update(this.snapshot, () => undefined);
  }

  apply(cluster: ClusterSnapshot): void {
    this.cluster = cluster;
    this.snapshot = meshSnapshot([cluster], this.snapshot.version + 1);
    this.upstreams.update(this.snapshot, () => undefined);
  }

  exchange(downstream: TestDownstream, options: Partial<ExchangeOptions> = {}): ExchangeState {
    return exchangeState({ snapshot: this.snapshot, cluster: this.cluster, clock: this.clock, downstream, ...options });
  }
}
