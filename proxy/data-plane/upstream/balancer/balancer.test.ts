import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../shared/seeded-random.ts';
import type { ClusterSnapshot, EndpointSnapshot, WorkloadInfo } from '../../snapshot.ts';
import { ClusterRuntime } from '../cluster.ts';
import { Host } from '../host.ts';
import { ResolvedNames } from '../resolved-names.ts';
import {
  clusterSnapshot,
  endpoint,
  exchangeState,
  HandClock,
  meshSnapshot,
  outlierDetection,
  proxySnapshot,
  TestDownstream,
} from '../test-kit.ts';
import { extractHashKey } from './hash-key.ts';
import { HostSet } from './host-set.ts';
import { localityPriority } from './locality.ts';
import { toHex, xxHash64 } from './xxhash64.ts';

const clock = new HandClock();

function hostsOf(endpoints: EndpointSnapshot[], addedAt = 0): Host[] {
  return endpoints.map((entry) => {
    const host = new Host(entry, addedAt, () => undefined);
    host.priority = entry.priority;
    return host;
  });
}

function setOf(
  hosts: Host[],
  over: Partial<ClusterSnapshot>,
  caller: WorkloadInfo = proxySnapshot.workload,
  now = () => clock.now(),
): HostSet {
  const set = new HostSet(seededRandom(11), now);
  set.rebuild(hosts, clusterSnapshot([], over), caller);
  return set;
}

/** Picks per port. */
function count(set: HostSet, picks: number, key: string | null = null): Record<number, number> {
  const counts: Record<number, number> = {};
  for (let i = 0; i < picks; i++) {
    const host = set.pick(key === null ? null : xxHash64(key), 0)!;
    counts[host.endpoint.port] = (counts[host.endpoint.port] ?? 0) + 1;
  }
  return counts;
}

describe('balancers', () => {
  it('round robin takes turns, by weight where weights differ', () => {
    expect(count(setOf(hostsOf([endpoint(1), endpoint(2), endpoint(3)]), {}), 9)).toEqual({ 1: 3, 2: 3, 3: 3 });
    const weighted = count(setOf(hostsOf([endpoint(1, { weight: 3 }), endpoint(2)]), {}), 400);
    expect(weighted[1]).toBeGreaterThanOrEqual(298);
    expect(weighted[1]).toBeLessThanOrEqual(302);
  });

  it('least request prefers the less busy of two draws', () => {
    const hosts = hostsOf([endpoint(1), endpoint(2)]);
    hosts[0]!.activeRequests = 10;
    const counts = count(setOf(hosts, { loadBalancer: { kind: 'least-request', choices: 2 } }), 1000);
    // The busy one is taken only when both draws hit it.
    expect(counts[1]! / 1000).toBeCloseTo(0.25, 1);
  });

  it('least request with weights divides them by the load', () => {
    const hosts = hostsOf([endpoint(1, { weight: 2 }), endpoint(2)]);
    const set = setOf(hosts, { loadBalancer: { kind: 'least-request', choices: 2 } });
    expect(count(set, 300)[1]).toBeGreaterThan(190);
  });

  it('random reaches every host about equally', () => {
    const counts = count(setOf(hostsOf([endpoint(1), endpoint(2)]), { loadBalancer: { kind: 'random' } }), 1000);
    expect(counts[1]! / 1000).toBeCloseTo(0.5, 1);
  });

  for (const algorithm of ['ring-hash', 'maglev'] as const) {
    const loadBalancer = {
      kind: 'consistent-hash',
      algorithm,
      minimumRingSize: 1024,
      tableSize: 65537,
      key: { kind: 'source-ip' },
    } as const;
    it(`${algorithm} keeps a key on its host, spreads keys, and moves few when a host goes`, () => {
      const hosts = hostsOf([1, 2, 3, 4].map((port) => endpoint(port)));
      const before = setOf(hosts, { loadBalancer });
      const after = setOf(hosts.slice(0, 3), { loadBalancer });
      const owners = new Map<string, number>();
      const shares: Record<number, number> = {};
      for (let i = 0; i < 1000; i++) {
        const port = before.pick(xxHash64(`key-${i}`), 0)!.endpoint.port;
        owners.set(`key-${i}`, port);
        shares[port] = (shares[port] ?? 0) + 1;
      }
      expect(Object.keys(count(before, 20, 'same'))).toHaveLength(1);
      for (const share of Object.values(shares)) expect(share).toBeGreaterThan(150);
      let moved = 0;
      for (const [key, port] of owners) if (port !== 4 && after.pick(xxHash64(key), 0)!.endpoint.port !== port) moved++;
      // Not zero: the ring refills to its minimum size, the table to all its slots.
      expect(moved).toBeLessThan(150);
    });

    it(`${algorithm} sends requests without a key anywhere`, () => {
      const counts = count(setOf(hostsOf([endpoint(1), endpoint(2)]), { loadBalancer }), 500);
      expect(Object.keys(counts)).toHaveLength(2);
    });
  }

  it('warm-up gives a new host its share over time', () => {
    const hand = new HandClock();
    const old = new Host(endpoint(1), hand.now() - 100_000, () => undefined);
    const young = new Host(endpoint(2), hand.now(), () => undefined);
    const set = setOf(
      [old, young],
      { warmup: { durationMs: 10_000, minimumPercent: 10, aggression: 1 } },
      proxySnapshot.workload,
      () => hand.now(),
    );
    expect(count(set, 110)[2]).toBeLessThanOrEqual(12);
    hand.advance(5_000);
    expect(count(set, 150)[2]).toBeGreaterThan(40);
    hand.advance(5_000);
    expect(count(set, 100)[2]).toBeCloseTo(50, -1);
  });
});

