import { expect, test } from 'vitest';
import type { ExplainRequest, Explanation } from '../../api/explain.schema.ts';
import { explanationSchema } from '../../api/explain.schema.ts';
import { selectRoute } from '../route/route-request.ts';
import {
  exact,
  makeCluster,
  makeEndpoint,
  makeExchange,
  makeForward,
  makeProxy,
  makeRoute,
  makeSnapshot,
  makeView,
  makeVirtualHost,
  makeWeighted,
  makeWorkload,
  prefix,
  ratingsCluster,
} from '../route/test-exchange.ts';
import type {
  AuthorizationRule,
  AuthorizationSnapshot,
  FaultSnapshot,
  InboundPort,
  MeshSnapshot,
  ProxySnapshot,
  RetryPolicy,
  Route,
} from '../snapshot.ts';
import { explain, prepareViews, worstCaseMs } from './explain.ts';

const origin = (name: string, kind = 'VirtualService') => ({ kind, namespace: 'default', name });
const subset = (name: string) => ratingsCluster.replace('||', `|${name}|`);
const retry: RetryPolicy = {
  attempts: 2,
  retryOn: ['5xx', 'retriable-status-codes'],
  retriableStatusCodes: [418],
  perTryTimeoutMs: 100,
  backoffBaseMs: 25,
  backoffMaxMs: 250,
  hostSelectionRetries: 5,
  from: 'VirtualService/default/ratings',
};

const callee = (port: Partial<InboundPort> = {}): ProxySnapshot =>
  makeProxy({
    workload: makeWorkload({ service: 'ratings' }),
    listeners: [
      {
        role: 'inbound',
        id: 'inbound',
        host: '127.0.0.1',
        port: 0,
        fixed: false,
        ports: [
          {
            name: 'http',
            port: 9080,
            protocol: 'http',
            app: { host: '127.0.0.1', port: 9081 },
            cluster: makeCluster('inbound|9080||'),
            mtls: 'STRICT',
            mtlsFrom: origin('strict', 'PeerAuthentication'),
            authorization: { custom: [], audit: [], deny: [], allow: [], providers: {} },
            jwt: [],
            retry: null,
            ...port,
          },
        ],
      },
    ],
  });

function ask(routes: Route[], request: Partial<ExplainRequest> = {}, over: Partial<MeshSnapshot> = {}): Explanation {
  const host = makeVirtualHost(['ratings'], routes, { origin: origin('ratings'), shadowed: [origin('younger')] });
  const snapshot = makeSnapshot({ views: { default: makeView([host]) }, proxies: [makeProxy(), callee()], ...over });
  const full = { from: 'reviews', to: 'ratings', method: 'GET', path: '/ratings/1', headers: {}, ...request };
  const explanation = explain(snapshot, prepareViews(snapshot), full, { nowWallMs: 0 });
  return explanationSchema.parse(explanation);
}

const twoRules = [
  makeRoute({ name: 'jason', match: { headers: [{ name: 'end-user', match: exact('jason') }] } }),
  makeRoute({ name: 'ratings', match: { path: prefix('/ratings') } }),
  makeRoute({ name: 'behind' }),
];

test('names the statPrefix of the route', () => {
  expect(ask([makeRoute({ statPrefix: 'slow' })]).statPrefix).toBe('slow');
  expect(ask(twoRules).statPrefix).toBeUndefined();
});

test('each rule is listed with the first reason it was skipped', () => {
  expect(ask(twoRules).rules.map(({ route, matched, reason }) => [route, matched, reason])).toEqual([
    ['jason', false, 'header end-user is absent'],
    ['ratings', true, ''],
    ['behind', false, 'not looked at: a rule before it matched'],
  ]);
});

test.each<[string, Partial<ExplainRequest>]>([
  ['no header', {}],
  ['header', { headers: { 'end-user': 'jason' } }],
  ['other path', { path: '/other' }],
])('the explanation names the route the traffic takes: %s', (_name, request) => {
  const view = makeView([makeVirtualHost(['ratings'], twoRules)]);
  const snapshot = makeSnapshot({ views: { default: view } });
  const exchange = makeExchange({ authority: 'ratings', ...request });
  selectRoute(exchange, prepareViews(snapshot).get('default')!, () => 0);
  expect(ask(twoRules, request).route).toBe(exchange.route!.name);
});

