import { describe, expect, test } from 'vitest';
import type { LocalReply } from '../exchange.ts';
import type { ForwardAction, GatewayListener, HeaderOperations, RedirectAction, Route, VirtualHost } from '../snapshot.ts';
import { splitAuthority } from './authority.ts';
import { normalizePath } from './normalize-path.ts';
import { prepareGateway, prepareInboundRoute, prepareView, type RouteTable } from './prepare-view.ts';
import { finalizeRequest, httpsRedirect, type RoutableExchange, selectInboundRoute, selectRoute } from './route-request.ts';
import { RegexCache } from './string-match.ts';
import {
  type ExchangeOptions,
  exact,
  makeCluster,
  makeExchange,
  makeForward,
  makeRoute,
  makeView,
  makeVirtualHost,
  makeWeighted,
  prefix,
  ratingsCluster,
  regex,
  runResponseFilters,
  sequence,
} from './test-exchange.ts';

const operations = (over: Partial<HeaderOperations>): HeaderOperations => ({ remove: [], set: [], add: [], ...over });
const subset = (name: string) => ratingsCluster.replace('||', `|${name}|`);
const oneRoute = (route: Parameters<typeof makeRoute>[0]) => makeView([makeVirtualHost(['ratings'], [makeRoute(route)])]);

/** Redirected, or selected and finalized in one go: no route filters in between. */
function routeRequest(exchange: RoutableExchange, table: RouteTable, random: () => number): LocalReply | undefined {
  const redirect = table.kind === 'gateway' ? httpsRedirect(exchange, table) : undefined;
  if (redirect !== undefined) return redirect;
  selectRoute(exchange, table, random);
  return finalizeRequest(exchange);
}

function send(route: Parameters<typeof makeRoute>[0], request: ExchangeOptions = {}, random = () => 0) {
  const exchange = makeExchange(request);
  const reply = routeRequest(exchange, prepareView(oneRoute(route), 'ALLOW_ANY'), random);
  return { exchange, reply };
}

describe('authority', () => {
  test.each([
    ['ratings', 'ratings', 0],
    ['Ratings:9080', 'ratings', 9080],
    ['[::1]:8080', '[::1]', 8080],
    ['[::1]', '[::1]', 0],
    ['::1', '::1', 0],
    ['a.b.c:80', 'a.b.c', 80],
    ['ratings:', 'ratings', 0],
    ['ratings:http', 'ratings:http', 0],
    ['ratings:99999', 'ratings:99999', 0],
    ['', '', 0],
  ])('%s', (authority, host, port) => {
    expect(splitAuthority(authority)).toEqual({ host, port });
  });
});

describe('path normalization BASE', () => {
  test.each([
    ['/a/b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/./b', '/a/b'],
    ['/a/%2e%2e/b', '/b'],
    ['/a\\b', '/a/b'],
    ['/a//b', '/a//b'],
    ['/../../a', '/a'],
    ['/a/..', '/'],
    ['/a/b/.', '/a/b/'],
    ['/%61dmin', '/admin'],
    ['/a%2fb', '/a%2fb'],
    ['/a?x=/../b', '/a?x=/../b'],
    ['/.hidden', '/.hidden'],
    ['/a/..;x/b', '/b'],
    ['/a/%2e%2e;/b', '/a/..;/b'],
    ['/a|{b}"', '/a%7C%7Bb%7D%22'],
    ['/a%00', null],
    ['*', '*'],
  ])('%s', (path, expected) => {
    expect(normalizePath(path)).toBe(expected);
  });
});

