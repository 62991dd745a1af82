import { ManualClock } from '../../testing/manual-clock.ts';
import type { ExchangeState } from '../exchange.ts';
import { HeaderMap } from '../header-map.ts';
import { anyRequest, forwardTo, plainRoute } from '../snapshot/plain.ts';
import type {
  ClusterSnapshot,
  EndpointSnapshot,
  ForwardAction,
  MeshSnapshot,
  OutboundView,
  ProxySnapshot,
  Route,
  RouteMatch,
  StringMatch,
  VirtualHost,
  WeightedCluster,
  WorkloadInfo,
} from '../snapshot.ts';
import type { ConnectionInfo, DownstreamRequest } from '../stream.ts';
import { passthroughCluster } from './prepare-view.ts';

/*
 * Builders for the tests of routing, route filters and explain: small, real objects of the engine's own types. Nothing here opens a socket.
 */

export const exact = (value: string, ignoreCase?: boolean): StringMatch => ({ kind: 'exact', value, ignoreCase });
export const prefix = (value: string, ignoreCase?: boolean): StringMatch => ({ kind: 'prefix', value, ignoreCase });
export const suffix = (value: string): StringMatch => ({ kind: 'suffix', value });
export const regex = (value: string, ignoreCase?: boolean): StringMatch => ({ kind: 'regex', value, ignoreCase });
export const present: StringMatch = { kind: 'present', value: '' };

export function makeWorkload(over: Partial<WorkloadInfo> = {}): WorkloadInfo {
  const service = over.service ?? 'reviews';
  const namespace = over.namespace ?? 'default';
  const version = over.version ?? 'v1';
  return {
    id: `${service}-${version}-0`,
    service,
    namespace,
    version,
    labels: { app: service, version },
    serviceAccount: service,
    spiffeId: `spiffe://cluster.local/ns/${namespace}/sa/${service}`,
    locality: '',
    ...over,
  };
}

export function makeProxy(over: Partial<ProxySnapshot> = {}): ProxySnapshot {
  const workload = over.workload ?? makeWorkload();
  return { id: workload.id, kind: 'sidecar', workload, view: workload.namespace, listeners: [], ...over };
}

export function makeMatch(over: Partial<RouteMatch> = {}): RouteMatch {
  return { ...anyRequest, ...over };
}

export function makeWeighted(cluster: string, over: Partial<WeightedCluster> = {}): WeightedCluster {
  return { cluster, weight: 1, requestHeaders: null, responseHeaders: null, hostRewrite: null, ...over };
}

export function makeForward(over: Partial<ForwardAction> = {}): ForwardAction {
  const clusters = over.clusters ?? [makeWeighted(ratingsCluster)];
  const totalWeight = clusters.reduce((sum, cluster) => sum + cluster.weight, 0);
  return { ...forwardTo(ratingsCluster), clusters, totalWeight, ...over };
}

export function makeRoute(over: Partial<Omit<Route, 'match'>> & { match?: Partial<RouteMatch> } = {}): Route {
  return { ...plainRoute('default', makeForward()), ...over, match: makeMatch(over.match) };
}

export function makeVirtualHost(domains: string[], routes: Route[], over: Partial<VirtualHost> = {}): VirtualHost {
  return { name: `${domains[0]}:9080`, domains, origin: null, shadowed: [], routes, ...over };
}

export const ratingsCluster = 'outbound|9080||ratings.default.svc.cluster.local';

export function makeEndpoint(over: Partial<EndpointSnapshot> = {}): EndpointSnapshot {
  const version = over.version ?? 'v1';
  return {
    host: '127.0.0.1',
    port: 41001,
    workload: `ratings-${version}-0`,
    version,
    labels: { app: 'ratings', version },
    weight: 1,
    locality: '',
    spiffeId: 'spiffe://cluster.local/ns/default/sa/ratings',
    priority: 0,
    ...over,
  };
}

export function makeCluster(name: string = ratingsCluster, over: Partial<ClusterSnapshot> = {}): ClusterSnapshot {
  const [, port, subset, service] = name.split('|');
  return {
    ...passthroughCluster,
    name,
    service: service ?? '',
    port: Number(port ?? 0),
    subset: subset ?? '',
    discovery: 'static',
    loadBalancer: { kind: 'least-request', choices: 2 },
    tls: { mode: 'mutual', auto: true, sni: '', subjectAltNames: [] },
    endpoints: subset ? [makeEndpoint({ version: subset })] : [makeEndpoint(), makeEndpoint({ version: 'v2', port: 41002 })],
    ...over,
  };
}

const ratingsHosts = ['ratings', 'ratings.default', 'ratings.default.svc.cluster.local'];
export function makeView(virtualHosts: VirtualHost[], over: Partial<OutboundView> = {}): OutboundView {
  const names = [ratingsCluster, ...['v1', 'v2', 'v3'].map((subset) => ratingsCluster.replace('||', `|${subset}|`))];
  return {
    namespace: 'default',
    routeTables: { 9080: virtualHosts },
    defaultPorts: new Map(ratingsHosts.map((host) => [host, 9080])),
    serviceByHost: new Map(ratingsHosts.map((host) => [host, 'ratings.default.svc.cluster.local'])),
    tcpRoutes: [],
    clusters: Object.fromEntries(names.map((name) => [name, makeCluster(name)])),
    ...over,
  };
}

