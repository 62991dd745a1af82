import type { Case, Document, Group } from '../case.ts';
import { toHost } from '../documents.ts';

/* What nobody writes on purpose, and somebody sends: held against Envoy, so that an answer here is its answer. */

const tag = (match: Document): Document => ({
  match: [match],
  headers: { response: { set: { 'x-hit': 'yes' } } },
  route: [toHost()],
});
type Request = Pick<Case, 'path' | 'method' | 'headers' | 'body'>;
const asked = (request: Request): string => JSON.stringify(request);
const matching = (id: string, match: Document, hits: Request[], misses: Request[]): Group => ({
  id: `odd-${id}`,
  source: 'oddities of matches',
  http: [tag(match), { route: [toHost()] }],
  cases: [
    ...hits.map((one) => ({ name: `matches ${asked(one)}`, expect: { status: 200, headers: { 'x-hit': 'yes' } }, ...one })),
    ...misses.map((one) => ({ name: `passes ${asked(one)}`, expect: { status: 200, headers: { 'x-hit': null } }, ...one })),
  ],
});
const xA = (value: string): Request => ({ headers: { 'x-a': value } });
const at = (...paths: string[]): Request[] => paths.map((path) => ({ path }));

const matches: Group[] = [
  matching(
    'query-forms',
    { queryParams: { a: { exact: '1' } } },
    at('/?a=1', '/?b&a=1', '/?a=1&a=2', '/?&a=1'),
    at('/?a=2&a=1', '/?A=1', '/?a', '/?a=', '/?a==1', '/?xa=1', '/?b;a=1', '/?a=%31', '/?%61=1'),
  ),
  matching('query-empty', { queryParams: { a: { exact: '' } } }, at('/?a', '/?a='), at('/', '/?a=1')),
  matching('query-regex-empty', { queryParams: { a: { regex: '.*' } } }, at('/?a', '/?a=x'), at('/')),
  matching('regex-class', { headers: { 'x-a': { regex: '\\pL+' } } }, [xA('abc')], [xA('a1')]),
  matching('regex-flags', { uri: { regex: '(?i:/AbC)/[[:digit:]]+' } }, at('/abc/12', '/ABC/1'), at('/abc/x', '/abc/12/')),
  matching('regex-anchors', { uri: { regex: '^/x$' } }, at('/x', '/x?y'), at('/xx')),
  matching('regex-word', { headers: { 'x-a': { regex: '\\bfoo\\b.*' } } }, [xA('foo bar')], [xA('foobar')]),
  matching('regex-tab', { headers: { 'x-a': { regex: 'a.c' } } }, [xA('abc'), xA('a\tc')], [xA('ac')]),
  matching('header-empty', { headers: { 'x-a': { prefix: 'a' } } }, [xA('a')], [xA(''), xA(' b')]),
  matching('header-trimmed', { headers: { 'x-a': { exact: 'a b' } } }, [xA('  a b \t')], [xA('a  b')]),
  matching(
    'header-cookie',
    { headers: { cookie: { regex: '^(.*?;)?\\s*(user=jason)(;.*)?$' } } },
    [
      { headers: { cookie: 'user=jason' } },
      { headers: { cookie: 'a=1; user=jason; b=2' } },
      { headers: { cookie: ['a=1', 'user=jason'] } },
    ],
    [{ headers: { cookie: 'user=jasonx' } }],
  ),
  matching('header-authority', { headers: { ':authority': { prefix: 'odd' } } }, [{}], []),
  matching('header-method', { headers: { ':method': { exact: 'POST' } } }, [{ method: 'POST', body: '' }], [{}]),
  matching('path-blank', { uri: { exact: '/a b' } }, [], at('/a%20b')),
  matching('path-encoded', { uri: { exact: '/a%20b' } }, at('/a%20b'), at('/a+b')),
  matching('path-slash', { uri: { exact: '/x/' } }, at('/x/', '/x/?y', '/x/.'), at('/x', '/x//')),
  matching('method', { method: { exact: 'PROPFIND' } }, [{ method: 'PROPFIND' }], [{}]),
];

