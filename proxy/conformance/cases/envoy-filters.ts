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

export const envoyFilterGroups: readonly Group[] = [
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
