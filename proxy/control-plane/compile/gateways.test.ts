import { describe, expect, test } from 'vitest';
import type { GatewayListener, MeshSnapshot } from '../../data-plane/snapshot.ts';
import {
  cluster,
  compileDocuments,
  destinationRule,
  forwardOf,
  gateway,
  grpcRoute,
  httpRoute,
  routesOf,
  shop,
  toRatings,
  versions,
  virtualService,
} from './compile-text.test-helper.ts';

const listeners = (snapshot: MeshSnapshot) => snapshot.proxies.at(-1)!.listeners as GatewayListener[];
const server = (number: number, hosts: string[], extra: object = {}) => ({
  port: { number, name: `p${number}`, protocol: 'HTTP' },
  hosts,
  ...extra,
});
const edge = (...servers: object[]) =>
  gateway('edge', { selector: { istio: 'ingressgateway' }, servers }, { namespace: 'istio-system' });

describe('without a Gateway', () => {
  test('every HTTP service is at <service>.localhost, with its mesh routes; VirtualService hosts are served too', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('ratings', { host: 'ratings', subsets: versions('v2') }),
      virtualService('ratings', {
        hosts: ['ratings'],
        http: [{ name: 'canary', route: [{ destination: { host: 'ratings', subset: 'v2' } }] }],
      }),
      virtualService('web', { hosts: ['shop.example.com'], http: [{ route: toRatings }] }),
    ]);
    const [only, ...rest] = listeners(snapshot);
    expect(rest).toEqual([]);
    expect(only).toMatchObject({
      id: 'gateway:http',
      port: 0,
      fixed: false,
      servers: [{ hosts: ['*'], protocol: 'HTTP', tls: null }],
    });
    const byDomain = Object.fromEntries(only!.virtualHosts.flatMap((v) => v.domains.map((d) => [d, v])));
    expect(Object.keys(byDomain).sort()).toEqual([
      'client.localhost',
      'client.other.localhost',
      'ratings',
      'ratings.default',
      'ratings.default.localhost',
      'ratings.default.svc',
      'ratings.default.svc.cluster.local',
      'ratings.localhost',
      'reviews.default.localhost',
      'reviews.localhost',
      'shop.example.com',
    ]);
    expect(byDomain['ratings.localhost']!.routes[0]!.name).toBe('canary');
    expect(forwardOf(byDomain['ratings.localhost']!.routes[0]).clusters[0]!.cluster).toBe(cluster('v2'));
    expect(forwardOf(byDomain['reviews.localhost']!.routes[0]).clusters[0]!.cluster).toBe(cluster('', 'reviews'));
  });
});

