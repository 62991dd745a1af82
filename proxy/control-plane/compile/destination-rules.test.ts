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

/* DestinationRule lookup, merging and defaults beyond services-and-clusters.test.ts. Sources: istiod push_context.go, sidecar.go, cluster_traffic_policy.go. */

const host = 'ratings.default.svc.cluster.local';
const lb = (simple: string) => ({ trafficPolicy: { loadBalancer: { simple } } });
const select = (matchLabels: Record<string, string>) => ({ workloadSelector: { matchLabels } });
type Snapshot = Awaited<ReturnType<typeof compileDocuments>>['snapshot'];
const viewOf = (snapshot: Snapshot, proxy: string) =>
  snapshot.views[snapshot.proxies.find((p) => p.id === proxy || p.workload.service === proxy)!.view]!;
const kindFor = (snapshot: Snapshot, proxy: string) => viewOf(snapshot, proxy).clusters[cluster()]!.loadBalancer.kind;
const compiled = async (trafficPolicy: object) => {
  const { snapshot } = await compileDocuments([shop, destinationRule('a', { host, trafficPolicy })]);
  return snapshot.views.default!.clusters[cluster()]!;
};

describe('workloadSelector', () => {
  test('the selected workload gets its rule, the others of its namespace the rule without a selector', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('all', { host, ...lb('RANDOM') }),
      destinationRule('mine', { host, ...lb('ROUND_ROBIN'), ...select({ app: 'reviews' }) }),
    ]);
    expect(kindFor(snapshot, 'reviews-v1-0')).toBe('round-robin');
    expect(kindFor(snapshot, 'ratings-v1-0')).toBe('random');
    expect(Object.keys(snapshot.views).sort()).toEqual(['default', 'default/mine', 'istio-system', 'other']);
  });

  test('all its labels must agree; of several rules the oldest wins, equal selectors merge', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('no', { host, ...lb('RANDOM'), ...select({ app: 'reviews', version: 'v9' }) }),
      destinationRule('first', { host, ...lb('ROUND_ROBIN'), ...select({ app: 'reviews' }) }),
      destinationRule('second', { host, ...lb('RANDOM'), ...select({ version: 'v1' }) }),
      destinationRule('third', { host, ...lb('RANDOM'), subsets: versions('v1'), ...select({ app: 'reviews' }) }),
    ]);
    expect(kindFor(snapshot, 'reviews-v1-0')).toBe('round-robin');
    expect(viewOf(snapshot, 'reviews-v1-0').clusters[cluster('v1')]).toBeDefined();
    expect(kindFor(snapshot, 'ratings-v1-0')).toBe('random');
  });

  test('it never leaves its namespace, and hides the service’s own rule from callers it does not select', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('own', { host, ...lb('ROUND_ROBIN') }),
      destinationRule('theirs', { host, ...lb('RANDOM'), ...select({ app: 'nobody' }) }, { namespace: 'other' }),
    ]);
    expect(kindFor(snapshot, 'client')).toBe('least-request');
    expect(kindFor(snapshot, 'reviews-v1-0')).toBe('round-robin');
  });

  test('it says nothing about the selected workload’s inbound side', async () => {
    const pool = { trafficPolicy: { connectionPool: { http: { http2MaxRequests: 1 } } } };
    const { snapshot } = await compileDocuments([shop, destinationRule('a', { host, ...pool, ...select({ app: 'ratings' }) })]);
    const inbound = snapshot.proxies.find((p) => p.id === 'ratings-v1-0')!.listeners.find((l) => l.role === 'inbound')!;
    expect(inbound.role === 'inbound' && inbound.ports[0]!.cluster.limits.http2MaxRequests).toBeNull();
    expect(viewOf(snapshot, 'ratings-v1-0').clusters[cluster()]!.limits.http2MaxRequests).toBe(1);
  });

  test('a subset only it defines exists for nobody else', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      destinationRule('mine', { host, subsets: versions('v1'), ...select({ app: 'reviews' }) }),
      virtualService('v', { hosts: ['ratings'], http: [{ route: [{ destination: { host: 'ratings', subset: 'v1' } }] }] }),
    ]);
    expect(viewOf(snapshot, 'reviews-v1-0').clusters[cluster('v1')]).toBeDefined();
    expect(viewOf(snapshot, 'ratings-v1-0').clusters[cluster('v1')]).toBeUndefined();
  });
});

