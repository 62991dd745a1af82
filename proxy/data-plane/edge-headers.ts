import type { ExchangeState, ResponseHead } from './exchange.ts';
import type { HeaderMap } from './header-map.ts';
import type { IdSource } from './ids.ts';
import { injectSpan } from './trace-context.ts';

/*
 * What Envoy's connection manager does to headers before and after everything else (Envoy: http_conn_man/headers, Istio's settings for
 * sidecars: use_remote_address off, no address is internal; for gateways: on).
 */

/** Control headers a client must not steer us with: only internal requests may, and sidecar traffic never is (Envoy ≥ 1.33). */
const CONTROL_HEADERS = [
  'x-envoy-internal',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
];
/** What a gateway strips on top: nobody outside may claim these. */
const EDGE_HEADERS = [
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-path',
  'x-envoy-peer-metadata',
  'x-envoy-peer-metadata-id',
];

/** Cleans and completes the request's headers as they enter a proxy. */
export function sanitizeRequest(exchange: ExchangeState, ids: IdSource): void {
  const { headers, downstream } = exchange;
  const gateway = exchange.reporter === 'gateway';
  for (let i = headers.list.length - 2; i >= 0; i -= 2) {
    const name = headers.list[i]!;
    if (name.startsWith('x-envoy-') && (CONTROL_HEADERS.includes(name) || (gateway && EDGE_HEADERS.includes(name)))) {
      headers.list.splice(i, 2);
    }
  }
  // A caller in the mesh says how long it waits; from anyone else it is a claim.
  if (exchange.direction === 'outbound' || !downstream.connection.mtls) headers.remove('x-envoy-expected-rq-timeout-ms');
  if (gateway) {
    const remote = hostOf(downstream.connection.remoteAddress);
    const forwarded = headers.getJoined('x-forwarded-for');
    headers.set('x-forwarded-for', forwarded === undefined ? remote : `${forwarded},${remote}`);
    headers.set('x-forwarded-proto', downstream.connection.tls ? 'https' : 'http');
    headers.set('x-envoy-external-address', remote);
  } else {
    const forwarded = headers.get('x-forwarded-proto');
    // Of the connection, whatever scheme an absolute target names.
    if (forwarded === undefined) headers.set('x-forwarded-proto', downstream.connection.tls ? 'https' : 'http');
    // HTTP/1 requests say no scheme of their own: Envoy takes what an earlier proxy said.
    else if (downstream.protocol !== 'HTTP/2' && (forwarded === 'http' || forwarded === 'https')) exchange.scheme = forwarded;
  }
  const requestId = headers.get('x-request-id');
  // At the edge nobody outside may choose it (Envoy: preserve_external_request_id is off).
  exchange.requestId = gateway || requestId === undefined || requestId === '' ? ids.requestId() : requestId;
  headers.set('x-request-id', exchange.requestId);
  setForwardedClientCert(exchange);
}

/** APPEND_FORWARD in sidecars, SANITIZE_SET in gateways; without mutual TLS a claim is removed (Envoy: x-forwarded-client-cert). */
function setForwardedClientCert(exchange: ExchangeState): void {
  const { headers, downstream, proxy } = exchange;
  const certificate = downstream.connection.peerCertificate;
  if (!downstream.connection.mtls || certificate === null) {
    headers.remove('x-forwarded-client-cert');
    return;
  }
  const parts = [`By=${proxy.workload.spiffeId}`, `Hash=${certificate.sha256Hex}`, `Subject="${certificate.subject}"`];
  for (const uri of certificate.uris) parts.push(`URI=${uri}`);
  for (const dns of certificate.dns) parts.push(`DNS=${dns}`);
  const own = parts.join(';');
  const forwarded = headers.getJoined('x-forwarded-client-cert');
  const append = exchange.reporter !== 'gateway' && forwarded !== undefined && forwarded !== '';
  headers.set('x-forwarded-client-cert', append ? `${forwarded},${own}` : own);
}

