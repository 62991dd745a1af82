import type { Case, Document, Group } from '../case.ts';
import { toHost } from '../documents.ts';

/** §2: locality, weights, retry budgets, the rest of outlier detection. The caller stands in eu/a/1. */

const noRetries = [{ retries: { attempts: 0 }, route: [toHost()] }];
const forEver = { interval: '100s', baseEjectionTime: '100s', maxEjectionPercent: 100 };
const near = { a: 'eu/a/1', b: 'us/a/1' };

const localities: Group[] = [
  {
    id: 'locality-failover',
    source: '§2 localityLbSetting: outlierDetection turns failover on (mesh default)',
    endpoints: ['a', 'b'],
    localities: near,
    sequential: true,
    trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' }, outlierDetection: { ...forEver, consecutive5xxErrors: 1 } },
    http: noRetries,
    cases: [
      { name: 'the nearest serves everything', repeat: 8, expect: { status: 200, server: 'a' } },
      { name: 'until it is ejected', app: 'status=500', expect: { status: 500, server: 'a' } },
      { name: 'then the next locality serves', repeat: 8, expect: { status: 200, server: 'b' } },
    ],
  },
  {
    id: 'locality-spill',
    source: '§2 localityLbSetting: overprovisioning of 1.4',
    endpoints: ['a', 'b', 'c'],
    localities: { a: 'eu/a/1', b: 'eu/a/1', c: 'us/a/1' },
    sequential: true,
    trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' }, outlierDetection: { ...forEver, consecutive5xxErrors: 1 } },
    http: noRetries,
    cases: [
      { name: 'both near ones', repeat: 20, expect: { status: 200, shares: { a: [0.4, 0.6], b: [0.4, 0.6] } } },
      { name: 'one of them is ejected', repeat: 1, app: 'status=500', expect: { status: 500 } },
      { name: '70 % stay near, 30 % go far', repeat: 120, expect: { status: 200, shares: { c: [0.15, 0.45] } } },
    ],
  },
  {
    id: 'locality-off',
    source: '§2 localityLbSetting.enabled: false',
    endpoints: ['a', 'b'],
    localities: near,
    trafficPolicy: {
      loadBalancer: { simple: 'ROUND_ROBIN', localityLbSetting: { enabled: false } },
      outlierDetection: { ...forEver, consecutive5xxErrors: 5 },
    },
    cases: [{ name: 'no locality is preferred', repeat: 20, expect: { status: 200, shares: { a: [0.4, 0.6], b: [0.4, 0.6] } } }],
  },
  {
    id: 'locality-no-detection',
    source: '§2 localityLbSetting: failover requires outlierDetection',
    endpoints: ['a', 'b'],
    localities: near,
    trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN', localityLbSetting: { failover: [{ from: 'eu', to: 'us' }] } } },
    cases: [{ name: 'without it no locality is preferred', repeat: 20, expect: { shares: { a: [0.4, 0.6], b: [0.4, 0.6] } } }],
  },
  {
    id: 'locality-fallback',
    source: '§2 localityLbSetting.failover',
    endpoints: ['a', 'b'],
    localities: { a: 'asia/a/1', b: 'us/a/1' },
    trafficPolicy: {
      loadBalancer: { localityLbSetting: { failover: [{ from: 'eu', to: 'us' }] } },
      outlierDetection: { ...forEver, consecutive5xxErrors: 5 },
    },
    cases: [{ name: 'the named region before the others', repeat: 8, expect: { status: 200, server: 'b' } }],
  },
  {
    id: 'locality-labels',
    source: '§2 localityLbSetting.failoverPriority',
    endpoints: ['a', 'b', 'c'],
    trafficPolicy: {
      loadBalancer: { localityLbSetting: { failoverPriority: ['version=v3'] } },
      outlierDetection: { ...forEver, consecutive5xxErrors: 5 },
    },
    cases: [{ name: 'the endpoint with the label asked for', repeat: 8, expect: { status: 200, server: 'c' } }],
  },
  {
    id: 'locality-distribute',
    source: '§2 localityLbSetting.distribute',
    oracle: false,
    endpoints: ['a', 'b', 'c'],
    localities: { a: 'eu/a/1', b: 'us/a/1', c: 'us/b/1' },
    trafficPolicy: { loadBalancer: { localityLbSetting: { distribute: [{ from: 'eu/*', to: { 'eu/*': 20, 'us/*': 80 } }] } } },
    cases: [
      {
        name: 'a share is divided among the localities of its pattern',
        repeat: 50,
        expect: { status: 200, shares: { a: [0.18, 0.22], b: [0.38, 0.42], c: [0.38, 0.42] } },
      },
    ],
  },
  {
    id: 'retry-remote',
    source: '§1 Retries: retryRemoteLocalities → previous_priorities',
    endpoints: ['a', 'b'],
    localities: near,
    trafficPolicy: { outlierDetection: { ...forEver, consecutive5xxErrors: 0 } },
    http: [
      {
        match: [{ uri: { exact: '/near' } }],
        retries: { attempts: 3, retryOn: '5xx', backoff: '1ms' },
        route: [toHost()],
      },
      { retries: { attempts: 3, retryOn: '5xx', backoff: '1ms', retryRemoteLocalities: true }, route: [toHost()] },
    ],
    cases: [
      { name: 'the first retry stays', app: 'status=500|status=200', expect: { status: 200, attempts: 2, server: 'a' } },
      {
        name: 'the second leaves the priorities tried',
        app: 'status=500|status=500|status=200',
        repeat: 4,
        expect: { status: 200, attempts: 3 },
      },
      {
        name: 'the third stays where the second went',
        app: 'status=500|status=500|status=500|status=200',
        expect: { status: 200, attempts: 4, server: 'b' },
      },
      {
        name: 'without it all stay',
        path: '/near',
        app: 'status=500|status=500|status=500|status=200',
        expect: { status: 200, attempts: 4, server: 'a' },
      },
    ],
  },
  {
    id: 'weights',
    source: '§2 loadBalancer: endpoint weights',
    endpoints: ['a', 'b'],
    weights: { a: 3, b: 1 },
    trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } },
    cases: [{ name: '3 : 1', repeat: 40, expect: { status: 200, shares: { a: [0.7, 0.8], b: [0.2, 0.3] } } }],
  },
];

