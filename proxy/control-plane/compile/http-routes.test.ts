import { describe, expect, test } from 'vitest';
import {
  cluster,
  compileDocuments,
  destinationRule,
  forwardOf,
  routesOf,
  shop,
  toRatings,
  versions,
  virtualService,
} from './compile-text.test-helper.ts';
import { exportEnvoyBootstrap } from './export-envoy.ts';

const subsets = destinationRule('ratings', { host: 'ratings', subsets: versions('v1', 'v2') });
const toV1 = [{ destination: { host: 'ratings', subset: 'v1' } }];
const ratings = (...http: object[]) => virtualService('ratings', { hosts: ['ratings'], http });
const compileRules = async (...http: object[]) => routesOf((await compileDocuments([shop, subsets, ratings(...http)])).snapshot);

describe('which VirtualService', () => {
  test('a service without one has a default route', async () => {
    const { snapshot } = await compileDocuments([shop]);
    const [route] = routesOf(snapshot);
    expect(route).toMatchObject({ name: 'default', origin: null, decorator: 'ratings.default.svc.cluster.local:9080/*' });
    expect(forwardOf(route)).toMatchObject({ clusters: [{ cluster: cluster() }], timeoutMs: null, clusterNotFoundStatus: 503 });
  });

  test('the oldest of the same host wins, the others are shadowed', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      virtualService('first', { hosts: ['ratings'], http: [{ name: 'a', route: toRatings }] }),
      virtualService('second', { hosts: ['ratings.default.svc.cluster.local'], http: [{ name: 'b', route: toRatings }] }),
    ]);
    const host = snapshot.views.default!.routeTables[9080]!.find((v) => v.domains.includes('ratings'))!;
    expect(host.origin?.name).toBe('first');
    expect(host.shadowed.map((s) => s.name)).toEqual(['second']);
    expect(host.routes.map((r) => r.name)).toEqual(['a']);
  });

  test('statPrefix stays with its route and is exported', async () => {
    const http = [{ match: [{ uri: { prefix: '/a' }, statPrefix: 'slow' }], route: toRatings }, { route: toRatings }];
    const { snapshot } = await compileDocuments([shop, virtualService('v', { hosts: ['ratings'], http })]);
    expect(routesOf(snapshot).map((route) => route.statPrefix)).toEqual(['slow', undefined]);
    const bootstrap = exportEnvoyBootstrap(snapshot, 'reviews-v1-0', { ports: {} });
    expect(JSON.stringify(bootstrap)).toContain('"stat_prefix":"slow"');
  });

  test('exact beats wildcard, and a wildcard covers services', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      virtualService('wild', { hosts: ['*.default.svc.cluster.local'], http: [{ name: 'wild', route: toRatings }] }),
      virtualService('exact', { hosts: ['ratings'], http: [{ name: 'exact', route: toRatings }] }),
    ]);
    expect(routesOf(snapshot, 'ratings')[0]!.name).toBe('exact');
    expect(routesOf(snapshot, 'reviews')[0]!.name).toBe('wild');
  });

  test('exportTo and a gateway list without mesh keep it away', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      virtualService('ratings', { hosts: ['ratings'], exportTo: ['.'], http: [{ name: 'mine', route: toRatings }] }),
    ]);
    expect(routesOf(snapshot, 'ratings')[0]!.name).toBe('mine');
    expect(routesOf(snapshot, 'ratings.default', 9080, 'other')[0]!.name).toBe('default');
  });

  test('a host no service has is served on any port', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      virtualService('foreign', {
        hosts: ['www.example.com', '*.example.com'],
        http: [{ route: [{ destination: { host: 'ratings', port: { number: 9080 } } }] }],
      }),
    ]);
    expect(snapshot.views.default!.routeTables[0]!.map((v) => v.domains)).toEqual([['www.example.com'], ['*.example.com']]);
  });
});