/** Last touch before the request leaves: trace headers and, outbound, who we are. */
export function stampRequest(exchange: ExchangeState): void {
  const { headers, proxy } = exchange;
  injectSpan(headers, exchange.trace);
  if (exchange.direction === 'inbound') {
    headers.remove('x-envoy-decorator-operation');
    headers.remove('x-envoy-peer-metadata');
    headers.remove('x-envoy-peer-metadata-id');
    return;
  }
  if (exchange.route !== null && exchange.route.decorator !== '')
    headers.set('x-envoy-decorator-operation', exchange.route.decorator);
  headers.set('x-envoy-peer-metadata-id', peerMetadataId(proxy.kind, proxy.workload.id, proxy.workload.namespace));
}

/** Istio's node id, `sidecar~127.0.0.1~reviews-v1-0.default~default.svc.cluster.local`. */
function peerMetadataId(kind: 'sidecar' | 'gateway', workloadId: string, namespace: string): string {
  return `${kind === 'gateway' ? 'router' : 'sidecar'}~127.0.0.1~${workloadId}.${namespace}~${namespace}.svc.cluster.local`;
}

/** Workload id out of a node id, or ''. */
export function workloadOfMetadataId(nodeId: string | undefined): string {
  const name = nodeId?.split('~')[2] ?? '';
  const dot = name.lastIndexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** How the callee's sidecar tells the caller's which faults acted: `name|effect|delayMs|status`, comma-separated. Never leaves the mesh. */
const FAULT_HEADER = 'x-drydock-fault';

/** On the callee's side: says which faults acted here, to a caller that is known. */
function tellFaults(exchange: ExchangeState, headers: HeaderMap): void {
  const server = exchange.faults.filter((fault) => fault.side === 'server');
  headers.remove(FAULT_HEADER);
  if (server.length === 0 || !exchange.downstream.connection.mtls) return;
  const notes = server.map((f) => `${encodeURIComponent(f.name)}|${f.effect}|${f.delayMs ?? ''}|${f.status ?? ''}`);
  headers.set(FAULT_HEADER, notes.join(','));
}

/**
 * On the caller's side: its record of a request carries the faults its callee's sidecar injected, those of an attempt that another one follows
 * too. Believed over mutual TLS only, removed always.
 */
export function hearFaults(exchange: ExchangeState, headers: HeaderMap): void {
  const notes = headers.get(FAULT_HEADER);
  if (notes === undefined) return;
  headers.remove(FAULT_HEADER);
  if (exchange.cluster?.tls.mode !== 'mutual' || exchange.endpointWorkload === '') return;
  for (const note of notes.split(',')) {
    const [name = '', effect = '', delayMs = '', status = ''] = note.split('|');
    exchange.faults.push({
      name: decodeURIComponent(name),
      effect,
      side: 'server',
      ...(delayMs === '' ? {} : { delayMs: Number(delayMs) }),
      ...(status === '' ? {} : { status: Number(status) }),
    });
  }
}

/** Runs on every response head last: server, date, and what must not leak back. */
export function finishResponse(exchange: ExchangeState, response: ResponseHead, date: string): void {
  const { headers } = response;
  if (exchange.direction === 'inbound') tellFaults(exchange, headers);
  else hearFaults(exchange, headers);
  headers.set('server', exchange.reporter === 'source' ? 'envoy' : 'istio-envoy');
  if (!headers.has('date')) headers.add('date', date);
  headers.remove('x-envoy-peer-metadata');
  headers.remove('x-envoy-peer-metadata-id');
  if (exchange.direction === 'outbound') headers.remove('x-envoy-decorator-operation');
}

/** IMF-fixdate of a moment, made once a second. */
export function createHttpDate(wallNow: () => number): () => string {
  let second = -1;
  let text = '';
  return () => {
    const now = Math.floor(wallNow() / 1000);
    if (now !== second) {
      second = now;
      text = new Date(now * 1000).toUTCString();
    }
    return text;
  };
}

function hostOf(address: string): string {
  const colon = address.lastIndexOf(':');
  const host = colon < 0 ? address : address.slice(0, colon);
  return host.replace(/^\[|\]$/g, '').replace(/^::ffff:/, '');
}
