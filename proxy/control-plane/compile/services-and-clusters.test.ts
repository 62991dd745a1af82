import { describe, expect, test } from 'vitest';
import {
  cluster,
  compileDocuments,
  destinationRule,
  forwardOf,
  peerAuthentication,
  routesOf,
  serviceEntry,
  shop,
  toRatings,
  versions,
  virtualService,
} from './compile-text.test-helper.ts';

describe('proxies', () => {
  test('every workload has a sidecar with an id, an identity and listeners; the ingress is a proxy too', async () => {
    const { snapshot } = await compileDocuments([shop]);
    expect(snapshot.proxies.map((p) => [p.id, p.kind, p.view, p.workload.spiffeId])).toEqual([
      ['reviews-v1-0', 'sidecar', 'default', 'spiffe://cluster.local/ns/default/sa/reviews'],
      ['ratings-v1-0', 'sidecar', 'default', 'spiffe://cluster.local/ns/default/sa/ratings'],
      ['ratings-v2-1', 'sidecar', 'default', 'spiffe://cluster.local/ns/default/sa/ratings'],
      ['cache-x-0', 'sidecar', 'default', 'spiffe://cluster.local/ns/default/sa/cache'],
      ['client-x-0', 'sidecar', 'other', 'spiffe://cluster.local/ns/other/sa/client'],
      ['ingress', 'gateway', 'istio-system', 'spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'],
    ]);
    expect(snapshot.proxies[0]!.listeners.map((l) => [l.id, l.host, l.port, l.fixed])).toEqual([
      ['inbound', '127.0.0.1', 0, false],
      ['outbound', '127.0.0.1', 0, false],
    ]);
    expect(Object.keys(snapshot.views)).toEqual(['default', 'istio-system', 'other']);
  });

  test('fixed ports are fixed, remembered ones only preferred', async () => {
    const mesh = structuredClone(shop) as { spec: { services: { workloads: object[] }[]; ingress?: object } };
    mesh.spec.services[0]!.workloads = [
      { address: '127.0.0.1:1', inboundPort: 4001, upstreams: [{ service: 'ratings', port: 4002 }] },
    ];
    mesh.spec.ingress = { port: 4003 };
    const { snapshot } = await compileDocuments([mesh as never], {
      rememberedPorts: { 'reviews-x-0/outbound': 5001, 'ratings-v1-0/inbound': 5002 },
    });
    const ports = snapshot.proxies.flatMap((p) =>
      p.listeners.filter((l) => l.port > 0).map((l) => [p.id, l.id, l.port, l.fixed]),
    );
    expect(ports).toEqual([
      ['reviews-x-0', 'inbound', 4001, true],
      ['reviews-x-0', 'outbound', 5001, false],
      ['reviews-x-0', 'upstream:ratings.default:9080', 4002, true],
      ['ratings-v1-0', 'inbound', 5002, false],
      ['ingress', 'gateway:http', 4003, true],
    ]);
  });

  test('the same input compiles to the same plain data', async () => {
    const { snapshot } = await compileDocuments([shop]);
    const { snapshot: again } = await compileDocuments([shop]);
    expect(again).toEqual(snapshot);
    expect(structuredClone(snapshot)).toEqual(snapshot);
  });

  test('our own control port is refused as a workload', async () => {
    const { diagnostics } = await compileDocuments([shop], { forbiddenUpstreams: ['127.0.0.1:9002'] });
    expect(diagnostics).toMatchObject([{ severity: 'error', code: 'DD3009', path: 'spec.services[1].workloads[0].address' }]);
  });

  test('inbound ports retry a reset before the request, except on gRPC and TCP', async () => {
    const mesh = {
      ...shop,
      spec: {
        services: [
          {
            name: 'a',
            ports: [
              { name: 'h', port: 1 },
              { name: 'g', port: 2, protocol: 'grpc' },
              { name: 't', port: 3, protocol: 'tcp' },
            ],
            workloads: [{ addresses: { h: '127.0.0.1:1', g: '127.0.0.1:2' } }],
          },
        ],
      },
    };
    const { snapshot } = await compileDocuments([mesh]);
    const inbound = snapshot.proxies[0]!.listeners[0]!;
    const ports = inbound.role === 'inbound' ? inbound.ports : [];
    expect(ports.map((p) => [p.name, p.app.port, p.cluster.name, p.cluster.http2, p.retry?.retryOn.join()])).toEqual([
      ['h', 1, 'inbound|1||', false, 'reset-before-request'],
      ['g', 2, 'inbound|2||', true, undefined],
      ['t', 0, 'inbound|3||', false, undefined],
    ]);
  });
});