test('objects: used, and shadowed by an older one', () => {
  expect(ask(twoRules).objects.map(({ resource, used }) => [resource.name, used])).toEqual([
    ['ratings', true],
    ['younger', false],
  ]);
});

test('weights become shares with their endpoints', () => {
  const action = makeForward({
    clusters: [makeWeighted(subset('v1'), { weight: 3 }), makeWeighted(subset('v2'), { weight: 1 })],
  });
  const { clusters, summary } = ask([makeRoute({ action })]);
  expect(clusters.map(({ share, endpoints }) => [share, endpoints[0]?.version])).toEqual([
    [0.75, 'v1'],
    [0.25, 'v2'],
  ]);
  expect(summary).toContain('75% to outbound|9080|v1|');
});

test('timeouts and retries say where they come from', () => {
  const explanation = ask([
    makeRoute({ action: makeForward({ retry, timeoutMs: 1000, timeoutFrom: 'VirtualService/default/ratings' }) }),
  ]);
  expect(explanation).toMatchObject({
    timeoutMs: { value: 1000, from: 'VirtualService/default/ratings' },
    perTryTimeoutMs: { value: 100, from: retry.from },
    retries: { value: { attempts: 2, retryOn: '5xx,retriable-status-codes,418' }, from: retry.from },
    worstCaseMs: 400,
  });
});

test.each([
  ['tries plus backoff', null, retry, 3 * 100 + 25 + 75],
  ['cut by the timeout', 200, retry, 200],
  ['no bound', null, null, null],
  ['no per-try timeout: the timeout alone', 500, { ...retry, perTryTimeoutMs: null }, 500],
  ['backoff has a cap', null, { ...retry, attempts: 5 }, 6 * 100 + 25 + 75 + 175 + 250 + 250],
])('longest wait: %s', (_name, timeoutMs, policy, expected) => {
  expect(worstCaseMs({ timeoutMs, retry: policy })).toBe(expected);
});

test.each<[string, Explanation['outcome'], Route[], Partial<ExplainRequest>, Partial<MeshSnapshot>, string]>([
  ['forward', 'forward', [makeRoute()], {}, {}, '100% to outbound|9080||'],
  ['no rule', 'no-route', [makeRoute({ match: { path: exact('/x') } })], {}, {}, 'answered 404'],
  ['ALLOW_ANY', 'passthrough', [], { to: 'example.org' }, {}, 'leaves the mesh'],
  ['REGISTRY_ONLY', 'blocked', [], { to: 'example.org' }, { outboundTrafficPolicy: 'REGISTRY_ONLY' }, 'answered 502'],
  [
    'no cluster',
    'cluster-not-found',
    [makeRoute({ action: makeForward({ clusters: [makeWeighted('x')] }) })],
    {},
    {},
    'answered 503',
  ],
  [
    'direct response',
    'direct-response',
    [makeRoute({ action: { type: 'directResponse', status: 418, body: '', base64: false } })],
    {},
    {},
    'answered 418',
  ],
  [
    'redirect',
    'redirect',
    [makeRoute({ action: { type: 'redirect', status: 302, path: null, authority: 'o', scheme: null, port: null } })],
    {},
    {},
    'redirected with 302 to http://o/ratings/1',
  ],
])('outcome: %s', (_name, outcome, routes, request, over, words) => {
  const explanation = ask(routes, request, over);
  expect(explanation.outcome).toBe(outcome);
  expect(explanation.summary).toContain(words);
});

test('a rewrite shows the path that leaves', () => {
  const rewrite = { path: { kind: 'prefix' as const, matched: '/ratings', replacement: '/r' }, authority: null };
  expect(ask([makeRoute({ action: makeForward({ rewrite }) })]).rewrittenPath).toBe('/r/1');
});

const fault: FaultSnapshot = {
  id: 'default/slow',
  name: 'slow',
  namespace: 'default',
  resource: origin('slow', 'Fault'),
  side: 'server',
  toService: 'ratings.default.svc.cluster.local',
  toVersion: '',
  toPort: 0,
  toWorkload: '',
  fromService: '',
  match: [],
  percentage: 30,
  delay: { kind: 'fixed', ms: 500 },
  abort: { kind: 'http', status: 503 },
  response: null,
  only: null,
  per: 'request',
  schedule: null,
  expiresAt: null,
  armedAt: 0,
  seed: null,
  enabled: true,
};

