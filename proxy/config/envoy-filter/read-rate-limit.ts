import type { Fields } from './fields.ts';
import type { HeaderValueOption, RateLimitSettings } from './patch.ts';

/**
 * envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit. Null where Envoy itself would refuse the message; why is told. Of a route's
 * own limit (`perRoute`) Envoy demands a bucket.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter
 */
export function readRateLimit(fields: Fields, perRoute: boolean): RateLimitSettings | null {
  const refused = refusal(fields, perRoute);
  if (refused !== null) {
    fields.tell(fields.path, `Envoy refuses the limit: ${refused}`);
    return null;
  }
  const bucket = fields.message('token_bucket');
  const status = fields.message('status');
  const settings: RateLimitSettings = {
    bucket: bucket && {
      maxTokens: bucket.number('max_tokens') ?? 0,
      tokensPerFill: bucket.number('tokens_per_fill') ?? 1,
      fillIntervalMs: bucket.durationMs('fill_interval') ?? 0,
    },
    enabledPercent: readPercent(fields, 'filter_enabled'),
    enforcedPercent: readPercent(fields, 'filter_enforced'),
    status: readStatus(status),
    responseHeaders: readHeaderOptions(fields, 'response_headers_to_add'),
    requestHeadersWhenNotEnforced: readHeaderOptions(fields, 'request_headers_to_add_when_not_enforced'),
    perConnection: fields.boolean('local_rate_limit_per_downstream_connection') ?? false,
    rateLimitHeaders: ['DRAFT_VERSION_03', '1'].includes(fields.string('enable_x_ratelimit_headers') ?? ''),
    resourceExhausted: fields.boolean('rate_limited_as_resource_exhausted') ?? false,
  };
  bucket?.rest();
  if (fields.has('descriptors') || fields.has('rate_limits')) {
    fields.refuse('descriptors', 'limits by descriptor are not acted on: every request counts against the one bucket');
    fields.ignore('rate_limits', 'always_consume_default_token_bucket', 'max_dynamic_descriptors');
  }
  // Descriptors only, statistics only.
  fields.ignore('stat_prefix', 'stage', 'vh_rate_limits', 'always_consume_default_token_bucket', 'max_dynamic_descriptors');
  fields.rest();
  return settings;
}

/** What Envoy's own validation says, checked on copies: the fields are read afterwards. */
function refusal(fields: Fields, perRoute: boolean): string | null {
  const statPrefix = fields.string('stat_prefix');
  if (!statPrefix) return 'stat_prefix is required';
  const bucket = fields.peek('token_bucket');
  if (bucket === null) return perRoute ? 'a limit on a route or virtual host needs a token_bucket' : null;
  if ((bucket.number('max_tokens') ?? 0) <= 0) return 'token_bucket.max_tokens must be above 0';
  const interval = bucket.durationMs('fill_interval');
  if (interval === undefined || interval <= 0) return 'token_bucket.fill_interval is required';
  if (interval < 50) return 'token_bucket.fill_interval must be at least 50ms (0.05s)';
  return null;
}

/** RuntimeFractionalPercent: there is no runtime here, its default counts. Not set is 0 %. */
function readPercent(fields: Fields, name: string): number {
  const fraction = fields.message(name);
  if (fraction === null) return 0;
  fraction.ignore('runtime_key');
  const value = fraction.message('default_value');
  fraction.rest();
  if (value === null) return 0;
  const numerator = value.number('numerator') ?? 0;
  const denominator = value.string('denominator') ?? 'HUNDRED';
  value.rest();
  const of = denominator === 'MILLION' ? 1_000_000 : denominator === 'TEN_THOUSAND' ? 10_000 : 100;
  return Math.min(100, (numerator / of) * 100);
}

const statusNames: Readonly<Record<string, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  PaymentRequired: 402,
  Forbidden: 403,
  NotFound: 404,
  RequestTimeout: 408,
  Conflict: 409,
  TooManyRequests: 429,
  InternalServerError: 500,
  BadGateway: 502,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
};

/** Below 400, or none, is 429. */
function readStatus(status: Fields | null): number {
  if (status === null) return 429;
  const text = status.string('code') ?? '';
  const code = statusNames[text] ?? Number(text);
  status.rest();
  if (Number.isInteger(code) && code >= 400 && code < 600) return code;
  if (!Number.isInteger(code) && text !== 'OK') status.tell(status.path, `\`${text}\` is no status known here; 429 is used`);
  return 429;
}

const actions: Readonly<Record<string, HeaderValueOption['action']>> = {
  APPEND_IF_EXISTS_OR_ADD: 'append',
  ADD_IF_ABSENT: 'add-if-absent',
  OVERWRITE_IF_EXISTS_OR_ADD: 'overwrite',
};

function readHeaderOptions(fields: Fields, name: string): HeaderValueOption[] {
  return fields.messages(name).flatMap((option) => {
    const header = option.message('header');
    const key = header?.string('key') ?? '';
    const value = header?.string('value') ?? '';
    header?.rest();
    const append = option.boolean('append');
    const named = option.string('append_action');
    option.ignore('keep_empty_value');
    option.rest();
    if (key === '') return [];
    const action = named === undefined ? (append === false ? 'overwrite' : 'append') : actions[named];
    if (action === undefined) {
      option.tell(option.path, `append_action ${named} is not acted on`);
      return [];
    }
    return [{ name: key.toLowerCase(), value, action }];
  });
}
