import { describe, expect, test } from 'vitest';
import { makeExchange } from '../store/fixtures.ts';
import { formatAccessLogJson, formatAccessLogLine } from './access-log.ts';
import { PrometheusMetrics } from './prometheus.ts';
import { formatFor } from './prometheus-text.ts';

const accounts = 'spiffe://cluster.local/ns/default/sa';
const identities = new Map([
  ['reviews-v1-0', `${accounts}/reviews`],
  ['ratings-v1-0', `${accounts}/bookinfo`],
]);
function lines(...exchanges: ReturnType<typeof makeExchange>[]): string[] {
  const metrics = new PrometheusMetrics();
  metrics.setIdentities(identities);
  for (const exchange of exchanges) metrics.record(exchange);
  return metrics.text().split('\n');
}
const find = (text: string[], start: string) => text.filter((line) => line.startsWith(start));

describe('Prometheus text', () => {
  test("has Istio's labels, one increment per request and reporter", () => {
    const text = lines(
      makeExchange(1),
      makeExchange(2),
      makeExchange(3, { reporter: 'destination', status: 503, flags: 'UF,URX' }),
    );
    const [source, destination] = find(text, 'istio_requests_total{');
    expect(source).toBe(
      'istio_requests_total{reporter="source",source_workload="reviews-v1",source_canonical_service="reviews",' +
        'source_canonical_revision="v1",source_workload_namespace="default",source_principal="spiffe://cluster.local/ns/default/sa/reviews",' +
        'source_app="reviews",source_version="v1",source_cluster="Kubernetes",destination_workload="ratings-v1",' +
        'destination_workload_namespace="default",destination_principal="spiffe://cluster.local/ns/default/sa/bookinfo",' +
        'destination_app="ratings",destination_version="v1",destination_service="ratings.default.svc.cluster.local",' +
        'destination_canonical_service="ratings",destination_canonical_revision="v1",destination_service_name="ratings",' +
        'destination_service_namespace="default",destination_cluster="Kubernetes",request_protocol="http",response_code="200",' +
        'grpc_response_status="",response_flags="-",connection_security_policy="unknown"} 2',
    );
    expect(destination).toContain('response_code="503"');
    expect(destination).toContain('response_flags="UF,URX"');
    expect(destination).toContain('connection_security_policy="mutual_tls"} 1');
  });

  test('principals are those of the certificates, also after the accounts changed, and nobody’s without mutual TLS', () => {
    const metrics = new PrometheusMetrics();
    metrics.setIdentities(identities);
    metrics.record(makeExchange(1));
    metrics.setIdentities(new Map([...identities, ['ratings-v1-0', `${accounts}/shared`]]));
    metrics.record(makeExchange(2));
    metrics.record(makeExchange(3, { mtls: false }));
    const principals = find(metrics.text().split('\n'), 'istio_requests_total{').map(
      (line) => /destination_principal="([^"]*)"/.exec(line)?.[1],
    );
    expect(principals).toEqual([`${accounts}/bookinfo`, `${accounts}/shared`, 'unknown']);
  });

  test('hosts outside the mesh have Istio’s names, and no workload', () => {
    const outside = { mtls: false, destinationWorkload: '', destinationVersion: '', destinationNamespace: '' };
    const [entry, passed, blocked] = find(
      lines(
        makeExchange(1, {
          ...outside,
          destination: 'bank.example',
          destinationNamespace: 'default',
          cluster: 'outbound|80||bank.example',
        }),
        makeExchange(2, { ...outside, destination: 'web.example', cluster: 'PassthroughCluster', route: 'allow_any' }),
        makeExchange(3, { ...outside, destination: 'web.example', cluster: '', route: 'block_all', status: 502 }),
      ),
      'istio_requests_total{',
    );
    const workload =
      'destination_workload="unknown",destination_workload_namespace="unknown",destination_principal="unknown",' +
      'destination_app="unknown",destination_version="unknown"';
    expect(entry).toContain(`${workload},destination_service="bank.example",destination_canonical_service="unknown"`);
    expect(entry).toContain('destination_service_name="bank.example",destination_service_namespace="default"');
    expect(passed).toContain(`${workload},destination_service="web.example"`);
    expect(passed).toContain('destination_service_name="PassthroughCluster",destination_service_namespace="unknown"');
    expect(blocked).toContain('destination_service_name="BlackHoleCluster"');
  });

  test('has cumulative buckets that end in the count', () => {
    const text = lines(...[0.4, 3, 30, 4_000_000].map((durationMs, n) => makeExchange(n, { durationMs })));
    const buckets = find(text, 'istio_request_duration_milliseconds_bucket');
    const counts = buckets.map((line) => Number(line.split(' ').at(-1)));
    expect([...counts].sort((a, b) => a - b)).toEqual(counts);
    expect(buckets.find((line) => line.includes('le="5"'))).toMatch(/ 2$/);
    expect(buckets.at(-1)).toMatch(/le="\+Inf"\} 4$/);
    expect(find(text, 'istio_request_duration_milliseconds_count')[0]).toMatch(/ 4$/);
    expect(find(text, 'istio_request_duration_milliseconds_sum')[0]).toMatch(/ 4000033\.4$/);
  });

  test('counts the messages of gRPC calls, and of nothing else', () => {
    const call = { protocol: 'gRPC', grpcStatus: 0, requestMessages: 1, responseMessages: 3 };
    const text = lines(makeExchange(1, call), makeExchange(2, { ...call, requestMessages: 4 }), makeExchange(3));
    const [up, ...others] = find(text, 'istio_request_messages_total{');
    expect(others).toEqual([]);
    expect(up).toMatch(/request_protocol="grpc",response_code="200",grpc_response_status="0".*\} 5$/);
    expect(find(text, 'istio_response_messages_total{')[0]).toMatch(/ 6$/);
  });

  test('counts TCP connections and bytes apart from requests', () => {
    const text = lines(makeExchange(1, { protocol: 'TCP', method: '', status: 0, requestBytes: 10, responseBytes: 20 }));
    expect(find(text, 'istio_requests_total{')).toEqual([]);
    expect(find(text, 'istio_tcp_sent_bytes_total{')[0]).toMatch(/ 20$/);
    expect(find(text, 'istio_tcp_received_bytes_total{')[0]).toMatch(/ 10$/);
    expect(find(text, 'istio_tcp_connections_opened_total{')[0]).toMatch(/ 1$/);
  });

  test('counts a connection from its beginning, and what it has carried so far', () => {
    const metrics = new PrometheusMetrics();
    const open = { protocol: 'TCP', method: '', status: 0, requestBytes: 10, responseBytes: 20 };
    const read = (name: string) => find(metrics.text().split('\n'), `${name}{`).map((line) => Number(line.split(' ').at(-1)));
    const all = () => ['opened', 'closed'].flatMap((what) => read(`istio_tcp_connections_${what}_total`));
    metrics.noteOpen(makeExchange(1, open));
    expect([all(), read('istio_tcp_received_bytes_total')]).toEqual([[1, 0], [10]]);
    metrics.noteOpen(makeExchange(1, { ...open, requestBytes: 15 }));
    metrics.record(makeExchange(1, { ...open, requestBytes: 40, responseBytes: 50 }));
    expect([all(), read('istio_tcp_received_bytes_total'), read('istio_tcp_sent_bytes_total')]).toEqual([[1, 1], [40], [50]]);
    expect(find(metrics.text().split('\n'), 'istio_tcp_connections_opened_total{')[0]).toContain('request_protocol="tcp"');
  });

  test('as OpenMetrics leads from a bucket to a trace of it, and nowhere else', () => {
    const metrics = new PrometheusMetrics();
    const slow = makeExchange(1, { durationMs: 30 });
    metrics.record(slow);
    const text = metrics.text('openmetrics').split('\n');
    expect(text.slice(-2)).toEqual(['# EOF', '']);
    expect(text).toContain('# TYPE istio_requests counter');
    const linked = text.filter((line) => line.includes(' # {'));
    expect(linked).toHaveLength(1);
    expect(linked[0]).toMatch(new RegExp(`le="50"\\} 1 # \\{trace_id="${slow.traceId}"\\} 30 \\d+\\.\\d{3}$`));
    expect(metrics.text()).not.toContain('# {');
    expect([undefined, 'text/plain', 'application/openmetrics-text;version=1.0.0,*/*;q=0.1'].map(formatFor)).toEqual([
      ...['prometheus', 'prometheus', 'openmetrics'],
    ]);
  });

  test('survives hostile names, every line parses', () => {
    const text = lines(makeExchange(1, { destination: 'a"b\\c\nd', destinationNamespace: '' }));
    for (const line of text.filter((l) => l !== '' && !l.startsWith('#'))) {
      expect(line).toMatch(/^[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})? [\d.e+]+$/);
    }
  });
});