test.each<[string, Partial<FaultSnapshot>, boolean]>([
  ['server side', {}, true],
  ['client side', { side: 'client' }, true],
  ['this caller', { fromService: 'default/reviews' }, true],
  ['another caller', { fromService: 'default/web' }, false],
  ['another service', { toService: 'details.default.svc.cluster.local' }, false],
  ['a version that can be reached', { toVersion: 'v1' }, true],
  ['a version that cannot', { toVersion: 'v9' }, false],
  ['another port', { toPort: 1 }, false],
  ['disabled', { enabled: false }, false],
  ['expired', { expiresAt: 0 }, false],
  ['scheduled for later', { schedule: { afterMs: 10, forMs: null, everyMs: null } }, false],
])('faults that would act: %s', (_name, over, acts) => {
  const { faults } = ask([makeRoute()], {}, { faults: [{ ...fault, ...over }] });
  expect(faults.map(({ effect }) => effect)).toEqual(acts ? ['delay 500 ms, then answer 503'] : []);
});

test('policies at the callee are judged with the caller identity', () => {
  const rule: AuthorizationRule = { from: [], to: [], when: [{ key: 'source.namespace', values: ['prod'], notValues: [] }] };
  const resource = origin('only-prod', 'AuthorizationPolicy');
  const allow = [{ resource, action: 'ALLOW' as const, provider: '', dryRun: false, rules: [rule] }];
  const proxies = [makeProxy(), callee({ authorization: { custom: [], audit: [], deny: [], allow, providers: {} } })];
  expect(ask([makeRoute()], {}, { proxies }).policies).toEqual([
    { resource: origin('strict', 'PeerAuthentication'), outcome: 'allowed', reason: 'mTLS mode is STRICT; this call uses mTLS' },
    { resource, outcome: 'denied', reason: 'rules[0]: source namespace default is not among prod' },
  ]);
});

test('CUSTOM: who would be asked, and why; a provider nobody can ask refuses', () => {
  const when = (values: string[]): AuthorizationRule => ({
    from: [],
    to: [],
    when: [{ key: 'source.namespace', values, notValues: [] }],
  });
  const policy = (name: string, values: string[]) => ({
    resource: origin(name, 'AuthorizationPolicy'),
    action: 'CUSTOM' as const,
    provider: 'badges',
    dryRun: false,
    rules: [when(values)],
  });
  const lists = { audit: [], deny: [], allow: [] };
  const say = (providers: AuthorizationSnapshot['providers']) =>
    ask(
      [makeRoute()],
      {},
      {
        proxies: [
          makeProxy(),
          callee({
            authorization: { custom: [policy('asked', ['default']), policy('not-asked', ['prod'])], ...lists, providers },
          }),
        ],
      },
    ).policies.map(({ resource, outcome, reason }) => `${resource.name} ${outcome} ${reason}`);
  const provider = {
    name: 'badges',
    url: 'http://127.0.0.1:1',
    pathPrefix: '',
    timeoutMs: 1,
    failOpen: false,
    statusOnError: 403,
  };
  const none = { includeRequestHeadersInCheck: [], headersToUpstreamOnAllow: [], headersToDownstreamOnDeny: [] };
  expect(say({ badges: { ...provider, ...none } }).slice(1)).toEqual([
    'asked not-matched badges is asked, and decides: source namespace default',
    'not-asked not-matched badges is not asked: no rule matches',
  ]);
  expect(say({})[1]).toMatch(/^asked denied no provider badges can be asked/);
});

test('an unknown source is an error that names the known ones', () => {
  expect(() => ask([makeRoute()], { from: 'nobody' })).toThrow(
    'there is no workload or service nobody; known are reviews, ratings',
  );
});

test('endpoints carry the address they are dialled at', () => {
  const { clusters } = ask([makeRoute()]);
  expect(clusters[0]?.endpoints[0]).toEqual({
    address: `127.0.0.1:${makeEndpoint().port}`,
    workload: 'ratings-v1-0',
    version: 'v1',
  });
});
