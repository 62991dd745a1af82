import type { Duplex } from 'node:stream';
import { compileIpBlocks } from '../shared/ip-blocks.ts';
import { addFlag } from './exchange.ts';
import { HeaderMap } from './header-map.ts';
import { LiveExchange } from './live-exchange.ts';
import type { ListenerPath, RequestPathDeps } from './request-path.ts';
import { resetStream } from './reset-stream.ts';
import { passthroughCluster } from './route/prepare-view.ts';
import type { ClusterSnapshot, EndpointSnapshot, InboundPort, OutboundView, TcpRoute, WeightedCluster } from './snapshot.ts';
import type { ConnectionInfo, DownstreamRequest } from './stream.ts';
import type { TcpFaultDecision, TcpFaults } from './tcp-faults.ts';
import type { ClusterRuntime } from './upstream/cluster.ts';
import type { DialResult } from './upstream/connect.ts';
import type { Host } from './upstream/host.ts';
import { openTunnel } from './upstream/open-tunnel.ts';
import { joinTunnel } from './upstream/tunnel.ts';

/*
 * One connection of an opaque service through one proxy: pick a route by destination port, a host by the cluster's balancer, dial, join the
 * byte streams. It is recorded as one exchange with protocol TCP.
 */

export interface TcpDeps extends RequestPathDeps {
  /** Opens a raw (or mTLS) byte stream to one endpoint. */
  dialTcp: (
    proxyId: string,
    cluster: ClusterSnapshot,
    endpoint: TcpEndpoint,
    /** The client's connection, for proxyProtocol. */
    downstream: { source: string; destination: string },
  ) => Promise<DialResult>;
  /** AuthorizationPolicy for connections; '' = allowed, else why not. */
  authorize: (exchange: LiveExchange, port: InboundPort) => string | Promise<string>;
  faults: TcpFaults;
}

/** Where to dial, and who must answer there. */
export type TcpEndpoint = Pick<EndpointSnapshot, 'host' | 'port' | 'workload' | 'spiffeId'>;

export interface TcpTarget {
  /** fqdn; '' for a host outside the mesh. */
  service: string;
  port: number;
  /** Host as asked for, for passthrough. */
  host: string;
  sni: string;
  /** Address the client connected to, for destinationSubnets; '' or absent = none is known. */
  address?: string;
  /** A gateway's own routes; then nothing else is looked at. */
  routes?: readonly TcpRoute[];
}

/** A connection that leaves its own sidecar: the caller's side. */
export async function runTcpOutbound(
  downstream: Duplex,
  info: ConnectionInfo,
  path: ListenerPath,
  target: TcpTarget,
  deps: TcpDeps,
): Promise<void> {
  const exchange = beginTcp(info, path, `${target.host}:${target.port}`, deps);
  exchange.destinationService = target.service;
  exchange.port = target.port;
  const view = path.snapshot.views[path.proxy.view];
  const known = target.service !== '' || target.routes !== undefined;
  const picked = view === undefined || !known ? null : pickTcpCluster(view, target, exchange, deps.random);
  if (picked === null) {
    if (known || path.snapshot.outboundTrafficPolicy === 'REGISTRY_ONLY')
      return refuse(exchange, downstream, 'NR', 'no route', deps);
    return joinTo(exchange, downstream, null, { host: target.host, port: target.port, workload: '', spiffeId: '' }, deps);
  }
  exchange.cluster = picked;
  exchange.destinationService = picked.service;
  const runtime = deps.upstreams.cluster(path.proxy.id, picked.name);
  if (runtime?.resolving) await runtime.resolving;
  // No queue: what would wait for a connection to be released would wait for ever (Envoy: TcpProxy::Filter::onNewConnection).
  if (runtime !== undefined && !runtime.breaker.mayConnect())
    return refuse(exchange, downstream, 'UO', 'upstream_reset_before_response_started{overflow}', deps);
  const host = runtime?.pickHost(exchange, { hash: null, setCookie: '' }, 0, () => false) ?? null;
  if (host === null || runtime === undefined) return refuse(exchange, downstream, 'UH', 'no_healthy_upstream', deps);
  const address = host.dialAddress();
  if (address === undefined) return refuse(exchange, downstream, 'UH', 'no_healthy_upstream', deps);
  const { workload, spiffeId } = host.endpoint;
  const release = holdConnection(runtime, host);
  await joinTo(exchange, downstream, picked, { ...address, workload, spiffeId }, deps, (ok) => {
    if (ok) runtime.reportConnected(host);
    else {
      host.errors++;
      runtime.reportLocalOrigin(host, 'connect-failed', exchange.id);
    }
  });
  release();
}

/** Counts the connection in breaker, balancer and status until it is released. */
function holdConnection({ breaker }: ClusterRuntime, host: Host): () => void {
  breaker.connections++;
  host.tcpConnections++;
  host.activeRequests++;
  host.requests++;
  return () => {
    breaker.connections--;
    host.tcpConnections--;
    host.activeRequests--;
  };
}

