import type { Case, Document, Group } from '../case.ts';
import { toHost } from '../documents.ts';

/** §1 fault, CORS, mirror; §3 header hygiene and path normalisation; upgrades. */

const grpc = { 'content-type': 'application/grpc' };
const abort = (spec: Document, percentage: number | null = 100): Document => ({
  fault: { abort: { ...spec, ...(percentage === null ? {} : { percentage: { value: percentage } }) } },
  route: [toHost()],
});

const grpcOfHttp: [number, string][] = [
  [400, '13'],
  [401, '16'],
  [403, '7'],
  [404, '12'],
  [429, '14'],
  [502, '14'],
  [503, '14'],
  [504, '14'],
  [500, '2'],
  [418, '2'],
];

const faults: Group[] = [
  ...[200, 400, 418, 500, 503, 599].map(
    (status): Group => ({
      id: `fault-abort-${status}`,
      source: '§1 fault: abort',
      http: [abort({ httpStatus: status })],
      cases: [
        {
          name: `status ${status}`,
          expect: {
            status,
            body: 'fault filter abort',
            flags: 'FI',
            details: 'fault_filter_abort',
            attempts: 0,
            headers: { 'content-type': 'text/plain' },
          },
        },
      ],
    }),
  ),
  ...grpcOfHttp.map(
    ([status, mapped]): Group => ({
      id: `fault-map-${status}`,
      source: '§1 fault: http abort on a gRPC call; §3 mapping',
      http: [abort({ httpStatus: status })],
      cases: [
        {
          name: `${status} → grpc-status ${mapped}`,
          headers: grpc,
          expect: { status: 200, body: '', headers: { 'grpc-status': mapped, 'grpc-message': 'fault filter abort' } },
        },
      ],
    }),
  ),
  {
    id: 'fault-grpc',
    source: '§1 fault: grpcStatus → HTTP 200 + grpc-status',
    http: [abort({ grpcStatus: 'UNAVAILABLE' })],
    cases: [
      {
        name: 'gRPC call',
        headers: grpc,
        expect: { status: 200, headers: { 'grpc-status': '14', 'grpc-message': 'fault filter abort' }, flags: 'FI' },
      },
      { name: 'plain call', expect: { status: 200, attempts: 0, flags: 'FI' } },
    ],
  },
  {
    id: 'fault-never',
    source: '§1 fault: missing percentage = 0, never',
    http: [abort({ httpStatus: 500 }, null)],
    cases: [{ name: 'passes', repeat: 3, expect: { status: 200, flags: '' } }],
  },
  {
    id: 'fault-half',
    source: '§1 fault: percentage',
    http: [abort({ httpStatus: 500 }, 50)],
    cases: [{ name: 'about half', repeat: 100, expect: { statuses: { 200: [30, 70], 500: [30, 70] } } }],
  },
  {
    id: 'fault-delay',
    source: '§1 fault: delay, then abort after it; outside timeout',
    http: [
      {
        match: [{ uri: { exact: '/both' } }],
        fault: {
          delay: { fixedDelay: '200ms', percentage: { value: 100 } },
          abort: { httpStatus: 555, percentage: { value: 100 } },
        },
        route: [toHost()],
      },
      {
        match: [{ uri: { exact: '/timeout' } }],
        fault: { delay: { fixedDelay: '1.1s', percentage: { value: 100 } } },
        timeout: '1s',
        route: [toHost()],
      },
      { fault: { delay: { fixedDelay: '200ms', percentage: { value: 100 } } }, route: [toHost()] },
    ],
    cases: [
      { name: 'delayed', expect: { status: 200, flags: 'DI', minMs: 190, maxMs: 900 } },
      { name: 'delay, then abort', path: '/both', expect: { status: 555, flags: 'DI,FI', minMs: 190, attempts: 0 } },
      { name: 'the timeout does not count the delay', path: '/timeout', expect: { status: 200, flags: 'DI', minMs: 1090 } },
    ],
  },
  {
    id: 'fault-headers',
    source: '§1 fault: x-envoy-fault-* request headers inert',
    http: [{ route: [toHost()] }],
    cases: [
      {
        name: 'headers do nothing',
        headers: { 'x-envoy-fault-abort-request': '503', 'x-envoy-fault-delay-request': '5000' },
        expect: { status: 200, maxMs: 4000 },
      },
    ],
  },
  {
    id: 'fault-retry',
    source: '§1 filter order: fault is outside retries',
    http: [{ ...abort({ httpStatus: 503 }), retries: { attempts: 3, retryOn: '5xx' } }],
    cases: [{ name: 'no retry', expect: { status: 503, attempts: 0, flags: 'FI' } }],
  },
];

