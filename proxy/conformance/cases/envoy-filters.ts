import type { Document, Group } from '../case.ts';
import { toHost } from '../documents.ts';

/*
 * EnvoyFilter, as far as it is honoured: local rate limits. Every group brings a filter of its own, by a name of its own, that limits nothing
 * until a virtual host or route of the group gives it a bucket: all groups share one listener.
 */

const source = '§3 RL; Envoy: local_rate_limit_filter';
const always = { default_value: { numerator: 100, denominator: 'HUNDRED' } };
const limitType = 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
const filterName = 'local_ratelimit.$HOST';

/** A LocalRateLimit of so many tokens that are not refilled while a test runs. */
const limit = (tokens: number, more: Document = {}): Document => ({
  stat_prefix: 'limit',
  token_bucket: { max_tokens: tokens, tokens_per_fill: 1, fill_interval: '1000s' },
  filter_enabled: always,
  filter_enforced: always,
  ...more,
});

const struct = (value: Document): Document => ({
  '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
  type_url: limitType,
  value,
});

const insert = (subFilter?: string, operation = 'INSERT_BEFORE'): Document => ({
  applyTo: 'HTTP_FILTER',
  match: {
    context: 'SIDECAR_OUTBOUND',
    listener: {
      filterChain: {
        filter: {
          name: 'envoy.filters.network.http_connection_manager',
          ...(subFilter ? { subFilter: { name: subFilter } } : {}),
        },
      },
    },
  },
  patch: { operation, value: { name: filterName, typed_config: struct({ stat_prefix: 'limit' }) } },
});

const onHost = (config: Document): Document => ({
  applyTo: 'VIRTUAL_HOST',
  match: { context: 'SIDECAR_OUTBOUND', routeConfiguration: { vhost: { name: '$HOST:8000' } } },
  patch: { operation: 'MERGE', value: { typed_per_filter_config: { [filterName]: { '@type': limitType, ...config } } } },
});

const onRoute = (route: string, value: Document): Document => ({
  applyTo: 'HTTP_ROUTE',
  match: { context: 'ANY', routeConfiguration: { portNumber: 8000, vhost: { name: '$HOST:8000', route: { name: route } } } },
  patch: { operation: 'MERGE', value },
});

const limited = (config: Document): Document => ({ typed_per_filter_config: { [filterName]: struct(config) } });

const envoyFilter = (name: string, ...configPatches: Document[]): Document => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name, namespace: 'default' },
  spec: { workloadSelector: { labels: { app: 'client' } }, configPatches },
});

const refused = { status: 429, body: 'local_rate_limited', attempts: 0, flags: 'RL', details: 'local_rate_limited' };

const onCluster = (value: Document, match: Document = { service: '$HOST' }): Document => ({
  applyTo: 'CLUSTER',
  match: { context: 'SIDECAR_OUTBOUND', cluster: match },
  patch: { operation: 'MERGE', value },
});

const httpOptions = (common: Document): Document => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      common_http_protocol_options: common,
    },
  },
});

/** A request whose body never comes: it promises a hundred bytes. */
const incomplete = { method: 'POST', headers: { 'content-length': '100' } };
const timedOut = (body: string, flags: string, details: string) => ({ status: 504, body, flags, details });