describe('matches', () => {
  test('each entry is a route of its own; what follows a catch-all is dropped', async () => {
    const routes = await compileRules(
      {
        name: 'r',
        match: [
          { name: 'm', uri: { prefix: '/a' } },
          { uri: { exact: '/b' }, ignoreUriCase: true },
        ],
        route: toRatings,
      },
      { route: toRatings },
      { match: [{ uri: { prefix: '/dead' } }], route: toRatings },
    );
    expect(routes.map((r) => [r.name, r.origin?.path, r.match.path])).toEqual([
      ['r.m', 'spec.http[0].match[0]', { kind: 'prefix', value: '/a' }],
      ['r', 'spec.http[0].match[1]', { kind: 'exact', value: '/b', ignoreCase: true }],
      ['default', 'spec.http[1]', null],
    ]);
  });

  test('headers, absence, query, claims and sources', async () => {
    const [route] = await compileRules({
      match: [
        {
          method: { exact: 'GET' },
          headers: {
            'End-User': { regex: 'j.*' },
            'x-any': {},
            'x-star': { regex: '*' },
            '@request.auth.claims.groups': { exact: 'a' },
          },
          withoutHeaders: { 'X-No': { exact: '1' } },
          queryParams: { Q: { exact: '1' } },
          sourceLabels: { app: 'reviews' },
          sourceNamespace: 'default',
        },
      ],
      route: toRatings,
    });
    expect(route!.match).toEqual({
      path: null,
      method: { kind: 'exact', value: 'GET' },
      scheme: null,
      authority: null,
      headers: [
        { name: 'end-user', match: { kind: 'regex', value: 'j.*' } },
        { name: 'x-any', match: { kind: 'present', value: '' } },
        { name: 'x-star', match: { kind: 'present', value: '' } },
      ],
      withoutHeaders: [{ name: 'x-no', match: { kind: 'exact', value: '1' } }],
      queryParams: [{ name: 'Q', match: { kind: 'exact', value: '1' } }],
      sourceLabels: { app: 'reviews' },
      sourceNamespace: 'default',
      claims: [{ path: ['groups'], match: { kind: 'exact', value: 'a' } }],
      grpc: false,
    });
  });

  test('port is decided when compiling', async () => {
    const routes = await compileRules(
      { name: 'no', match: [{ port: 1 }], route: toRatings },
      { name: 'yes', match: [{ port: 9080 }], route: toRatings },
    );
    expect(routes.map((r) => r.name)).toEqual(['yes']);
  });
});

describe('actions', () => {
  test('weights: zero is dropped, a single destination has no weight', async () => {
    const [split] = await compileRules({
      route: [
        { destination: { host: 'ratings', subset: 'v1' }, weight: 3 },
        { destination: { host: 'ratings', subset: 'v2' }, weight: 1 },
        { destination: { host: 'reviews' }, weight: 0 },
      ],
    });
    expect(forwardOf(split).clusters.map((c) => [c.cluster, c.weight])).toEqual([
      [cluster('v1'), 3],
      [cluster('v2'), 1],
    ]);
    expect(forwardOf(split).totalWeight).toBe(4);
    expect(split!.decorator).toBe('ratings:9080/*');
  });

  test.each([
    [{ uri: { prefix: '/a' } }, { kind: 'prefix', matched: '/a', replacement: '/' }],
    [{ uri: { exact: '/a' } }, { kind: 'full', replacement: '/' }],
    [{ uri: { regex: '/a.*' } }, { kind: 'full', replacement: '/' }],
    [{ headers: { a: {} } }, { kind: 'prefix', matched: '/', replacement: '/' }],
  ])('rewrite after match %j', async (match, path) => {
    const [route] = await compileRules({ match: [match], rewrite: { uri: '/' }, route: toRatings });
    expect(forwardOf(route).rewrite).toEqual({ path, authority: null });
  });

  test('host in headers rewrites the authority; rewrite.authority beats it; a single destination beats its rule', async () => {
    const host = (value: string) => ({ request: { set: { Host: value, 'X-A': '1' } } });
    const [one] = await compileRules({ headers: host('rule'), route: [{ ...toV1[0], headers: host('destination') }] });
    expect(forwardOf(one).rewrite?.authority).toBe('destination');
    expect(forwardOf(one).clusters[0]).toMatchObject({
      hostRewrite: null,
      requestHeaders: { remove: [], set: [['x-a', '1']], add: [] },
    });
    const [both] = await compileRules({ headers: host('rule'), rewrite: { authority: 'rewritten' }, route: toV1 });
    expect(forwardOf(both).rewrite?.authority).toBe('rewritten');
  });

  test('header operations are lower case and sorted', async () => {
    const headers = {
      request: { set: { b: '2', A: '1', ':path': 'x' }, add: { c: '3' }, remove: ['Z', 'Y'] },
      response: { remove: ['S'] },
    };
    const [route] = await compileRules({ headers, route: toRatings });
    expect(route!.requestHeaders).toEqual({
      remove: ['y', 'z'],
      set: [
        ['a', '1'],
        ['b', '2'],
      ],
      add: [['c', '3']],
    });
    expect(route!.responseHeaders).toEqual({ remove: ['s'], set: [], add: [] });
  });

  test('redirect and direct response', async () => {
    const [redirect, direct] = await compileRules(
      { match: [{ uri: { prefix: '/r' } }], redirect: { uri: '/x', authority: 'h', derivePort: 'FROM_REQUEST_PORT' } },
      { directResponse: { status: 418, body: { string: 'tea' } } },
    );
    expect(redirect!.action).toEqual({
      type: 'redirect',
      status: 301,
      path: { kind: 'full', value: '/x' },
      authority: 'h',
      scheme: null,
      port: 'from-request-port',
    });
    expect(direct!.action).toEqual({ type: 'directResponse', status: 418, body: 'tea', base64: false });
  });

  test('a fault without percentage never happens; mirrors default to everything; CORS decodes', async () => {
    const [route] = await compileRules({
      fault: { delay: { fixedDelay: '2s' }, abort: { grpcStatus: 'UNAVAILABLE', percentage: { value: 0.5 } } },
      mirrors: [
        { destination: { host: 'reviews' } },
        { destination: { host: 'ratings', subset: 'v2' }, percentage: { value: 10 } },
      ],
      corsPolicy: { allowOrigins: [{ exact: 'http://a' }], allowMethods: ['GET'], maxAge: '24h', unmatchedPreflights: 'IGNORE' },
      route: toRatings,
    });
    expect(route!.fault).toEqual({
      delay: { percentage: 0, fixedMs: 2000 },
      abort: { percentage: 0.5, httpStatus: null, grpcStatus: 14 },
    });
    expect(forwardOf(route).mirrors).toEqual([
      { cluster: cluster('', 'reviews'), percentage: 100 },
      { cluster: cluster('v2'), percentage: 10 },
    ]);
    expect(route!.cors).toEqual({
      allowOrigins: [{ kind: 'exact', value: 'http://a' }],
      allowMethods: ['GET'],
      allowHeaders: [],
      exposeHeaders: [],
      maxAgeSeconds: 86_400,
      allowCredentials: null,
      unmatchedPreflights: 'IGNORE',
    });
  });
});