describe('host pick', () => {
  const named = (name: string, domains: string[]) => makeVirtualHost(domains, [makeRoute({ name })], { name });
  const hosts: VirtualHost[] = [
    named('catch-all', ['*']),
    named('short', ['*.com']),
    named('long', ['*.foo.com']),
    named('exact', ['a.foo.com']),
    named('first', ['twice']),
    named('second', ['twice']),
  ];
  const table = prepareView(makeView(hosts), 'ALLOW_ANY');
  test.each([
    ['exact beats suffix', 'a.foo.com:9080', 'exact'],
    ['longest suffix wins', 'b.foo.com:9080', 'long'],
    ['shorter suffix', 'foo.com:9080', 'short'],
    ['*.foo.com is not foo.com', 'foo.com:9080', 'short'],
    ['suffix spans labels', 'x.y.foo.com:9080', 'long'],
    ['catch-all', 'localhost:9080', 'catch-all'],
    ['case-insensitive', 'A.FOO.Com:9080', 'exact'],
    ['trailing dot', 'a.foo.com.:9080', 'exact'],
    ['same host twice: the first listed (oldest) wins', 'twice:9080', 'first'],
  ])('%s', (_name, authority, expected) => {
    const exchange = makeExchange({ authority });
    selectRoute(exchange, table, () => 0);
    expect(exchange.virtualHost).toBe(expected);
  });

  test('no port in the authority: the service port the host stands for', () => {
    const exchange = makeExchange({ authority: 'ratings' });
    selectRoute(exchange, prepareView(oneRoute({ name: 'r' }), 'ALLOW_ANY'), () => 0);
    expect(exchange).toMatchObject({ port: 9080, destinationService: 'ratings.default.svc.cluster.local' });
    expect(exchange.route?.name).toBe('r');
  });

  test('an absolute name stands for the same port and service', () => {
    const exchange = makeExchange({ authority: 'ratings.default.svc.cluster.local.' });
    selectRoute(exchange, prepareView(oneRoute({ name: 'r' }), 'ALLOW_ANY'), () => 0);
    expect(exchange).toMatchObject({ port: 9080, destinationService: 'ratings.default.svc.cluster.local' });
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty.'])(
    'a host called %s is unknown like any other',
    (authority) => {
      const exchange = makeExchange({ authority });
      selectRoute(exchange, prepareView(makeView([]), 'ALLOW_ANY'), () => 0);
      expect(exchange).toMatchObject({ port: 80, destinationService: '' });
    },
  );

  test('no port and an unknown host: 80', () => {
    const exchange = makeExchange({ authority: 'example.org' });
    selectRoute(exchange, prepareView(makeView([]), 'ALLOW_ANY'), () => 0);
    expect(exchange.port).toBe(80);
  });

  test('virtual hosts for any port serve when the port has none', () => {
    const view = makeView([], { routeTables: { 0: [named('any', ['any.host'])], 9080: [named('own', ['own.host'])] } });
    const exchange = makeExchange({ authority: 'any.host:9080' });
    selectRoute(exchange, prepareView(view, 'ALLOW_ANY'), () => 0);
    expect(exchange.virtualHost).toBe('any');
  });

  test('unknown host, ALLOW_ANY: PassthroughCluster', () => {
    const exchange = makeExchange({ authority: 'example.org' });
    expect(routeRequest(exchange, prepareView(makeView([]), 'ALLOW_ANY'), () => 0)).toBeUndefined();
    expect(exchange.cluster).toMatchObject({ name: 'PassthroughCluster', discovery: 'original' });
    expect(exchange.route?.name).toBe('allow_any');
  });

  test('unknown host, REGISTRY_ONLY: 502, empty, block_all', () => {
    const exchange = makeExchange({ authority: 'example.org' });
    const reply = routeRequest(exchange, prepareView(makeView([]), 'REGISTRY_ONLY'), () => 0);
    expect(reply).toMatchObject({ status: 502, body: '', flag: '', details: 'direct_response' });
    expect(exchange.route?.name).toBe('block_all');
    expect(exchange.weightedCluster?.cluster).toBe('BlackHoleCluster');
  });

  test('known host on a port nobody serves is an unknown destination', () => {
    const exchange = makeExchange({ authority: 'ratings:9999' });
    selectRoute(exchange, prepareView(oneRoute({}), 'ALLOW_ANY'), () => 0);
    expect(exchange.cluster?.name).toBe('PassthroughCluster');
  });

  test('an upstream port stands for its service whatever the Host says', () => {
    const exchange = makeExchange({ authority: '127.0.0.1:41003' });
    selectRoute(exchange, prepareView(oneRoute({ name: 'r' }), 'ALLOW_ANY'), () => 0, {
      target: { host: 'ratings', port: 9080 },
    });
    expect(exchange).toMatchObject({ port: 9080, authority: '127.0.0.1:41003' });
    expect(exchange.route?.name).toBe('r');
  });
});

describe('gateway', () => {
  const gateway = (over: Partial<GatewayListener>) => {
    const listener: GatewayListener = {
      role: 'gateway',
      id: 'gateway:8080',
      host: '127.0.0.1',
      port: 8080,
      fixed: false,
      servers: [],
      virtualHosts: [makeVirtualHost(['shop.example'], [makeRoute({ match: { path: prefix('/ratings') } })])],
      ...over,
    };
    return prepareGateway(listener, makeView([]));
  };
  const server = (hosts: string[]) => [
    { name: 'web', hosts, protocol: 'HTTP' as const, tls: null, httpsRedirect: true, origin: null },
  ];

  test('unknown host: 404 NR', () => {
    const exchange = makeExchange({ authority: 'other.example' });
    const reply = routeRequest(exchange, gateway({}), () => 0);
    expect(reply).toEqual({ status: 404, body: '', flag: 'NR', details: 'route_not_found' });
    expect(exchange.virtualHost).toBe('');
  });
  test('known host, port in Host ignored', () => {
    const exchange = makeExchange({ authority: 'shop.example:8080' });
    expect(routeRequest(exchange, gateway({}), () => 0)).toBeUndefined();
    expect(exchange.cluster?.name).toBe(ratingsCluster);
  });
  test.each([
    ['exact', ['shop.example'], 'shop.example:8080', 'https://shop.example:8080/ratings/1'],
    ['namespace/host', ['default/shop.example'], 'shop.example', 'https://shop.example/ratings/1'],
    ['wildcard', ['*.example'], 'shop.example', 'https://shop.example/ratings/1'],
    ['any', ['*'], 'x', 'https://x/ratings/1'],
    ['other host', ['other'], 'shop.example', undefined],
  ])('httpsRedirect: %s', (_name, hosts, authority, location) => {
    const reply = routeRequest(makeExchange({ authority }), gateway({ servers: server(hosts) }), () => 0);
    expect(reply?.status).toBe(location === undefined ? undefined : 301);
    expect(reply?.headers?.[0]?.[1]).toBe(location);
  });
  test('httpsRedirect leaves https alone', () => {
    const exchange = makeExchange({ authority: 'shop.example', scheme: 'https' });
    expect(routeRequest(exchange, gateway({ servers: server(['*']) }), () => 0)).toBeUndefined();
  });
});

describe('route pick', () => {
  const routes = [
    makeRoute({ name: 'short', match: { path: prefix('/a') } }),
    makeRoute({ name: 'long', match: { path: prefix('/a/b') } }),
    makeRoute({ name: 'all' }),
    makeRoute({ name: 'behind' }),
  ];
  const table = prepareView(makeView([makeVirtualHost(['ratings'], routes)]), 'ALLOW_ANY');
  test('first hit wins, never the longest', () => {
    const exchange = makeExchange({ path: '/a/b/c' });
    selectRoute(exchange, table, () => 0);
    expect(exchange.route?.name).toBe('short');
  });
  test('a rule behind a catch-all is never reached', () => {
    const exchange = makeExchange({ path: '/z' });
    selectRoute(exchange, table, () => 0);
    expect(exchange.route?.name).toBe('all');
  });
  test('virtual host without a matching route: 404 NR', () => {
    const { reply, exchange } = send({ match: { path: exact('/never') } });
    expect(reply).toEqual({ status: 404, body: '', flag: 'NR', details: 'route_not_found' });
    expect(exchange.virtualHost).toBe('ratings:9080');
  });
  test('the trace names each skipped rule and its first reason', () => {
    const trace = { virtualHost: null, rules: [] };
    selectRoute(makeExchange({ path: '/z' }), table, () => 0, { trace });
    expect(trace.rules.map(({ matched, reason }) => ({ matched, reason }))).toEqual([
      { matched: false, reason: 'uri /z does not start with /a' },
      { matched: false, reason: 'uri /z does not start with /a/b' },
      { matched: true, reason: '' },
    ]);
  });
});

describe('route[]: weights', () => {
  const split = (...weights: number[]) =>
    makeForward({ clusters: weights.map((weight, i) => makeWeighted(subset(`v${i + 1}`), { weight })) });
  test.each([
    ['first share', [90, 10], 0.5, 'v1', 50],
    ['edge belongs to the next', [90, 10], 0.9, 'v2', 90],
    ['last share', [90, 10], 0.999, 'v2', 99],
    ['need not sum to 100', [1, 1, 2], 0.5, 'v3', 2],
    ['weight 0 gets nothing', [0, 5], 0, 'v2', 0],
  ])('%s', (_name, weights, random, expected, draw) => {
    const { exchange } = send({ action: split(...weights) }, {}, () => random);
    expect(exchange.cluster?.subset).toBe(expected);
    expect(exchange.draw).toBe(draw);
  });
  test('one destination: weight ignored, nothing drawn', () => {
    const random = sequence(0.9);
    const { exchange } = send({ action: split(0) }, {}, random);
    expect(exchange).toMatchObject({ draw: null });
    expect(exchange.cluster?.subset).toBe('v1');
  });
  test('rolled per request: 500 requests follow 70/30 within 5 points', () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const table = prepareView(oneRoute({ action: split(70, 30) }), 'ALLOW_ANY');
    let first = 0;
    for (let i = 0; i < 500; i += 1) {
      const exchange = makeExchange();
      selectRoute(exchange, table, random);
      if (exchange.cluster?.subset === 'v1') first += 1;
    }
    expect(Math.abs(first / 5 - 70)).toBeLessThan(5);
  });
  test.each([
    ['unknown cluster: 503 NC, empty', makeForward({ clusters: [makeWeighted('outbound|1||x')] }), 503],
    ['Gateway API, invalid backend: 500', makeForward({ clusters: [makeWeighted('')], clusterNotFoundStatus: 500 }), 500],
    ['Gateway API, all weights zero: 500', makeForward({ clusters: [], clusterNotFoundStatus: 500 }), 500],
  ])('%s', (_name, action: ForwardAction, status) => {
    const { reply } = send({ action });
    expect(reply).toEqual({ status, body: '', flag: 'NC', details: 'cluster_not_found' });
  });
  test('GRPCRoute, invalid backend: UNAVAILABLE', () => {
    const { reply } = send(
      { action: makeForward({ clusters: [makeWeighted('')], clusterNotFoundStatus: 500 }) },
      { headers: { 'content-type': 'application/grpc' } },
    );
    expect(reply?.grpcStatus).toBe(14);
  });
});