const timeoutGroups: readonly Group[] = [
  {
    id: 'ef-idle',
    source: '§3 SI; Envoy: stream_idle_timeout, RouteAction.idle_timeout',
    documents: [envoyFilter('ef-idle', onRoute('idle', { route: { idle_timeout: '1.5s' } }))],
    http: [
      { name: 'idle', match: [{ uri: { prefix: '/idle' } }], route: [toHost()], retries: { attempts: 2, retryOn: '5xx,reset' } },
      { route: [toHost()] },
    ],
    cases: [
      { name: 'in time', path: '/idle', app: 'delay=50', expect: { status: 200 } },
      { name: 'another route is not meant', app: 'delay=2000', expect: { status: 200 } },
      {
        name: 'a silent app: 504, not retried',
        path: '/idle',
        app: 'delay=8000',
        expect: { ...timedOut('stream timeout', 'SI', 'stream_idle_timeout'), attempts: 1, minMs: 1400, maxMs: 7000 },
      },
      {
        name: 'gRPC: UNAVAILABLE',
        path: '/idle',
        method: 'POST',
        headers: { 'content-type': 'application/grpc' },
        app: 'delay=8000',
        expect: { status: 200, flags: 'SI', headers: { 'grpc-status': '14', 'grpc-message': 'stream timeout' } },
      },
      {
        name: 'a request that is not complete: 408',
        path: '/idle',
        ...incomplete,
        expect: { status: 408, body: 'stream timeout', flags: 'SI', details: 'stream_idle_timeout' },
      },
      {
        name: 'silence within the body cuts it',
        path: '/idle',
        app: 'body=some-text,pause=8000',
        expect: { cut: true, flags: 'SI' },
      },
    ],
  },
  {
    id: 'ef-duration',
    source: 'Envoy: RouteAction.max_stream_duration',
    documents: [
      envoyFilter('ef-duration', onRoute('short', { route: { max_stream_duration: { max_stream_duration: '1.5s' } } })),
    ],
    http: [
      {
        name: 'short',
        match: [{ uri: { prefix: '/slow' } }],
        fault: { delay: { percentage: { value: 100 }, fixedDelay: '20s' } },
        route: [toHost()],
      },
      { name: 'short', match: [{ uri: { prefix: '/timeout' } }], route: [toHost()], timeout: '100ms' },
      { name: 'short', route: [toHost()], retries: { attempts: 2, retryOn: '5xx,reset' } },
    ],
    cases: [
      { name: 'in time', app: 'delay=50', expect: { status: 200 } },
      {
        name: 'longer: 504 without a flag, not retried',
        app: 'delay=8000',
        expect: { ...timedOut('downstream duration timeout', '', 'max_duration_timeout'), attempts: 1, minMs: 1400, maxMs: 7000 },
      },
      {
        name: 'gRPC: DEADLINE_EXCEEDED',
        method: 'POST',
        headers: { 'content-type': 'application/grpc' },
        app: 'delay=8000',
        expect: {
          status: 200,
          headers: { 'grpc-status': '4', 'grpc-message': 'downstream duration timeout' },
          seen: { headers: { 'grpc-timeout': '1500m' } },
        },
      },
      {
        name: 'a request that is not complete: 408',
        ...incomplete,
        expect: { status: 408, body: 'downstream duration timeout' },
      },
      {
        name: 'a body that lasts longer is cut',
        app: 'body=some-text,pause=8000',
        expect: { cut: true, details: 'max_duration_timeout' },
      },
      {
        name: 'the route’s timeout counts no more',
        path: '/timeout',
        app: 'delay=250',
        expect: { status: 200, seen: { headers: { 'x-envoy-expected-rq-timeout-ms': null } } },
      },
      {
        name: 'nor a gRPC client’s: it is told the route’s',
        path: '/timeout',
        method: 'POST',
        headers: { 'content-type': 'application/grpc', 'grpc-timeout': '90m' },
        app: 'delay=250,grpc=0',
        expect: { status: 200, seen: { headers: { 'grpc-timeout': '1500m' } } },
      },
      {
        name: 'tries count together',
        app: 'status=503,delay=1000',
        expect: { status: 504, attempts: 2, details: 'max_duration_timeout' },
      },
      {
        name: 'filters too: an injected delay',
        path: '/slow',
        expect: { status: 504, body: 'downstream duration timeout', attempts: 0, flags: 'DI', maxMs: 15000 },
      },
    ],
  },
  {
    id: 'ef-upstream-duration',
    source: '§3 UMSDR; Envoy: max_stream_duration of a cluster',
    documents: [envoyFilter('ef-upstream-duration', onCluster(httpOptions({ max_stream_duration: '1.2s' })))],
    http: [
      { match: [{ uri: { prefix: '/retry' } }], route: [toHost()], retries: { attempts: 1, retryOn: 'reset', backoff: '5ms' } },
      { route: [toHost()], retries: { attempts: 0 } },
    ],
    cases: [
      { name: 'in time', app: 'delay=20', expect: { status: 200 } },
      {
        name: 'longer',
        app: 'delay=8000',
        expect: timedOut('upstream max stream duration reached', 'UMSDR', 'upstream_max_stream_duration_reached'),
      },
      {
        name: 'gRPC',
        method: 'POST',
        headers: { 'content-type': 'application/grpc' },
        app: 'delay=8000',
        expect: { status: 200, flags: 'UMSDR', headers: { 'grpc-status': '14' } },
      },
      {
        name: 'not complete: 408',
        ...incomplete,
        expect: { status: 408, body: 'upstream max stream duration reached', flags: 'UMSDR' },
      },
      { name: 'a body that lasts longer is cut', app: 'body=some-text,pause=8000', expect: { cut: true, flags: 'UMSDR' } },
      {
        name: 'each try for itself: the second is in time',
        path: '/retry',
        app: 'delay=8000|status=200',
        expect: { status: 200, attempts: 2 },
      },
      {
        name: 'all tries',
        path: '/retry',
        app: 'delay=8000',
        expect: { status: 504, attempts: 2, flags: 'URX,UMSDR', body: 'upstream max stream duration reached' },
      },
    ],
  },
];

