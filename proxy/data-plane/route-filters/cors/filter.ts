import type { ExchangeState, LocalReply, RouteFilter } from '../../exchange.ts';
import { compileStringMatch, type RegexCache, type StringMatcher } from '../../route/string-match.ts';
import type { CorsPolicy } from '../../snapshot.ts';

/*
 * CORS as Envoy's filter does it. A preflight (OPTIONS + Origin + Access-Control-Request-Method) from an allowed origin is answered here;
 * one that is not allowed goes on to the service unless unmatchedPreflights is IGNORE. Actual requests always go on: only the response is
 * decorated. Routes that redirect or answer directly have no CORS (they are no route entry to Envoy).
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/cors_filter
 */

interface PreparedCors {
  policy: CorsPolicy;
  allowsOrigin: StringMatcher;
  methods: string;
  headers: string;
  exposed: string;
}

/** `policies`: every CorsPolicy of the view's routes, so that their regexes are compiled now. Null when there are none. */
export function createCorsFilter(policies: Iterable<CorsPolicy>, regexes: RegexCache): RouteFilter | null {
  const prepared = new Map<CorsPolicy, PreparedCors>();
  for (const policy of policies) prepared.set(policy, prepare(policy, regexes));
  if (prepared.size === 0) return null;
  return (exchange) => {
    const policy = exchange.route?.cors ?? null;
    if (policy === null || exchange.route?.action.type !== 'forward') return undefined;
    const origin = exchange.headers.get('origin') ?? '';
    if (origin === '') return undefined;
    const cors = prepared.get(policy);
    if (cors === undefined) throw new Error(`CORS policy of route ${exchange.route.name} was not prepared`);
    return handle(exchange, cors, origin);
  };
}

function prepare(policy: CorsPolicy, regexes: RegexCache): PreparedCors {
  const origins = policy.allowOrigins.map((match) => compileStringMatch(match, regexes));
  return {
    policy,
    allowsOrigin: (origin) => origins.some((matches) => matches('*') || matches(origin)),
    methods: policy.allowMethods.join(','),
    headers: policy.allowHeaders.join(','),
    exposed: policy.exposeHeaders.join(','),
  };
}

function handle(exchange: ExchangeState, cors: PreparedCors, origin: string): LocalReply | undefined {
  const allowed = cors.allowsOrigin(origin);
  const requestedMethod = exchange.headers.get('access-control-request-method') ?? '';
  const preflight = exchange.method === 'OPTIONS' && requestedMethod !== '';
  if (preflight && (allowed || cors.policy.unmatchedPreflights === 'IGNORE')) {
    return preflightReply(exchange, cors, allowed ? origin : null, requestedMethod);
  }
  if (allowed) {
    exchange.responseHeaderFilters.push(({ headers }) => {
      headers.set('access-control-allow-origin', origin);
      if (cors.policy.allowCredentials === true) headers.set('access-control-allow-credentials', 'true');
      if (cors.exposed !== '') headers.set('access-control-expose-headers', cors.exposed);
    });
  }
  return undefined;
}

function preflightReply(exchange: ExchangeState, cors: PreparedCors, origin: string | null, requestedMethod: string): LocalReply {
  const headers: [string, string][] = [];
  if (origin !== null) headers.push(['access-control-allow-origin', origin]);
  if (cors.policy.allowCredentials === true) headers.push(['access-control-allow-credentials', 'true']);
  // With `*` the requested value is echoed, and an empty header when nothing was requested.
  const add = (name: string, configured: string, requested: string) => {
    if (configured !== '') headers.push([name, configured === '*' ? requested : configured]);
  };
  add('access-control-allow-methods', cors.methods, requestedMethod);
  add('access-control-allow-headers', cors.headers, exchange.headers.get('access-control-request-headers') ?? '');
  if (origin !== null && cors.exposed !== '') headers.push(['access-control-expose-headers', cors.exposed]);
  if (cors.policy.maxAgeSeconds !== null) headers.push(['access-control-max-age', String(cors.policy.maxAgeSeconds)]);
  return { status: 200, body: '', flag: '', details: 'cors_response', headers, asWritten: true };
}