describe('health and priorities', () => {
  const ejected = (host: Host) => {
    host.outlier.ejectedAt = 1;
  };

  it('all ejected is no host, unless panic is allowed', () => {
    const hosts = hostsOf([endpoint(1), endpoint(2)]);
    hosts.forEach(ejected);
    const set = setOf(hosts, { outlierDetection: outlierDetection() });
    expect(set.pick(null, 0)).toBeNull();
    expect(set.exhausted).toBe(true);
    expect(setOf(hosts, { outlierDetection: outlierDetection({ minHealthPercent: 50 }) }).pick(null, 0)).not.toBeNull();
  });

  it('panic uses every host below minHealthPercent', () => {
    const hosts = hostsOf([endpoint(1), endpoint(2), endpoint(3), endpoint(4)]);
    hosts.slice(0, 3).forEach(ejected);
    expect(Object.keys(count(setOf(hosts, { outlierDetection: outlierDetection({ minHealthPercent: 30 }) }), 40))).toHaveLength(
      4,
    );
    expect(count(setOf(hosts, { outlierDetection: outlierDetection() }), 40)).toEqual({ 4: 40 });
  });

  it('spills to the next priority once less than 1/1.4 of the first is healthy', () => {
    const hosts = hostsOf([endpoint(1), endpoint(2), endpoint(3, { priority: 1 }), endpoint(4, { priority: 1 })]);
    expect(count(setOf(hosts, {}), 200)[3]).toBeUndefined();
    ejected(hosts[0]!);
    const counts = count(setOf(hosts, { outlierDetection: outlierDetection() }), 1000);
    expect(counts[2]! / 1000).toBeCloseTo(0.7, 1);
  });
});