describe('rewrite', () => {
  type Rewrite = NonNullable<ForwardAction['rewrite']>['path'];
  const cases: [name: string, rewrite: Rewrite, path: string, expected: string][] = [
    ['prefix', { kind: 'prefix', matched: '/foo', replacement: '/bar' }, '/foo/1', '/bar/1'],
    ['prefix is text', { kind: 'prefix', matched: '/foo', replacement: '/bar' }, '/foobar', '/barbar'],
    ['prefix to / gives //', { kind: 'prefix', matched: '/foo', replacement: '/' }, '/foo/bar', '//bar'],
    ['prefix with slash to /', { kind: 'prefix', matched: '/foo/', replacement: '/' }, '/foo/bar', '/bar'],
    ['no match: prefix /', { kind: 'prefix', matched: '/', replacement: '/v2/' }, '/x', '/v2/x'],
    ['prefix keeps the query', { kind: 'prefix', matched: '/foo', replacement: '/bar' }, '/foo?a=/foo', '/bar?a=/foo'],
    ['full', { kind: 'full', replacement: '/new' }, '/old/path', '/new'],
    ['full keeps the query', { kind: 'full', replacement: '/new' }, '/old?a=1', '/new?a=1'],
    ['regex groups', { kind: 'regex', regex: '/v([0-9])/(.*)', substitution: '/\\2/\\1' }, '/v1/x', '/x/1'],
    ['regex replaces all', { kind: 'regex', regex: 'a', substitution: 'b' }, '/aXa', '/bXb'],
    ['regex keeps the query', { kind: 'regex', regex: 'a', substitution: 'b' }, '/a?a=a', '/b?a=a'],
    ['regex \\0', { kind: 'regex', regex: '^/[a-z]+', substitution: '/p\\0' }, '/x/y', '/p/x/y'],
    ['regex without a match', { kind: 'regex', regex: 'zz', substitution: 'b' }, '/a', '/a'],
    ['regex: one trailing empty match is none', { kind: 'regex', regex: '^/foo(/?)(.*)', substitution: '/\\2' }, '/foo/x', '/x'],
    ['regex: .* replaces once', { kind: 'regex', regex: '.*', substitution: '/n' }, '/old', '/n'],
    ['pathPrefix avoids //', { kind: 'pathPrefix', matched: '/foo', replacement: '/' }, '/foo/bar', '/bar'],
    ['pathPrefix whole path', { kind: 'pathPrefix', matched: '/foo', replacement: '/' }, '/foo', '/'],
    ['pathPrefix element', { kind: 'pathPrefix', matched: '/foo', replacement: '/a/b' }, '/foo/bar?q', '/a/b/bar?q'],
    ['pathPrefix trailing slashes', { kind: 'pathPrefix', matched: '/foo/', replacement: '/x/' }, '/foo/bar', '/x/bar'],
    ['pathPrefix from /', { kind: 'pathPrefix', matched: '/', replacement: '/x' }, '/bar', '/x/bar'],
    ['pathPrefix to empty', { kind: 'pathPrefix', matched: '/foo', replacement: '' }, '/foo?a', '/?a'],
  ];
  test.each(cases)('%s', (_name, path, before, after) => {
    const { exchange } = send({ action: makeForward({ rewrite: { path, authority: null } }) }, { path: before });
    expect(exchange.path).toBe(after);
    expect(exchange.headers.get('x-envoy-original-path')).toBe(before);
    expect(exchange.originalPath).toBe(before);
  });
  test('no rewrite, no x-envoy-original-path', () => {
    expect(send({}).exchange.headers.has('x-envoy-original-path')).toBe(false);
  });
  test('authority sets Host and x-envoy-original-host', () => {
    const { exchange } = send({ action: makeForward({ rewrite: { path: null, authority: 'r.internal' } }) });
    expect(exchange.authority).toBe('r.internal');
    expect(exchange.headers.get('x-envoy-original-host')).toBe('ratings:9080');
  });
  test('a destination may set Host', () => {
    const { exchange } = send({ action: makeForward({ clusters: [makeWeighted(ratingsCluster, { hostRewrite: 'd' })] }) });
    expect(exchange.authority).toBe('d');
  });
  test('rewrite.authority wins over a destination', () => {
    const clusters = [makeWeighted(ratingsCluster, { hostRewrite: 'd' })];
    const { exchange } = send({ action: makeForward({ clusters, rewrite: { path: null, authority: 'r' } }) });
    expect(exchange.authority).toBe('r');
  });
  test('rewrites come after matching and header operations', () => {
    const { exchange } = send({
      action: makeForward({ rewrite: { path: { kind: 'full', replacement: '/n' }, authority: null } }),
      requestHeaders: operations({ set: [['x-path', '%REQ(:path)%']] }),
    });
    expect(exchange.headers.get('x-path')).toBe('/ratings/1');
  });
});

