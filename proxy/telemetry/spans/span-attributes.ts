import type { AppliedFault, Attempt, Exchange } from '../../api/exchange.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import { isError } from '../judge.ts';
import type { SpanSource } from './exchange-spans.ts';

/*
 * What a sidecar's span says. Three vocabularies side by side: OpenTelemetry's conventions for HTTP spans
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), Istio's tags, by which users of Jaeger and Kiali know a sidecar's spans
 * (https://istio.io/latest/docs/tasks/observability/distributed-tracing/), and `drydock.*` for what only we know. Empty ones are left out.
 */

type Attributes = Span['attributes'];
type Loose = Record<string, string | number | boolean | undefined>;

/** Where a fault acts, as the Faults screen calls it. */
const placements = { client: 'caller', server: 'upstream' } as const;

/** Of a whole call, on either side. `injected`: the faults that acted on this side. */
export function callAttributes(exchange: SpanSource, injected: readonly AppliedFault[]): Attributes {
  const server = exchange.reporter === 'destination';
  const isHttp = exchange.protocol !== 'TCP';
  return present({
    ...(isHttp ? httpAttributes(exchange) : {}),
    ...(server ? serverAttributes(exchange, isHttp) : clientAttributes(exchange, isHttp)),
    ...(isError(exchange) || (!server && exchange.status >= 400) ? errorType(exchange.status, exchange.flags) : {}),
    ...ownAttributes(exchange, injected),
    ...istioTags(exchange, server),
  });
}

function httpAttributes(exchange: Exchange): Loose {
  return {
    'http.request.method': exchange.method,
    'http.response.status_code': exchange.status || undefined,
    'network.protocol.version': exchange.protocol === 'gRPC' ? '2' : /^HTTP\/([\d.]+)$/.exec(exchange.protocol)?.[1],
    'rpc.grpc.status_code': exchange.grpcStatus,
  };
}

function serverAttributes(exchange: SpanSource, isHttp: boolean): Loose {
  const caller = splitAddress(exchange.peer?.address ?? '');
  const own = splitAddress(exchange.authority);
  return {
    ...(isHttp
      ? {
          'url.path': pathOf(exchange),
          'url.scheme': schemeOf(exchange),
          'http.route': isTemplate(exchange.route) ? exchange.route : '',
        }
      : {}),
    'client.address': caller.host,
    'network.peer.address': caller.host,
    'network.peer.port': caller.port,
    'server.address': own.host,
    'server.port': own.port,
  };
}

function clientAttributes(exchange: SpanSource, isHttp: boolean): Loose {
  const asked = splitAddress(exchange.authority);
  const reached = splitAddress(exchange.endpoint);
  return {
    ...(isHttp
      ? { 'url.full': `${schemeOf(exchange)}://${exchange.authority}${exchange.path}`, 'url.path': pathOf(exchange) }
      : {}),
    'server.address': asked.host,
    'server.port': asked.port,
    'network.peer.address': reached.host,
    'network.peer.port': reached.port,
    'service.peer.name': exchange.destination,
    'drydock.connect_ms': exchange.attempts.length === 1 ? connectMs(exchange.attempts[0]!) : undefined,
  };
}

function ownAttributes(exchange: SpanSource, injected: readonly AppliedFault[]): Loose {
  const flags = exchange.flags.split(',');
  const answered =
    exchange.standIn?.outcome === 'miss' || exchange.standIn?.outcome === 'forwarded' ? '' : exchange.standIn?.recording;
  return {
    'drydock.upstream.address': exchange.endpoint,
    'drydock.route': exchange.route,
    'drydock.subset': exchange.destinationVersion,
    'drydock.pool.overflow': flags.includes('UO') || undefined,
    // UH: every host is out, ejected by outlier detection or not ready.
    'drydock.outlier.state': flags.includes('UH') ? 'no-healthy-host' : '',
    'drydock.fault.kind': injected.map(({ effect }) => effect).join(','),
    'drydock.fault.placement': [...new Set(injected.map(({ side }) => placements[side]))].join(','),
    'drydock.authz.rule': authzRule(exchange),
    'drydock.recording.id': answered,
  };
}

