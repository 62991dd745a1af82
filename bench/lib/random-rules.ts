import type { Case, Document, Group } from '../../proxy/conformance/case.ts';
import { toHost } from '../../proxy/conformance/documents.ts';
import type { Dice } from './random-cases.ts';

/* Groups about one thing: retries against failing apps, header operations, limits. */

const conditions = [
  ...['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'refused-stream', 'retriable-4xx'],
  ...['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable', 'envoy-ratelimited'],
  ...['retriable-status-codes', '503', '418', '409', '200'],
];
/** Of one try. */
const outcomes = [
  ...[
    'status=200',
    'status=500',
    'status=502',
    'status=503',
    'status=504',
    'status=409',
    'status=418',
    'status=429',
    'status=599',
  ],
  ...['reset', 'eof', 'partial', 'garbage', 'half', 'halfend', 'delay=260', 'delay=30', 'status=503,delay=40'],
  ...['grpc=0', 'grpc=1', 'grpc=4', 'grpc=8', 'grpc=13', 'grpc=14', 'grpc=99', 'status=503,grpc=0'],
  ...[
    'status=503,header=x-envoy-ratelimited:true',
    'interim,status=503',
    'interim',
    'trailer=grpc-status:14',
    'chunked,status=503',
  ],
  ...[
    'status=503,header=retry-after:1',
    'status=503,header=x-envoy-overloaded:true',
    'status=204',
    'status=304',
    'body=long,pause=30',
  ],
  ...['status=425', 'status=421', 'status=503,size=70000'],
];

export function retryGroup(index: number, d: Dice): Group {
  const rule: Document = { route: [toHost()] };
  const on = [...new Set([d.pick(conditions), ...d.some(conditions, 3)])].join(',');
  const attempts = 1 + d.int(3);
  rule.retries = {
    attempts,
    ...(d.chance(0.85) ? { retryOn: on } : {}),
    ...(d.chance(0.3) ? { perTryTimeout: d.pick(['120ms', '150ms', '1s']) } : {}),
    ...(d.chance(0.7) ? { backoff: d.pick(['1ms', '5ms']) } : {}),
    ...(d.chance(0.1) ? { retryIgnorePreviousHosts: d.chance(0.5) } : {}),
  };
  if (d.chance(0.3)) rule.timeout = d.pick(['200ms', '500ms', '3s']);
  if (d.chance(0.1)) rule.fault = { delay: { percentage: { value: 100 }, fixedDelay: '30ms' } };
  if (d.chance(0.15))
    rule.headers = {
      request: { set: { 'x-envoy-retry-on': d.pick(['5xx', 'reset', 'gateway-error,retriable-4xx', 'nonsense']) } },
    };
  if (d.chance(0.1)) rule.mirror = { host: '$HOST' };
  return {
    id: `random-${index}`,
    source: 'random',
    http: [rule],
    cases: Array.from({ length: 8 }, (_, n) => retryCase(n, d)),
  };
}

function retryCase(n: number, d: Dice): Case {
  const app = Array.from({ length: 1 + d.int(4) }, () => d.pick(outcomes)).join('|');
  const grpc = d.chance(0.25);
  const method = grpc ? 'POST' : d.pick(['GET', 'GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE']);
  const body = ['POST', 'PUT'].includes(method) && d.chance(0.7) ? d.pick(['x', 'some body', 'y'.repeat(70_000)]) : undefined;
  const headers: Record<string, string> = grpc
    ? { 'content-type': d.pick(['application/grpc', 'application/grpc+json']), te: 'trailers' }
    : {};
  if (grpc && d.chance(0.3)) headers['grpc-timeout'] = d.pick(['200m', '5S', '']);
  if (body !== undefined && d.chance(0.3)) headers['transfer-encoding'] = 'chunked';
  if (body !== undefined && d.chance(0.1)) headers.expect = '100-continue';
  return {
    name: `${n} ${method} ${JSON.stringify(headers)} app ${app}${body === undefined ? '' : ` body of ${body.length}`}`,
    method,
    headers,
    app,
    ...(body === undefined ? {} : { body }),
    expect: {},
  };
}

const names = [
  ...[
    'x-a',
    'x-b',
    'X-Mixed',
    'user-agent',
    'accept',
    'content-type',
    'cookie',
    'set-cookie',
    'location',
    'server',
    'date',
    'via',
  ],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-envoy-upstream-service-time', 'cache-control'],
  ...[
    'authorization',
    'x_under',
    'host',
    'content-encoding',
    'etag',
    'vary',
    'x-envoy-original-path',
    'x-envoy-attempt-count',
    'trailer',
  ],
  ...['access-control-allow-origin', 'alt-svc', 'upgrade-insecure-requests', 'retry-after', 'warning'],
];
const values = [
  ...[
    '1',
    'two',
    'a, b',
    ' spaced ',
    '',
    'ünï',
    '"quoted"',
    'a;b=c',
    '%REQ(x-a)%',
    '%REQ(X-A?x-b)%-%REQ(:path)%',
    '%REQ(x-a):1%',
  ],
  ...['%RESP(x-a)%', '%RESP(:status)%', '%PROTOCOL%', '%RESPONSE_CODE%', '%RESPONSE_FLAGS%', '%RESPONSE_CODE_DETAILS%', '100%%'],
  ...['%REQ(host)%', '%REQ(:authority)%', '%REQ(:method)%-%REQ(:scheme)%', '%UPSTREAM_CLUSTER%', '%ROUTE_NAME%', '%PATH(NQ)%'],
  ...[
    '%REQ(x-envoy-original-path?:path)%',
    '%REQUESTED_SERVER_NAME%',
    '%DOWNSTREAM_PEER_SUBJECT%',
    '%HOSTNAME%x',
    '%QUERY_PARAM(x)%',
  ],
  ...['%RESP(server)%', '%REQ(cookie)%', '%VIRTUAL_CLUSTER_NAME%', '%BYTES_RECEIVED%', '%BYTES_SENT%', '%UPSTREAM_PROTOCOL%'],
  ...['%RESPONSE_TX_DURATION%', '%REQ(x-none)%%REQ(x-a)%', '%UPSTREAM_REQUEST_ATTEMPT_COUNT%', '%TRACE_ID%'],
  ...['%CONNECTION_ID%', '%PATH(WQ:ORIG)%', '%PATH(NQ:PATH)%', '%DYNAMIC_METADATA(x:y)%', '%FILTER_STATE(x)%'],
  ...['%RESP(x-none)%', '%TRAILER(grpc-status)%', '%DOWNSTREAM_TLS_CIPHER%', '%DOWNSTREAM_LOCAL_URI_SAN%', '%STREAM_ID%'],
];
/** Differ by design or by chance wherever they are written. */
const unfit = /CONNECTION_ID|STREAM_ID|TRACE_ID|HOSTNAME/;

function operations(d: Dice): Document {
  const some = () => Object.fromEntries(d.some(names, 3).map((name) => [name, d.pick(values.filter((v) => !unfit.test(v)))]));
  const [set, add, remove] = [some(), some(), d.some(names, 3).filter((name) => name !== 'host')];
  return {
    ...(Object.keys(set).length > 0 ? { set } : {}),
    ...(Object.keys(add).length > 0 ? { add } : {}),
    ...(remove.length > 0 && d.chance(0.6) ? { remove } : {}),
  };
}

export function headerGroup(index: number, d: Dice): Group {
  const headers = () => ({ request: operations(d), response: operations(d) });
  const http: Document[] = [
    { match: [{ uri: { prefix: '/one' } }], route: [toHost(undefined, { headers: headers() })], headers: headers() },
    {
      match: [{ uri: { prefix: '/two' } }],
      route: [toHost(undefined, { weight: 1, headers: headers() }), toHost(undefined, { weight: 0 })],
      headers: headers(),
    },
    { match: [{ uri: { prefix: '/moved' } }], redirect: { uri: '/new' }, headers: headers() },
    {
      match: [{ uri: { prefix: '/fixed' } }],
      directResponse: { status: d.pick([200, 404, 503]), body: { string: 'fixed' } },
      headers: headers(),
    },
    {
      name: 'rewritten',
      match: [{ uri: { prefix: '/re' } }],
      rewrite: { uri: '/written', ...(d.chance(0.5) ? { authority: 'other.example' } : {}) },
      route: [toHost()],
      headers: headers(),
    },
    { headers: headers(), route: [toHost()], fault: { abort: { percentage: { value: 100 }, httpStatus: 418 } } },
  ];
  return {
    id: `random-${index}`,
    source: 'random',
    http,
    cases: Array.from({ length: 10 }, (_, n) => headerCase(n, d)),
  };
}

const sentValues = ['1', 'mine', 'a, b', 'x y', ''];

function headerCase(n: number, d: Dice): Case {
  const path = d.pick(['/one', '/one?x=1', '/two', '/moved', '/fixed', '/re?x=2&x=3', '/other']);
  const own = names.filter((name) => !['host', 'trailer', 'date'].includes(name));
  const headers = Object.fromEntries(
    d.some(own, 4).map((name) => [name, d.chance(0.25) ? [d.pick(sentValues), d.pick(sentValues)] : d.pick(sentValues)]),
  );
  const answered = d
    .some(
      own.filter((name) => name !== 'content-encoding'),
      3,
    )
    .map((name) => `header=${name}:${d.pick(['up', 'up2', 'u v'])}`);
  const app = [d.pick(['status=200', 'status=404', 'status=503', 'chunked']), ...answered].join(',');
  const method = d.pick(['GET', 'GET', 'POST', 'HEAD']);
  return { name: `${n} ${method} ${path} ${JSON.stringify(headers)} app ${app}`, method, path, headers, app, expect: {} };
}

/** Breakers and outlier detection one request after another: deterministic with one endpoint. */
export function limitGroup(index: number, d: Dice): Group {
  const outlier = {
    ...(d.chance(0.7) ? { consecutive5xxErrors: d.pick([0, 1, 2, 3]) } : {}),
    ...(d.chance(0.5) ? { consecutiveGatewayErrors: d.pick([0, 1, 2, 3]) } : {}),
    ...(d.chance(0.3) ? { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: d.pick([1, 2, 3]) } : {}),
    maxEjectionPercent: d.pick([10, 49, 100]),
    baseEjectionTime: '600s',
    interval: '600s',
    ...(d.chance(0.3) ? { minHealthPercent: d.pick([0, 50, 100]) } : {}),
  };
  const endpoint = d.pick(['a', 'a', 'a', 'dead'] as const);
  return {
    id: `random-${index}`,
    source: 'random',
    endpoints: [endpoint],
    trafficPolicy: { outlierDetection: outlier },
    http: [{ route: [toHost()], retries: d.pick<Document>([{ attempts: 0 }, { attempts: 1, retryOn: '5xx', backoff: '1ms' }]) }],
    sequential: true,
    cases: Array.from({ length: 8 }, (_, n) => {
      const app = d.pick([
        'status=500',
        'status=503',
        'status=502',
        'status=200',
        'status=404',
        'reset',
        'eof',
        'grpc=14',
        'grpc=5',
        'half',
        'partial',
      ]);
      const grpc = d.chance(0.3);
      return {
        name: `${n} ${JSON.stringify(outlier)} app ${app}${grpc ? ' grpc' : ''}`,
        ...(grpc ? { method: 'POST', headers: { 'content-type': 'application/grpc' } } : {}),
        app,
        expect: {},
      };
    }),
  };
}
