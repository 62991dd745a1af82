import type { Exchange } from '../api/exchange.schema.ts';
import { type Distribution, emptyDistribution, observe } from './distribution.ts';
import { escapeLabel, type MetricsFormat, TextWriter } from './prometheus-text.ts';

/*
 * Prometheus text with Istio's standard metrics and labels, so that a dashboard made for Istio fills.
 * https://istio.io/latest/docs/reference/config/metrics/
 */

/** Label sets kept; what comes beyond is counted under none, so that hostile names cannot fill the memory. */
const MAX_LABEL_SETS = 20_000;

interface Row {
  requests: number;
  /** Messages of gRPC calls; null for what is not gRPC. */
  messages: { request: number; response: number } | null;
  duration: Distribution;
  requestBytes: Distribution;
  responseBytes: Distribution;
}
/** What of a connection that goes on has been counted already. */
interface OpenConnection {
  sent: number;
  received: number;
}
interface TcpRow {
  opened: number;
  closed: number;
  sent: number;
  received: number;
}

/** Cumulative counters since the engine started. */
export class PrometheusMetrics {
  readonly #rows = new Map<string, Row>();
  /** The same rows by the facts their labels are made of: labels are written once, not per request. */
  readonly #rowByKey = new Map<string, Row>();
  readonly #tcp = new Map<string, TcpRow>();
  /** By exchange. */
  readonly #openTcp = new Map<string, OpenConnection>();
  #identities: ReadonlyMap<string, string> = new Map();
  #overflowed = 0;

  /** SPIFFE ids by workload (`reviews-v1-0`, `ingress`), of the configuration in force: several services may share an account. */
  setIdentities(identities: ReadonlyMap<string, string>): void {
    this.#identities = identities;
    // The rows stay; which one a call belongs to is looked up anew.
    this.#rowByKey.clear();
  }

  record(exchange: Exchange): void {
    if (exchange.protocol === 'TCP') this.#recordTcp(exchange);
    else this.#recordRequest(exchange);
  }

