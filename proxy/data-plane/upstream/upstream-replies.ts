import type { LocalReply } from '../exchange.ts';
import type { UpstreamReset } from '../stream.ts';

/*
 * The router's own answers, word for word (Envoy: source/common/router/router.cc, source/common/http/utility.cc resetReasonToString,
 * stream_info/utility.cc).
 */

const REASONS: Readonly<Record<UpstreamReset['kind'], string>> = {
  'connect-failure': 'remote connection failure',
  'connect-timeout': 'connection timeout',
  'tls-failure': 'remote connection failure',
  'connection-termination': 'connection termination',
  'remote-reset': 'remote reset',
  'refused-stream': 'remote refused stream reset',
  'protocol-error': 'protocol error',
  overflow: 'overflow',
  'local-reset': 'local reset',
};

const FLAGS: Readonly<Record<UpstreamReset['kind'], string>> = {
  'connect-failure': 'UF',
  'connect-timeout': 'UF',
  'tls-failure': 'UF',
  'connection-termination': 'UC',
  'remote-reset': 'UR',
  'refused-stream': 'UR',
  'protocol-error': 'UPE',
  overflow: 'UO',
  'local-reset': 'LR',
};

/** UNAVAILABLE, as the mapping from 504 has it: Envoy 1.40 keeps DEADLINE_EXCEEDED behind a guard that is off (grpc_timeout_returns_deadline_exceeded). */
const GRPC_TIMEOUT_STATUS = 14;

export function flagOfReset(kind: UpstreamReset['kind']): string {
  return FLAGS[kind];
}

export function reasonOfReset(kind: UpstreamReset['kind']): string {
  return REASONS[kind];
}

/** Transport failure reason, where Envoy reports one: connecting only. */
function transportFailure(reset: UpstreamReset): string {
  if (reset.detail === '') return '';
  if (reset.kind === 'connect-failure') return `delayed connect error: ${reset.detail}`;
  if (reset.kind === 'tls-failure') return reset.detail;
  return '';
}

/** `upstream_reset_before_response_started{connection_termination}` */
export function detailsOfReset(reset: UpstreamReset, responseStarted: boolean): string {
  const transport = transportFailure(reset);
  const inner = transport === '' ? REASONS[reset.kind] : `${REASONS[reset.kind]}|${transport}`;
  const details = `upstream_reset_${responseStarted ? 'after' : 'before'}_response_started{${inner}}`;
  return details.replace(/\s/g, '_');
}

/** No response head came and no retry is left: 503, 502 for a protocol error. */
export function resetReply(reset: UpstreamReset, retried: boolean, responseStarted: boolean): LocalReply {
  // The transport's own words stay in the details: clients are not told since Envoy 1.38.1 (envoyproxy/envoy#44746).
  const prefix = `upstream connect error or disconnect/reset before headers. ${retried ? 'retried and the latest ' : ''}reset reason: `;
  return {
    status: reset.kind === 'protocol-error' ? 502 : 503,
    body: `${prefix}${REASONS[reset.kind]}`,
    flag: FLAGS[reset.kind],
    details: detailsOfReset(reset, responseStarted),
    ...(reset.kind === 'overflow' ? { headers: [['x-envoy-overloaded', 'true']] as [string, string][] } : {}),
  };
}

export function timeoutReply(details: 'response_timeout' | 'upstream_per_try_timeout'): LocalReply {
  return { status: 504, body: 'upstream request timeout', flag: 'UT', details, grpcStatus: GRPC_TIMEOUT_STATUS };
}

/** The cluster's max_stream_duration passed before a response head: 408 while the request is not complete. */
export function streamDurationReply(requestComplete: boolean): LocalReply {
  return {
    status: requestComplete ? 504 : 408,
    body: 'upstream max stream duration reached',
    flag: 'UMSDR',
    details: 'upstream_max_stream_duration_reached',
  };
}

export function noHealthyUpstreamReply(): LocalReply {
  return { status: 503, body: 'no healthy upstream', flag: 'UH', details: 'no_healthy_upstream' };
}

export function clusterNotFoundReply(status: number): LocalReply {
  return { status, body: '', flag: 'NC', details: 'cluster_not_found' };
}

/** More request body than can be kept came while waiting for the next attempt. */
export function bufferLimitReply(): LocalReply {
  return {
    status: 507,
    body: 'exceeded request buffer limit while retrying upstream',
    flag: '',
    details: 'request_payload_exceeded_retry_buffer_limit',
  };
}