const clusterGroups: readonly Group[] = [
  {
    id: 'ef-outlier',
    source: '§2 outlierDetection by EnvoyFilter',
    documents: [
      envoyFilter(
        'ef-outlier',
        onCluster(
          { outlier_detection: { consecutive_5xx: 2, max_ejection_percent: 100, base_ejection_time: '600s' } },
          { name: 'outbound|8000||$HOST' },
        ),
      ),
    ],
    http: [{ route: [toHost()], retries: { attempts: 0 } }],
    sequential: true,
    cases: [
      { name: 'errors of an app', app: 'status=500', repeat: 2, expect: { status: 500 } },
      { name: 'eject it; all gone is panic at Envoy’s 50 %, for nobody said otherwise', expect: { status: 200 } },
    ],
  },
  {
    id: 'ef-outlier-merged',
    source: '§2 outlierDetection by EnvoyFilter',
    trafficPolicy: {
      outlierDetection: { consecutive5xxErrors: 9, maxEjectionPercent: 100, baseEjectionTime: '600s', interval: '600s' },
    },
    documents: [envoyFilter('ef-outlier-merged', onCluster({ outlierDetection: { consecutive5xx: 2 } }))],
    http: [{ route: [toHost()], retries: { attempts: 0 } }],
    sequential: true,
    cases: [
      { name: 'field by field over the DestinationRule’s', app: 'status=500', repeat: 2, expect: { status: 500 } },
      { name: 'whose other fields stay', expect: { status: 503, flags: 'UH', attempts: 0 } },
    ],
  },
  {
    id: 'ef-outlier-gateway',
    source: '§2 outlierDetection by EnvoyFilter',
    trafficPolicy: {
      outlierDetection: { consecutive5xxErrors: 0, maxEjectionPercent: 100, baseEjectionTime: '600s', interval: '600s' },
    },
    documents: [
      envoyFilter(
        'ef-outlier-gateway',
        onCluster({ outlier_detection: { consecutive_gateway_failure: 2, enforcing_consecutive_gateway_failure: 100 } }),
      ),
    ],
    http: [{ route: [toHost()], retries: { attempts: 0 } }],
    sequential: true,
    cases: [
      { name: 'a plain 500 counts nothing', app: 'status=500', repeat: 6, expect: { status: 500 } },
      { name: 'gateway errors do, once they are enforced', app: 'status=502', repeat: 2, expect: { status: 502 } },
      { name: 'and eject', expect: { status: 503, flags: 'UH' } },
    ],
  },
  {
    id: 'ef-breakers',
    source: '§2 connectionPool; istio/istio#36731',
    documents: [envoyFilter('ef-breakers', onCluster({ circuit_breakers: { thresholds: [{ max_requests: 1 }] } }))],
    cases: [{ name: 'a merge of thresholds has no effect', concurrent: 4, app: 'delay=100', expect: { status: 200 } }],
  },
];