describe('hosts', () => {
  test('a service answers to all its names; the short one only in its namespace', async () => {
    const { snapshot } = await compileDocuments([shop]);
    const names = (view: string) => [...snapshot.views[view]!.serviceByHost.keys()].filter((h) => h.startsWith('ratings'));
    expect(names('default')).toEqual(['ratings', 'ratings.default', 'ratings.default.svc', 'ratings.default.svc.cluster.local']);
    expect(names('other')).toEqual(['ratings.default', 'ratings.default.svc', 'ratings.default.svc.cluster.local']);
    expect(snapshot.views.default!.defaultPorts.get('ratings')).toBe(9080);
  });
});

describe('DestinationRule', () => {
  const lb = (simple: string) => ({ trafficPolicy: { loadBalancer: { simple } } });
  const kind = (snapshot: Awaited<ReturnType<typeof compileDocuments>>['snapshot'], view: string, name = cluster()) =>
    snapshot.views[view]!.clusters[name]?.loadBalancer.kind;

  test('defaults without a rule: least request, no limits, 10 s connect, auto mTLS', async () => {
    const { snapshot } = await compileDocuments([shop]);
    const found = snapshot.views.default!.clusters[cluster()]!;
    expect(found).toMatchObject({
      loadBalancer: { kind: 'least-request', choices: 2 },
      limits: {
        maxConnections: null,
        http1MaxPendingRequests: null,
        http2MaxRequests: null,
        maxRetries: null,
        retryBudget: null,
      },
      connectTimeoutMs: 10_000,
      outlierDetection: null,
      discovery: 'static',
      policy: null,
      tls: { mode: 'mutual', auto: true, sni: 'outbound_.9080_._.ratings.default.svc.cluster.local' },
    });
    expect(found.endpoints.map((e) => [e.workload, e.port, e.version, e.spiffeId])).toEqual([
      ['ratings-v1-0', 0, 'v1', 'spiffe://cluster.local/ns/default/sa/ratings'],
      ['ratings-v2-1', 0, 'v2', 'spiffe://cluster.local/ns/default/sa/ratings'],
    ]);
  });

  test('client namespace, then service namespace, then root namespace; the first wins whole', async () => {
    const host = 'ratings.default.svc.cluster.local';
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('root', { host, ...lb('RANDOM') }, { namespace: 'istio-system' }),
      destinationRule('own', { host, ...lb('ROUND_ROBIN'), subsets: versions('v1') }),
      destinationRule('theirs', { host, ...lb('PASSTHROUGH') }, { namespace: 'other' }),
    ]);
    expect(kind(snapshot, 'default')).toBe('round-robin');
    expect(kind(snapshot, 'other')).toBe('passthrough');
    expect(snapshot.views.other!.clusters[cluster('v1')]).toBeUndefined();
    // Gateways look at the service's namespace before the public rules of their own.
    expect(kind(snapshot, 'istio-system')).toBe('round-robin');
  });

  test('rules for one host merge: subsets join, the first trafficPolicy stays', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('a', { host: 'ratings', ...lb('RANDOM'), subsets: versions('v1') }),
      destinationRule('b', { host: 'ratings', ...lb('ROUND_ROBIN'), subsets: versions('v2') }),
    ]);
    expect(kind(snapshot, 'default')).toBe('random');
    expect(snapshot.views.default!.clusters[cluster('v2')]!.endpoints.map((e) => e.workload)).toEqual(['ratings-v2-1']);
  });

  test('a subset overrides block by block; a port replaces everything', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('a', {
        host: 'ratings',
        trafficPolicy: { loadBalancer: { simple: 'RANDOM' }, connectionPool: { http: { http2MaxRequests: 7 } } },
        subsets: [
          { name: 'v1', labels: { version: 'v1' }, trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } },
          {
            name: 'v2',
            labels: { version: 'v2' },
            trafficPolicy: { portLevelSettings: [{ port: { number: 9080 }, outlierDetection: {} }] },
          },
        ],
      }),
    ]);
    const { clusters } = snapshot.views.default!;
    expect(clusters[cluster('v1')]).toMatchObject({ loadBalancer: { kind: 'round-robin' }, limits: { http2MaxRequests: 7 } });
    expect(clusters[cluster('v2')]).toMatchObject({
      loadBalancer: { kind: 'least-request' },
      limits: { http2MaxRequests: null },
    });
    expect(clusters[cluster('v2')]!.outlierDetection).toMatchObject({
      consecutive5xx: 5,
      consecutiveGatewayErrors: 0,
      intervalMs: 10_000,
      baseEjectionMs: 30_000,
      maxEjectionMs: 300_000,
      maxEjectionPercent: 10,
      minHealthPercent: 0,
      origin: { kind: 'DestinationRule', name: 'a' },
    });
  });

  test('exportTo hides a rule', async () => {
    const host = 'ratings.default.svc.cluster.local';
    const { snapshot } = await compileDocuments([shop, destinationRule('own', { host, ...lb('RANDOM'), exportTo: ['.'] })]);
    expect(kind(snapshot, 'default')).toBe('random');
    expect(kind(snapshot, 'other')).toBe('least-request');
  });

  test('consistent hash drops the previous-hosts predicate of default retries', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('a', {
        host: 'ratings',
        trafficPolicy: { loadBalancer: { consistentHash: { httpCookie: { name: 'c', ttl: '0s' }, maglev: {} } } },
      }),
    ]);
    expect(snapshot.views.default!.clusters[cluster()]!.loadBalancer).toEqual({
      kind: 'consistent-hash',
      algorithm: 'maglev',
      minimumRingSize: 1024,
      tableSize: 65_537,
      key: { kind: 'cookie', name: 'c', path: '', ttlSeconds: 0 },
    });
    expect(forwardOf(routesOf(snapshot)[0]).retry?.hostSelectionRetries).toBe(0);
  });

  test('tls modes', async () => {
    const tls = async (block: object) => {
      const { snapshot } = await compileDocuments([
        shop,
        destinationRule('a', { host: 'ratings', trafficPolicy: { tls: block } }),
      ]);
      return snapshot.views.default!.clusters[cluster()]!.tls;
    };
    expect(await tls({ mode: 'DISABLE' })).toEqual({ mode: 'disable' });
    expect(await tls({ mode: 'ISTIO_MUTUAL' })).toMatchObject({ mode: 'mutual', auto: false });
    expect(await tls({ mode: 'SIMPLE', sni: 'x.example' })).toMatchObject({
      mode: 'simple',
      sni: 'x.example',
      caPem: null,
      verifyHost: false,
    });
    expect(await tls({ mode: 'SIMPLE' })).toMatchObject({ sni: '', subjectAltNames: [], verifyHost: true });
    expect(await tls({ mode: 'SIMPLE', subjectAltNames: ['a'] })).toMatchObject({ subjectAltNames: ['a'], verifyHost: false });
  });

  test('a certificate file that cannot be read fails every handshake instead of trusting more', async () => {
    const { snapshot, diagnostics } = await compileDocuments([
      shop,
      destinationRule('a', { host: 'ratings', trafficPolicy: { tls: { mode: 'SIMPLE', caCertificates: '/nowhere/ca.pem' } } }),
    ]);
    expect(snapshot.views.default!.clusters[cluster()]!.tls).toMatchObject({ caPem: null, caMissing: true });
    expect(diagnostics).toMatchObject([{ code: 'DD4105' }]);
  });
});

