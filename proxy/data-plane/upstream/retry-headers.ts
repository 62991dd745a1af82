import type { HeaderMap } from '../header-map.ts';
import type { RetryPolicy } from '../snapshot.ts';

/*
 * What a route puts into the router's control headers counts: they are read, and taken off, after the route's header operations. A client's
 * own never get this far (edge-headers.ts). Envoy: RetryStateImpl::create.
 */

const HEADERS = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-upstream-rq-per-try-timeout-ms',
] as const;

/** Envoy's policy for a route that has none. */
const bare: RetryPolicy = {
  attempts: 1,
  retryOn: [],
  retriableStatusCodes: [],
  perTryTimeoutMs: null,
  backoffBaseMs: 25,
  backoffMaxMs: 250,
  hostSelectionRetries: 0,
  from: 'headers',
};

/** The policy with the headers merged in; the headers are gone afterwards. */
export function takeRetryHeaders(headers: HeaderMap, policy: RetryPolicy | null): RetryPolicy | null {
  if (!HEADERS.some((name) => headers.has(name))) return policy;
  const asked = [...listOf(headers, 'x-envoy-retry-on'), ...listOf(headers, 'x-envoy-retry-grpc-on')];
  const codes = listOf(headers, 'x-envoy-retriable-status-codes')
    .filter((code) => /^\d+$/.test(code))
    .map(Number);
  const most = headers.get('x-envoy-max-retries') ?? '';
  for (const name of HEADERS) headers.remove(name);
  const base = policy ?? bare;
  const retryOn = [...new Set([...base.retryOn, ...asked])];
  if (retryOn.length === 0) return policy;
  return {
    ...base,
    retryOn,
    retriableStatusCodes: [...base.retriableStatusCodes, ...codes],
    attempts: /^\d+$/.test(most) ? Number(most) : base.attempts,
  };
}

function listOf(headers: HeaderMap, name: string): string[] {
  return (headers.get(name) ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