describe('the gateway’s own namespace', () => {
  test('its private rules come first, its public ones last', async () => {
    const root = { namespace: 'istio-system' };
    const own = destinationRule('own', { host, ...lb('ROUND_ROBIN') });
    const open = await compileDocuments([shop, destinationRule('root', { host, ...lb('RANDOM') }, root), own]);
    expect(kindFor(open.snapshot, 'ingress')).toBe('round-robin');
    const closed = destinationRule('root', { host, ...lb('RANDOM'), exportTo: ['.'] }, root);
    expect(kindFor((await compileDocuments([shop, closed, own])).snapshot, 'ingress')).toBe('random');
  });
});

describe('locality', () => {
  test('unset is on, as the mesh’s default: outlierDetection turns failover on', async () => {
    const none = { distribute: [], failover: [], failoverPriority: [] };
    expect(await compiled({ outlierDetection: {} })).toMatchObject({ locality: none, outlierDetection: { consecutive5xx: 5 } });
    expect((await compiled({ loadBalancer: { localityLbSetting: {} }, outlierDetection: {} })).locality).toEqual(none);
    expect((await compiled({ loadBalancer: { localityLbSetting: { enabled: true } } })).locality).toEqual(none);
  });

  test('enabled: false switches it off', async () => {
    expect(
      (await compiled({ loadBalancer: { localityLbSetting: { enabled: false } }, outlierDetection: {} })).locality,
    ).toBeNull();
  });

  test('failover alone does not turn outlierDetection on', async () => {
    const failover = [{ from: 'eu', to: 'us' }];
    expect((await compiled({ loadBalancer: { localityLbSetting: { failover } } })).outlierDetection).toBeNull();
  });
});