export function makeSnapshot(over: Partial<MeshSnapshot> = {}): MeshSnapshot {
  return {
    version: 1,
    meshName: 'shop',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    outboundTrafficPolicy: 'ALLOW_ANY',
    samplingPercent: 100,
    captureBodyLimitBytes: 65_536,
    redact: [],
    proxies: [makeProxy(), makeProxy({ workload: makeWorkload({ service: 'ratings' }) })],
    views: {},
    services: [
      {
        name: 'ratings',
        namespace: 'default',
        fqdn: 'ratings.default.svc.cluster.local',
        ports: [{ name: 'http', port: 9080, protocol: 'http' }],
        hosts: ['ratings', 'ratings.default', 'ratings.default.svc.cluster.local'],
        external: false,
      },
    ],
    faults: [],
    forbiddenUpstreams: [],
    ...over,
  };
}

export interface ExchangeOptions {
  method?: string;
  authority?: string;
  path?: string;
  scheme?: 'http' | 'https';
  headers?: Record<string, string> | [string, string][];
  connection?: Partial<ConnectionInfo>;
  state?: Partial<ExchangeState>;
}

/** An exchange as the listener would make it: `GET http://ratings:9080/ratings/1` from reviews, outbound. */
export function makeExchange(options: ExchangeOptions = {}): ExchangeState {
  const { method = 'GET', authority = 'ratings:9080', path = '/ratings/1', scheme = 'http', state = {} } = options;
  const pairs = Array.isArray(options.headers) ? options.headers : Object.entries(options.headers ?? {});
  const headers = HeaderMap.from(pairs);
  return {
    id: 'exchange-1',
    direction: 'outbound',
    reporter: 'source',
    snapshot: makeSnapshot(),
    proxy: makeProxy(),
    downstream: makeDownstream({ method, authority, path, scheme, headers }, options.connection),
    startedAt: 0,
    startedWallMs: 0,
    method,
    scheme,
    authority,
    path,
    originalPath: path,
    originalAuthority: authority,
    headers,
    grpc: headers.get('content-type')?.startsWith('application/grpc') ?? false,
    port: 0,
    trace: {
      traceId: '00000000000000000000000000000001',
      spanId: '0000000000000002',
      parentSpanId: '',
      sampled: true,
      formats: { b3Single: false, b3Multi: false },
      tracestate: '',
    },
    requestId: 'request-1',
    peer: null,
    destinationService: '',
    jwt: null,
    virtualHost: '',
    route: null,
    weightedCluster: null,
    cluster: null,
    draw: null,
    policies: [],
    notes: [],
    faults: [],
    attempts: [],
    flags: [],
    details: '',
    responseStatus: 0,
    grpcStatus: null,
    endpoint: '',
    endpointWorkload: '',
    responseHeaderFilters: [],
    responseTransform: null,
    stages: [],
    aborted: false,
    ...state,
  };
}

function makeDownstream(
  head: Pick<DownstreamRequest, 'method' | 'authority' | 'path' | 'scheme' | 'headers'>,
  connection: Partial<ConnectionInfo> = {},
): DownstreamRequest {
  const nothing = () => {};
  return {
    ...head,
    connection: {
      id: 1,
      remoteAddress: '127.0.0.1:50412',
      localAddress: '127.0.0.1:41001',
      peerSpiffeId: '',
      peerCertificate: null,
      mtls: false,
      tls: false,
      sni: '',
      alpn: '',
      ...connection,
    },
    protocol: 'HTTP/1.1',
    body: { empty: true, onData: null, onEnd: null, pause: nothing, resume: nothing },
    upgrade: '',
    expectContinue: false,
    bytesReceived: 0,
    bytesSent: 0,
    sendInformational: nothing,
    sendHeaders: nothing,
    sendData: () => true,
    end: nothing,
    reset: nothing,
    acceptUpgrade: () => {
      throw new Error('no upgrade in this test');
    },
    onDrain: null,
    onReset: null,
    onFinished: null,
    closeAfterResponse: nothing,
  };
}

/** A response head after all registered response filters. */
export function runResponseFilters(exchange: ExchangeState, headers: [string, string][] = [], status = 200) {
  const response = { status, headers: HeaderMap.from(headers) };
  for (const filter of exchange.responseHeaderFilters) filter(response);
  return response;
}

/** Lets promise reactions run between timers. */
export class HandClock extends ManualClock {
  constructor(wallStartMs = 1_000_000) {
    super(wallStartMs);
  }

  override advance(ms: number): Promise<void> {
    return this.advanceSettling(ms);
  }
}

/** Numbers in turn, then the last one for ever. */
export function sequence(...values: number[]): () => number {
  let index = 0;
  return () => values[Math.min(index++, values.length - 1)]!;
}
