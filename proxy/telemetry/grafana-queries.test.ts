import { describe, expect, test } from 'vitest';
import { makeExchange } from '../store/fixtures.ts';
import { PrometheusMetrics } from './prometheus.ts';

/*
 * What the panels of Istio's own Grafana dashboards (mesh, service, workload) ask for: metric, what they select by, what they group by. A
 * panel fills when there is a series of that metric which the selection matches and which has the labels it is grouped by.
 * https://istio.io/latest/docs/ops/integrations/grafana/
 */
type Matchers = Record<string, string | RegExp>;
interface Query {
  panel: string;
  metric: string;
  where: Matchers;
  by?: string[];
}

const service = 'ratings.default.svc.cluster.local';
const inbound: Matchers = {
  reporter: 'destination',
  destination_workload: 'ratings-v1',
  destination_workload_namespace: 'default',
};
const outbound: Matchers = { reporter: 'source', source_workload: 'reviews-v1', source_workload_namespace: 'default' };
const callers = ['source_workload', 'source_workload_namespace'];
const callees = ['destination_workload', 'destination_workload_namespace', 'destination_service'];
const sizes = ['istio_request_duration_milliseconds_bucket', 'istio_request_bytes_bucket', 'istio_response_bytes_bucket'];

const anyReporter: Matchers = { reporter: /^(source|waypoint)$/ };

const queries: Query[] = [
  // Dashboards since Istio 1.24 count waypoints beside sidecars.
  { panel: 'mesh: volume with waypoints', metric: 'istio_requests_total', where: anyReporter, by: ['response_code'] },
  {
    panel: 'mesh: success rate of workloads with waypoints',
    metric: 'istio_requests_total',
    where: { ...anyReporter, response_code: /^(?!5..).*/ },
    by: ['destination_workload', 'destination_workload_namespace', 'destination_service'],
  },
  // What the performance dashboard asks of the mesh; processor time and memory are cAdvisor's, which runs beside no local process.
  { panel: 'performance: requests', metric: 'istio_requests_total', where: { reporter: 'source' }, by: ['source_workload'] },
  { panel: 'performance: bytes', metric: 'istio_response_bytes_sum', where: { reporter: 'source' }, by: ['source_workload'] },
  { panel: 'performance: bytes in', metric: 'istio_request_bytes_sum', where: { reporter: 'destination' } },
  ...['istio_request_duration_milliseconds', 'istio_request_bytes', 'istio_response_bytes'].map((metric) => ({
    panel: `averages of ${metric}`,
    metric: `${metric}_count`,
    where: { reporter: 'destination' },
    by: ['destination_service', 'request_protocol'],
  })),
  { panel: 'TCP connections opened', metric: 'istio_tcp_connections_opened_total', where: { request_protocol: 'tcp' } },
  { panel: 'TCP connections closed', metric: 'istio_tcp_connections_closed_total', where: { request_protocol: 'tcp' } },
  { panel: 'gRPC messages sent', metric: 'istio_request_messages_total', where: { request_protocol: 'grpc' } },
  { panel: 'gRPC messages received', metric: 'istio_response_messages_total', where: { request_protocol: 'grpc' } },
  { panel: 'mesh: global request volume', metric: 'istio_requests_total', where: { reporter: 'source' } },
  { panel: 'mesh: success rate', metric: 'istio_requests_total', where: { reporter: 'source', response_code: /^(?!5..).*/ } },
  { panel: 'mesh: 4xx', metric: 'istio_requests_total', where: { reporter: 'source', response_code: /^4../ } },
  { panel: 'mesh: 5xx', metric: 'istio_requests_total', where: { reporter: 'source', response_code: /^5../ } },
  { panel: 'mesh: table of workloads', metric: 'istio_requests_total', where: { reporter: 'source' }, by: callees },
  {
    panel: 'mesh: latency of workloads',
    metric: sizes[0]!,
    where: { reporter: 'source' },
    by: ['le', ...callees],
  },
  { panel: 'mesh: TCP sent', metric: 'istio_tcp_sent_bytes_total', where: { reporter: 'source' }, by: callees },
  { panel: 'mesh: TCP received', metric: 'istio_tcp_received_bytes_total', where: { reporter: 'source' }, by: callees },
  ...['source', 'destination'].flatMap((reporter): Query[] => [
    {
      panel: `service: volume by ${reporter}`,
      metric: 'istio_requests_total',
      where: { reporter, destination_service: service },
    },
    ...sizes.map((metric) => ({
      panel: `service: ${metric} by ${reporter}`,
      metric,
      where: { reporter, destination_service: service },
      by: ['le'],
    })),
  ]),
  ...(['mutual_tls', 'none'] as const).flatMap((connection_security_policy): Query[] => [
    {
      panel: `service: incoming by source, ${connection_security_policy}`,
      metric: 'istio_requests_total',
      where: { connection_security_policy, destination_service: service, reporter: 'destination' },
      by: [...callers, 'response_code'],
    },
    ...sizes.map((metric) => ({
      panel: `service: ${metric} by source, ${connection_security_policy}`,
      metric,
      where: { connection_security_policy, destination_service: service, reporter: 'destination' },
      by: [...callers, 'le'],
    })),
  ]),
  { panel: 'workload: incoming', metric: 'istio_requests_total', where: inbound, by: [...callers, 'response_code'] },
  { panel: 'workload: outgoing', metric: 'istio_requests_total', where: outbound, by: ['destination_service', 'response_code'] },
  ...sizes.map((metric) => ({
    panel: `workload: outgoing ${metric}`,
    metric,
    where: outbound,
    by: ['destination_service', 'le'],
  })),
  {
    panel: 'workload: TCP received',
    metric: 'istio_tcp_received_bytes_total',
    where: { ...inbound, connection_security_policy: 'mutual_tls' },
    by: callers,
  },
  { panel: 'workload: TCP sent to services', metric: 'istio_tcp_sent_bytes_total', where: outbound, by: ['destination_service'] },
  {
    panel: 'Kiali: graph',
    metric: 'istio_requests_total',
    where: {},
    by: [
      'source_canonical_service',
      'source_canonical_revision',
      'source_principal',
      'destination_canonical_service',
      'destination_canonical_revision',
      'destination_principal',
      'destination_service_name',
      'destination_service_namespace',
      'source_cluster',
      'destination_cluster',
      'request_protocol',
      'response_code',
      'grpc_response_status',
      'response_flags',
      'connection_security_policy',
    ],
  },
  {
    panel: 'Kiali: TCP graph',
    metric: 'istio_tcp_connections_opened_total',
    where: {},
    by: ['source_canonical_service', 'destination_canonical_service', 'response_flags'],
  },
];

interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Metric → samples, out of the text that Prometheus would scrape. */
function scrape(text: string): Map<string, Sample[]> {
  const series = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const parts = /^([a-z_]+)\{(.*)\} (\S+)$/.exec(line);
    if (parts === null) continue;
    const labels = Object.fromEntries([...parts[2]!.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map((m) => [m[1]!, m[2]!]));
    series.set(parts[1]!, [...(series.get(parts[1]!) ?? []), { labels, value: Number(parts[3]) }]);
  }
  return series;
}

describe('a Grafana dashboard made for Istio fills', () => {
  const metrics = new PrometheusMetrics();
  for (const reporter of ['source', 'destination'] as const) {
    for (const [n, overrides] of [{ requestBytes: 5 }, { status: 404 }, { status: 503 }, { mtls: false }].entries())
      metrics.record(makeExchange(n, { reporter, ...overrides }));
    const call = { protocol: 'gRPC', grpcStatus: 0, requestMessages: 1, responseMessages: 2 };
    metrics.record(makeExchange(8, { reporter, ...call }));
    metrics.record(makeExchange(9, { reporter, protocol: 'TCP', method: '', status: 0, requestBytes: 1, responseBytes: 2 }));
  }
  const series = scrape(metrics.text());
  const matches = (labels: Record<string, string>, where: Matchers) =>
    Object.entries(where).every(([name, wanted]) =>
      typeof wanted === 'string' ? labels[name] === wanted : wanted.test(labels[name] ?? ''),
    );

  test.each(queries)('$panel', ({ metric, where, by = [] }) => {
    const found = (series.get(metric) ?? []).filter(({ labels }) => matches(labels, where));
    expect(found.length, `${metric} has no series for ${JSON.stringify(where)}`).toBeGreaterThan(0);
    // A panel of nothing but zeros has not been filled.
    expect(Math.max(...found.map(({ value }) => value))).toBeGreaterThan(0);
    for (const name of by) for (const { labels } of found) expect(Object.keys(labels), `${metric} lacks ${name}`).toContain(name);
  });
});