const limits: Group[] = [
  {
    id: 'limit-retries',
    source: '§2 maxRetries: concurrent retries',
    trafficPolicy: { connectionPool: { http: { maxRetries: 1 } } },
    http: [{ retries: { attempts: 1, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    cases: [
      {
        name: 'one retry at a time, the others’ answers pass',
        concurrent: 6,
        app: 'status=503,delay=200|status=200,delay=600',
        expect: { statuses: { 200: [1, 2], 503: [4, 5] } },
      },
    ],
  },
  {
    id: 'budget-minimum',
    source: '§2 retryBudget: minRetryConcurrency',
    trafficPolicy: { retryBudget: { percent: 0, minRetryConcurrency: 2 } },
    http: [{ retries: { attempts: 1, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    cases: [
      {
        name: 'two at a time whatever the percentage',
        concurrent: 8,
        app: 'status=503,delay=200|status=200,delay=600',
        expect: { statuses: { 200: [2, 3], 503: [5, 6] } },
      },
    ],
  },
  {
    id: 'budget-default',
    source: '§2 retryBudget: at least 3',
    trafficPolicy: { retryBudget: {} },
    http: [{ retries: { attempts: 1, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    cases: [
      {
        name: '20 % of 10 is 2, so three at a time',
        concurrent: 10,
        app: 'status=503,delay=200|status=200,delay=600',
        expect: { statuses: { 200: [3, 4], 503: [6, 7] } },
      },
    ],
  },
  {
    id: 'budget-percent',
    source: '§2 retryBudget: percent of active + pending',
    trafficPolicy: { retryBudget: { percent: 50, minRetryConcurrency: 1 } },
    http: [{ retries: { attempts: 1, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    cases: [
      {
        // 10, less when all fail at once: those that wait to be sent again are not in flight.
        name: 'half of those in flight',
        concurrent: 20,
        app: 'status=503,delay=300|status=200,delay=700',
        expect: { statuses: { 200: [6, 11], 503: [9, 14] } },
      },
    ],
  },
];

const outlier = (id: string, endpoints: Group['endpoints'], settings: Document, http: Document[], cases: Case[]): Group => ({
  id: `outlier-${id}`,
  source: '§2 outlierDetection',
  endpoints,
  sequential: true,
  trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' }, outlierDetection: { ...forEver, ...settings } },
  http,
  cases,
});
const ejected: Case = { name: 'ejected', expect: { status: 503, flags: 'UH', details: 'no_healthy_upstream', attempts: 0 } };
const grpc = { 'content-type': 'application/grpc' };
const outliers: Group[] = [
  outlier(
    'timeout',
    ['a'],
    { consecutive5xxErrors: 0, consecutiveGatewayErrors: 2 },
    [{ ...noRetries[0], timeout: '150ms' }],
    [{ name: 'timeouts count as 504', repeat: 2, app: 'delay=600', expect: { status: 504, flags: 'UT' } }, ejected],
  ),
  outlier(
    'per-try',
    ['a'],
    { consecutive5xxErrors: 2 },
    [{ retries: { attempts: 1, retryOn: 'reset', perTryTimeout: '150ms', backoff: '1ms' }, route: [toHost()] }],
    [{ name: 'each try counts', app: 'delay=600', expect: { status: 504, attempts: 2 } }, ejected],
  ),
  outlier(
    'attempts',
    ['a'],
    { consecutive5xxErrors: 3 },
    [{ retries: { attempts: 2, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    [
      { name: 'every attempt counts, not every request', app: 'status=500', expect: { status: 500, attempts: 3, flags: 'URX' } },
      ejected,
    ],
  ),
  outlier('grpc', ['a'], { consecutive5xxErrors: 2 }, noRetries, [
    {
      name: 'a gRPC status in trailers does not count',
      repeat: 3,
      headers: grpc,
      app: 'trailer=grpc-status:14',
      expect: { status: 200 },
    },
    { name: 'a gRPC status in headers does', repeat: 2, headers: grpc, app: 'grpc=14', expect: { status: 200 } },
    { ...ejected, expect: { status: 503, flags: 'UH' } },
  ]),
  outlier('codes', ['a'], { consecutive5xxErrors: 2, outlierDetectionHttpErrorCodes: [429, 503] }, noRetries, [
    { name: 'a status that is not listed is no error', repeat: 4, app: 'status=500', expect: { status: 500 } },
    { name: 'one that is', app: 'status=429', expect: { status: 429 } },
    { name: 'a 500 clears the row', app: 'status=500', expect: { status: 500 } },
    { name: 'two in a row', repeat: 2, app: 'status=429', expect: { status: 429 } },
    ejected,
  ]),
  outlier(
    'split',
    ['dead'],
    { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2, consecutive5xxErrors: 1 },
    noRetries,
    [{ name: 'failures to connect are counted apart', repeat: 2, expect: { status: 503, flags: 'UF' } }, ejected],
  ),
  outlier(
    'split-reset',
    ['a'],
    { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2, consecutive5xxErrors: 1 },
    noRetries,
    [
      { name: 'a connection clears them: resets never add up', repeat: 5, app: 'reset', expect: { status: 503, flags: 'UC' } },
      { name: 'still served', expect: { status: 200 } },
    ],
  ),
  outlier(
    'split-status',
    ['a'],
    { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 1, consecutive5xxErrors: 2 },
    noRetries,
    [{ name: 'statuses count as ever', repeat: 2, app: 'status=500', expect: { status: 500 } }, ejected],
  ),
  outlier('panic', ['a'], { consecutive5xxErrors: 1, minHealthPercent: 50 }, noRetries, [
    { name: 'ejected by one 500', app: 'status=500', expect: { status: 500 } },
    { name: 'below minHealthPercent every host is used', repeat: 4, expect: { status: 200, server: 'a', flags: '' } },
  ]),
  outlier('no-panic', ['a', 'b', 'c'], { consecutive5xxErrors: 1, minHealthPercent: 30 }, noRetries, [
    { name: 'one goes', repeat: 1, app: 'status=500', expect: { status: 500 } },
    // Changes of health within a second of each other are held back for a second (update_merge_window).
    { name: 'meanwhile', repeat: 1, app: 'delay=1200', expect: { status: 200 } },
    { name: 'another goes', repeat: 1, app: 'status=500', expect: { status: 500 } },
    { name: 'one third healthy is enough', repeat: 6, expect: { status: 200, sticky: true } },
  ]),
];

const hashes: Group[] = [
  ...(['ring', 'maglev'] as const).map(
    (algorithm): Group => ({
      id: `hash-same-${algorithm}`,
      source: '§2 consistentHash: RING_HASH min 1024 / MAGLEV 65537',
      endpoints: ['a', 'b', 'c'],
      sameServer: true,
      trafficPolicy: {
        loadBalancer: { consistentHash: { httpHeaderName: 'x-user', ...(algorithm === 'maglev' ? { maglev: {} } : {}) } },
      },
      cases: ['kim', 'jason', 'ann', 'x', '', 'a,b', 'ü'].map((user) => ({
        name: `the key ${JSON.stringify(user)} finds the same address as in Envoy`,
        headers: { 'x-user': Buffer.from(user).toString('latin1') },
        expect: { status: 200 },
      })),
    }),
  ),
  {
    id: 'hash-same-repeated',
    source: '§2 consistentHash: repeated headers',
    endpoints: ['a', 'b', 'c'],
    sameServer: true,
    trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } },
    cases: [
      { name: 'the order of repeated values does not matter', headers: { 'x-user': ['b', 'a'] }, expect: { status: 200 } },
      { name: 'sorted', headers: { 'x-user': ['a', 'b'] }, expect: { status: 200 } },
    ],
  },
  {
    id: 'hash-cookie-attributes',
    source: '§2 consistentHash.httpCookie: generated if absent and ttl set',
    trafficPolicy: {
      loadBalancer: {
        consistentHash: {
          httpCookie: {
            name: 'u',
            path: '/p',
            ttl: '60s',
            attributes: [{ name: 'SameSite', value: 'Lax' }, { name: 'Secure' }],
          },
        },
      },
    },
    cases: [
      {
        name: 'attributes of its own',
        expect: {
          status: 200,
          headers: { 'set-cookie': /^u="[0-9a-f]+"; Max-Age=60; Path=\/p; SameSite=Lax; Secure; HttpOnly$/ },
        },
      },
    ],
  },
  {
    id: 'hash-weighted',
    source: '§2 consistentHash: does not influence the weighted split',
    endpoints: ['a', 'b'],
    trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } },
    subsets: [
      { name: 'v1', labels: { version: 'v1' } },
      { name: 'v2', labels: { version: 'v2' } },
    ],
    http: [{ route: [toHost('v1', { weight: 50 }), toHost('v2', { weight: 50 })] }],
    cases: [
      {
        name: 'one user sees both versions',
        repeat: 40,
        headers: { 'x-user': 'kim' },
        expect: { status: 200, shares: { a: [0.2, 0.8], b: [0.2, 0.8] } },
      },
    ],
  },
  {
    id: 'hash-retry',
    source: '§1 Retries: no previous_hosts predicate under consistentHash',
    endpoints: ['a', 'b', 'c'],
    trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } },
    http: [{ retries: { attempts: 3, retryOn: '5xx', backoff: '1ms' }, route: [toHost()] }],
    cases: [
      {
        name: 'retries stay on the key’s host',
        repeat: 6,
        headers: { 'x-user': 'kim' },
        app: 'status=500|status=200',
        expect: { status: 200, attempts: 2, sticky: true },
      },
    ],
  },
];

export const destinationGroups: Group[] = [...localities, ...limits, ...outliers, ...hashes];
