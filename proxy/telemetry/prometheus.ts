import type { Exchange } from '../api/exchange.schema.ts';

/*
 * Prometheus text with Istio's standard metrics and labels, so that a dashboard made for Istio fills.
 * https://istio.io/latest/docs/reference/config/metrics/
 */

const DURATION_BOUNDS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
];
/** Label sets kept; what comes beyond is counted under none, so that hostile names cannot fill the memory. */
const MAX_LABEL_SETS = 20_000;

interface Distribution {
  counts: number[];
  sum: number;
  count: number;
}
interface Row {
  requests: number;
  /** Messages of gRPC calls; null for what is not gRPC. */
  messages: { request: number; response: number } | null;
  duration: Distribution;
  requestBytes: Distribution;
  responseBytes: Distribution;
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
  readonly #trustDomain: string;
  #overflowed = 0;

  constructor(trustDomain: string) {
    this.#trustDomain = trustDomain;
  }

  record(exchange: Exchange): void {
    if (exchange.protocol === 'TCP') this.#recordTcp(exchange);
    else this.#recordRequest(exchange);
  }

  text(): string {
    const lines: string[] = [];
    const family = (name: string, type: string, help: string) => lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    family('istio_requests_total', 'counter', 'Requests handled by a proxy.');
    for (const [labels, row] of this.#rows) lines.push(`istio_requests_total{${labels}} ${row.requests}`);
    family('istio_request_duration_milliseconds', 'histogram', 'Duration of requests.');
    for (const [labels, row] of this.#rows) writeDistribution(lines, 'istio_request_duration_milliseconds', labels, row.duration);
    family('istio_request_bytes', 'histogram', 'Size of request bodies.');
    for (const [labels, row] of this.#rows) writeDistribution(lines, 'istio_request_bytes', labels, row.requestBytes);
    family('istio_response_bytes', 'histogram', 'Size of response bodies.');
    for (const [labels, row] of this.#rows) writeDistribution(lines, 'istio_response_bytes', labels, row.responseBytes);
    const calls = [...this.#rows].flatMap(([labels, { messages }]) => (messages === null ? [] : [{ labels, messages }]));
    family('istio_request_messages_total', 'counter', 'Messages sent by clients of gRPC calls.');
    for (const { labels, messages } of calls) lines.push(`istio_request_messages_total{${labels}} ${messages.request}`);
    family('istio_response_messages_total', 'counter', 'Messages sent by servers of gRPC calls.');
    for (const { labels, messages } of calls) lines.push(`istio_response_messages_total{${labels}} ${messages.response}`);
    const tcp: [string, keyof TcpRow, string][] = [
      ['istio_tcp_connections_opened_total', 'opened', 'TCP connections opened.'],
      ['istio_tcp_connections_closed_total', 'closed', 'TCP connections closed.'],
      ['istio_tcp_sent_bytes_total', 'sent', 'Bytes sent to the client of a TCP connection.'],
      ['istio_tcp_received_bytes_total', 'received', 'Bytes received from the client of a TCP connection.'],
    ];
    for (const [name, field, help] of tcp) {
      family(name, 'counter', help);
      for (const [labels, row] of this.#tcp) lines.push(`${name}{${labels}} ${row[field]}`);
    }
    family('drydock_label_sets_dropped_total', 'counter', 'Exchanges not counted because there were too many label sets.');
    lines.push(`drydock_label_sets_dropped_total ${this.#overflowed}`, '');
    return lines.join('\n');
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
        duration: emptyDistribution(),
        requestBytes: emptyDistribution(),
        responseBytes: emptyDistribution(),
      };
      this.#rows.set(labels, row);
    }
    return row;
  }

  #recordTcp(exchange: Exchange): void {
    const labels = this.#labels(exchange);
    let row = this.#tcp.get(labels);
    if (row === undefined) {
      if (this.#tcp.size >= MAX_LABEL_SETS) {
        this.#overflowed++;
        return;
      }
      row = { opened: 0, closed: 0, sent: 0, received: 0 };
      this.#tcp.set(labels, row);
    }
    row.opened++;
    row.closed++;
    row.sent += exchange.responseBytes;
    row.received += exchange.requestBytes;
  }

  #labels(exchange: Exchange): string {
    const or = (value: string) => (value === '' ? 'unknown' : value);
    const principal = (namespace: string, service: string) =>
      exchange.mtls && namespace !== '' ? `spiffe://${this.#trustDomain}/ns/${namespace}/sa/${service}` : 'unknown';
    const known = exchange.sourceWorkload !== '';
    const service =
      exchange.destinationNamespace === ''
        ? or(exchange.destination)
        : `${exchange.destination}.${exchange.destinationNamespace}.svc.cluster.local`;
    const http = exchange.protocol === 'TCP' ? {} : this.#httpLabels(exchange);
    const labels: Record<string, string> = {
      // Istio knows two reporters; a gateway reports as the source of what it passes on.
      reporter: exchange.reporter === 'destination' ? 'destination' : 'source',
      source_workload: known ? workloadName(exchange.source, exchange.sourceVersion) : 'unknown',
      source_canonical_service: known ? exchange.source : 'unknown',
      source_canonical_revision: known ? exchange.sourceVersion || 'latest' : 'latest',
      source_workload_namespace: or(exchange.sourceNamespace),
      source_principal: principal(exchange.sourceNamespace, exchange.source),
      source_app: known ? exchange.source : 'unknown',
      source_version: or(exchange.sourceVersion),
      source_cluster: 'Kubernetes',
      destination_workload:
        exchange.destinationWorkload === '' ? 'unknown' : workloadName(exchange.destination, exchange.destinationVersion),
      destination_workload_namespace: or(exchange.destinationNamespace),
      destination_principal: principal(exchange.destinationNamespace, exchange.destination),
      destination_app: or(exchange.destination),
      destination_version: or(exchange.destinationVersion),
      destination_service: service,
      destination_canonical_service: or(exchange.destination),
      destination_canonical_revision: exchange.destinationVersion || 'latest',
      destination_service_name: or(exchange.destination),
      destination_service_namespace: or(exchange.destinationNamespace),
      destination_cluster: 'Kubernetes',
      ...http,
      response_flags: exchange.flags === '' ? '-' : exchange.flags,
      // The source does not know what the destination made of its certificate.
      connection_security_policy: exchange.reporter === 'destination' ? (exchange.mtls ? 'mutual_tls' : 'none') : 'unknown',
    };
    return Object.entries(labels)
      .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
      .join(',');
  }

  #httpLabels(exchange: Exchange): Record<string, string> {
    return {
      request_protocol: exchange.protocol === 'gRPC' ? 'grpc' : 'http',
      response_code: String(exchange.status),
      grpc_response_status: exchange.grpcStatus === undefined ? '' : String(exchange.grpcStatus),
    };
  }
}

/** Everything #labels reads, and nothing else. */
function rowKey(x: Exchange): string {
  return `${x.reporter}\n${x.source}\n${x.sourceNamespace}\n${x.sourceVersion}\n${x.sourceWorkload === ''}\n${x.destination}\n${x.destinationNamespace}\n${x.destinationVersion}\n${x.destinationWorkload === ''}\n${x.protocol === 'gRPC'}\n${x.status}\n${x.grpcStatus ?? ''}\n${x.flags}\n${x.mtls}`;
}

/** Deployments are named service-version by custom. */
function workloadName(service: string, version: string): string {
  return version === '' ? service : `${service}-${version}`;
}

function emptyDistribution(): Distribution {
  return { counts: new Array<number>(DURATION_BOUNDS.length).fill(0), sum: 0, count: 0 };
}

function countRequest(row: Row, exchange: Exchange): void {
  row.requests++;
  if (row.messages !== null) {
    row.messages.request += exchange.requestMessages ?? 0;
    row.messages.response += exchange.responseMessages ?? 0;
  }
  observe(row.duration, exchange.durationMs);
  observe(row.requestBytes, exchange.requestBytes);
  observe(row.responseBytes, exchange.responseBytes);
}

function observe(distribution: Distribution, value: number): void {
  distribution.sum += value;
  distribution.count++;
  for (let index = 0; index < DURATION_BOUNDS.length; index++) {
    if (value > DURATION_BOUNDS[index]!) continue;
    distribution.counts[index]!++;
    return;
  }
}

function writeDistribution(lines: string[], name: string, labels: string, distribution: Distribution): void {
  let seen = 0;
  DURATION_BOUNDS.forEach((bound, i) => {
    seen += distribution.counts[i]!;
    lines.push(`${name}_bucket{${labels},le="${bound}"} ${seen}`);
  });
  lines.push(`${name}_bucket{${labels},le="+Inf"} ${distribution.count}`);
  lines.push(
    `${name}_sum{${labels}} ${Math.round(distribution.sum * 1000) / 1000}`,
    `${name}_count{${labels}} ${distribution.count}`,
  );
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