describe('locality', () => {
  const caller = { ...proxySnapshot.workload, locality: 'eu/a/1' };
  const settings = { distribute: [], failover: [{ from: 'eu', to: 'us' }], failoverPriority: [] };

  it('ranks by closeness, the named fallback before the rest', () => {
    const rank = (locality: string) => localityPriority(endpoint(1, { locality }), caller, settings);
    expect(['eu/a/1', 'eu/a/2', 'eu/b/1', 'us/a/1', 'asia/a/1'].map(rank)).toEqual([0, 1, 2, 3, 4]);
  });

  it('ranks by labels in order when told to', () => {
    const labels = { ...settings, failover: [], failoverPriority: ['net', 'ver=1'] };
    const rank = (own: Record<string, string>) =>
      localityPriority(endpoint(1, { labels: own }), { ...caller, labels: { net: 'n1' } }, labels);
    expect([rank({ net: 'n1', ver: '1' }), rank({ net: 'n1' }), rank({ ver: '1' })]).toEqual([0, 1, 2]);
  });

  it('fails over only with outlier detection', () => {
    const endpoints = [endpoint(1, { locality: 'us/a/1' }), endpoint(2, { locality: 'eu/a/1' })];
    const proxy = { ...proxySnapshot, workload: caller };
    const deps = {
      clock,
      random: seededRandom(1),
      dial: () => ({ cancel() {} }),
      resolveWorkload: () => undefined,
      isDrained: () => false,
      names: new ResolvedNames(clock),
      emit() {},
      newSpanId: () => '',
    };
    const priorities = (over: Partial<ClusterSnapshot>) =>
      new ClusterRuntime(clusterSnapshot(endpoints, { locality: settings, ...over }), proxy, deps).hosts.map(
        (host) => host.priority,
      );
    expect(priorities({})).toEqual([0, 0]);
    expect(priorities({ outlierDetection: outlierDetection() })).toEqual([1, 0]);
  });

  it('a caller without a locality has the endpoints without one nearest', () => {
    const none = { distribute: [], failover: [], failoverPriority: [] };
    const rank = (locality: string) => localityPriority(endpoint(1, { locality }), { ...caller, locality: '' }, none);
    expect(['', 'eu/a/1'].map(rank)).toEqual([0, 3]);
  });

  it('another network comes after all of the own one; failover refines failoverPriority', () => {
    const network = 'topology.istio.io/network';
    const labels = { ...settings, failover: [], failoverPriority: [network, 'ver'] };
    const own = { ...caller, labels: { [network]: 'n1', ver: '1' } };
    const rank = (of: Record<string, string>) => localityPriority(endpoint(1, { labels: of }), own, labels);
    expect([
      rank({ [network]: 'n1', ver: '1' }),
      rank({ [network]: 'n1' }),
      rank({ [network]: 'n2', ver: '1' }),
      rank({ [network]: 'n2' }),
    ]).toEqual([0, 1, 2, 3]);
    const both = { ...settings, failoverPriority: ['ver'] };
    const near = (of: Record<string, string>, locality: string) =>
      localityPriority(endpoint(1, { labels: of, locality }), own, both);
    expect([near({ ver: '1' }, 'eu/a/1'), near({ ver: '1' }, 'us/a'), near({}, 'eu/a/1'), near({}, 'asia/a')]).toEqual([
      0, 3, 5, 9,
    ]);
  });

  it('a share is divided among the localities its pattern covers, by their weight', () => {
    const hosts = hostsOf([
      endpoint(1, { locality: 'eu/a/1' }),
      endpoint(2, { locality: 'us/a/1', weight: 3 }),
      endpoint(3, { locality: 'us/b/1' }),
    ]);
    const locality = { distribute: [{ from: '*', to: { 'eu/*': 60, 'us/*': 40 } }], failover: [], failoverPriority: [] };
    expect(count(setOf(hosts, { locality }, caller), 100)).toEqual({ 1: 60, 2: 30, 3: 10 });
  });

  it('a locality loses its share as its hosts are ejected, beyond the overprovisioning of 1.4', () => {
    const hosts = hostsOf([
      endpoint(1, { locality: 'eu/a/1' }),
      endpoint(2, { locality: 'eu/a/1' }),
      endpoint(3, { locality: 'us/a/1' }),
    ]);
    hosts[0]!.outlier.ejectedAt = 1;
    const locality = { distribute: [{ from: '*', to: { 'eu/*': 50, 'us/*': 50 } }], failover: [], failoverPriority: [] };
    const counts = count(setOf(hosts, { locality, outlierDetection: outlierDetection() }, caller), 1700);
    // 50 × 1.4 × ½ against 50.
    expect(counts[2]! / 1700).toBeCloseTo(35 / 85, 2);
  });

  it('distributes by share', () => {
    const hosts = hostsOf([
      endpoint(1, { locality: 'eu/a/1' }),
      endpoint(2, { locality: 'us/a/1' }),
      endpoint(3, { locality: 'asia/x' }),
    ]);
    const locality = { distribute: [{ from: 'eu/*', to: { 'eu/*': 80, 'us/*': 20 } }], failover: [], failoverPriority: [] };
    expect(count(setOf(hosts, { locality }, caller), 100)).toEqual({ 1: 80, 2: 20 });
  });
});

describe('hash key', () => {
  const keyOf = (
    key: Extract<ClusterSnapshot['loadBalancer'], { kind: 'consistent-hash' }>['key'],
    headers: [string, string][] = [],
    path = '/',
  ) => {
    const cluster = clusterSnapshot([]);
    const exchange = exchangeState({
      snapshot: meshSnapshot([cluster]),
      cluster,
      clock,
      downstream: new TestDownstream({ headers, path }),
    });
    return extractHashKey(exchange, {
      kind: 'consistent-hash',
      algorithm: 'ring-hash',
      minimumRingSize: 1024,
      tableSize: 65537,
      key,
    });
  };

  it('comes from header, query, source address or cookie', () => {
    expect(keyOf({ kind: 'header', name: 'X-User' }, [['x-user', 'ann']]).hash).toEqual(xxHash64('ann'));
    expect(keyOf({ kind: 'header', name: 'X-User' }).hash).toBeNull();
    expect(keyOf({ kind: 'query', name: 'user' }, [], '/p?a=1&user=ann').hash).toEqual(xxHash64('ann'));
    expect(keyOf({ kind: 'source-ip' }).hash).toEqual(xxHash64('127.0.0.1'));
    expect(keyOf({ kind: 'cookie', name: 'u', path: '', ttlSeconds: null }, [['cookie', 'a=b; u="ann"']]).hash).toEqual(
      xxHash64('ann'),
    );
    expect(keyOf({ kind: 'cookie', name: 'u', path: '', ttlSeconds: null }).hash).toBeNull();
  });

  it('makes a cookie when there is none and a ttl is set; 0 is a session cookie', () => {
    const value = toHex(xxHash64('127.0.0.1:50000127.0.0.1:15001')).replace(/^0+/, '');
    expect(keyOf({ kind: 'cookie', name: 'u', path: '/p', ttlSeconds: 60 })).toEqual({
      hash: xxHash64(value),
      setCookie: `u="${value}"; Max-Age=60; Path=/p; HttpOnly`,
    });
    expect(keyOf({ kind: 'cookie', name: 'u', path: '', ttlSeconds: 0 }).setCookie).toBe(`u="${value}"; HttpOnly`);
  });
});