describe('mTLS', () => {
  test('mesh < namespace < workload < port, and auto mTLS speaks plaintext where it is off', async () => {
    const mode = (value: string) => ({ mtls: { mode: value } });
    const { snapshot } = await compileDocuments([
      shop,
      peerAuthentication('mesh', mode('STRICT'), { namespace: 'istio-system' }),
      peerAuthentication('ns', mode('PERMISSIVE')),
      peerAuthentication('late', mode('DISABLE')),
      peerAuthentication('v2', { selector: { matchLabels: { app: 'ratings', version: 'v2' } }, ...mode('DISABLE') }),
      peerAuthentication('reviews', {
        selector: { matchLabels: { app: 'reviews' } },
        mtls: { mode: 'UNSET' },
        portLevelMtls: { 9080: { mode: 'STRICT' } },
      }),
    ]);
    const modes = snapshot.proxies.map((p) => {
      const inbound = p.listeners[0]!;
      return inbound.role === 'inbound' ? `${p.id} ${inbound.ports[0]!.mtls} ${inbound.ports[0]!.mtlsFrom?.name}` : '';
    });
    expect(modes).toEqual([
      'reviews-v1-0 STRICT reviews',
      'ratings-v1-0 PERMISSIVE ns',
      'ratings-v2-1 DISABLE v2',
      'cache-x-0 PERMISSIVE ns',
      'client-x-0 STRICT mesh',
      '',
    ]);
    expect(snapshot.views.default!.clusters[cluster()]!.endpoints.map((e) => e.spiffeId !== '')).toEqual([true, false]);
  });
});

