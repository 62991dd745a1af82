import { toWireText } from '../../../shared/wire-text.ts';
import type { Clock, Random } from '../../clock.ts';
import type { ExchangeState, LocalReply, ResponseHead, RouteFilter } from '../../exchange.ts';
import { addHeader, type HeaderMap } from '../../header-map.ts';
import { expandCommands } from '../../route/expand-commands.ts';
import type { HeaderOption, LocalRateLimit, RateLimitFilter } from '../../snapshot.ts';
import type { RateLimitState } from './rate-limit-state.ts';
import type { TokenBucket } from './token-bucket.ts';

/*
 * Envoy's local rate limit, which EnvoyFilters insert: a token bucket per filter instance (one per proxy and port), or per route or virtual
 * host that has a limit of its own. A request without a token is answered 429 `local_rate_limited`, flag RL.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter
 */

export interface RateLimitDeps {
  clock: Clock;
  random: Random;
  state: RateLimitState;
}

export function createRateLimitFilter(filter: RateLimitFilter, { clock, random, state }: RateLimitDeps): RouteFilter {
  return (exchange) => {
    if (filter.port !== 0 && filter.port !== exchange.port) return undefined;
    const own = exchange.route?.rateLimits?.[filter.name];
    const limit = own ?? filter.limit;
    if (!drawn(limit.enabledPercent, random)) return undefined;
    const place = `${exchange.proxy.id}|${exchange.direction}|${filter.name}|${exchange.port}`;
    const bucket = state.bucketOf(limit, place, exchange.downstream.connection);
    if (bucket === null) return undefined;
    const allowed = bucket.consume(clock.now());
    if (limit.rateLimitHeaders) exchange.responseHeaderFilters.push(({ headers }) => tellLimit(headers, bucket, clock.now()));
    if (allowed) return undefined;
    const enforced = drawn(limit.enforcedPercent, random);
    exchange.policies.push({
      resource: limit.origin,
      outcome: enforced ? 'denied' : 'shadow-denied',
      reason: `local rate limit of ${describe(limit)}: no token left${enforced ? '' : ', not enforced'}`,
    });
    if (enforced) return refuse(exchange, limit);
    for (const option of limit.requestHeadersWhenNotEnforced) writeHeader(exchange.headers, option, exchange);
    return undefined;
  };
}

function refuse(exchange: ExchangeState, limit: LocalRateLimit): LocalReply {
  if (limit.responseHeaders.length > 0) {
    exchange.responseHeaderFilters.push((response) => {
      for (const option of limit.responseHeaders) writeHeader(response.headers, option, exchange, response);
    });
  }
  return {
    status: limit.status,
    body: 'local_rate_limited',
    flag: 'RL',
    details: 'local_rate_limited',
    ...(limit.resourceExhausted ? { grpcStatus: 8 } : {}),
  };
}

function writeHeader(
  headers: HeaderMap,
  { name, value, action }: HeaderOption,
  exchange: ExchangeState,
  response?: ResponseHead,
): void {
  if (action === 'add-if-absent' && headers.has(name)) return;
  const wire = toWireText(value);
  const text = wire.includes('%') ? expandCommands(wire, exchange, response) : wire;
  // Envoy's keep_empty_value is off.
  if (text === '') return;
  if (action === 'overwrite') headers.set(name, text);
  else addHeader(headers, name, text, response === undefined ? 'request' : 'response');
}

/** draft-ietf-httpapi-ratelimit-headers-03, as Envoy writes them. */
function tellLimit(headers: HeaderMap, bucket: TokenBucket, nowMs: number): void {
  headers.add('x-ratelimit-limit', String(bucket.maxTokens));
  headers.add('x-ratelimit-remaining', String(Math.floor(bucket.remaining(nowMs))));
  headers.add('x-ratelimit-reset', String(Math.ceil(bucket.nextTokenMs(nowMs) / 1000)));
}

function describe({ bucket }: LocalRateLimit): string {
  if (bucket === null) return 'nothing';
  return `${bucket.maxTokens}, ${bucket.tokensPerFill} more every ${bucket.fillIntervalMs / 1000} s`;
}

/** 0 never, 100 always. */
function drawn(percent: number, random: Random): boolean {
  if (percent <= 0 || percent >= 100) return percent > 0;
  return random() * 100 < percent;
}