describe('connection pool', () => {
  test('defaults: connect 10 s, idle 1 h, no keepalive, no life limit; limits of 0 are no limits', async () => {
    expect(await compiled({})).toMatchObject({
      connectTimeoutMs: 10_000,
      idleTimeoutMs: 3_600_000,
      tcpIdleTimeoutMs: 3_600_000,
      maxRequestsPerConnection: null,
      maxConnectionDurationMs: null,
      tcpKeepalive: false,
      maxConcurrentStreams: null,
      warmup: null,
      proxyProtocol: null,
    });
    const zero = { http1MaxPendingRequests: 0, http2MaxRequests: 0, maxRetries: 0, maxRequestsPerConnection: 0 };
    const found = await compiled({ connectionPool: { tcp: { maxConnections: 0 }, http: zero } });
    expect(found.maxRequestsPerConnection).toBeNull();
    expect(Object.values(found.limits).every((limit) => limit === null)).toBe(true);
  });

  test('HTTP takes the TCP idle timeout when it has none of its own', async () => {
    const tcp = { idleTimeout: '7s' };
    expect(await compiled({ connectionPool: { tcp } })).toMatchObject({ idleTimeoutMs: 7_000, tcpIdleTimeoutMs: 7_000 });
    const both = await compiled({ connectionPool: { tcp, http: { idleTimeout: '3s' } } });
    expect(both).toMatchObject({ idleTimeoutMs: 3_000, tcpIdleTimeoutMs: 7_000 });
    expect((await compiled({ connectionPool: { tcp: { idleTimeout: '0s' } } })).tcpIdleTimeoutMs).toBeNull();
  });

  test('retryBudget: 20 % and 3 when left out, and a port’s settings leave nothing of it', async () => {
    const retryBudget = {};
    expect((await compiled({ retryBudget })).limits.retryBudget).toEqual({ percent: 20, minRetryConcurrency: 3 });
    const portLevelSettings = [{ port: { number: 9080 }, loadBalancer: { simple: 'RANDOM' } }];
    expect(await compiled({ retryBudget: { percent: 50 }, portLevelSettings, tls: { mode: 'DISABLE' } })).toMatchObject({
      limits: { retryBudget: null },
      loadBalancer: { kind: 'random' },
      tls: { mode: 'mutual' },
    });
  });

  test('a subset overrides the rule’s port settings block by block; its own port settings keep what a port cannot have', async () => {
    const port = (blocks: object) => ({ port: { number: 9080 }, ...blocks });
    const random = { loadBalancer: { simple: 'RANDOM' } };
    const requests = { connectionPool: { http: { http2MaxRequests: 7 } } };
    const subsets = [
      { name: 'v1', labels: { version: 'v1' }, trafficPolicy: requests },
      { name: 'v2', labels: { version: 'v2' }, trafficPolicy: { portLevelSettings: [port(requests)] } },
    ];
    const policies = [{ portLevelSettings: [port(random)] }, { ...random, retryBudget: {} }];
    const [ported, plain] = await Promise.all(
      policies.map(async (trafficPolicy) => {
        const { snapshot } = await compileDocuments([shop, destinationRule('a', { host, trafficPolicy, subsets })]);
        return snapshot.views.default!.clusters;
      }),
    );
    const both = { loadBalancer: { kind: 'random' }, limits: { http2MaxRequests: 7 } };
    expect(ported![cluster('v1')]).toMatchObject(both);
    expect(plain![cluster('v2')]).toMatchObject({
      loadBalancer: { kind: 'least-request' },
      limits: { http2MaxRequests: 7, retryBudget: { percent: 20 } },
    });
  });

  test('tcpKeepalive: its times and probes, the system’s where it is silent', async () => {
    const keepalive = async (tcpKeepalive: Record<string, unknown>) => {
      const found = await compiled({ connectionPool: { tcp: { tcpKeepalive } } });
      return [found.tcpKeepalive, found.keepalive];
    };
    expect(await keepalive({ probes: 3, time: '7200s', interval: '10s' })).toEqual([
      true,
      { probes: 3, timeMs: 7_200_000, intervalMs: 10_000 },
    ]);
    expect(await keepalive({})).toEqual([true, {}]);
  });

  test('tunnel and http2KeepAlive', async () => {
    const tunnel = { targetHost: 'db.internal', targetPort: 5432 };
    expect((await compiled({ tunnel })).tunnel).toEqual({ target: 'db.internal:5432', method: 'CONNECT' });
    const post = { ...tunnel, protocol: 'POST', targetHost: '::1' };
    expect((await compiled({ tunnel: post })).tunnel).toEqual({ target: '[::1]:5432', method: 'POST' });
    const http2KeepAlive = { interval: '10s', timeout: '2s' };
    const found = await compiled({ connectionPool: { http: { http2KeepAlive } } });
    expect(found.http2KeepAlive).toEqual({ intervalMs: 10_000, timeoutMs: 2_000 });
  });

  test('the callee’s own rule governs its inbound cluster too: connectionPool only', async () => {
    const trafficPolicy = { connectionPool: { http: { http2MaxRequests: 3 } }, outlierDetection: {} };
    const { snapshot } = await compileDocuments([shop, destinationRule('a', { host, trafficPolicy })]);
    const inbound = snapshot.proxies.find((p) => p.id === 'ratings-v1-0')!.listeners.find((l) => l.role === 'inbound')!;
    expect(inbound.role === 'inbound' && inbound.ports[0]!.cluster).toMatchObject({
      limits: { http2MaxRequests: 3 },
      outlierDetection: null,
    });
  });
});

describe('load balancer', () => {
  test.each([
    [{ simple: 'LEAST_CONN' }, { kind: 'least-request', choices: 2 }],
    [{ simple: 'LEAST_REQUEST' }, { kind: 'least-request', choices: 2 }],
    [{ simple: 'PASSTHROUGH' }, { kind: 'passthrough' }],
    [{ consistentHash: { useSourceIp: true } }, { algorithm: 'ring-hash', minimumRingSize: 1024, key: { kind: 'source-ip' } }],
    [{ consistentHash: { httpQueryParameterName: 'u', ringHash: { minimumRingSize: 9 } } }, { minimumRingSize: 9 }],
    [{ consistentHash: { httpHeaderName: 'X-U', maglev: {} } }, { algorithm: 'maglev', tableSize: 65_537 }],
  ])('%j', async (loadBalancer, expected) => {
    expect((await compiled({ loadBalancer })).loadBalancer).toMatchObject(expected);
  });

  test('PASSTHROUGH goes to the address the request names', async () => {
    expect((await compiled({ loadBalancer: { simple: 'PASSTHROUGH' } })).discovery).toBe('original');
  });

  test.each([
    [{ warmup: { duration: '60s' } }, { durationMs: 60_000, minimumPercent: 10, aggression: 1 }],
    [{ warmup: { duration: '60s', minimumPercent: 0, aggression: 2 } }, { durationMs: 60_000, minimumPercent: 0, aggression: 2 }],
    [{ warmupDurationSecs: '30s' }, { durationMs: 30_000, minimumPercent: 10, aggression: 1 }],
  ])('warm-up %j', async (block, expected) => {
    expect((await compiled({ loadBalancer: { simple: 'ROUND_ROBIN', ...block } })).warmup).toEqual(expected);
  });
});