describe('the access log', () => {
  const exchange = makeExchange(1, {
    durationMs: 5.4,
    request: {
      headers: [
        ['user-agent', 'curl/8'],
        ['x-forwarded-for', '10.0.0.1'],
      ],
      body: null,
      trailers: [],
    },
    response: { headers: [['x-envoy-upstream-service-time', '4']], body: null, trailers: [] },
  });

  test("is Istio's default line, field by field", () => {
    expect(formatAccessLogLine(exchange)).toBe(
      '[2026-01-01T00:00:00.001Z] "GET /ratings/1 HTTP/1.1" 200 - via_upstream - "-" 0 10 5 4 "10.0.0.1" "curl/8" "request-1" ' +
        '"ratings:9080" "127.0.0.1:41001" outbound|9080||ratings.default.svc.cluster.local - - 127.0.0.1:50000 - default\n',
    );
  });

  test('tells where the connection came in, and the server name it asked for', () => {
    const peer = {
      ...exchange.peer,
      localAddress: '127.0.0.1:41001',
      serverName: 'outbound_.9080_._.ratings.default.svc.cluster.local',
    };
    expect(formatAccessLogLine({ ...exchange, peer })).toMatch(
      / - 127\.0\.0\.1:41001 127\.0\.0\.1:50000 outbound_\.9080_\._\.ratings\.default\.svc\.cluster\.local default\n$/,
    );
  });

  test('tells why a connection failed, and writes - for what is empty', () => {
    const attempt = {
      endpoint: 'e',
      status: 0,
      flag: 'UF',
      phase: 'connect' as const,
      reason: 'connection refused',
      startMs: 0,
      durationMs: 1,
    };
    const line = formatAccessLogLine(
      makeExchange(1, { status: 503, flags: 'UF', attempts: [attempt], endpoint: '', requestId: '' }),
    );
    expect(line).toContain('503 UF via_upstream - "connection refused"');
    expect(line).toContain('"-" "ratings:9080" "-"');
  });

  test('as JSON keeps numbers as numbers and empty values as null', () => {
    expect(JSON.parse(formatAccessLogJson(exchange))).toMatchObject({
      ...{ method: 'GET', path: '/ratings/1', response_code: 200, response_flags: '-', duration: 5, user_agent: 'curl/8' },
      ...{ x_forwarded_for: '10.0.0.1', upstream_cluster: exchange.cluster, route_name: 'default', bytes_sent: 10 },
    });
  });

  test('is one line whatever the request held', () => {
    const line = formatAccessLogLine(
      makeExchange(1, { request: { headers: [['user-agent', 'a\nb" "c']], body: null, trailers: [] } }),
    );
    expect(line.trimEnd()).not.toContain('\n');
  });
});