export const envoyFilterGroups: readonly Group[] = [
  ...timeoutGroups,
  ...clusterGroups,
  {
    id: 'rl-host',
    source,
    documents: [
      envoyFilter(
        'rl-host',
        insert(),
        onHost(limit(2, { response_headers_to_add: [{ header: { key: 'X-Limit', value: 'yes' } }] })),
      ),
    ],
    sequential: true,
    cases: [
      { name: 'the first token', expect: { status: 200, headers: { 'x-limit': null } } },
      { name: 'the second, of the whole virtual host', path: '/other', expect: { status: 200 } },
      {
        name: 'then 429',
        expect: { ...refused, headers: { 'x-limit': 'yes', 'content-type': 'text/plain', 'x-envoy-ratelimited': null } },
      },
      { name: 'HEAD without a body', method: 'HEAD', expect: { ...refused, body: '', headers: { 'content-length': '18' } } },
      {
        name: 'a gRPC call gets UNAVAILABLE',
        method: 'POST',
        headers: { 'content-type': 'application/grpc' },
        expect: { status: 200, attempts: 0, flags: 'RL', headers: { 'grpc-status': '14', 'grpc-message': 'local_rate_limited' } },
      },
      { name: 'a body is not forwarded', method: 'POST', body: 'some', expect: refused },
    ],
  },
  {
    id: 'rl-route',
    source,
    documents: [
      envoyFilter('rl-route', insert('envoy.filters.http.router'), onHost(limit(1)), onRoute('narrow', limited(limit(2)))),
    ],
    http: [
      { name: 'narrow', match: [{ uri: { prefix: '/narrow' } }], route: [toHost()] },
      { name: 'moved', match: [{ uri: { prefix: '/moved' } }], redirect: { uri: '/new' } },
      { name: 'fixed', match: [{ uri: { prefix: '/fixed' } }], directResponse: { status: 200, body: { string: 'fixed' } } },
      { route: [toHost()] },
    ],
    sequential: true,
    cases: [
      { name: 'a route’s own limit', path: '/narrow', repeat: 2, expect: { status: 200 } },
      { name: 'is its own', path: '/narrow', expect: refused },
      { name: 'the virtual host’s is for the other routes: redirects', path: '/moved', expect: { status: 301 } },
      { name: 'direct responses', path: '/fixed', expect: { ...refused, status: 429 } },
      { name: 'and forwards', expect: refused },
    ],
  },
  {
    id: 'rl-shadow',
    source,
    documents: [
      envoyFilter(
        'rl-shadow',
        insert(),
        onHost(
          limit(1, {
            filter_enforced: { default_value: { numerator: 0 } },
            request_headers_to_add_when_not_enforced: [{ header: { key: 'x-over', value: 'yes' }, append: false }],
          }),
        ),
      ),
    ],
    sequential: true,
    cases: [
      { name: 'within the limit', expect: { status: 200, seen: { headers: { 'x-over': null } } } },
      { name: 'over it: told, not refused', expect: { status: 200, flags: '', seen: { headers: { 'x-over': 'yes' } } } },
      {
        name: 'an overwrite replaces the client’s',
        headers: { 'x-over': 'mine' },
        expect: { status: 200, seen: { headers: { 'x-over': 'yes' } } },
      },
    ],
  },
  {
    id: 'rl-off',
    source,
    documents: [envoyFilter('rl-off', insert(), onHost({ ...limit(1), filter_enabled: { default_value: { numerator: 0 } } }))],
    sequential: true,
    cases: [{ name: 'not enabled: no limit', repeat: 3, expect: { status: 200 } }],
  },
  {
    id: 'rl-default',
    source,
    documents: [
      envoyFilter('rl-default', insert(), {
        ...onHost({ stat_prefix: 'x', token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: '1000s' } }),
      }),
    ],
    sequential: true,
    cases: [{ name: 'neither enabled nor enforced unless said so', repeat: 3, expect: { status: 200 } }],
  },
  {
    id: 'rl-status',
    source,
    documents: [
      envoyFilter('rl-status', insert(), onHost(limit(1, { status: { code: 503 }, rate_limited_as_resource_exhausted: true }))),
    ],
    sequential: true,
    cases: [
      { name: 'one passes', expect: { status: 200 } },
      { name: 'another status', expect: { ...refused, status: 503 } },
      {
        name: 'gRPC: RESOURCE_EXHAUSTED',
        method: 'POST',
        headers: { 'content-type': 'application/grpc+proto' },
        expect: { status: 200, attempts: 0, headers: { 'grpc-status': '8', 'content-type': 'application/grpc' } },
      },
    ],
  },
  {
    id: 'rl-status-ok',
    source,
    documents: [envoyFilter('rl-status-ok', insert(), onHost(limit(1, { status: { code: 'OK' } })))],
    sequential: true,
    cases: [
      { name: 'one passes', expect: { status: 200 } },
      { name: 'a status below 400 is 429', expect: refused },
    ],
  },
  {
    id: 'rl-told',
    source,
    documents: [
      envoyFilter(
        'rl-told',
        insert(),
        onHost(
          limit(2, {
            enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
            response_headers_to_add: [
              { header: { key: 'x-why', value: '%RESPONSE_CODE%-%PROTOCOL%' }, append: false },
              { header: { key: 'x-route', value: 'limit' }, append_action: 'ADD_IF_ABSENT' },
              { header: { key: 'x-route-2', value: 'limit' } },
            ],
          }),
        ),
      ),
    ],
    http: [{ route: [toHost()], headers: { response: { set: { 'x-route': 'route', 'x-route-2': 'route' } } } }],
    sequential: true,
    cases: [
      {
        name: 'what is left',
        expect: { status: 200, headers: { 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '0' } },
      },
      {
        name: 'nothing',
        app: 'status=503',
        expect: { status: 503, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1000' } },
      },
      {
        name: 'refused: the route’s header operations come first',
        expect: {
          ...refused,
          headers: {
            'x-ratelimit-limit': '2',
            'x-ratelimit-remaining': '0',
            'x-why': '0-HTTP/1.1',
            'x-route': 'route',
            'x-route-2': 'route, limit',
          },
        },
      },
    ],
  },
  {
    id: 'rl-first',
    source,
    documents: [envoyFilter('rl-first', insert(undefined, 'INSERT_FIRST'), onHost(limit(1)))],
    http: [{ fault: { abort: { percentage: { value: 100 }, httpStatus: 418 } }, route: [toHost()] }],
    sequential: true,
    cases: [
      { name: 'before the fault filter: a token goes', expect: { status: 418, flags: 'FI' } },
      { name: 'and then none is left', expect: refused },
    ],
  },
  {
    id: 'rl-last',
    source,
    documents: [envoyFilter('rl-last', insert('envoy.filters.http.cors', 'INSERT_AFTER'), onHost(limit(1)))],
    http: [
      {
        match: [{ headers: { 'x-fault': { exact: '1' } } }],
        fault: { abort: { percentage: { value: 100 }, httpStatus: 418 } },
        route: [toHost()],
      },
      { corsPolicy: { allowOrigins: [{ exact: 'https://app.example' }], allowMethods: ['GET'] }, route: [toHost()] },
    ],
    sequential: true,
    cases: [
      {
        name: 'behind the fault filter: no token goes',
        headers: { 'x-fault': '1' },
        repeat: 2,
        expect: { status: 418, flags: 'FI' },
      },
      {
        name: 'nor for preflights',
        method: 'OPTIONS',
        headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
        repeat: 2,
        expect: { status: 200, attempts: 0 },
      },
      { name: 'the first that gets there', expect: { status: 200 } },
      {
        name: 'a refusal is decorated for CORS',
        headers: { origin: 'https://app.example' },
        expect: { ...refused, headers: { 'access-control-allow-origin': 'https://app.example' } },
      },
    ],
  },
  {
    id: 'rl-retry',
    source,
    documents: [envoyFilter('rl-retry', insert('envoy.filters.http.router'), onHost(limit(1)))],
    http: [{ route: [toHost()], retries: { attempts: 2, retryOn: '5xx,429' } }],
    sequential: true,
    cases: [
      { name: 'tries of one request take one token', app: 'status=503|status=200', expect: { status: 200, attempts: 2 } },
      { name: 'a refusal is not retried', expect: refused },
    ],
  },
];
