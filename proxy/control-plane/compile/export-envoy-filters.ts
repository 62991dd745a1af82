import type { HeaderOption, HttpPatches, LocalRateLimit, RateLimitFilter } from '../../data-plane/snapshot.ts';
import { fraction, type Json, seconds, typed } from './export-envoy-json.ts';

/** HTTP filters of one outbound port: Istio's, with the rate limits of EnvoyFilters where they stand. */
export function httpFilters(http: HttpPatches | undefined, port: number): Json[] {
  const own = (http?.rateLimits ?? []).filter((filter) => filter.port === 0 || filter.port === port);
  const before = (position: RateLimitFilter['before']): Json[] =>
    own
      .filter((filter) => filter.before === position)
      .map(({ name, limit }) => ({ name, typed_config: rateLimitConfig(limit, name) }));
  return [
    ...before('first'),
    ...before('fault'),
    filter('fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault'),
    ...before('cors'),
    filter('cors', 'envoy.extensions.filters.http.cors.v3.Cors'),
    ...before('router'),
    filter('router', 'envoy.extensions.filters.http.router.v3.Router'),
  ];
}

const filter = (name: string, type: string): Json => ({ name: `envoy.filters.http.${name}`, typed_config: typed(type, {}) });

export function rateLimitConfig(limit: LocalRateLimit, statPrefix: string): Json {
  const { bucket } = limit;
  return typed('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: statPrefix,
    ...(bucket
      ? {
          token_bucket: {
            max_tokens: bucket.maxTokens,
            tokens_per_fill: bucket.tokensPerFill,
            fill_interval: seconds(bucket.fillIntervalMs),
          },
        }
      : {}),
    filter_enabled: { default_value: fraction(limit.enabledPercent) },
    filter_enforced: { default_value: fraction(limit.enforcedPercent) },
    status: { code: limit.status },
    ...headerOptions('response_headers_to_add', limit.responseHeaders),
    ...headerOptions('request_headers_to_add_when_not_enforced', limit.requestHeadersWhenNotEnforced),
    ...(limit.perConnection ? { local_rate_limit_per_downstream_connection: true } : {}),
    ...(limit.rateLimitHeaders ? { enable_x_ratelimit_headers: 'DRAFT_VERSION_03' } : {}),
    ...(limit.resourceExhausted ? { rate_limited_as_resource_exhausted: true } : {}),
  });
}

const actions: Record<HeaderOption['action'], string> = {
  append: 'APPEND_IF_EXISTS_OR_ADD',
  overwrite: 'OVERWRITE_IF_EXISTS_OR_ADD',
  'add-if-absent': 'ADD_IF_ABSENT',
};

function headerOptions(field: string, options: readonly HeaderOption[]): Json {
  if (options.length === 0) return {};
  return {
    [field]: options.map(({ name, value, action }) => ({ header: { key: name, value }, append_action: actions[action] })),
  };
}

/** What NETWORK_FILTER patches change of the connection manager. */
export function managerFields(http: HttpPatches | undefined, port: number): Json {
  const fields: Json = {};
  for (const manager of http?.managers ?? []) {
    if (manager.port !== 0 && manager.port !== port) continue;
    if (manager.streamIdleTimeoutMs !== undefined) fields.stream_idle_timeout = seconds(manager.streamIdleTimeoutMs);
    if (manager.requestTimeoutMs !== undefined) fields.request_timeout = seconds(manager.requestTimeoutMs);
    if (manager.serverName !== undefined) fields.server_name = manager.serverName;
    if (manager.serverHeader !== undefined) fields.server_header_transformation = manager.serverHeader;
  }
  return fields;
}