const preflight = (origin: string, method = 'PUT', more: Record<string, string> = {}): Partial<Case> => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': method, ...more },
});
const corsPolicy = {
  allowOrigins: [{ exact: 'https://ok.example' }, { regex: 'https://[a-z]+\\.wild\\.example' }, { prefix: 'https://pre.' }],
  allowMethods: ['GET', 'PUT'],
  allowHeaders: ['x-a', 'x-b'],
  exposeHeaders: ['x-e', 'x-f'],
  maxAge: '24h',
  allowCredentials: true,
};
const allowed = {
  'access-control-allow-origin': 'https://ok.example',
  'access-control-allow-methods': 'GET,PUT',
  'access-control-allow-headers': 'x-a,x-b',
  'access-control-max-age': '86400',
  'access-control-allow-credentials': 'true',
};
const cors: Group[] = [
  {
    id: 'cors',
    source: '§1 CORS',
    http: [{ corsPolicy, route: [toHost()] }],
    cases: [
      {
        name: 'preflight, exact origin',
        ...preflight('https://ok.example'),
        expect: { status: 200, body: '', attempts: 0, headers: { ...allowed, 'access-control-expose-headers': 'x-e,x-f' } },
      },
      {
        name: 'preflight, regex',
        ...preflight('https://sub.wild.example'),
        expect: { status: 200, attempts: 0, headers: { 'access-control-allow-origin': 'https://sub.wild.example' } },
      },
      {
        name: 'preflight, prefix',
        ...preflight('https://pre.x'),
        expect: { status: 200, attempts: 0, headers: { 'access-control-allow-origin': 'https://pre.x' } },
      },
      {
        name: 'preflight for a method not listed is answered too',
        ...preflight('https://ok.example', 'DELETE'),
        expect: { status: 200, attempts: 0, headers: allowed },
      },
      {
        name: 'unmatched preflight is forwarded',
        ...preflight('https://evil.example'),
        expect: { status: 200, attempts: 1, headers: { 'access-control-allow-origin': null } },
      },
      { name: 'a regex is a full match', ...preflight('https://sub.wild.example.org'), expect: { attempts: 1 } },
      {
        name: 'OPTIONS without request-method is no preflight',
        method: 'OPTIONS',
        headers: { origin: 'https://ok.example' },
        expect: { attempts: 1, headers: { 'access-control-allow-origin': 'https://ok.example' } },
      },
      {
        name: 'OPTIONS without origin is no preflight',
        method: 'OPTIONS',
        headers: { 'access-control-request-method': 'GET' },
        expect: { attempts: 1, headers: { 'access-control-allow-origin': null } },
      },
      {
        name: 'an actual request is decorated',
        headers: { origin: 'https://ok.example' },
        expect: {
          status: 200,
          attempts: 1,
          headers: {
            'access-control-allow-origin': 'https://ok.example',
            'access-control-allow-credentials': 'true',
            'access-control-expose-headers': 'x-e,x-f',
            'access-control-allow-methods': null,
          },
        },
      },
      {
        name: 'a mismatch is forwarded undecorated',
        headers: { origin: 'https://evil.example' },
        expect: { status: 200, attempts: 1, headers: { 'access-control-allow-origin': null } },
      },
      {
        name: 'without origin nothing happens',
        expect: { status: 200, headers: { 'access-control-allow-origin': null, vary: null } },
      },
      {
        name: 'the app’s own header is replaced',
        headers: { origin: 'https://ok.example' },
        app: 'header=access-control-allow-origin:*',
        expect: { headers: { 'access-control-allow-origin': 'https://ok.example' } },
      },
    ],
  },
  {
    id: 'cors-star',
    source: '§1 CORS: `*` echoes the requested value',
    http: [{ corsPolicy: { allowOrigins: [{ exact: '*' }], allowMethods: ['*'], allowHeaders: ['*'] }, route: [toHost()] }],
    cases: [
      {
        name: 'everything allowed',
        ...preflight('https://any.example', 'PATCH', { 'access-control-request-headers': 'x-q, x-r' }),
        expect: {
          status: 200,
          attempts: 0,
          headers: {
            'access-control-allow-origin': 'https://any.example',
            'access-control-allow-methods': 'PATCH',
            'access-control-allow-headers': 'x-q, x-r',
            'access-control-max-age': null,
            'access-control-allow-credentials': null,
          },
        },
      },
    ],
  },
  {
    id: 'cors-ignore',
    source: '§1 CORS: unmatchedPreflights IGNORE → local 200, no ACAO',
    oracle: true,
    http: [{ corsPolicy: { ...corsPolicy, unmatchedPreflights: 'IGNORE' }, route: [toHost()] }],
    cases: [
      {
        name: 'unmatched preflight',
        ...preflight('https://evil.example'),
        expect: { status: 200, attempts: 0, headers: { 'access-control-allow-origin': null } },
      },
    ],
  },
  {
    id: 'cors-fault',
    source: '§1 filter order: fault before CORS',
    http: [{ corsPolicy, ...abort({ httpStatus: 503 }) }],
    cases: [
      {
        name: 'the fault answers the preflight',
        ...preflight('https://ok.example'),
        expect: { status: 503, headers: { 'access-control-allow-origin': null } },
      },
    ],
  },
];