describe('headers', () => {
  test('remove, then set, then add', () => {
    const requestHeaders = operations({ remove: ['a', 'b'], set: [['a', '2']], add: [['a', '3']] });
    const { exchange } = send({ requestHeaders }, { headers: { a: '1', b: '1' } });
    expect(exchange.headers.toPairs()).toEqual([
      ['a', '2'],
      ['a', '3'],
    ]);
  });
  test('set replaces every value, add keeps them', () => {
    const { exchange } = send(
      { requestHeaders: operations({ set: [['a', 'x']], add: [['b', 'y']] }) },
      {
        headers: [
          ['a', '1'],
          ['a', '2'],
          ['b', '1'],
        ],
      },
    );
    expect(exchange.headers.toPairs()).toEqual([
      ['a', 'x'],
      ['b', '1'],
      ['b', 'y'],
    ]);
  });
  const levels = (clusters: number) => ({
    requestHeaders: operations({ set: [['who', 'route']] }),
    action: makeForward({
      clusters: Array.from({ length: clusters }, () =>
        makeWeighted(ratingsCluster, { requestHeaders: operations({ set: [['who', 'destination']] }) }),
      ),
    }),
  });
  test('one destination: the destination wins', () => {
    expect(send(levels(1)).exchange.headers.get('who')).toBe('destination');
  });
  test('several destinations: the route wins', () => {
    expect(send(levels(2)).exchange.headers.get('who')).toBe('route');
  });
  test('one destination: its removals come before the route sets, one evaluation', () => {
    const { exchange } = send({
      requestHeaders: operations({ set: [['a', '1']] }),
      action: makeForward({ clusters: [makeWeighted(ratingsCluster, { requestHeaders: operations({ remove: ['a'] }) })] }),
    });
    expect(exchange.headers.get('a')).toBe('1');
  });
  test('several destinations: only the chosen one counts', () => {
    const clusters = ['v1', 'v2'].map((name) =>
      makeWeighted(subset(name), { weight: 50, requestHeaders: operations({ set: [['to', name]] }) }),
    );
    expect(send({ action: makeForward({ clusters }) }, {}, () => 0.7).exchange.headers.get('to')).toBe('v2');
  });
  test('pseudo headers and host are left alone', () => {
    const { exchange } = send({ requestHeaders: operations({ remove: [':path', 'host'], set: [['host', 'x']] }) });
    expect(exchange).toMatchObject({ authority: 'ratings:9080', path: '/ratings/1' });
    expect(exchange.headers.has('host')).toBe(false);
  });
  test('an empty value changes nothing', () => {
    const { exchange } = send({ requestHeaders: operations({ set: [['a', '']] }) }, { headers: { a: '1' } });
    expect(exchange.headers.get('a')).toBe('1');
  });
  test.each([
    ['%REQ(x-a)%', '1'],
    ['%REQ(x-none?x-a)%', '1'],
    ['%PROTOCOL%', 'HTTP/1.1'],
    ['%ROUTE_NAME%', 'named'],
    ['%DOWNSTREAM_REMOTE_ADDRESS%', '127.0.0.1:50412'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', '127.0.0.1'],
    ['100%%', '100%'],
    ['%UNHEARD_OF%', '%UNHEARD_OF%'],
  ])('value %s', (value, expected) => {
    const { exchange } = send(
      { name: 'named', requestHeaders: operations({ set: [['v', value]] }) },
      { headers: { 'x-a': '1' } },
    );
    expect(exchange.headers.get('v')).toBe(expected);
  });
  test('response operations run on every response head, the destination winning when it is alone', () => {
    const { exchange } = send({
      responseHeaders: operations({ remove: ['server'], set: [['a', 'route']], add: [['b', '1']] }),
      action: makeForward({
        clusters: [makeWeighted(ratingsCluster, { responseHeaders: operations({ set: [['a', 'destination']] }) })],
      }),
    });
    expect(runResponseFilters(exchange, [['server', 'x']]).headers.toPairs()).toEqual([
      ['a', 'destination'],
      ['b', '1'],
    ]);
  });
  test('filters see the original headers: operations wait for finalizeRequest', () => {
    const exchange = makeExchange();
    selectRoute(exchange, prepareView(oneRoute({ requestHeaders: operations({ set: [['a', '1']] }) }), 'ALLOW_ANY'), () => 0);
    expect(exchange.headers.has('a')).toBe(false);
    finalizeRequest(exchange);
    expect(exchange.headers.get('a')).toBe('1');
  });
});

describe('redirect', () => {
  const redirect = (over: Partial<RedirectAction>): RedirectAction => ({
    type: 'redirect',
    status: 301,
    path: null,
    authority: null,
    scheme: null,
    port: null,
    ...over,
  });
  const cases: [name: string, action: Partial<RedirectAction>, request: ExchangeOptions, location: string][] = [
    ['uri replaces the whole path', { path: { kind: 'full', value: '/new' } }, {}, 'http://ratings:9080/new'],
    ['uri keeps the query', { path: { kind: 'full', value: '/new' } }, { path: '/old?a=1' }, 'http://ratings:9080/new?a=1'],
    ['uri with its own query', { path: { kind: 'full', value: '/new?b' } }, { path: '/old?a=1' }, 'http://ratings:9080/new?b'],
    ['authority', { authority: 'other' }, { path: '/a?b' }, 'http://other/a?b'],
    ['authority with port', { authority: 'other:81', port: null }, {}, 'http://other:81/ratings/1'],
    ['scheme', { scheme: 'https' }, { authority: 'ratings' }, 'https://ratings/ratings/1'],
    ['scheme change drops the old default port', { scheme: 'https' }, { authority: 'ratings:80' }, 'https://ratings/ratings/1'],
    ['scheme change keeps other ports', { scheme: 'https' }, { authority: 'ratings:8080' }, 'https://ratings:8080/ratings/1'],
    ['same scheme keeps :80', {}, { authority: 'ratings:80' }, 'http://ratings:80/ratings/1'],
    ['port', { port: 8081 }, { authority: 'ratings:9080' }, 'http://ratings:8081/ratings/1'],
    ['port 80 elided for http', { port: 80, authority: 'o' }, {}, 'http://o/ratings/1'],
    ['port 443 elided for https', { port: 443, scheme: 'https', authority: 'o' }, {}, 'https://o/ratings/1'],
    ['port 443 kept for http', { port: 443, authority: 'o' }, {}, 'http://o:443/ratings/1'],
    ['derivePort FROM_REQUEST_PORT', { port: 'from-request-port', authority: 'o' }, {}, 'http://o:9080/ratings/1'],
    ['derivePort FROM_PROTOCOL_DEFAULT', { port: 'from-protocol-default', authority: 'o' }, {}, 'http://o/ratings/1'],
    ['prefixRewrite', { path: { kind: 'prefix', matched: '/ratings', replacement: '/r' } }, {}, 'http://ratings:9080/r/1'],
    ['ReplacePrefixMatch', { path: { kind: 'pathPrefix', matched: '/ratings', replacement: '/' } }, {}, 'http://ratings:9080/1'],
    ['IPv6 host', { scheme: 'https' }, { authority: '[::1]:80' }, 'https://[::1]/ratings/1'],
  ];
  test.each(cases)('%s', (_name, action, request, location) => {
    const table = prepareView(
      makeView([], { routeTables: { 0: [makeVirtualHost(['*'], [makeRoute({ action: redirect(action) })])] } }),
      'ALLOW_ANY',
    );
    const reply = routeRequest(makeExchange(request), table, () => 0);
    expect(reply).toEqual({ status: 301, body: '', flag: '', details: 'direct_response', headers: [['location', location]] });
  });
  test.each([302, 303, 307, 308])('status %i', (status) => {
    expect(send({ action: redirect({ status, authority: 'o' }) }).reply?.status).toBe(status);
  });
});

describe('directResponse', () => {
  const direct = (status: number, body: string, base64 = false): Route['action'] => ({
    type: 'directResponse',
    status,
    body,
    base64,
  });
  test.each<[string, Route['action'], Partial<LocalReply>]>([
    ['string body', direct(418, 'teapot'), { status: 418, body: 'teapot', flag: '', details: 'direct_response' }],
    ['bytes body', direct(200, Buffer.from('hé').toString('base64'), true), { status: 200, body: 'hé' }],
    ['no body', direct(503, ''), { status: 503, body: '' }],
    ['201 carries the own URL as Location', direct(201, ''), { headers: [['location', 'http://ratings:9080/ratings/1']] }],
  ])('%s', (_name, action, expected) => {
    expect(send({ action }).reply).toMatchObject(expected);
  });
  test('response header operations apply', () => {
    const { exchange } = send({ action: direct(200, 'x'), responseHeaders: operations({ set: [['a', '1']] }) });
    expect(runResponseFilters(exchange).headers.get('a')).toBe('1');
  });
});

test('inbound: one route to the app, no rewriting', () => {
  const cluster = makeCluster('inbound|9080||', { service: 'ratings.default.svc.cluster.local' });
  const host = prepareInboundRoute({
    name: 'http',
    port: 9080,
    protocol: 'http',
    app: { host: '127.0.0.1', port: 9081 },
    cluster,
    mtls: 'PERMISSIVE',
    mtlsFrom: null,
    authorization: { custom: [], audit: [], deny: [], allow: [], providers: {} },
    jwt: [],
    retry: null,
  });
  const exchange = makeExchange({ state: { direction: 'inbound' } });
  selectInboundRoute(exchange, host, cluster);
  expect(finalizeRequest(exchange)).toBeUndefined();
  expect(exchange).toMatchObject({ virtualHost: 'inbound|http|9080', cluster: { name: 'inbound|9080||' } });
  expect(exchange.route?.name).toBe('default');
});

test('a regex is never compiled while a request runs', () => {
  const regexes = new RegexCache();
  const rewrite = { path: { kind: 'regex' as const, regex: '/r(.*)', substitution: '/x\\1' }, authority: null };
  const table = prepareView(oneRoute({ match: { path: regex('/r.+') }, action: makeForward({ rewrite }) }), 'ALLOW_ANY', regexes);
  expect(regexes.size).toBe(2);
  regexes.compile = () => {
    throw new Error('compiled during a request');
  };
  const exchange = makeExchange();
  expect(routeRequest(exchange, table, () => 0)).toBeUndefined();
  expect(exchange.path).toBe('/xatings/1');
});