/** Template of a response header, path, and what comes of it for x-b: Bee. */
const templates: [template: string, path: string, out: string | RegExp][] = [
  ['%REQ(X-NONE?x-b):2%|%REQ(:path)%|%REQ(:method)%|%REQ(host)%', '/alt?q=1', 'Be|/alt?q=1|GET|odd-operators.case'],
  ['%REQ(x-b):2%%REQ(x-b):0%%PROTOCOL%', '/cut', 'BeHTTP/1.1'],
  ['%REQ(x-b):99%', '/long', 'Bee'],
  ['%REQ(X-B)%%REQ(X-B):1%', '/twice', 'BeeB'],
  ['%REQ(:scheme)%|%REQ(:authority)%|%REQ(x-none)%', '/scheme', 'http|odd-operators.case|'],
  ['%UPSTREAM_CLUSTER%|%RESPONSE_CODE%|%RESPONSE_FLAGS%|%RESPONSE_CODE_DETAILS%', '/route', /\|200\|-\|via_upstream$/],
  ['%RESPONSE_FLAGS_LONG%', '/flags', '-'],
  ['%RESP(x-server)%|%RESP(x-none?x-server)%|%RESP(:status)%|%TRAILER(x)%', '/resp', 'a|a|200|'],
  ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%', '/addresses', '127.0.0.1|127.0.0.1'],
  ['%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%', '/direct', '127.0.0.1'],
  ['%UPSTREAM_REMOTE_ADDRESS%|%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', '/up', /^127\.0\.0\.1:\d+\|127\.0\.0\.1$/],
  ['x%REQUESTED_SERVER_NAME%|%DOWNSTREAM_PEER_SUBJECT%|%DOWNSTREAM_TLS_VERSION%', '/tls', 'x||'],
  ['x%UPSTREAM_TRANSPORT_FAILURE_REASON%|%CONNECTION_TERMINATION_DETAILS%', '/fail', 'x|'],
  ['100%% of %%REQ(x)%%', '/literal', '100% of %REQ(x)%'],
  ['%PATH(NQ)%|%PATH(WQ)%|%PATH(NQ:ORIG)%|%QUERY_PARAM(q)%', '/path/x?q=1&r=2', '/path/x|/path/x?q=1&r=2||1'],
  ['%START_TIME(%Y)%', '/year', /^20\d\d$/],
];

/** Header set by the route, path, retries of the rule, what the app does; attempts, status and flags that follow. */
const retryHeaders: [Document, string, Document | null, string, number, number, string][] = [
  [{ 'x-envoy-retry-on': '5xx' }, '/on', null, 'status=503|status=200', 2, 200, ''],
  [{ 'x-envoy-retry-on': '5xx' }, '/off', { attempts: 0 }, 'status=503|status=200', 2, 200, ''],
  [{ 'x-envoy-max-retries': '5' }, '/max', { attempts: 1, retryOn: '5xx', backoff: '1ms' }, 'status=503', 6, 503, 'URX'],
  [{ 'x-envoy-max-retries': '0' }, '/none', { attempts: 1, retryOn: '5xx', backoff: '1ms' }, 'status=503', 1, 503, 'URX'],
  [
    { 'x-envoy-retriable-status-codes': '418,419', 'x-envoy-retry-on': 'retriable-status-codes' },
    '/codes',
    { attempts: 1, retryOn: 'reset', backoff: '1ms' },
    'status=418|status=200',
    2,
    200,
    '',
  ],
  [{ 'x-envoy-upstream-rq-timeout-ms': '50' }, '/time', null, 'delay=100', 1, 200, ''],
  [{ 'x-envoy-upstream-rq-per-try-timeout-ms': '50' }, '/try', null, 'delay=100', 1, 200, ''],
];

const redirects: [redirect: Document, path: string, location: string][] = [
  [{ uri: 'relative' }, '/abs?a=b', 'http://odd-redirects.case/relative?a=b'],
  [{ uri: '/to?x=%20&y' }, '/query?z', 'http://odd-redirects.case/to?x=%20&y'],
  [{ port: 8443, scheme: 'https' }, '/port?q', 'https://odd-redirects.case:8443/port?q'],
  [{ scheme: 'https', authority: 'other.example:80' }, '/same', 'https://other.example:80/same'],
  [{ derivePort: 'FROM_PROTOCOL_DEFAULT', authority: 'x.example' }, '/derive', 'http://x.example/derive'],
  [{ authority: '[::1]:9', uri: '/z' }, '/v6', 'http://[::1]:9/z'],
  [{ authority: 'UPPER.example' }, '/up/%41?x=%41', 'http://UPPER.example/up/A?x=%41'],
];