/** A connection that arrives: the callee's side, straight to the app. */
export async function runTcpInbound(
  downstream: Duplex,
  info: ConnectionInfo,
  path: ListenerPath & { direction: 'inbound' },
  deps: TcpDeps,
): Promise<void> {
  const exchange = beginTcp(info, path, `${path.proxy.workload.service}:${path.port.port}`, deps);
  exchange.destinationService = path.port.cluster.service;
  exchange.port = path.port.port;
  exchange.cluster = path.port.cluster;
  if (info.mtls) exchange.peer = [...path.workloads.values()].find((w) => w.spiffeId === info.peerSpiffeId) ?? null;
  const authorized = deps.authorize(exchange, path.port);
  const denied = typeof authorized === 'string' ? authorized : await authorized;
  if (denied !== '') return refuse(exchange, downstream, '', denied, deps);
  return joinTo(exchange, downstream, null, { ...path.port.app, workload: '', spiffeId: '' }, deps);
}

const strictReason =
  'mTLS is STRICT and the caller sent plaintext: it has to come through a sidecar, or the mode to be PERMISSIVE';

/** STRICT: a connection without TLS is closed before a byte of it is read. Envoy: no filter chain matches it. */
export function refusePlaintext(
  downstream: Duplex,
  info: ConnectionInfo,
  path: ListenerPath & { direction: 'inbound' },
  deps: TcpDeps,
): void {
  const exchange = beginTcp(info, path, `${path.proxy.workload.service}:${path.port.port}`, deps);
  exchange.destinationService = path.port.cluster.service;
  exchange.port = path.port.port;
  const { mtlsFrom: resource } = path.port;
  if (resource !== null) exchange.policies.push({ resource, outcome: 'denied', reason: strictReason });
  refuse(exchange, downstream, 'NR', 'filter_chain_not_found', deps);
}

function beginTcp(info: ConnectionInfo, path: ListenerPath, authority: string, deps: TcpDeps): LiveExchange {
  const wallMs = deps.clock.wallNow();
  const exchange = new LiveExchange(
    deps.ids.exchangeId(wallMs),
    path,
    tcpRequest(info, authority),
    deps.clock.now,
    wallMs,
    deps.messageBudget,
  );
  exchange.protocolName = 'TCP';
  exchange.trace = { ...exchange.trace, traceId: deps.ids.traceId(), spanId: deps.ids.spanId(), sampled: true };
  exchange.enterStage('route', deps.clock.now());
  deps.onBegin(exchange);
  return exchange;
}

function pickTcpCluster(
  view: OutboundView,
  target: TcpTarget,
  exchange: LiveExchange,
  random: () => number,
): ClusterSnapshot | null {
  const labels = exchange.proxy.workload.labels;
  const candidates = target.routes ?? view.tcpRoutes.filter((r) => r.service === target.service && r.port === target.port);
  const route = candidates.find(
    (r) =>
      (r.sniHosts.length === 0 || r.sniHosts.some((h) => sniMatches(h, target.sni))) &&
      (!r.destinationSubnets?.length || compileIpBlocks(r.destinationSubnets)(target.address ?? '')) &&
      Object.entries(r.sourceLabels ?? {}).every(([k, v]) => labels[k] === v),
  );
  if (route === undefined && target.routes !== undefined) return null;
  if (route === undefined) return view.clusters[`outbound|${target.port}||${target.service}`] ?? null;
  let chosen: WeightedCluster | undefined = route.clusters[0];
  if (route.clusters.length > 1) {
    exchange.draw = Math.floor(random() * route.totalWeight);
    let left = exchange.draw;
    chosen = route.clusters.find((c) => (left -= c.weight) < 0);
  }
  return chosen === undefined ? null : (view.clusters[chosen.cluster] ?? null);
}

/** Exact, `*.suffix`, or `*`. */
function sniMatches(pattern: string, sni: string): boolean {
  return pattern === '*' || pattern === sni || (pattern.startsWith('*.') && sni.endsWith(pattern.slice(1)));
}