describe('Istio Gateways', () => {
  test('the first HTTP port stands at the ingress port, the others at their own', async () => {
    const mesh = { ...shop, spec: { ...(shop.spec as object), ingress: { port: 8088 } } };
    const { snapshot } = await compileDocuments([
      mesh,
      edge(
        server(443, ['*'], {
          port: { number: 443, name: 'https', protocol: 'HTTPS' },
          tls: { mode: 'SIMPLE', credentialName: 'c' },
        }),
        server(80, ['*']),
      ),
    ]);
    expect(listeners(snapshot).map((l) => [l.id, l.port, l.fixed, l.servers[0]!.tls?.mode ?? null])).toEqual([
      ['gateway:443', 443, false, 'SIMPLE'],
      ['gateway:http', 8088, true, null],
    ]);
  });

  test('hosts intersect, namespaces limit, routes of one host join with catch-alls last', async () => {
    const bound = (name: string, hosts: string[], http: object[], metadata = {}) =>
      virtualService(name, { hosts, gateways: ['istio-system/edge'], http }, metadata);
    const { snapshot } = await compileDocuments([
      shop,
      edge(server(80, ['*.example.com', 'default/own.test'])),
      bound('a', ['shop.example.com'], [{ name: 'all', route: toRatings }]),
      bound('b', ['shop.example.com'], [{ name: 'api', match: [{ uri: { prefix: '/api' } }], route: toRatings }]),
      bound('c', ['*'], [{ name: 'star', route: toRatings }]),
      bound('d', ['nothing.test'], [{ name: 'none', route: toRatings }]),
      virtualService('mesh-only', { hosts: ['mesh.example.com'], http: [{ name: 'mesh', route: toRatings }] }),
    ]);
    expect(listeners(snapshot)[0]!.virtualHosts.map((v) => [v.domains[0], v.routes.map((r) => r.name)])).toEqual([
      ['shop.example.com', ['api', 'all']],
      ['own.test', ['star']],
      ['*.example.com', ['star']],
    ]);
    expect(routesOf(snapshot)[0]!.name).toBe('default');
  });

  test('match.gateways picks rules per gateway', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      edge(server(80, ['*'])),
      virtualService('ratings', {
        hosts: ['ratings'],
        gateways: ['mesh', 'istio-system/edge'],
        http: [
          { name: 'outside', match: [{ gateways: ['istio-system/edge'] }], route: toRatings },
          { name: 'inside', match: [{ gateways: ['mesh'] }], route: toRatings },
        ],
      }),
    ]);
    expect(routesOf(snapshot).map((r) => r.name)).toEqual(['inside']);
    expect(listeners(snapshot)[0]!.virtualHosts[0]!.routes.map((r) => r.name)).toEqual(['outside']);
  });

  test('a selector that selects nobody is told', async () => {
    const { diagnostics } = await compileDocuments([
      shop,
      gateway('edge', { selector: { istio: 'other' }, servers: [server(80, ['*'])] }),
    ]);
    expect(diagnostics).toMatchObject([{ code: 'DD4009', severity: 'warning', path: 'spec.selector' }]);
  });
});

const service = (name: string) => ({ group: '', kind: 'Service', name });
const backend = (name: string, weight = 1) => ({ name, port: 9080, weight });

