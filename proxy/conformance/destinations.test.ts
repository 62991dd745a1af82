import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../api/explain.schema.ts';
import type { ClusterStatus } from '../api/observability.schema.ts';
import { type Apps, startApps } from './apps.ts';
import type { Document, Observation } from './case.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { send } from './send.ts';

/*
 * §2 over two sidecars, one service per matter: what takes more than one caller, or asks what Drydock tells about it (/clusters, explain).
 * Three apps stand behind every service: v1 in eu/a/1, where the callers are, v2 in us/a/1, v3 in us/b/1.
 */

let apps: Apps;
let mesh: TestMesh;
let sent = 0;

const names = ['chosen', 'near', 'shared', 'limited', 'watched', 'kept', 'pooled'];
const rule = (host: string, name: string, spec: Document): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name, namespace: 'default' },
  spec: { host, ...spec },
});
const routes = (host: string, http: Document[]): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: host, namespace: 'default' },
  spec: { hosts: [host], http },
});
const once = (host: string): Document => routes(host, [{ retries: { attempts: 0 }, route: [{ destination: { host } }] }]);
const detect = { interval: '100s', baseEjectionTime: '30s', consecutive5xxErrors: 2, maxEjectionPercent: 100 };

beforeAll(async () => {
  apps = await startApps();
  const caller = (name: string): Document => ({
    name,
    port: 80,
    workloads: [{ version: 'v1', locality: 'eu/a/1', address: `127.0.0.1:${apps.ports.a}` }],
  });
  const workloads = [
    { version: 'v1', locality: 'eu/a/1', address: `127.0.0.1:${apps.ports.a}` },
    { version: 'v2', locality: 'us/a/1', address: `127.0.0.1:${apps.ports.b}` },
    { version: 'v3', locality: 'us/b/1', address: `127.0.0.1:${apps.ports.c}` },
  ];
  const services = [caller('caller'), caller('other'), ...names.map((name) => ({ name, port: 9080, workloads }))];
  const documents = [
    rule('chosen', 'chosen', {
      workloadSelector: { matchLabels: { app: 'caller' } },
      subsets: [{ name: 'v2', labels: { version: 'v2' } }],
    }),
    routes('chosen', [{ route: [{ destination: { host: 'chosen', subset: 'v2' } }] }]),
    rule('near', 'near', { trafficPolicy: { outlierDetection: detect } }),
    once('near'),
    rule('shared', 'shared', { trafficPolicy: { outlierDetection: { ...detect, consecutive5xxErrors: 1 } } }),
    once('shared'),
    rule('limited', 'limited', { trafficPolicy: { connectionPool: { http: { http2MaxRequests: 1, maxRetries: 4 } } } }),
    once('limited'),
    rule('watched', 'watched', { trafficPolicy: { outlierDetection: detect } }),
    once('watched'),
    rule('kept', 'kept', { trafficPolicy: { outlierDetection: { ...detect, maxEjectionPercent: 10 } } }),
    once('kept'),
    rule('pooled', 'pooled', { trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } } }),
  ];
  mesh = await startMesh(meshText({ services }, documents));
}, 60_000);
afterAll(async () => {
  await mesh?.close();
  await apps?.close();
});

async function call(host: string, app = '', from = 'caller-v1-0'): Promise<Observation & { server: string }> {
  const id = `destinations-${sent++}`;
  const request = { name: '', expect: {}, host: `${host}:9080`, ...(app === '' ? {} : { app }) };
  const observation = await send(mesh.outbound(from), request, host, id);
  return { ...observation, server: apps.seen.get(id)?.at(-1)?.server ?? '' };
}
const times = async (count: number, host: string, app = ''): Promise<string[]> => {
  const servers: string[] = [];
  for (let i = 0; i < count; i++) servers.push((await call(host, app)).server);
  return servers;
};
const statusOf = async (service: string): Promise<ClusterStatus> => {
  const { clusters } = (await mesh.api('/clusters')) as { clusters: ClusterStatus[] };
  return clusters.find((c) => c.proxy === 'caller-v1-0' && c.service.startsWith(`${service}.`))!;
};
const explain = (to: string) =>
  mesh.api('/explain', 'POST', JSON.stringify({ from: 'caller', to: `${to}:9080` })) as Promise<Explanation>;

