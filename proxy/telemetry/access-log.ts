import type { ExchangeDetail } from '../api/exchange.schema.ts';

/*
 * Istio's access log, off by default. One line per request, `-` for what is empty.
 * https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
 */

export function formatAccessLogLine(exchange: ExchangeDetail): string {
  const f = fieldsOf(exchange);
  return (
    `[${f.start_time}] "${f.method} ${f.path} ${f.protocol}" ${f.response_code} ${f.response_flags} ${f.response_code_details} ` +
    `${f.connection_termination_details} "${f.upstream_transport_failure_reason}" ${f.bytes_received} ${f.bytes_sent} ${f.duration} ` +
    `${f.upstream_service_time} "${f.x_forwarded_for}" "${f.user_agent}" "${f.request_id}" "${f.authority}" "${f.upstream_host}" ` +
    `${f.upstream_cluster} ${f.upstream_local_address} ${f.downstream_local_address} ${f.downstream_remote_address} ` +
    `${f.requested_server_name} ${f.route_name}\n`
  );
}

/** JSON encoding: operator names in lower case; numbers stay numbers, empty values are null, but no flags are `-`, as Envoy writes them. */
export function formatAccessLogJson(exchange: ExchangeDetail): string {
  const fields = Object.entries(fieldsOf(exchange)).map(([name, value]) => [
    name,
    value === '-' && name !== 'response_flags' ? null : value,
  ]);
  return `${JSON.stringify(Object.fromEntries(fields))}\n`;
}

function fieldsOf(exchange: ExchangeDetail) {
  const { request, response } = exchange;
  const failed = exchange.attempts.findLast((a) => a.phase === 'connect');
  return {
    start_time: exchange.time,
    method: or(exchange.method),
    path: or(exchange.path),
    protocol: protocolOf(exchange),
    response_code: exchange.status,
    response_flags: or(exchange.flags),
    response_code_details: or(exchange.details),
    connection_termination_details: '-',
    upstream_transport_failure_reason: or(failed?.reason ?? ''),
    bytes_received: exchange.requestBytes,
    bytes_sent: exchange.responseBytes,
    duration: Math.floor(exchange.durationMs),
    upstream_service_time: or(header(response.headers, 'x-envoy-upstream-service-time')),
    x_forwarded_for: or(header(request.headers, 'x-forwarded-for')),
    user_agent: or(header(request.headers, 'user-agent')),
    request_id: or(exchange.requestId),
    authority: or(exchange.authority),
    upstream_host: or(exchange.endpoint),
    upstream_cluster: or(exchange.cluster),
    upstream_local_address: '-',
    downstream_local_address: or(exchange.peer.localAddress ?? ''),
    downstream_remote_address: or(exchange.peer.address),
    requested_server_name: or(exchange.peer.serverName ?? ''),
    route_name: or(exchange.route),
  };
}

/** %PROTOCOL%: HTTP's version, and nothing for a TCP connection. */
function protocolOf({ protocol }: ExchangeDetail): string {
  if (protocol === 'gRPC') return 'HTTP/2';
  if (protocol === 'WebSocket') return 'HTTP/1.1';
  return protocol === 'TCP' ? '-' : or(protocol);
}

/** `-` for nothing; control characters escaped, so that an entry stays one line. */
function or(value: string): string {
  return value === '' ? '-' : value.replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
function header(headers: readonly (readonly [string, string])[], name: string): string {
  return headers.find(([n]) => n === name)?.[1] ?? '';
}