describe('retries', () => {
  const defaults = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'];
  const retryOf = async (rule: object) => forwardOf((await compileRules({ ...rule, route: toRatings }))[0]).retry;

  test('by default two, on failures that reached nobody', async () => {
    expect(await retryOf({})).toEqual({
      attempts: 2,
      retryOn: defaults,
      retriableStatusCodes: [],
      perTryTimeoutMs: null,
      backoffBaseMs: 25,
      backoffMaxMs: 250,
      hostSelectionRetries: 5,
      from: 'default',
    });
  });
  test('attempts 0 switches them off', async () => expect(await retryOf({ retries: { attempts: 0 } })).toBeNull());
  test('a block without retryOn inherits the list', async () => {
    expect(await retryOf({ retries: { attempts: 5 } })).toMatchObject({
      attempts: 5,
      retryOn: defaults,
      from: 'VirtualService/default/ratings',
    });
  });
  test('digits are status codes', async () => {
    expect(await retryOf({ retries: { attempts: 1, retryOn: '503, reset', backoff: '1s' } })).toMatchObject({
      retryOn: ['reset', 'retriable-status-codes'],
      retriableStatusCodes: [503],
      backoffBaseMs: 1000,
      backoffMaxMs: 10_000,
    });
  });
  test('perTryTimeout not below timeout is ignored; the predicate can be switched off', async () => {
    expect(await retryOf({ timeout: '1s', retries: { attempts: 1, perTryTimeout: '2s' } })).toMatchObject({
      perTryTimeoutMs: null,
    });
    expect(await retryOf({ retries: { attempts: 1, perTryTimeout: '2s', retryIgnorePreviousHosts: false } })).toMatchObject({
      perTryTimeoutMs: 2000,
      hostSelectionRetries: 0,
    });
  });
  test('the mesh can set the default', async () => {
    const mesh = { ...shop, spec: { ...(shop.spec as object), defaultHttpRetryPolicy: { attempts: 1, retryOn: '5xx' } } };
    const { snapshot } = await compileDocuments([mesh]);
    expect(forwardOf(routesOf(snapshot)[0]).retry).toMatchObject({ attempts: 1, retryOn: ['5xx'], from: 'mesh' });
  });
  test('timeout 0s is off', async () => {
    expect(forwardOf((await compileRules({ timeout: '0s', route: toRatings }))[0]).timeoutMs).toBeNull();
  });
});

describe('delegates', () => {
  const root = (match?: object[]) =>
    virtualService('root', {
      hosts: ['ratings'],
      http: [{ name: 'r', ...(match ? { match } : {}), delegate: { name: 'child' }, timeout: '1s' }],
    });
  const child = (...http: object[]) => virtualService('child', { http });

  test('child fields win, the root fills what is unset, names join, conditions join', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      root([{ uri: { prefix: '/a' }, headers: { x: { exact: '1' } } }]),
      child(
        { name: 'c', match: [{ uri: { prefix: '/a/b' } }], route: toRatings },
        { name: 'd', timeout: '2s', route: toRatings },
      ),
    ]);
    expect(
      routesOf(snapshot).map((r) => [
        r.name,
        r.match.path?.value,
        r.match.headers.length,
        forwardOf(r).timeoutMs,
        r.origin?.name,
        r.origin?.path,
      ]),
    ).toEqual([
      ['r-c', '/a/b', 1, 1000, 'child', 'spec.http[0].match[0]'],
      ['r-d', '/a', 1, 2000, 'child', 'spec.http[1]'],
    ]);
  });

  test('a child match outside the root’s is dropped, and told', async () => {
    const { snapshot, diagnostics } = await compileDocuments([
      shop,
      root([{ uri: { prefix: '/a' } }]),
      child({ match: [{ uri: { prefix: '/b' } }], route: toRatings }, { match: [{ uri: { exact: '/a/x' } }], route: toRatings }),
    ]);
    expect(routesOf(snapshot).map((r) => r.match.path?.value)).toEqual(['/a/x']);
    expect(diagnostics.map((d) => d.code)).toContain('DD4008');
  });
});