/** The AuthorizationPolicy that spoke last, with its word. */
function authzRule(exchange: SpanSource): string {
  const policy = exchange.decision?.policies.findLast(({ resource }) => resource.kind === 'AuthorizationPolicy');
  if (policy === undefined) return '';
  const { resource, outcome, reason } = policy;
  return [`${resource.namespace}/${resource.name}`, outcome, reason].filter(Boolean).join(' ');
}

function istioTags(exchange: SpanSource, server: boolean): Loose {
  const own = server
    ? { service: exchange.destination, revision: exchange.destinationVersion, namespace: exchange.destinationNamespace }
    : { service: exchange.source, revision: exchange.sourceVersion, namespace: exchange.sourceNamespace };
  const workload = server ? exchange.destinationWorkload : exchange.sourceWorkload;
  const proxyType = exchange.reporter === 'gateway' ? 'router' : 'sidecar';
  return {
    component: 'proxy',
    upstream_cluster: exchange.cluster,
    'upstream_cluster.name': exchange.cluster,
    response_flags: exchange.flags === '' ? '-' : exchange.flags,
    'guid:x-request-id': exchange.requestId,
    node_id: workload === '' ? '' : `${proxyType}~127.0.0.1~${workload}.${own.namespace}~${own.namespace}.svc.cluster.local`,
    'peer.address': splitAddress(exchange.peer?.address ?? '').host,
    request_size: exchange.requestBytes,
    response_size: exchange.responseBytes,
    'istio.canonical_service': own.service,
    'istio.canonical_revision': own.revision || 'latest',
    'istio.namespace': own.namespace,
    'istio.mesh_id': /^spiffe:\/\/([^/]+)\//.exec(exchange.peer?.spiffeId ?? '')?.[1] ?? 'cluster.local',
    'istio.cluster_id': 'Kubernetes',
  };
}

/** Of one send among several. The call's own span has what they share. */
export function attemptAttributes(exchange: SpanSource, attempt: Attempt, index: number): Attributes {
  const peer = splitAddress(attempt.endpoint);
  return present({
    'http.request.method': exchange.method,
    'http.response.status_code': attempt.status || undefined,
    'http.request.resend_count': index === 0 ? undefined : index,
    'network.peer.address': peer.host,
    'network.peer.port': peer.port,
    'drydock.attempt': index + 1,
    'drydock.attempt.reason': attempt.reason,
    'drydock.backoff_ms': microseconds(attempt.backoffMs),
    'drydock.connect_ms': connectMs(attempt),
    'drydock.pool.overflow': attempt.flag === 'UO' || undefined,
  });
}

/** The status as text, or Envoy's flags where there was none. */
export function errorType(status: number, flags: string): Attributes {
  return { 'error.type': status >= 400 || flags === '' ? String(status || '_OTHER') : flags };
}

/** What opening a connection took, TLS included; none for one that was open already. */
const connectMs = ({ reused, connectMs: ms }: Attempt): number | undefined => (reused ? undefined : microseconds(ms));

/** As finely as a duration is told anywhere; none for no time at all. */
const microseconds = (ms: number | undefined): number | undefined => (ms ? Math.round(ms * 1000) / 1000 : undefined);

const pathOf = ({ path }: Exchange): string => path.split('?')[0] ?? '';

function schemeOf(exchange: SpanSource): string {
  const forwarded = exchange.request?.headers.find(([name]) => name === 'x-forwarded-proto')?.[1];
  return forwarded === 'https' ? 'https' : 'http';
}

/** Routes are named by their author: one that stands for many paths says so itself. */
const isTemplate = (route: string): boolean => route.startsWith('/') && /[{*:]/.test(route);

/** `127.0.0.1:80`, `[::1]:80`, `host`: the port is absent where none is written. */
export function splitAddress(address: string): { host: string; port?: number } {
  const match = /^(.*?)(?::(\d+))?$/.exec(address.startsWith('[') ? address.slice(1).replace(']', '') : address);
  if (address.includes('::') && !address.startsWith('[')) return { host: address };
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  return { host: match?.[1] ?? address, ...(port === undefined ? {} : { port }) };
}

function present(values: Loose): Attributes {
  const kept = Object.entries(values).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== undefined && entry[1] !== '',
  );
  return Object.fromEntries(kept);
}