const grpcTimeouts: [value: string, ms: number][] = [
  ['1S', 1000],
  ['1H', 10_000],
  ['100000u', 100],
  ['123456789m', 10_000],
  ['m', 10_000],
  ['1x', 10_000],
  ['-1S', 10_000],
  ['+1S', 1000],
  ['1 S', 1000],
  ['1\tS', 1000],
  ['1Sx', 10_000],
  ['1.5S', 10_000],
  ['0x1S', 10_000],
];
const told = (ms: number): RegExp => (ms >= 10_000 ? /^(10000|9\d{3})m$/ : ms === 1000 ? /^(1000|[89]\d\d)m$/ : /^(100|\d\d)m$/);

const set = (headers: Document): Document => ({ headers: { request: { set: headers } } });
const statuses: [http: number, grpc: string][] = [
  [401, '16'],
  [404, '12'],
  [429, '14'],
  [500, '2'],
  [502, '14'],
  [504, '14'],
  [599, '2'],
];

export const oddityGroups: readonly Group[] = [
  ...matches,
  {
    id: 'odd-operators',
    source: 'Envoy substitution formatter',
    http: templates.map(([value, path]) => ({
      match: [{ uri: { prefix: path.split('?')[0] } }],
      headers: { response: { set: { 'x-out': value } } },
      route: [toHost()],
    })),
    cases: templates.map(([template, path, out]) => ({
      name: `${template}`,
      path,
      headers: { 'x-b': 'Bee' },
      expect: { status: 200, headers: { 'x-out': out } },
    })),
  },
  {
    id: 'odd-retry-headers',
    source: 'Envoy RetryStateImpl: what the route puts into the control headers counts, and goes no further',
    http: retryHeaders.map(([headers, path, retries]) => ({
      match: [{ uri: { prefix: path } }],
      ...set(headers),
      ...(retries ? { retries } : {}),
      ...(path === '/try' ? { timeout: '5s' } : {}),
      route: [toHost()],
    })),
    cases: retryHeaders.map(([headers, path, , app, attempts, status, flags]) => ({
      name: `${path} ${JSON.stringify(headers)}`,
      path,
      app,
      expect: { attempts, status, flags, seen: { headers: { 'x-envoy-retry-on': null, 'x-envoy-max-retries': null } } },
    })),
  },
  {
    id: 'odd-request-headers',
    source: '§1 headers: names that mean something',
    http: [
      { match: [{ uri: { prefix: '/remove' } }], headers: { request: { remove: ['x-a', 'cookie'] } }, route: [toHost()] },
      {
        match: [{ uri: { prefix: '/cookie' } }],
        headers: { request: { set: { authorization: 'Basic eA==', cookie: 'a=1' }, add: { cookie: 'b=2' } } },
        route: [toHost()],
      },
      { match: [{ uri: { prefix: '/type' } }], ...set({ 'content-type': 'text/odd', te: 'trailers' }), route: [toHost()] },
      {
        match: [{ uri: { prefix: '/forwarded' } }],
        ...set({ 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https' }),
        route: [toHost()],
      },
    ],
    cases: [
      {
        name: 'removed',
        path: '/remove',
        headers: { 'x-a': '1', cookie: 'c' },
        expect: { status: 200, seen: { headers: { 'x-a': null, cookie: null } } },
      },
      {
        name: 'cookies are set and added',
        path: '/cookie',
        headers: { cookie: 'x=y' },
        expect: { status: 200, seen: { headers: { authorization: 'Basic eA==', cookie: /^a=1[,;] ?b=2$/ } } },
      },
      {
        name: 'content-type and te',
        path: '/type',
        method: 'POST',
        body: 'x',
        expect: { status: 200, seen: { body: 'x', headers: { 'content-type': 'text/odd' } } },
      },
      {
        name: 'forwarded headers',
        path: '/forwarded',
        headers: { 'x-forwarded-for': '1.1.1.1' },
        expect: { status: 200, seen: { headers: { 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https' } } },
      },
    ],
  },
  {
    id: 'odd-response-headers',
    source: '§1 headers: names that mean something, on the way back',
    http: [
      {
        match: [{ uri: { prefix: '/set' } }],
        headers: {
          response: { set: { 'content-type': 'text/odd', server: 'mine', 'set-cookie': 'a=1' }, add: { 'set-cookie': 'b=2' } },
        },
        route: [toHost()],
      },
      {
        match: [{ uri: { prefix: '/remove' } }],
        headers: { response: { remove: ['content-type', 'server', 'date', 'content-length', 'x-envoy-upstream-service-time'] } },
        route: [toHost()],
      },
      {
        match: [{ uri: { prefix: '/length' } }],
        headers: { response: { set: { 'content-length': '1' } } },
        directResponse: { status: 200, body: { string: 'hello' } },
      },
    ],
    cases: [
      {
        name: 'type and cookies; server is the proxy’s',
        path: '/set',
        expect: { status: 200, headers: { 'content-type': 'text/odd', 'set-cookie': 'a=1, b=2' } },
      },
      {
        name: 'removed',
        path: '/remove',
        expect: { status: 200, body: 'a', headers: { 'x-envoy-upstream-service-time': null } },
      },
      {
        name: 'the length of a direct response is its own',
        path: '/length',
        expect: { status: 200, body: 'hello', headers: { 'content-length': '5' } },
      },
    ],
  },
  {
    id: 'odd-redirects',
    source: '§1 redirect',
    http: redirects.map(([redirect, path]) => ({ match: [{ uri: { prefix: path.split(/[?%]/)[0] } }], redirect })),
    cases: redirects.map(([, path, location]) => ({ name: path, path, expect: { status: 301, headers: { location } } })),
  },
  {
    id: 'odd-grpc-timeout',
    source: 'Envoy Grpc::Common::getGrpcTimeout',
    http: [{ timeout: '10s', route: [toHost()] }],
    cases: grpcTimeouts.map(([value, ms]) => ({
      name: `grpc-timeout ${JSON.stringify(value)}`,
      headers: { 'content-type': 'application/grpc', 'grpc-timeout': value },
      app: 'grpc=0',
      expect: { status: 200, seen: { headers: { 'grpc-timeout': told(ms) } } },
    })),
  },
  {
    id: 'odd-grpc-type',
    source: 'Envoy Grpc::Common::hasGrpcContentType',
    http: [{ fault: { abort: { httpStatus: 503, percentage: { value: 100 } } }, route: [toHost()] }],
    cases: [
      ...['application/grpc', 'application/grpc+json', 'application/grpc '].map((type) => ({
        name: `${JSON.stringify(type)} is gRPC`,
        headers: { 'content-type': type },
        expect: { status: 200, headers: { 'grpc-status': '14', 'grpc-message': 'fault filter abort' } },
      })),
      ...['application/grpc;x=1', 'application/grpcx', 'Application/gRPC', 'application/grpc-web+proto'].map((type) => ({
        name: `${JSON.stringify(type)} is not gRPC`,
        headers: { 'content-type': type },
        expect: { status: 503, body: 'fault filter abort', headers: { 'grpc-status': null } },
      })),
    ],
  },
  {
    id: 'odd-fault-mapping',
    source: '§3 gRPC statuses of HTTP aborts',
    http: statuses.map(([status]) => ({
      match: [{ uri: { prefix: `/${status}` } }],
      fault: { abort: { httpStatus: status, percentage: { value: 100 } } },
      route: [toHost()],
    })),
    cases: statuses.flatMap(([status, grpc]): Case[] => [
      {
        name: `${status} on a gRPC call`,
        path: `/${status}`,
        headers: { 'content-type': 'application/grpc+proto' },
        expect: { status: 200, headers: { 'grpc-status': grpc } },
      },
      { name: `${status} on a HEAD`, path: `/${status}`, method: 'HEAD', expect: { status, body: '' } },
    ]),
  },
];