describe('Gateway API', () => {
  test('precedence: exact, longer prefix, method, more headers', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      httpRoute('r', {
        parentRefs: [service('ratings')],
        rules: [
          { name: 'root', backendRefs: [backend('ratings')] },
          { name: 'short', matches: [{ path: { value: '/a' } }], backendRefs: [backend('ratings')] },
          { name: 'method', matches: [{ path: { value: '/a/b' }, method: 'GET' }], backendRefs: [backend('ratings')] },
          {
            name: 'headers',
            matches: [{ path: { value: '/a/b' }, headers: [{ name: 'X', value: '1' }] }],
            backendRefs: [backend('ratings')],
          },
          { name: 'exact', matches: [{ path: { type: 'Exact', value: '/a' } }], backendRefs: [backend('ratings')] },
          { name: 'regex', matches: [{ path: { type: 'RegularExpression', value: '/a.+' } }], backendRefs: [backend('ratings')] },
        ],
      }),
    ]);
    expect(routesOf(snapshot).map((r) => r.name)).toEqual(['exact', 'method', 'headers', 'short', 'root', 'regex']);
    expect(routesOf(snapshot)[3]!.match.path).toEqual({ kind: 'pathPrefix', value: '/a' });
  });

  test('a consumer route holds for its own namespace only', async () => {
    const ratings = { ...service('ratings'), namespace: 'default' };
    const { snapshot } = await compileDocuments([
      shop,
      httpRoute('producer', {
        parentRefs: [service('ratings')],
        rules: [{ name: 'producer', backendRefs: [backend('ratings')] }],
      }),
      httpRoute(
        'consumer',
        {
          parentRefs: [ratings],
          rules: [{ name: 'consumer', filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'x.test' } }] }],
        },
        { namespace: 'other' },
      ),
    ]);
    expect(routesOf(snapshot)[0]!.name).toBe('producer');
    const [redirect] = routesOf(snapshot, 'ratings.default', 9080, 'other');
    expect(redirect).toMatchObject({
      name: 'consumer',
      action: { type: 'redirect', status: 302, authority: 'x.test', port: 'from-request-port' },
    });
  });

  test('missing and weightless backends answer 500 for their share', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      httpRoute('r', {
        parentRefs: [service('ratings')],
        rules: [
          {
            name: 'part',
            matches: [{ path: { value: '/part' } }],
            backendRefs: [backend('ratings', 3), backend('nobody', 1), { name: 'ratings', port: 1 }],
          },
          { name: 'zero', matches: [{ path: { value: '/zero' } }], backendRefs: [backend('ratings', 0)] },
        ],
      }),
    ]);
    const [part, zero] = routesOf(snapshot);
    expect(forwardOf(part).clusters.map((c) => [c.cluster, c.weight])).toEqual([
      [cluster(), 3],
      ['', 1],
      ['', 1],
    ]);
    expect(forwardOf(zero)).toMatchObject({ clusters: [{ cluster: '', weight: 1 }], clusterNotFoundStatus: 500 });
  });

  test('filters and timeouts', async () => {
    const rule = (extra: object) => ({ backendRefs: [backend('ratings')], ...extra });
    const { snapshot } = await compileDocuments([
      shop,
      httpRoute('r', {
        parentRefs: [service('ratings')],
        rules: [
          rule({
            matches: [{ path: { value: '/old' } }],
            filters: [
              {
                type: 'URLRewrite',
                urlRewrite: { hostname: 'h', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } },
              },
              { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'X-A', value: '1' }], remove: ['X-B'] } },
              {
                type: 'RequestMirror',
                requestMirror: { backendRef: { name: 'reviews', port: 9080 }, fraction: { numerator: 1, denominator: 4 } },
              },
            ],
            timeouts: { request: '2s', backendRequest: '1s' },
          }),
          rule({
            matches: [{ path: { value: '/re' } }],
            timeouts: { request: '2s', backendRequest: '1s' },
            retry: { attempts: 3, codes: [503] },
          }),
        ],
      }),
    ]);
    const [old, retried] = routesOf(snapshot);
    expect(forwardOf(old)).toMatchObject({
      rewrite: { path: { kind: 'pathPrefix', matched: '/old', replacement: '/new' }, authority: 'h' },
      timeoutMs: 1000,
      mirrors: [{ cluster: cluster('', 'reviews'), percentage: 25 }],
    });
    expect(old!.requestHeaders).toEqual({ remove: ['x-b'], set: [['x-a', '1']], add: [] });
    expect(forwardOf(retried)).toMatchObject({
      timeoutMs: 2000,
      retry: { attempts: 3, perTryTimeoutMs: 1000, retriableStatusCodes: [503] },
    });
  });

  test('GRPCRoute matches service and method of gRPC requests', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      grpcRoute('g', {
        parentRefs: [service('ratings')],
        rules: [
          {
            matches: [{ method: { service: 'a.B', method: 'Get' } }, { method: { service: 'a.B' } }],
            backendRefs: [backend('ratings')],
          },
        ],
      }),
    ]);
    expect(routesOf(snapshot).map((r) => [r.match.path, r.match.grpc])).toEqual([
      [{ kind: 'exact', value: '/a.B/Get' }, true],
      [{ kind: 'prefix', value: '/a.B/' }, true],
    ]);
  });

  test('a Gateway’s listeners serve the routes that name them', async () => {
    const k8s = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: 'default' },
      spec: { gatewayClassName: 'istio', listeners: [{ name: 'web', port: 80, protocol: 'HTTP', hostname: '*.example.com' }] },
    };
    const { snapshot } = await compileDocuments([
      shop,
      k8s,
      httpRoute('r', {
        parentRefs: [{ name: 'edge' }],
        hostnames: ['a.example.com', 'b.test'],
        rules: [{ backendRefs: [backend('ratings')] }],
      }),
      httpRoute(
        'far',
        { parentRefs: [{ name: 'edge', namespace: 'default' }], rules: [{ backendRefs: [backend('ratings')] }] },
        { namespace: 'other' },
      ),
    ]);
    expect(listeners(snapshot)).toMatchObject([{ id: 'gateway:http', servers: [{ name: 'web', hosts: ['*.example.com'] }] }]);
    expect(listeners(snapshot)[0]!.virtualHosts.map((v) => v.domains)).toEqual([['a.example.com']]);
  });

  /** Domains of the first port's virtual hosts, with how many routes each has. */
  async function hostsOf(gatewayListeners: object[], routes: [name: string, spec: object, namespace?: string][]) {
    const { snapshot } = await compileDocuments([
      shop,
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'Gateway',
        metadata: { name: 'edge', namespace: 'default' },
        spec: { gatewayClassName: 'istio', listeners: gatewayListeners.map((one) => ({ port: 80, protocol: 'HTTP', ...one })) },
      },
      ...routes.map(([name, spec, namespace = 'default']) =>
        httpRoute(name, { rules: [{ backendRefs: [backend('ratings')] }], ...spec }, { namespace }),
      ),
    ]);
    return Object.fromEntries(listeners(snapshot)[0]!.virtualHosts.map((host) => [host.domains[0], host.routes.length]));
  }
  const at = (sectionName: string) => [{ name: 'edge', namespace: 'default', sectionName }];

  test('a host is served by the listener that names it most closely, even when that one has no route', async () => {
    const wild = { name: 'wild', hostname: '*.test' };
    const close = { name: 'close', hostname: 'x.test' };
    expect(await hostsOf([wild, close], [['r', { parentRefs: at('wild') }]])).toEqual({ 'x.test': 0, '*.test': 1 });
    expect(await hostsOf([wild, close], [['r', { parentRefs: at('wild'), hostnames: ['x.test', 'y.test'] }]])).toEqual({
      'y.test': 1,
    });
    expect(await hostsOf([wild, close], [['r', { parentRefs: at('close') }]])).toEqual({ 'x.test': 1 });
  });

  test('a listener takes routes of the namespaces and kinds it says', async () => {
    const from = (allowedRoutes: object) => [{ name: 'web', allowedRoutes }];
    const own: [string, object] = ['own', { parentRefs: at('web'), hostnames: ['own.test'] }];
    const far: [string, object, string] = ['far', { parentRefs: at('web'), hostnames: ['far.test'] }, 'other'];
    expect(await hostsOf(from({}), [own, far])).toEqual({ 'own.test': 1 });
    expect(await hostsOf(from({ namespaces: { from: 'All' } }), [own, far])).toEqual({ 'far.test': 1, 'own.test': 1 });
    const selector = { matchLabels: { 'kubernetes.io/metadata.name': 'other' } };
    expect(await hostsOf(from({ namespaces: { from: 'Selector', selector } }), [own, far])).toEqual({ 'far.test': 1 });
    expect(await hostsOf(from({ kinds: [{ kind: 'GRPCRoute' }] }), [own])).toEqual({});
    expect(await hostsOf([{ name: 'web', protocol: 'TLS', tls: { mode: 'Passthrough' } }], [own])).toEqual({});
  });

  test('a route of one port of a Gateway is not the other’s', async () => {
    const ports = [80, 8080].map((port) => ({ name: `p${port}`, port, protocol: 'HTTP' }));
    const route = httpRoute('r', {
      parentRefs: [{ name: 'edge', port: 8080 }],
      hostnames: ['x.test'],
      rules: [{ backendRefs: [backend('ratings')] }],
    });
    const k8s = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: 'default' },
      spec: { gatewayClassName: 'istio', listeners: ports },
    };
    const { snapshot } = await compileDocuments([shop, k8s, route]);
    expect(listeners(snapshot).map(({ virtualHosts }) => virtualHosts.map((host) => host.domains[0]))).toEqual([[], ['x.test']]);
  });

  const tcpRoute = (parentRefs: object[], backendRefs: object[]) => ({
    apiVersion: 'gateway.networking.k8s.io/v1alpha2',
    kind: 'TCPRoute',
    metadata: { name: 't', namespace: 'default' },
    spec: { parentRefs, rules: [{ backendRefs }] },
  });

  test('a TCPRoute of a Service moves its connections', async () => {
    const { snapshot } = await compileDocuments([shop, tcpRoute([service('cache')], [backend('ratings')])]);
    const cache = 'cache.default.svc.cluster.local';
    const routes = snapshot.views.default!.tcpRoutes.filter((route) => route.service === cache);
    expect(routes.map(({ clusters }) => clusters[0]!.cluster)).toEqual([cluster(), `outbound|6379||${cache}`]);
  });

  test('TLSRoutes of a Service come before its TCPRoutes, by their hostnames or the service’s own', async () => {
    const tlsRoute = (name: string, hostnames: string[]) => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'TLSRoute',
      metadata: { name, namespace: 'default' },
      spec: { parentRefs: [service('cache')], hostnames, rules: [{ backendRefs: [backend('ratings')] }] },
    });
    const { snapshot } = await compileDocuments([
      shop,
      tcpRoute([service('cache')], [backend('reviews')]),
      tlsRoute('wide', ['*.cache.test']),
      tlsRoute('close', ['a.cache.test']),
    ]);
    const names = (found: MeshSnapshot) =>
      found.views.default!.tcpRoutes.filter((route) => route.service.startsWith('cache.')).map(({ sniHosts }) => sniHosts.join());
    expect(names(snapshot)).toEqual(['a.cache.test', '*.cache.test', '', '']);
  });

  test('TCP backends that lead nowhere have nobody’s cluster', async () => {
    const k8s = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: 'default' },
      spec: { gatewayClassName: 'istio', listeners: [{ name: 'tcp', port: 81, protocol: 'TCP' }] },
    };
    const clustersOf = async (...backends: object[]) => {
      const { snapshot } = await compileDocuments([shop, k8s, tcpRoute([{ name: 'edge' }], backends)]);
      return listeners(snapshot)[0]!.tcpRoutes?.[0]?.clusters.map((one) => one.cluster);
    };
    expect(await clustersOf(backend('ratings'), backend('nobody'))).toEqual([cluster(), '']);
    expect(await clustersOf(backend('ratings', 0))).toEqual(['']);
  });

  test('a grant for another API group grants nothing', async () => {
    const grant = (group: string) => ({
      apiVersion: 'gateway.networking.k8s.io/v1beta1',
      kind: 'ReferenceGrant',
      metadata: { name: 'g', namespace: 'other' },
      spec: { from: [{ group, kind: 'HTTPRoute', namespace: 'default' }], to: [{ group: '', kind: 'Service' }] },
    });
    const clusterWith = async (group: string) => {
      const far = { name: 'client', namespace: 'other', port: 80 };
      const atGateway = httpRoute('g', {
        parentRefs: [{ name: 'nobodys' }],
        hostnames: ['x.test'],
        rules: [{ backendRefs: [far] }],
      });
      const atService = httpRoute('s', { parentRefs: [service('ratings')], rules: [{ backendRefs: [far] }] });
      const { snapshot } = await compileDocuments([shop, grant(group), atGateway, atService]);
      const host = listeners(snapshot)[0]!.virtualHosts.find((v) => v.domains.includes('x.test'));
      return [host?.routes[0], routesOf(snapshot)[0]].map((route) => forwardOf(route).clusters[0]!.cluster.split('|')[3] ?? '');
    };
    const client = 'client.other.svc.cluster.local';
    expect(await clusterWith('gateway.networking.k8s.io')).toEqual([client, client]);
    // A route of a Service needs none.
    expect(await clusterWith('example.com')).toEqual(['', client]);
  });

  test('a route of a Service’s port by another name is not that port’s', async () => {
    const named = (sectionName: string) =>
      httpRoute('r', {
        parentRefs: [{ ...service('ratings'), sectionName }],
        rules: [{ name: 'mine', backendRefs: [backend('ratings')] }],
      });
    const { snapshot } = await compileDocuments([shop, named('nowhere')]);
    expect(routesOf(snapshot)[0]!.name).not.toBe('mine');
  });
});