async function joinTo(
  exchange: LiveExchange,
  downstream: Duplex,
  cluster: ClusterSnapshot | null,
  endpoint: TcpEndpoint,
  deps: TcpDeps,
  onDialled: (ok: boolean) => void = () => {},
): Promise<void> {
  const { clock } = deps;
  const faults = deps.faults.decide(exchange);
  if (!(await sufferFaults(exchange, downstream, faults, deps))) return finish(exchange, deps);
  exchange.enterStage('upstream', clock.now());
  exchange.endpoint = `${endpoint.host}:${endpoint.port}`;
  exchange.endpointWorkload = endpoint.workload;
  const startedAt = clock.now();
  const { remoteAddress: source, localAddress: destination } = exchange.downstream.connection;
  const result = await deps.dialTcp(exchange.proxy.id, cluster ?? plainCluster(exchange), endpoint, { source, destination });
  const connectMs = clock.now() - startedAt;
  const failed = !result.ok;
  exchange.attempts.push({
    endpoint: exchange.endpoint,
    workload: endpoint.workload,
    status: 0,
    flag: failed ? 'UF' : '',
    ...(failed ? { phase: 'connect' as const, reason: result.reset.detail } : {}),
    startMs: startedAt - exchange.startedAt,
    durationMs: connectMs,
    connectMs,
  });
  onDialled(result.ok);
  if (!result.ok)
    return refuse(exchange, downstream, 'UF,URX', `upstream_reset_before_response_started{${result.reset.detail}}`, deps);
  let upstream: Duplex = result.socket;
  if (cluster?.tunnel !== undefined) {
    const opened = await openTunnel(upstream, cluster.tunnel, clock, cluster.connectTimeoutMs);
    if (opened.stream === null) {
      return refuse(exchange, downstream, 'UF,URX', `upstream_reset_before_response_started{${opened.why}}`, deps);
    }
    upstream = opened.stream;
  }
  if (downstream.destroyed) {
    upstream.destroy();
    return finish(exchange, deps);
  }
  if (faults.toxics.length > 0) {
    const bytes = await deps.faults.join(downstream, upstream, faults);
    exchange.downstream.requestBody.total = bytes.forward;
    exchange.downstream.responseBody.total = bytes.backward;
    return finish(exchange, deps);
  }
  const idleTimeoutMs = exchange.cluster?.tcpIdleTimeoutMs ?? undefined;
  const maxMs = cluster?.maxConnectionDurationMs ?? null;
  const maxDurationMs = maxMs === null || maxMs <= 0 ? undefined : Math.max(1, exchange.startedAt + maxMs - clock.now());
  await new Promise<void>((resolve) => {
    joinTunnel(downstream, upstream, {
      clock,
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
      ...(maxDurationMs === undefined ? {} : { maxDurationMs }),
      onClosed: (tunnel) => {
        if (tunnel.end === 'idle-timeout') exchange.details = 'idle_timeout';
        if (tunnel.end === 'max-duration') {
          addFlag(exchange, 'DT');
          exchange.details = 'duration_timeout';
        }
        exchange.downstream.requestBody.total = tunnel.bytesForward;
        exchange.downstream.responseBody.total = tunnel.bytesBackward;
        resolve();
      },
    });
  });
  finish(exchange, deps);
}

/** Delay and abort come before the connect. False: the connection is over. */
async function sufferFaults(
  exchange: LiveExchange,
  downstream: Duplex,
  { delayMs, abort: asked, admission }: TcpFaultDecision,
  { clock }: TcpDeps,
): Promise<boolean> {
  if (!admission.admitted) addFlag(exchange, 'FI');
  const abort = asked ?? (admission.admitted ? null : 'reset');
  if (delayMs === 0 && abort === null) return true;
  exchange.enterStage('fault', clock.now());
  if (delayMs > 0) {
    // The client's bytes wait in the kernel; its leaving is seen when they are read.
    await new Promise<void>((resolve) => clock.setTimer(resolve, delayMs));
  }
  if (abort === null) return !downstream.destroyed;
  exchange.details = 'fault_filter_abort';
  if (abort === 'reset') resetStream(downstream);
  else {
    downstream.resume();
    downstream.once('end', () => downstream.destroy());
    if (!downstream.destroyed) await new Promise((resolve) => downstream.once('close', resolve));
  }
  return false;
}

function plainCluster(exchange: LiveExchange): ClusterSnapshot {
  return exchange.cluster === null ? passthroughCluster : { ...exchange.cluster, tls: { mode: 'disable' } };
}

/** Opaque traffic has no error responses: the connection is closed, and the record says why. */
function refuse(exchange: LiveExchange, downstream: Duplex, flags: string, details: string, deps: TcpDeps): void {
  for (const flag of flags.split(',')) addFlag(exchange, flag);
  exchange.details = details;
  downstream.destroy();
  finish(exchange, deps);
}

function finish(exchange: LiveExchange, deps: TcpDeps): void {
  deps.reporter.exchange(exchange.finish(deps.clock.now()));
  deps.onEnd(exchange);
}

/** A connection in the shape of a request, so that one record type tells both. */
function tcpRequest(connection: ConnectionInfo, authority: string): DownstreamRequest {
  const nothing = () => undefined;
  return {
    connection,
    protocol: 'HTTP/1.1',
    method: '',
    scheme: 'http',
    authority,
    path: '',
    headers: new HeaderMap(),
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
      throw new Error('a TCP connection has no upgrade');
    },
    onDrain: null,
    onReset: null,
    onFinished: null,
    closeAfterResponse: nothing,
  };
}