const mirrors: Group[] = [
  {
    id: 'mirror',
    source: '§1 mirror: 100 % by default, post-rewrite, fire and forget, no -shadow',
    endpoints: ['a', 'b'],
    subsets: [
      { name: 'v1', labels: { version: 'v1' } },
      { name: 'v2', labels: { version: 'v2' } },
    ],
    http: [
      {
        match: [{ uri: { prefix: '/two' } }],
        mirrors: [{ destination: { host: '$HOST', subset: 'v2' } }, { destination: { host: '$HOST', subset: 'v1' } }],
        route: [toHost('v1')],
      },
      {
        match: [{ uri: { prefix: '/none' } }],
        mirror: { host: '$HOST', subset: 'v2' },
        mirrorPercentage: { value: 0 },
        route: [toHost('v1')],
      },
      {
        match: [{ uri: { prefix: '/host' } }],
        mirror: { host: '$HOST', subset: 'v2' },
        rewrite: { authority: 'new.host', uri: '/re' },
        route: [toHost('v1')],
      },
      { mirror: { host: '$HOST', subset: 'v2' }, route: [toHost('v1')] },
    ],
    cases: [
      {
        name: 'two copies in all, the answer is the first’s',
        expect: { status: 200, body: 'a', attempts: 2, seen: { authority: 'mirror.case' } },
      },
      { name: 'with the body', method: 'POST', body: 'hello', expect: { status: 200, attempts: 2, seen: { body: 'hello' } } },
      { name: 'several', path: '/two', expect: { status: 200, attempts: 3 } },
      { name: '0 %', path: '/none', expect: { status: 200, attempts: 1 } },
      { name: 'after the rewrite', path: '/host/x', expect: { attempts: 2, seen: { path: '/re/x', authority: 'new.host' } } },
    ],
  },
  {
    id: 'mirror-half',
    source: '§1 mirror: percentage rolled per request',
    http: [{ mirror: { host: '$HOST' }, mirrorPercentage: { value: 50 }, route: [toHost()] }],
    cases: [{ name: 'one or two', repeat: 10, expect: { status: 200, attempts: [1, 2] } }],
  },
];