describe('ServiceEntry', () => {
  const entry = (resolution: string, extra: object = {}) =>
    serviceEntry('api', {
      hosts: ['api.example.com'],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution,
      ...extra,
    });
  const name = 'outbound|80||api.example.com';

  test.each([
    ['NONE', {}, 'original', []],
    ['DNS', {}, 'dns', ['api.example.com:80']],
    ['DNS_ROUND_ROBIN', {}, 'dns-round-robin', ['api.example.com:80']],
    [
      'STATIC',
      { endpoints: [{ address: '127.0.0.1', ports: { http: 8081 } }, { address: '127.0.0.2' }] },
      'static',
      ['127.0.0.1:8081', '127.0.0.2:80'],
    ],
  ])('resolution %s', async (resolution, extra, discovery, endpoints) => {
    const { snapshot } = await compileDocuments([shop, entry(resolution, extra)]);
    const found = snapshot.views.default!.clusters[name]!;
    expect(found.discovery).toBe(discovery);
    expect(found.endpoints.map((e) => `${e.host}:${e.port}`)).toEqual(endpoints);
    expect(found.tls).toEqual({ mode: 'disable' });
    expect(routesOf(snapshot, 'api.example.com', 80)[0]!.name).toBe('default');
  });

  test('endpoints have labels for subsets, and exportTo hides the host', async () => {
    const endpoints = [
      { address: '127.0.0.1', labels: { version: 'v1' } },
      { address: '127.0.0.2', labels: { version: 'v2' } },
    ];
    const { snapshot } = await compileDocuments([
      shop,
      entry('STATIC', { endpoints, exportTo: ['.'] }),
      destinationRule('api', { host: 'api.example.com', subsets: versions('v2') }),
      virtualService('api', {
        hosts: ['api.example.com'],
        http: [{ route: [{ destination: { host: 'api.example.com', subset: 'v2' } }] }],
      }),
    ]);
    expect(snapshot.views.default!.clusters['outbound|80|v2|api.example.com']!.endpoints.map((e) => e.host)).toEqual([
      '127.0.0.2',
    ]);
    expect(snapshot.views.other!.clusters[name]).toBeUndefined();
  });
});

describe('TCP', () => {
  test('rules come before the service itself; weights are kept', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('cache', { host: 'cache', subsets: [{ name: 'a', labels: {} }] }),
      virtualService('cache', {
        hosts: ['cache'],
        tcp: [
          { match: [{ port: 6379, sourceLabels: { app: 'reviews' } }], route: [{ destination: { host: 'cache', subset: 'a' } }] },
        ],
      }),
      virtualService('ratings', { hosts: ['ratings'], http: [{ route: toRatings }] }),
    ]);
    const routes = snapshot.views.default!.tcpRoutes.filter((r) => r.service.startsWith('cache'));
    expect(routes.map((r) => [r.origin?.path, r.sourceLabels, r.clusters.map((c) => c.cluster)])).toEqual([
      ['spec.tcp[0].match[0]', { app: 'reviews' }, [cluster('a', 'cache', 6379)]],
      [undefined, null, [cluster('', 'cache', 6379)]],
    ]);
  });
});
