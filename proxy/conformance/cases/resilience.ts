import type { Case, Document, Expect, Group } from '../case.ts';
import { toHost, versionSubsets } from '../documents.ts';

/** §1 timeout and retries, §3 retry table and reply wording, §2 limits, outlier detection and consistent hash. */

const P = 'upstream connect error or disconnect/reset before headers. ';
const reset = (reason: string): string => `${P}reset reason: ${reason}`;
const retried = (reason: string): string => `${P}retried and the latest reset reason: ${reason}`;
/** The client is not told the transport's words; the details in the log have them. */
const refused = 'remote connection failure';

// ── retryOn × what the app does ──
type Failure = { name: string; app: string; retriedBy: string[]; giveUp: Expect; body?: string };
const failures: Failure[] = [
  ...[500, 501, 502, 503, 504, 505].map((status) => ({
    name: `status ${status}`,
    app: `status=${status}`,
    retriedBy: ['5xx', ...(status > 501 && status < 505 ? ['gateway-error'] : [])],
    giveUp: { status },
  })),
  { name: 'status 409', app: 'status=409', retriedBy: ['retriable-4xx'], giveUp: { status: 409 } },
  { name: 'status 404', app: 'status=404', retriedBy: ['404'], giveUp: { status: 404 } },
  { name: 'status 429', app: 'status=429', retriedBy: ['429'], giveUp: { status: 429 } },
  { name: 'a reset before the head', app: 'reset', retriedBy: ['5xx', 'gateway-error', 'reset'], giveUp: { status: 503 } },
  { name: 'a clean close before the head', app: 'eof', retriedBy: ['5xx', 'gateway-error', 'reset'], giveUp: { status: 503 } },
  { name: 'no HTTP', app: 'garbage', retriedBy: ['5xx', 'gateway-error', 'reset'], giveUp: { status: 502 } },
  { name: 'grpc-status 1', app: 'grpc=1', retriedBy: ['cancelled'], giveUp: { status: 200 } },
  { name: 'grpc-status 4', app: 'grpc=4', retriedBy: ['deadline-exceeded'], giveUp: { status: 200 } },
  { name: 'grpc-status 8', app: 'grpc=8', retriedBy: ['resource-exhausted'], giveUp: { status: 200 } },
  { name: 'grpc-status 13', app: 'grpc=13', retriedBy: ['internal'], giveUp: { status: 200 } },
  { name: 'grpc-status 14', app: 'grpc=14', retriedBy: ['unavailable'], giveUp: { status: 200 } },
];
const conditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'refused-stream',
  'retriable-4xx',
  '404',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

const retryTable: Group[] = conditions.map((condition) => ({
  id: `retry-${condition}`,
  source: '§3 retryOn',
  http: [{ retries: { attempts: 2, retryOn: condition, backoff: '1ms' }, route: [toHost()] }],
  cases: failures.map(({ name, app, retriedBy, giveUp }): Case => {
    const fires = retriedBy.includes(condition);
    return {
      name: `${condition} ${fires ? 'retries' : 'passes on'} ${name}`,
      app: fires ? `${app}|${app}|status=200` : app,
      expect: fires ? { status: 200, attempts: 3 } : { ...giveUp, attempts: 1 },
    };
  }),
}));

const dead = (id: string, retries: Document | null, expect: Expect, source = '§3 UF'): Group => ({
  id: `dead-${id}`,
  source,
  endpoints: ['dead'],
  http: [{ ...(retries ? { retries } : {}), route: [toHost()] }],
  cases: [{ name: `nobody listens; retries ${JSON.stringify(retries)}`, expect: { attempts: 0, ...expect } }],
});
const ufDetails =
  /^upstream_reset_before_response_started\{remote_connection_failure\|delayed_connect_error:_Connection_refused\}$/;