  /** A TCP connection that goes on, as it is now: Istio, too, tells of it before it ends. */
  noteOpen(exchange: Exchange): void {
    if (exchange.protocol !== 'TCP' || this.#openTcp.size >= MAX_LABEL_SETS) return;
    const row = this.#tcpRow(exchange);
    if (row !== undefined) this.#openTcp.set(exchange.id, countOpen(row, exchange, this.#openTcp.get(exchange.id)));
  }

  text(format: MetricsFormat = 'prometheus'): string {
    const writer = new TextWriter(format);
    const rows = [...this.#rows];
    const calls = rows.flatMap(([labels, { messages }]) => (messages === null ? [] : [{ labels, messages }]));
    const tcp = [...this.#tcp];
    const requests = rows.map(([labels, row]): [string, number] => [labels, row.requests]);
    writer.counter('istio_requests', 'Requests handled by a proxy.', requests);
    const distributions: [string, 'duration' | 'requestBytes' | 'responseBytes', string][] = [
      ['istio_request_duration_milliseconds', 'duration', 'Duration of requests.'],
      ['istio_request_bytes', 'requestBytes', 'Size of request bodies.'],
      ['istio_response_bytes', 'responseBytes', 'Size of response bodies.'],
    ];
    for (const [name, field, help] of distributions)
      writer.histogram(
        name,
        help,
        rows.map(([labels, row]) => [labels, row[field]]),
      );
    for (const side of ['request', 'response'] as const) {
      const who = side === 'request' ? 'clients' : 'servers';
      const messages = calls.map((call): [string, number] => [call.labels, call.messages[side]]);
      writer.counter(`istio_${side}_messages`, `Messages sent by ${who} of gRPC calls.`, messages);
    }
    const tcpCounters: [string, keyof TcpRow, string][] = [
      ['istio_tcp_connections_opened', 'opened', 'TCP connections opened.'],
      ['istio_tcp_connections_closed', 'closed', 'TCP connections closed.'],
      ['istio_tcp_sent_bytes', 'sent', 'Bytes sent to the client of a TCP connection.'],
      ['istio_tcp_received_bytes', 'received', 'Bytes received from the client of a TCP connection.'],
    ];
    for (const [name, field, help] of tcpCounters)
      writer.counter(
        name,
        help,
        tcp.map(([labels, row]) => [labels, row[field]]),
      );
    const dropped = 'Exchanges not counted because there were too many label sets.';
    writer.counter('drydock_label_sets_dropped', dropped, [['', this.#overflowed]]);
    return writer.end();
  }

  /** As Metrics.recordAll. */
  recordAll(exchange: Exchange, count: number, each: (index: number) => void): void {
    const row = exchange.protocol === 'TCP' ? undefined : this.#requestRow(exchange);
    for (let i = 0; i < count; i++) {
      each(i);
      if (row === undefined) this.record(exchange);
      else countRequest(row, exchange);
    }
  }

  #recordRequest(exchange: Exchange): void {
    const row = this.#requestRow(exchange);
    if (row !== undefined) countRequest(row, exchange);
  }

  #requestRow(exchange: Exchange): Row | undefined {
    const key = rowKey(exchange);
    let row = this.#rowByKey.get(key);
    if (row !== undefined) return row;
    row = this.#rowOf(exchange);
    if (row !== undefined) this.#rowByKey.set(key, row);
    return row;
  }

  #rowOf(exchange: Exchange): Row | undefined {
    const labels = this.#labels(exchange);
    let row = this.#rows.get(labels);
    if (row === undefined) {
      if (this.#rows.size >= MAX_LABEL_SETS) {
        this.#overflowed++;
        return undefined;
      }
      row = {
        requests: 0,
        messages: exchange.protocol === 'gRPC' ? { request: 0, response: 0 } : null,
        duration: { ...emptyDistribution(), exemplars: [] },
        requestBytes: emptyDistribution(),
        responseBytes: emptyDistribution(),
      };
      this.#rows.set(labels, row);
    }
    return row;
  }

  #recordTcp(exchange: Exchange): void {
    const row = this.#tcpRow(exchange);
    if (row === undefined) return;
    countOpen(row, exchange, this.#openTcp.get(exchange.id));
    this.#openTcp.delete(exchange.id);
    row.closed++;
  }

  #tcpRow(exchange: Exchange): TcpRow | undefined {
    const labels = this.#labels(exchange);
    let row = this.#tcp.get(labels);
    if (row === undefined) {
      if (this.#tcp.size >= MAX_LABEL_SETS) {
        this.#overflowed++;
        return undefined;
      }
      row = { opened: 0, closed: 0, sent: 0, received: 0 };
      this.#tcp.set(labels, row);
    }
    return row;
  }

  #labels(exchange: Exchange): string {
    const labels: Record<string, string> = {
      // Istio knows two reporters; a gateway reports as the source of what it passes on.
      reporter: exchange.reporter === 'destination' ? 'destination' : 'source',
      ...this.#sourceLabels(exchange),
      ...this.#destinationLabels(exchange),
      ...(exchange.protocol === 'TCP' ? { request_protocol: 'tcp' } : httpLabels(exchange)),
      response_flags: exchange.flags === '' ? '-' : exchange.flags,
      // The source does not know what the destination made of its certificate.
      connection_security_policy: exchange.reporter === 'destination' ? (exchange.mtls ? 'mutual_tls' : 'none') : 'unknown',
    };
    return Object.entries(labels)
      .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
      .join(',');
  }

  #sourceLabels(exchange: Exchange): Record<string, string> {
    const known = exchange.sourceWorkload !== '';
    return {
      source_workload: known ? workloadName(exchange.source, exchange.sourceVersion) : 'unknown',
      source_canonical_service: known ? exchange.source : 'unknown',
      source_canonical_revision: known ? exchange.sourceVersion || 'latest' : 'latest',
      source_workload_namespace: orUnknown(exchange.sourceNamespace),
      source_principal: this.#principal(exchange, exchange.sourceWorkload),
      source_app: known ? exchange.source : 'unknown',
      source_version: orUnknown(exchange.sourceVersion),
      source_cluster: known ? 'Kubernetes' : 'unknown',
    };
  }