const hygiene: Group[] = [
  {
    id: 'hygiene',
    source: '§3 upstream and downstream headers',
    http: [{ retries: { attempts: 0 }, route: [toHost()] }],
    cases: [
      {
        name: 'what the app gets',
        expect: {
          seen: {
            headers: {
              'x-envoy-attempt-count': '1',
              'x-forwarded-proto': 'http',
              'x-request-id': /.+/,
              'x-forwarded-for': null,
              'x-envoy-internal': null,
              'x-envoy-external-address': null,
              'x-forwarded-client-cert': null,
              'x-envoy-expected-rq-timeout-ms': null,
              'x-envoy-original-path': null,
            },
          },
        },
      },
      {
        name: 'what the client gets',
        expect: {
          headers: {
            server: 'envoy',
            'x-envoy-upstream-service-time': /^\d+$/,
            date: /GMT$/,
            'x-server': 'a',
            'x-envoy-attempt-count': null,
          },
        },
      },
      { name: 'the app’s own server header gives way', app: 'header=server:mine', expect: { headers: { server: 'envoy' } } },
      {
        name: 'x-request-id is kept',
        headers: { 'x-request-id': 'mine-1' },
        expect: { seen: { headers: { 'x-request-id': 'mine-1' } } },
      },
      {
        name: 'an empty x-request-id is replaced',
        headers: { 'x-request-id': '' },
        expect: { seen: { headers: { 'x-request-id': /^[0-9a-f-]{36}$/ } } },
      },
      {
        name: 'x-forwarded-for passes untouched',
        headers: { 'x-forwarded-for': '1.2.3.4' },
        expect: { seen: { headers: { 'x-forwarded-for': '1.2.3.4' } } },
      },
      {
        name: 'x-forwarded-proto is kept',
        headers: { 'x-forwarded-proto': 'https' },
        expect: { seen: { headers: { 'x-forwarded-proto': 'https' } } },
      },
      {
        name: 'a claimed x-envoy-internal is removed',
        headers: { 'x-envoy-internal': 'true' },
        expect: { seen: { headers: { 'x-envoy-internal': null } } },
      },
      ...[
        'x-envoy-max-retries',
        'x-envoy-retry-on',
        'x-envoy-retry-grpc-on',
        'x-envoy-upstream-rq-timeout-ms',
        'x-envoy-upstream-rq-per-try-timeout-ms',
        'x-envoy-upstream-alt-stat-name',
        'x-envoy-upstream-rq-timeout-alt-response',
        'x-envoy-retriable-status-codes',
        'x-envoy-retriable-header-names',
        'x-envoy-hedge-on-per-try-timeout',
        'x-envoy-expected-rq-timeout-ms',
        'x-envoy-force-trace',
        'x-envoy-ip-tags',
        'x-envoy-original-url',
      ].map(
        (name): Case => ({
          name: `${name} of a client is stripped`,
          headers: { [name]: '1' },
          expect: { seen: { headers: { [name]: null } } },
        }),
      ),
      {
        name: 'x-forwarded-client-cert of a client is removed',
        headers: { 'x-forwarded-client-cert': 'By=evil' },
        expect: { seen: { headers: { 'x-forwarded-client-cert': null } } },
      },
      {
        name: 'x-envoy-attempt-count of a client is overwritten',
        headers: { 'x-envoy-attempt-count': '9' },
        expect: { seen: { headers: { 'x-envoy-attempt-count': '1' } } },
      },
      {
        name: 'an app’s x-envoy-upstream-service-time is replaced',
        app: 'header=x-envoy-upstream-service-time:999999',
        expect: { headers: { 'x-envoy-upstream-service-time': /^\d{1,4}$/ } },
      },
      {
        name: 'other headers pass as they are',
        headers: { 'X-Mixed-Case': 'V', 'x-two': ['1', '2'], cookie: 'a=b; c=d' },
        expect: { seen: { headers: { 'x-mixed-case': 'V', 'x-two': '1, 2', cookie: 'a=b; c=d' } } },
      },
      {
        name: 'user-agent and accept pass',
        headers: { 'user-agent': 'ua/1', accept: '*/*' },
        expect: { seen: { headers: { 'user-agent': 'ua/1', accept: '*/*' } } },
      },
      {
        name: 'hop-by-hop headers stay behind',
        headers: { 'keep-alive': 'timeout=5', 'proxy-connection': 'keep-alive' },
        expect: { seen: { headers: { 'keep-alive': null, 'proxy-connection': null } } },
      },
      { name: 'te other than trailers is removed', headers: { te: 'gzip' }, expect: { seen: { headers: { te: null } } } },
      { name: 'te: trailers passes', headers: { te: 'trailers' }, expect: { seen: { headers: { te: 'trailers' } } } },
      {
        name: 'several set-cookie stay apart',
        app: 'header=set-cookie:a=1,header=set-cookie:b=2',
        expect: { headers: { 'set-cookie': 'a=1, b=2' } },
      },
      {
        name: 'a date of the app is kept',
        app: 'header=date:Mon; 01 Jan 2024',
        expect: { headers: { date: /^Mon; 01 Jan 2024/ } },
      },
      { name: 'HEAD', method: 'HEAD', expect: { status: 200, body: '', headers: { 'content-length': '1' } } },
      { name: '204', app: 'status=204', expect: { status: 204, body: '', headers: { 'content-length': null } } },
      { name: '304', app: 'status=304', expect: { status: 304, body: '' } },
      {
        name: 'PUT with a body',
        method: 'PUT',
        body: 'payload',
        expect: { status: 200, seen: { method: 'PUT', body: 'payload', headers: { 'content-length': '7' } } },
      },
      { name: 'DELETE with a body', method: 'DELETE', body: 'x', expect: { status: 200, seen: { body: 'x' } } },
      { name: 'GET with a body', method: 'GET', body: 'x', expect: { status: 200, seen: { body: 'x' } } },
      {
        name: 'a chunked body',
        method: 'POST',
        body: 'chunky',
        headers: { 'transfer-encoding': 'chunked' },
        expect: { status: 200, seen: { body: 'chunky', headers: { 'transfer-encoding': 'chunked', 'content-length': null } } },
      },
      { name: 'OPTIONS without a body', method: 'OPTIONS', expect: { seen: { headers: { 'content-length': '0' } } } },
      { name: 'POST without a body', method: 'POST', body: '', expect: { seen: { headers: { 'content-length': '0' } } } },
      { name: 'DELETE without a body', method: 'DELETE', expect: { seen: { headers: { 'content-length': null } } } },
      { name: 'a large body', app: 'size=300000', expect: { status: 200, headers: { 'content-length': '300000' } } },
    ],
  },
  {
    id: 'upgrade',
    source: '§3 websocket only; refused upgrades are relayed',
    http: [{ retries: { attempts: 0 }, route: [toHost()] }],
    cases: [
      {
        name: 'websocket',
        headers: { upgrade: 'websocket', 'sec-websocket-key': 'eA==', 'sec-websocket-version': '13' },
        expect: { status: 101, body: 'ping', flags: 'DC', headers: { upgrade: 'websocket' } },
      },
      { name: 'refused by the app', headers: { upgrade: 'websocket' }, app: 'refuse', expect: { status: 403, body: 'no' } },
      {
        name: 'h2c is ignored',
        headers: { upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA' },
        expect: { status: 200 },
      },
      { name: 'another protocol', headers: { upgrade: 'other' }, expect: { status: 403, body: '', attempts: 0 } },
    ],
  },
];

const normal: [string, string][] = [
  ['/a/./b', '/a/b'],
  ['/a/../b', '/b'],
  ['/a/b/..', '/a/'],
  ['/a/b/.', '/a/b/'],
  ['/..', '/'],
  ['/../../x', '/x'],
  ['/a//b', '/a//b'],
  ['//a', '//a'],
  ['/a//../b', '/a/b'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/%2E/b', '/a/b'],
  ['/a/.%2e/b', '/b'],
  ['/a%2fb', '/a%2fb'],
  ['/a%2Fb', '/a%2Fb'],
  ['/a\\b', '/a/b'],
  ['/a%5cb', '/a%5cb'],
  ['/a\\..\\b', '/b'],
  ['/%41%7a%2d%5f%7E', '/Az-_~'],
  ['/a%20b', '/a%20b'],
  ['/%zz', '/%zz'],
  ['/a%', '/a%'],
  ['/a|b', '/a%7Cb'],
  ['/a"b', '/a%22b'],
  ['/a<b>', '/a%3Cb%3E'],
  ['/a^b', '/a%5Eb'],
  ['/a{b}', '/a%7Bb%7D'],
  ['/a`b', '/a%60b'],
  ["/a'b(c)!*", "/a'b(c)!*"],
  ['/a;b=c,d', '/a;b=c,d'],
  ['/a:b@c&d=e+f$', '/a:b@c&d=e+f$'],
  ['/a/..;/b', '/b'],
  ['/a/.;/b', '/a/b'],
  ['/a/..;x=1/b', '/b'],
  ['/a;x/../b', '/b'],
  ['/a/b;/../c', '/a/c'],
  ['/a/%2e%2e;/b', '/a/..;/b'],
  ['/a/.%2e;/b', '/a/..;/b'],
  ['/a/%2e;/b', '/a/.;/b'],
  ['/a;/b', '/a;/b'],
  ['/a/..;', '/'],
  ['/a/..%3b/b', '/a/..%3b/b'],
  ['/..;a', '/'],
  ['/a%0a', '/a%0a'],
  ['/a%0A%0d', '/a%0A%0d'],
  ['/%25', '/%25'],
  ['/%2525', '/%2525'],
  ['/%c3%bc', '/%c3%bc'],
  ['/%2f..%2f', '/%2f..%2f'],
  ['/a/%2e', '/a/'],
  ['/%2e', '/'],
  ['/a/.../b', '/a/.../b'],
  ['/./', '/'],
  ['/.', '/'],
  ['/a?b\\c', '/a?b\\c'],
  ['/a/...', '/a/...'],
  ['/.hidden', '/.hidden'],
  ['/x?y=../z', '/x?y=../z'],
  ['/x/../y?a=%2e%2e', '/y?a=%2e%2e'],
  ['/a/b/../../../c', '/c'],
  ['/%2e%2e%2fetc', '/..%2fetc'],
  ['/%61/../b', '/b'],
  ['/a?', '/a?'],
  ['/%7f', '/%7f'],
  ['/a%C3%BC', '/a%C3%BC'],
  ['/a[1]', '/a[1]'],
];
const paths: Group[] = [
  {
    id: 'path',
    source: '§4 paths normalised (BASE), for routing and forwarding',
    http: [
      { match: [{ uri: { prefix: '/admin' } }], directResponse: { status: 218 } },
      { retries: { attempts: 0 }, route: [toHost()] },
    ],
    cases: [
      ...normal.map(([path, seen]): Case => ({ name: `${path} → ${seen}`, path, expect: { status: 200, seen: { path: seen } } })),
      { name: '%00 → 400', path: '/a%00b', expect: { status: 400, body: '', attempts: 0, details: 'path_normalization_failed' } },
      { name: 'routing sees it too: dot segments', path: '/x/../admin', expect: { status: 218 } },
      { name: 'routing sees it too: escapes', path: '/%61dmin', expect: { status: 218 } },
      { name: 'routing sees it too: backslash', path: '\\admin'.replace('\\', '/x\\..\\'), expect: { status: 218 } },
    ],
  },
];

export const filterGroups: Group[] = [...faults, ...cors, ...mirrors, ...hygiene, ...paths];