const wording: Group[] = [
  dead(
    'off',
    { attempts: 0 },
    { status: 503, body: reset(refused), flags: 'UF', details: ufDetails, headers: { 'content-type': 'text/plain' } },
  ),
  dead(
    'default',
    null,
    { status: 503, body: retried(refused), flags: 'URX,UF', details: ufDetails },
    '§1 Retries: none configured ⇒ 2, connect-failure',
  ),
  dead('other', { attempts: 1, retryOn: 'refused-stream', backoff: '1ms' }, { status: 503, body: reset(refused), flags: 'UF' }),
  dead(
    'one',
    { attempts: 1, retryOn: 'connect-failure', backoff: '1ms' },
    { status: 503, body: retried(refused), flags: 'URX,UF' },
  ),
  dead('5xx', { attempts: 1, retryOn: '5xx', backoff: '1ms' }, { status: 503, body: retried(refused), flags: 'URX,UF' }),
  dead(
    'gateway-error',
    { attempts: 1, retryOn: 'gateway-error', backoff: '1ms' },
    { status: 503, body: retried(refused), flags: 'URX,UF' },
  ),
  dead('reset', { attempts: 1, retryOn: 'reset', backoff: '1ms' }, { status: 503, body: retried(refused), flags: 'URX,UF' }),
  dead(
    'before',
    { attempts: 1, retryOn: 'reset-before-request', backoff: '1ms' },
    { status: 503, body: retried(refused), flags: 'URX,UF' },
  ),
  {
    id: 'dead-grpc',
    source: '§3 local replies to gRPC',
    endpoints: ['dead'],
    http: [{ retries: { attempts: 0 }, route: [toHost()] }],
    cases: [
      {
        name: 'HTTP 200, UNAVAILABLE, percent-encoded message',
        method: 'POST',
        headers: { 'content-type': 'application/grpc', te: 'trailers' },
        expect: {
          status: 200,
          body: '',
          headers: { 'grpc-status': '14', 'grpc-message': reset(refused), 'content-type': 'application/grpc' },
        },
      },
    ],
  },
  {
    id: 'tls-failure',
    source: '§3 UF: the app speaks no TLS',
    trafficPolicy: { tls: { mode: 'SIMPLE', insecureSkipVerify: true } },
    http: [{ retries: { attempts: 0 }, route: [toHost()] }],
    cases: [
      {
        name: 'a handshake that fails',
        expect: {
          status: 503,
          body: reset(refused),
          flags: 'UF',
          attempts: 0,
          details: /^upstream_reset_before_response_started\{remote_connection_failure\|TLS_error/,
        },
      },
    ],
  },
  {
    id: 'wording-off',
    source: '§3 reply texts',
    http: [{ retries: { attempts: 0 }, route: [toHost()] }],
    cases: [
      {
        name: 'UC',
        app: 'reset',
        expect: {
          status: 503,
          body: reset('connection termination'),
          flags: 'UC',
          details: 'upstream_reset_before_response_started{connection_termination}',
          attempts: 1,
        },
      },
      {
        name: 'UC on a clean close',
        app: 'eof',
        expect: { status: 503, body: reset('connection termination'), flags: 'UC', attempts: 1 },
      },
      {
        name: 'UPE',
        app: 'garbage',
        expect: {
          status: 502,
          body: reset('protocol error'),
          flags: 'UPE',
          details: /^upstream_reset_before_response_started\{protocol_error/,
          attempts: 1,
        },
      },
      {
        name: 'closed in the head',
        app: 'partial',
        expect: { status: 502, body: reset('protocol error'), flags: 'UPE', attempts: 1 },
      },
      {
        name: 'reset in a body of known length',
        app: 'half,size=1000',
        expect: { status: 200, cut: true, flags: 'UPE', attempts: 1 },
      },
      {
        name: 'closed in a body of known length',
        app: 'halfend,size=1000',
        expect: { status: 200, cut: true, flags: 'UPE', attempts: 1 },
      },
      {
        name: 'reset in a chunked body',
        app: 'half,chunked,size=1000',
        expect: { status: 200, cut: true, flags: 'UPE', attempts: 1 },
      },
      {
        name: 'closed in a chunked body',
        app: 'halfend,chunked,size=1000',
        expect: { status: 200, cut: true, flags: 'UPE', attempts: 1 },
      },
      {
        name: 'via_upstream',
        app: 'status=503',
        expect: { status: 503, body: 'a', flags: '', details: 'via_upstream', attempts: 1 },
      },
      { name: 'a 103 passes first', app: 'interim,status=200', expect: { status: 200, body: 'a' } },
    ],
  },
  {
    id: 'wording-retried',
    source: '§3 URX and the words after a retry',
    http: [{ retries: { attempts: 1, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    cases: [
      {
        name: 'the status passes, URX',
        app: 'status=503,body=mine',
        expect: { status: 503, body: 'mine', flags: 'URX', details: 'via_upstream', attempts: 2 },
      },
      {
        name: 'URX,UC',
        app: 'reset',
        expect: { status: 503, body: retried('connection termination'), flags: 'URX,UC', attempts: 2 },
      },
      {
        name: 'URX,UPE',
        app: 'garbage',
        expect: { status: 502, body: retried('protocol error'), flags: 'URX,UPE', attempts: 2 },
      },
      {
        name: 'second try succeeds: no flag',
        app: 'status=500|status=200',
        expect: { status: 200, flags: '', attempts: 2, seen: { headers: { 'x-envoy-attempt-count': '2' } } },
      },
      { name: 'reset, then fine', app: 'reset|status=200', expect: { status: 200, flags: '', attempts: 2 } },
      { name: 'never after response headers', app: 'half,size=100|status=200', expect: { status: 200, cut: true, attempts: 1 } },
      {
        name: 'x-envoy-ratelimited is not retried',
        app: 'status=503,header=x-envoy-ratelimited:true',
        expect: { status: 503, attempts: 1 },
      },
      {
        name: 'a body is sent again',
        method: 'POST',
        body: 'payload',
        app: 'status=500|status=200',
        expect: { status: 200, attempts: 2, seen: { body: 'payload' } },
      },
      {
        name: 'a body under 1 MiB is kept for a retry',
        method: 'POST',
        body: 'x'.repeat(1_000_000),
        app: 'status=500|status=200',
        expect: { status: 200, attempts: 2 },
      },
      {
        name: 'a body over 1 MiB is not, so nothing is retried',
        method: 'POST',
        body: 'x'.repeat(1_200_000),
        app: 'status=500|status=200',
        expect: { status: 500, attempts: 1 },
      },
      {
        name: 'a private address in x-forwarded-for makes nobody internal',
        headers: { 'x-forwarded-for': '10.0.0.1', 'x-envoy-max-retries': '5' },
        app: 'status=500',
        expect: { status: 500, attempts: 2, seen: { headers: { 'x-envoy-max-retries': null, 'x-envoy-internal': null } } },
      },
      {
        name: 'a client cannot ask for more',
        headers: { 'x-envoy-max-retries': '5', 'x-envoy-retry-on': '5xx' },
        app: 'status=500',
        expect: { status: 500, attempts: 2 },
      },
    ],
  },
];

const retryConfig: Group[] = [
  {
    id: 'retries-default',
    source: '§1 Retries: default list, 2 attempts, no 503',
    http: [{ route: [toHost()] }],
    cases: [
      { name: '503 is not retried', app: 'status=503', expect: { status: 503, attempts: 1, flags: '' } },
      { name: '500 is not retried', app: 'status=500', expect: { status: 500, attempts: 1 } },
      { name: 'a reset is not retried', app: 'reset', expect: { status: 503, attempts: 1, flags: 'UC' } },
      {
        name: 'grpc unavailable is',
        headers: { 'content-type': 'application/grpc' },
        app: 'grpc=14|grpc=0',
        expect: { status: 200, attempts: 2, headers: { 'grpc-status': '0' } },
      },
      {
        name: 'grpc cancelled is',
        headers: { 'content-type': 'application/grpc' },
        app: 'grpc=1|grpc=1|grpc=0',
        expect: { status: 200, attempts: 3 },
      },
      {
        name: 'grpc internal is not',
        headers: { 'content-type': 'application/grpc' },
        app: 'grpc=13|grpc=0',
        expect: { status: 200, attempts: 1 },
      },
    ],
  },
  {
    id: 'retries-inherit',
    source: '§1 Retries: a block lacking retryOn inherits the list',
    http: [{ retries: { attempts: 1 }, route: [toHost()] }],
    cases: [
      { name: '503 is still not retried', app: 'status=503', expect: { status: 503, attempts: 1 } },
      {
        name: 'unavailable once',
        headers: { 'content-type': 'application/grpc' },
        app: 'grpc=14',
        expect: { attempts: 2, flags: 'URX' },
      },
    ],
  },
  {
    id: 'retries-codes',
    source: '§1 Retries: digits are retriable codes',
    http: [{ retries: { attempts: 3, retryOn: 'connect-failure,503,429', backoff: '1ms' }, route: [toHost()] }],
    cases: [
      { name: '503', app: 'status=503|status=200', expect: { status: 200, attempts: 2 } },
      { name: '429', app: 'status=429|status=429|status=200', expect: { status: 200, attempts: 3 } },
      { name: 'not 500', app: 'status=500', expect: { status: 500, attempts: 1 } },
      { name: 'exhausted after 1 + 3', app: 'status=503', expect: { status: 503, attempts: 4, flags: 'URX' } },
    ],
  },
  {
    id: 'retries-hosts',
    source: '§3 previous_hosts',
    endpoints: ['a', 'b'],
    http: [{ retries: { attempts: 1, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    cases: [{ name: 'the other host answers', repeat: 6, app: 'status=500|status=200', expect: { status: 200, attempts: 2 } }],
  },
  {
    id: 'retries-dead-host',
    source: '§3 previous_hosts',
    endpoints: ['dead', 'a'],
    http: [{ route: [toHost()] }],
    cases: [{ name: 'default retries find the live host', repeat: 20, expect: { status: 200, attempts: 1 } }],
  },
  {
    id: 'backoff',
    source: '§1 Retries: retry n waits uniform [0, (2ⁿ−1)·base), cap 10×base',
    http: [{ retries: { attempts: 3, retryOn: '5xx', backoff: '100ms' }, route: [toHost()] }],
    cases: [
      // 100 + 300 + 700 at most.
      {
        name: 'three retries within the sum of ceilings',
        app: 'status=500',
        repeat: 3,
        expect: { status: 500, attempts: 4, maxMs: 1300 },
      },
    ],
  },
];

const timeouts: Group[] = [
  {
    id: 'timeout',
    source: '§1 timeout',
    http: [
      { match: [{ uri: { exact: '/off' } }], timeout: '0s', route: [toHost()] },
      {
        match: [{ uri: { exact: '/retry' } }],
        timeout: '1s',
        retries: { attempts: 5, retryOn: '5xx', backoff: '1ms' },
        route: [toHost()],
      },
      {
        match: [{ uri: { exact: '/try' } }],
        timeout: '5s',
        retries: { attempts: 2, retryOn: 'reset', perTryTimeout: '500ms', backoff: '1ms' },
        route: [toHost()],
      },
      { match: [{ uri: { exact: '/try-default' } }], retries: { attempts: 2, perTryTimeout: '150ms' }, route: [toHost()] },
      {
        match: [{ uri: { exact: '/try-long' } }],
        timeout: '150ms',
        retries: { attempts: 2, retryOn: '5xx', perTryTimeout: '300ms' },
        route: [toHost()],
      },
      {
        match: [{ uri: { exact: '/backoff' } }],
        timeout: '200ms',
        retries: { attempts: 1, retryOn: '5xx', backoff: '100s' },
        route: [toHost()],
      },
      { match: [{ uri: { prefix: '/' } }], timeout: '200ms', route: [toHost()] },
    ],
    cases: [
      {
        name: 'fires',
        app: 'delay=2000',
        expect: {
          status: 504,
          body: 'upstream request timeout',
          flags: 'UT',
          details: 'response_timeout',
          attempts: 1,
          minMs: 190,
          maxMs: 1700,
        },
      },
      {
        name: 'does not fire',
        appInTime: true,
        app: 'delay=20',
        expect: { status: 200, seen: { headers: { 'x-envoy-expected-rq-timeout-ms': '200' } } },
      },
      {
        name: '0s is off',
        path: '/off',
        app: 'delay=300',
        expect: { status: 200, seen: { headers: { 'x-envoy-expected-rq-timeout-ms': null } } },
      },
      {
        name: 'covers retries: 504 although tries were fast',
        path: '/retry',
        app: 'status=500,delay=300',
        expect: { status: 504, attempts: [2, 4], maxMs: 4000 },
      },
      {
        name: 'each try is cut and tried again',
        path: '/try',
        app: 'delay=4000|status=200',
        expect: { status: 200, attempts: 2, minMs: 490, seen: { headers: { 'x-envoy-expected-rq-timeout-ms': '500' } } },
      },
      {
        name: 'all tries too slow',
        path: '/try',
        app: 'delay=4000',
        expect: {
          status: 504,
          body: 'upstream request timeout',
          attempts: 3,
          flags: 'URX,UT',
          details: 'upstream_per_try_timeout',
          minMs: 1400,
        },
      },
      {
        name: 'per-try timeout under the default list: no retry',
        path: '/try-default',
        app: 'delay=2000|status=200',
        expect: { status: 504, attempts: 1, flags: 'UT', details: 'upstream_per_try_timeout' },
      },
      {
        name: 'perTryTimeout ≥ timeout is ignored',
        path: '/try-long',
        app: 'delay=2000',
        expect: {
          status: 504,
          attempts: 1,
          flags: 'UT',
          details: 'response_timeout',
          seen: { headers: { 'x-envoy-expected-rq-timeout-ms': '150' } },
        },
      },
      {
        name: 'a client’s own timeout header counts nothing',
        headers: { 'x-envoy-upstream-rq-timeout-ms': '5' },
        appInTime: true,
        app: 'delay=60',
        expect: { status: 200, seen: { headers: { 'x-envoy-upstream-rq-timeout-ms': null } } },
      },
      {
        name: 'a gRPC call’s timeout becomes a status',
        headers: { 'content-type': 'application/grpc' },
        app: 'delay=2000',
        expect: { status: 200, headers: { 'grpc-status': '14', 'grpc-message': 'upstream request timeout' }, flags: 'UT' },
      },
      {
        name: 'grpc-timeout shorter than the route’s',
        headers: { 'content-type': 'application/grpc', 'grpc-timeout': '80m' },
        app: 'delay=2000',
        expect: { headers: { 'grpc-status': '14' }, minMs: 70, seen: { headers: { 'grpc-timeout': '80m' } } },
      },
      {
        name: 'grpc-timeout is capped by the route’s',
        headers: { 'content-type': 'application/grpc', 'grpc-timeout': '5S' },
        app: 'delay=2000',
        expect: { headers: { 'grpc-status': '14' }, minMs: 190, maxMs: 1700 },
      },
      { name: 'the head came in time, the body does not', appInTime: true, app: 'status=200', expect: { status: 200 } },
    ],
  },
  {
    id: 'timeout-none',
    source: '§1 timeout: disabled by default, grpc-timeout honoured',
    http: [{ route: [toHost()] }],
    cases: [
      { name: 'no header', expect: { seen: { headers: { 'x-envoy-expected-rq-timeout-ms': null } } } },
      {
        name: 'grpc-timeout alone',
        headers: { 'content-type': 'application/grpc', 'grpc-timeout': '100m' },
        app: 'delay=1500',
        expect: { headers: { 'grpc-status': '14' }, maxMs: 1700 },
      },
      { name: 'HTTP calls ignore grpc-timeout', headers: { 'grpc-timeout': '50m' }, app: 'delay=150', expect: { status: 200 } },
    ],
  },
];

const limits: Group[] = [
  {
    id: 'limit-requests',
    source: '§2 http2MaxRequests: HTTP/1 too, immediate 503 UO',
    trafficPolicy: { connectionPool: { http: { http2MaxRequests: 2 } } },
    http: [{ retries: { attempts: 0 }, route: [toHost()] }],
    cases: [{ name: '6 at once: 2 pass', concurrent: 6, app: 'delay=400', expect: { statuses: { 200: [2, 3], 503: [3, 4] } } }],
  },
  {
    id: 'limit-pending',
    source: '§2 http1MaxPendingRequests',
    trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } },
    http: [{ retries: { attempts: 0 }, route: [toHost()] }],
    cases: [
      {
        name: '6 at once: one runs, one waits',
        concurrent: 6,
        app: 'delay=300',
        expect: { statuses: { 200: [1, 3], 503: [3, 5] } },
      },
      { name: 'one alone', expect: { status: 200, flags: '' } },
    ],
  },
  {
    id: 'limit-words',
    source: '§3 UO: overflow, x-envoy-overloaded',
    sequential: true,
    trafficPolicy: { connectionPool: { http: { http2MaxRequests: 1 } } },
    http: [{ route: [toHost()] }],
    cases: [{ name: '2 at once', concurrent: 2, app: 'delay=300', expect: { statuses: { 200: [1, 1], 503: [1, 1] } } }],
  },
];

const outlier = (id: string, endpoints: Group['endpoints'], settings: Document, cases: Case[]): Group => ({
  id: `outlier-${id}`,
  source: '§2 outlierDetection',
  endpoints,
  sequential: true,
  trafficPolicy: {
    loadBalancer: { simple: 'ROUND_ROBIN' },
    outlierDetection: { interval: '100s', baseEjectionTime: '100s', ...settings },
  },
  http: [{ retries: { attempts: 0 }, route: [toHost()] }],
  cases,
});
const outliers: Group[] = [
  outlier('5xx', ['a'], { consecutive5xxErrors: 3, maxEjectionPercent: 100 }, [
    { name: 'below the threshold', repeat: 2, app: 'status=500', expect: { status: 500 } },
    { name: 'a success clears the count', expect: { status: 200 } },
    { name: 'three in a row', repeat: 3, app: 'status=500', expect: { status: 500 } },
    {
      name: 'all ejected: UH',
      expect: { status: 503, body: 'no healthy upstream', flags: 'UH', details: 'no_healthy_upstream', attempts: 0 },
    },
  ]),
  outlier('gateway', ['a'], { consecutive5xxErrors: 0, consecutiveGatewayErrors: 2, maxEjectionPercent: 100 }, [
    { name: '500 does not count and clears', repeat: 3, app: 'status=500', expect: { status: 500 } },
    { name: 'one 503', app: 'status=503', expect: { status: 503 } },
    { name: '500 in between', app: 'status=500', expect: { status: 500 } },
    { name: 'two 503', repeat: 2, app: 'status=503', expect: { status: 503 } },
    { name: 'ejected', expect: { status: 503, flags: 'UH' } },
  ]),
  outlier('reset', ['a'], { consecutive5xxErrors: 2, maxEjectionPercent: 100 }, [
    { name: 'resets count as 503', repeat: 2, app: 'reset', expect: { status: 503, flags: 'UC' } },
    { name: 'ejected', expect: { status: 503, flags: 'UH' } },
  ]),
  outlier('connect', ['dead'], { consecutive5xxErrors: 2, maxEjectionPercent: 100 }, [
    { name: 'connect failures count', repeat: 2, expect: { status: 503, flags: 'UF' } },
    { name: 'ejected', expect: { status: 503, flags: 'UH' } },
  ]),
  outlier('percent', ['a', 'b'], { consecutive5xxErrors: 1 }, [
    { name: 'with 10 % a pool of two never ejects', repeat: 6, app: 'status=500', expect: { status: 500, attempts: 1 } },
    { name: 'still served', repeat: 2, expect: { status: 200 } },
  ]),
  outlier('half', ['a', 'b'], { consecutive5xxErrors: 1, maxEjectionPercent: 50 }, [
    { name: 'one of two may go', repeat: 4, app: 'status=500', expect: { status: 500 } },
    { name: 'the other serves everything', repeat: 6, expect: { status: 200, sticky: true } },
  ]),
  outlier('off', ['a'], { consecutive5xxErrors: 0, maxEjectionPercent: 100 }, [
    { name: '0 switches it off', repeat: 8, app: 'status=500', expect: { status: 500 } },
  ]),
];

const hash = (id: string, key: Document, cases: Case[]): Group => ({
  id: `hash-${id}`,
  source: '§2 consistentHash',
  endpoints: ['a', 'b', 'c'],
  trafficPolicy: { loadBalancer: { consistentHash: key } },
  cases,
});
const hashes: Group[] = [
  hash('header', { httpHeaderName: 'x-user' }, [
    { name: 'the same value, the same app', repeat: 8, headers: { 'x-user': 'kim' }, expect: { status: 200, sticky: true } },
    { name: 'another value keeps its own', repeat: 8, headers: { 'x-user': 'jason' }, expect: { status: 200, sticky: true } },
    {
      name: 'without the header: any',
      repeat: 60,
      expect: { status: 200, shares: { a: [0.1, 0.6], b: [0.1, 0.6], c: [0.1, 0.6] } },
    },
  ]),
  hash('query', { httpQueryParameterName: 'u' }, [
    { name: 'by parameter', path: '/?u=7', repeat: 8, expect: { status: 200, sticky: true } },
  ]),
  hash('source', { useSourceIp: true }, [{ name: 'by source address', repeat: 8, expect: { status: 200, sticky: true } }]),
  hash('cookie', { httpCookie: { name: 'user', ttl: '60s' } }, [
    {
      name: 'a cookie is made when there is none',
      repeat: 1,
      expect: { status: 200, headers: { 'set-cookie': /^user="[0-9a-f]+"; Max-Age=60; HttpOnly$/ } },
    },
    {
      name: 'with one it sticks and makes none',
      repeat: 6,
      headers: { cookie: 'a=b; user=xyz' },
      expect: { status: 200, sticky: true, headers: { 'set-cookie': null } },
    },
  ]),
  hash('session', { httpCookie: { name: 's', path: '/p', ttl: '0s' } }, [
    {
      name: 'a session cookie with a path',
      repeat: 1,
      expect: { status: 200, headers: { 'set-cookie': /^s="[0-9a-f]+"; Path=\/p; HttpOnly$/ } },
    },
  ]),
  hash('cookie-plain', { httpCookie: { name: 'u' } }, [
    { name: 'without ttl no cookie is made', repeat: 1, expect: { status: 200, headers: { 'set-cookie': null } } },
  ]),
  hash('maglev', { httpHeaderName: 'x-user', maglev: {} }, [
    { name: 'by header', repeat: 8, headers: { 'x-user': 'kim' }, expect: { status: 200, sticky: true } },
  ]),
];

const balancing: Group[] = [
  {
    id: 'round-robin',
    source: '§2 loadBalancer',
    endpoints: ['a', 'b'],
    trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } },
    cases: [{ name: 'even', repeat: 20, expect: { status: 200, shares: { a: [0.45, 0.55], b: [0.45, 0.55] } } }],
  },
  {
    id: 'random',
    source: '§2 loadBalancer',
    endpoints: ['a', 'b'],
    trafficPolicy: { loadBalancer: { simple: 'RANDOM' } },
    cases: [{ name: 'both', repeat: 60, expect: { status: 200, shares: { a: [0.25, 0.75], b: [0.25, 0.75] } } }],
  },
  {
    id: 'subset-policy',
    source: '§2 Lookup: subset policy overrides block by block',
    endpoints: ['a', 'b', 'c'],
    subsets: versionSubsets('v3'),
    http: [{ route: [toHost('v3')] }],
    cases: [{ name: 'only the subset’s endpoint', repeat: 6, expect: { status: 200, server: 'c' } }],
  },
  {
    id: 'subset-empty',
    source: '§3 UH: no endpoints',
    subsets: versionSubsets('v7'),
    http: [{ route: [toHost('v7')] }],
    cases: [{ name: 'a subset nobody is in', expect: { status: 503, body: 'no healthy upstream', flags: 'UH', attempts: 0 } }],
  },
];

export const resilienceGroups: Group[] = [
  ...retryTable,
  ...wording,
  ...retryConfig,
  ...timeouts,
  ...limits,
  ...outliers,
  ...hashes,
  ...balancing,
];
