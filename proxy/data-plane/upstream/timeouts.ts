import type { ExchangeState } from '../exchange.ts';

/** Timeouts of one request, milliseconds; 0 = none. */
export interface RequestTimeouts {
  globalMs: number;
  perTryMs: number;
}

const GRPC_UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };
const MAX_GRPC_TIMEOUT_VALUE = 99_999_999;

/**
 * What the router will wait (Envoy: FilterUtility::finalTimeout). gRPC calls: grpc-timeout, capped by the route's timeout (Istio sets
 * max_grpc_timeout to it); a per-try timeout that is not shorter than the whole is ignored.
 */
export function finalTimeouts(
  exchange: ExchangeState,
  routeTimeoutMs: number | null,
  perTryTimeoutMs: number | null,
): RequestTimeouts {
  const action = exchange.route?.action;
  // A route with a max_stream_duration has no other timeout, not even the client's (Envoy: usingNewTimeouts).
  const streamLimited = action?.type === 'forward' && action.maxStreamDurationMs !== undefined;
  const routeMs = streamLimited ? 0 : (routeTimeoutMs ?? 0);
  let globalMs = routeMs;
  if (exchange.grpc && !streamLimited) {
    globalMs = parseGrpcTimeout(exchange.headers.get('grpc-timeout')) ?? 0;
    if (routeMs !== 0 && (globalMs === 0 || globalMs > routeMs)) globalMs = routeMs;
  }
  let perTryMs = perTryTimeoutMs ?? 0;
  if (globalMs !== 0 && perTryMs >= globalMs) perTryMs = 0;
  return { globalMs, perTryMs };
}

/** `100m` → 100, rounded up to whole milliseconds; undefined when absent or malformed. */
export function parseGrpcTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  // As lenient as strtoull: a plus sign, blanks before the unit.
  const match = /^\+?(\d{1,8})\s*([HMSmun])$/.exec(value);
  return match === null ? undefined : Math.ceil(Number(match[1]) * GRPC_UNIT_MS[match[2]!]!);
}

/** Milliseconds as a grpc-timeout value, in the smallest unit that fits eight digits. */
export function formatGrpcTimeout(timeoutMs: number): string {
  let value = Math.floor(timeoutMs);
  for (const [unit, next] of [
    ['m', 1000],
    ['S', 60],
    ['M', 60],
  ] as const) {
    if (value <= MAX_GRPC_TIMEOUT_VALUE) return `${value}${unit}`;
    value = Math.floor(value / next);
  }
  return `${Math.min(value, MAX_GRPC_TIMEOUT_VALUE)}H`;
}

/** What the upstream is told it has: x-envoy-expected-rq-timeout-ms; 0 = nothing to tell. `elapsedMs` since the request was complete. */
export function expectedTimeoutMs(timeouts: RequestTimeouts, elapsedMs: number): number {
  const expected = timeouts.perTryMs === 0 ? timeouts.globalMs : timeouts.perTryMs;
  if (expected === 0 || timeouts.globalMs === 0) return expected;
  if (elapsedMs >= timeouts.globalMs) return 1;
  return Math.min(expected, timeouts.globalMs - Math.floor(elapsedMs));
}