  /** The service is known by the route, everything about its workload only where an endpoint of the mesh was picked. */
  #destinationLabels(exchange: Exchange): Record<string, string> {
    const { destination, destinationVersion, destinationNamespace } = exchange;
    const known = exchange.destinationWorkload !== '';
    return {
      destination_workload: known ? workloadName(destination, destinationVersion) : 'unknown',
      destination_workload_namespace: known ? destinationNamespace : 'unknown',
      destination_principal: this.#principal(exchange, exchange.destinationWorkload),
      destination_app: known ? destination : 'unknown',
      destination_version: orUnknown(destinationVersion),
      destination_service: serviceHost(exchange),
      destination_canonical_service: known ? destination : 'unknown',
      destination_canonical_revision: destinationVersion || 'latest',
      destination_service_name: catchAllOf(exchange) ?? orUnknown(destination),
      destination_service_namespace: orUnknown(destinationNamespace),
      destination_cluster: known ? 'Kubernetes' : 'unknown',
    };
  }

  #principal({ mtls }: Exchange, workload: string): string {
    return mtls ? (this.#identities.get(workload) ?? 'unknown') : 'unknown';
  }
}

function httpLabels(exchange: Exchange): Record<string, string> {
  return {
    request_protocol: exchange.protocol === 'gRPC' ? 'grpc' : 'http',
    response_code: String(exchange.status),
    grpc_response_status: exchange.grpcStatus === undefined ? '' : String(exchange.grpcStatus),
  };
}

const orUnknown = (value: string) => (value === '' ? 'unknown' : value);

/** A ServiceEntry's own host, a service's name in the cluster; of a host nobody registered, what was asked for. */
function serviceHost({ destination, destinationNamespace }: Exchange): string {
  if (destinationNamespace === '' || destination.includes('.')) return orUnknown(destination);
  return `${destination}.${destinationNamespace}.svc.cluster.local`;
}

/** What Istio calls the service of hosts it does not know. https://istio.io/latest/blog/2019/monitoring-external-service-traffic/ */
function catchAllOf({ cluster, route }: Exchange): string | null {
  if (cluster === 'PassthroughCluster' || cluster === 'BlackHoleCluster') return cluster;
  return route === 'block_all' ? 'BlackHoleCluster' : null;
}

/** Everything #labels reads, and nothing else. */
function rowKey(x: Exchange): string {
  return `${x.reporter}\n${x.source}\n${x.sourceNamespace}\n${x.sourceVersion}\n${x.sourceWorkload === ''}\n${x.destination}\n${x.destinationNamespace}\n${x.destinationVersion}\n${x.destinationWorkload === ''}\n${x.protocol === 'gRPC'}\n${x.status}\n${x.grpcStatus ?? ''}\n${x.flags}\n${x.mtls}\n${catchAllOf(x) ?? ''}`;
}

/** Deployments are named service-version by custom. */
function workloadName(service: string, version: string): string {
  return version === '' ? service : `${service}-${version}`;
}

function countRequest(row: Row, exchange: Exchange): void {
  row.requests++;
  if (row.messages !== null) {
    row.messages.request += exchange.requestMessages ?? 0;
    row.messages.response += exchange.responseMessages ?? 0;
  }
  const bucket = observe(row.duration, exchange.durationMs);
  if (row.duration.exemplars !== null && exchange.traceId !== '') {
    const atMs = Date.parse(exchange.time) + exchange.durationMs;
    row.duration.exemplars[bucket] = { traceId: exchange.traceId, value: exchange.durationMs, atMs };
  }
  observe(row.requestBytes, exchange.requestBytes);
  observe(row.responseBytes, exchange.responseBytes);
}

/** Adds what `before` has not told of yet; returns what has been told now. */
function countOpen(row: TcpRow, exchange: Exchange, before: OpenConnection | undefined): OpenConnection {
  const now = { sent: exchange.responseBytes, received: exchange.requestBytes };
  if (before === undefined) row.opened++;
  row.sent += Math.max(0, now.sent - (before?.sent ?? 0));
  row.received += Math.max(0, now.received - (before?.received ?? 0));
  return now;
}