describe('outlierDetection', () => {
  test('consecutiveLocalOriginFailures of 0 is the default of 5', async () => {
    const outlierDetection = { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 0 };
    expect((await compiled({ outlierDetection })).outlierDetection).toMatchObject({ consecutiveLocalOriginFailures: 5 });
  });

  test('error codes reach the detector', async () => {
    const outlierDetection = { outlierDetectionHttpErrorCodes: [429, 503] };
    expect((await compiled({ outlierDetection })).outlierDetection!.errorCodes).toEqual([429, 503]);
  });

  test('a long base ejection time lifts the cap of 300 s', async () => {
    expect((await compiled({ outlierDetection: { baseEjectionTime: '400s' } })).outlierDetection!.maxEjectionMs).toBe(400_000);
  });
});

describe('the mesh’s settings', () => {
  const withMesh = (spec: object) => ({ ...shop, spec: { ...(shop.spec as object), ...spec } });

  test('outlierDetection of the Mesh puts Envoy’s other detectors in force where a rule detects outliers', async () => {
    const mesh = withMesh({ outlierDetection: { successRate: {}, failurePercentage: { threshold: 50 } } });
    const detecting = destinationRule('a', { host, trafficPolicy: { outlierDetection: {} } });
    const { snapshot } = await compileDocuments([mesh, detecting]);
    expect(snapshot.views.default!.clusters[cluster()]!.outlierDetection).toMatchObject({
      successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900 },
      failurePercentage: { threshold: 50, minimumHosts: 5, requestVolume: 50 },
    });
    expect((await compileDocuments([mesh])).snapshot.views.default!.clusters[cluster()]!.outlierDetection).toBeNull();
    const plain = (await compiled({ outlierDetection: {} })).outlierDetection!;
    expect([plain.successRate, plain.failurePercentage]).toEqual([undefined, undefined]);
  });

  const inboundRetry = async (spec: object) => {
    const { snapshot } = await compileDocuments([withMesh(spec)]);
    const inbound = snapshot.proxies.find((p) => p.id === 'ratings-v1-0')!.listeners.find((l) => l.role === 'inbound')!;
    return inbound.role === 'inbound' ? inbound.ports[0]!.retry : null;
  };
  test('defaultInboundHttpRetryPolicy replaces the sidecars’ own retries, {} switches them off', async () => {
    expect(await inboundRetry({})).toMatchObject({ attempts: 2, retryOn: ['reset-before-request'], hostSelectionRetries: 0 });
    expect(await inboundRetry({ defaultInboundHttpRetryPolicy: {} })).toBeNull();
    expect(await inboundRetry({ defaultInboundHttpRetryPolicy: { attempts: 1, retryOn: '503' } })).toMatchObject({
      attempts: 1,
      retryOn: ['retriable-status-codes'],
      retriableStatusCodes: [503],
      from: 'mesh',
    });
  });
});

describe('retries', () => {
  const retriesOf = async (retries: object | undefined) => {
    const http = [{ route: toRatings, ...(retries ? { retries } : {}) }];
    const { snapshot } = await compileDocuments([shop, virtualService('v', { hosts: ['ratings'], http })]);
    return forwardOf(routesOf(snapshot)[0]).retry;
  };

  test('a block without attempts switches them off, no block is the default of 2', async () => {
    expect(await retriesOf({})).toBeNull();
    expect(await retriesOf(undefined)).toMatchObject({ attempts: 2, hostSelectionRetries: 5 });
  });

  test('retryRemoteLocalities, retryIgnorePreviousHosts, the cap of the backoff', async () => {
    const found = await retriesOf({ attempts: 3, retryRemoteLocalities: true, retryIgnorePreviousHosts: false, backoff: '40ms' });
    expect(found).toMatchObject({ previousPriorities: true, hostSelectionRetries: 0, backoffBaseMs: 40, backoffMaxMs: 400 });
    expect((await retriesOf({ attempts: 1 }))!.previousPriorities).toBeUndefined();
  });
});