describe('workloadSelector', () => {
  test('only the selected caller has the rule’s subset', async () => {
    expect((await call('chosen')).server).toBe('b');
    expect((await call('chosen', '', 'other-v1-0')).status).toBe(503);
  });

  test('explain sees the selected caller’s rule', async () => {
    const { clusters } = await explain('chosen');
    expect(clusters[0]!.policy).toMatchObject({ name: 'chosen' });
    expect(clusters[0]!.endpoints.map((e) => e.workload)).toEqual(['chosen-v2-1']);
  });
});

describe('outlierDetection turns failover on', () => {
  test('calls stay in the caller’s locality until it is ejected', async () => {
    expect(new Set(await times(6, 'near'))).toEqual(new Set(['a']));
    await times(2, 'near', 'status=500');
    expect(new Set(await times(8, 'near')).has('a')).toBe(false);
  });
});

describe('all counters are per cluster, per proxy', () => {
  test('one caller’s ejection is not another’s', async () => {
    expect((await call('shared', 'status=500')).server).toBe('a');
    expect((await call('shared')).server).not.toBe('a');
    expect((await call('shared', '', 'other-v1-0')).server).toBe('a');
  });
});

describe('what Drydock tells', () => {
  test('limits with current values and overflow counts', async () => {
    const [first, second] = await Promise.all([call('limited', 'delay=400'), call('limited', 'delay=400')]);
    expect([first!.status, second!.status].sort()).toEqual([200, 503]);
    const status = await statusOf('limited');
    expect(status.state).toBe('overflow');
    expect(status.limits).toEqual([
      { name: 'maxConnections', current: expect.any(Number), limit: null, overflowed: 0 },
      { name: 'http1MaxPendingRequests', current: 0, limit: null, overflowed: 0 },
      { name: 'http2MaxRequests', current: 0, limit: 1, overflowed: 1 },
      { name: 'maxRetries', current: 0, limit: 4, overflowed: 0 },
    ]);
    expect((await explain('limited')).clusters[0]!.status!.limits).toContainEqual({
      name: 'http2MaxRequests',
      current: 0,
      limit: 1,
      overflowed: 1,
    });
  });

  test('error counters of each endpoint, then its ejection with reason, count and time of return', async () => {
    await call('watched', 'status=500');
    expect((await statusOf('watched')).endpoints[0]).toMatchObject({
      errors: 1,
      consecutive5xx: 1,
      healthy: true,
      ejected: null,
    });
    await call('watched', 'status=500');
    const { endpoints, state, outlierDetection, notEjected } = await statusOf('watched');
    expect(state).toBe('ejected');
    expect(outlierDetection).toMatchObject({ consecutive5xxErrors: 2, consecutiveGatewayErrors: 0, maxEjectionPercent: 100 });
    expect(notEjected).toEqual([]);
    const { ejected, ...first } = endpoints[0]!;
    expect(first).toMatchObject({
      workload: 'watched-v1-0',
      errors: 2,
      requests: 2,
      healthy: false,
      priority: 0,
      locality: 'eu/a/1',
    });
    expect(ejected).toMatchObject({ reason: 'consecutive-5xx', count: 1 });
    expect(ejected!.remainingMs).toBeGreaterThan(25_000);
    expect(Date.parse(ejected!.until)).toBeGreaterThan(Date.now() + 25_000);
    expect((await explain('watched')).clusters[0]!.status!.endpoints[0]!.ejected).toMatchObject({ reason: 'consecutive-5xx' });
  });

  test('why a host that earned it was not ejected', async () => {
    await times(2, 'kept', 'status=500');
    const { notEjected, endpoints } = await statusOf('kept');
    expect(notEjected[0]).toMatchObject({ endpoint: endpoints[0]!.address, reason: expect.stringContaining('10 % of 3 hosts') });
    expect((await explain('kept')).clusters[0]!.status!.notEjected[0]!.reason).toContain('maxEjectionPercent forbids');
  });

  test('a cluster nobody has called yet is explained with its limits', async () => {
    const { clusters } = await explain('pooled');
    expect(clusters[0]!.status).toMatchObject({ state: 'healthy', activeRequests: 0 });
    expect(clusters[0]!.status!.endpoints).toHaveLength(3);
  });
});
