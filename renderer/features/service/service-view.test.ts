import { describe, expect, test } from 'vitest';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { ClusterStatus, MeshEvent } from '../../../proxy/api/observability.schema.ts';
import { ejectionRows, placeSpans } from './ejection-spans.ts';
import { policiesOf } from './service-policies.ts';
import {
  addSample,
  concerns,
  describeBreaker,
  dropEchoes,
  eventMarks,
  eventWords,
  explainInertEjection,
  findReturned,
  formatSetting,
  gatherInstances,
  rateOf,
  sortClusters,
} from './service-view.ts';

const host = (over: Partial<ClusterStatus['endpoints'][number]> = {}): ClusterStatus['endpoints'][number] => ({
  address: '127.0.0.1:1',
  workload: 'payments-v1-0',
  version: 'v1',
  healthy: true,
  ejected: null,
  activeRequests: 0,
  connections: 0,
  requests: 10,
  errors: 1,
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  consecutiveLocalOriginFailures: 0,
  weight: 1,
  ...over,
});
const ejected = { reason: 'consecutive-5xx', until: '2026-01-01T00:00:15Z', remainingMs: 15_000, count: 1 };
const cluster = (over: Partial<ClusterStatus> = {}): ClusterStatus => ({
  proxy: 'storefront-v1-0',
  source: 'storefront',
  sourceNamespace: 'default',
  cluster: 'outbound|9080||payments.default.svc.cluster.local',
  service: 'payments.default.svc.cluster.local',
  namespace: 'default',
  subset: '',
  loadBalancer: 'LEAST_REQUEST',
  state: 'healthy',
  endpoints: [host(), host({ address: '127.0.0.1:2', workload: 'payments-v1-1' })],
  activeRequests: 0,
  pendingRequests: 0,
  connections: 0,
  limits: [],
  outlierDetection: null,
  notEjected: [],
  policy: null,
  ...over,
});
const event = (over: Partial<MeshEvent>): MeshEvent => ({
  id: 1,
  time: '2026-01-01T00:00:00.000Z',
  type: 'service.ready',
  subject: 'payments',
  message: '',
  data: {},
  ...over,
});

describe('a breaker', () => {
  test('is told in the four words there are', () => {
    const endpoints = [host({ ejected }), host({ address: '127.0.0.1:2' })];
    expect(describeBreaker(cluster()).text).toBe('Healthy');
    expect(describeBreaker(cluster({ state: 'overflow' })).text).toBe('Overflow');
    expect(describeBreaker(cluster({ state: 'ejected', endpoints })).text).toBe('Ejected 1 of 2');
    expect(describeBreaker(cluster({ state: 'no-healthy-host' })).text).toBe('No healthy host');
  });

  test('that is broken comes first', () => {
    const sorted = sortClusters([cluster({ proxy: 'a' }), cluster({ proxy: 'z', state: 'no-healthy-host' })]);
    expect(sorted.map(({ proxy }) => proxy)).toEqual(['z', 'a']);
  });

  test('that can never eject says so', () => {
    const detection = { consecutive5xxErrors: 5, intervalMs: 10_000, baseEjectionMs: 30_000, maxEjectionPercent: 10 };
    expect(explainInertEjection(cluster({ outlierDetection: detection }))).toContain('10 % of 2 hosts = 0: no ejection possible');
    expect(explainInertEjection(cluster({ outlierDetection: { ...detection, maxEjectionPercent: 50 } }))).toBeNull();
    expect(explainInertEjection(cluster())).toBeNull();
  });

  test('knows who came back, and forgets it at the next ejection', () => {
    const data = { proxy: 'storefront-v1-0', endpoint: '127.0.0.1:1' };
    const back = event({ id: 2, type: 'endpoint.returned', time: '2026-01-01T00:00:20.000Z', data });
    expect(findReturned([back]).get('storefront-v1-0 127.0.0.1:1')).toBe(back.time);
    expect(findReturned([event({ id: 3, type: 'endpoint.ejected', data }), back]).size).toBe(0);
  });

  test('settings are whole where they were set whole', () => {
    expect([300, 2000, 1500, 180_000].map(formatSetting)).toEqual(['300 ms', '2 s', '1.5 s', '3 min']);
  });
});

describe('instances', () => {
  test('add up over all callers, and name who ejected them', () => {
    const rows = gatherInstances([
      cluster({ endpoints: [host({ ejected, consecutive5xx: 5 })] }),
      cluster({ proxy: 'cart-v1-0', endpoints: [host({ requests: 5, consecutive5xx: 1 })] }),
    ]);
    expect(rows).toMatchObject([{ requests: 15, errors: 2, consecutive5xx: 5, ejections: [{ by: 'storefront-v1-0' }] }]);
  });

  test('their rate needs two readings and starts anew with a new engine', () => {
    const at = (timeMs: number, count: number) => ({ timeMs, counts: new Map([['a', count]]) });
    let samples = addSample([], { timeMs: 0, counts: new Map() });
    samples = addSample(samples, at(1000, 1000));
    expect(rateOf(samples, 'a')).toBeNull();
    samples = addSample(samples, at(3000, 1020));
    expect(rateOf(samples, 'a')).toBe(10);
    expect(rateOf(addSample(samples, at(4000, 3)), 'a')).toBeNull();
    expect(addSample(samples, at(60_000, 1021))).toHaveLength(1);
  });
});

describe('events', () => {
  test('of a service are those of its name, its workloads, its edges and faults named after it', () => {
    const about = (subject: string, message = '') => concerns(event({ subject, message }), 'payments', ['payments-v1-0']);
    expect(['payments', 'payments-v1-0', 'storefront->payments', 'default/payments'].map((subject) => about(subject))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(about('error-storefront-payments', 'Fault error-storefront-payments armed')).toBe(true);
    expect(about('ratings', 'ratings is ready')).toBe(false);
    expect(about('prepayments')).toBe(false);
  });

  test('that say the same twice are shown once', () => {
    const kept = dropEchoes([
      event({ id: 4, type: 'fault.removed', subject: 'f' }),
      event({ id: 3, type: 'config.applied', message: 'Fault default/f deleted' }),
      event({ id: 2, type: 'fault.expired', subject: 'f' }),
      event({ id: 1, type: 'fault.armed', subject: 'f' }),
    ]);
    expect(kept.map(({ id }) => id)).toEqual([4, 1]);
  });

  test('become marks, oldest first, one of a kind per slot', () => {
    const marks = eventMarks(
      [
        event({ type: 'endpoint.ejected', time: '2026-01-01T00:00:09.000Z' }),
        event({ type: 'endpoint.ejected', time: '2026-01-01T00:00:06.000Z' }),
        event({ type: 'fault.armed', time: '2026-01-01T00:00:01.000Z' }),
        event({ type: 'certificate.issued' }),
      ],
      5,
    );
    expect(marks.map(({ label }) => label)).toEqual(['fault', 'ejected ×2']);
  });
});

test('an overflow says whose limit to whom is used up', () => {
  const data = { proxy: 'web-v1-0', limit: 'http1MaxPendingRequests', cluster: 'outbound|80|v2|pay.default.svc.cluster.local' };
  const overflow = (more: object) => eventWords(event({ type: 'cluster.overflow', data: { ...data, ...more } }));
  expect(overflow({})).toBe('Pending requests of web-v1-0 to pay v2 are used up');
  expect(overflow({ cluster: 'inbound|80||' })).toBe('Pending requests of web-v1-0 to its own app are used up');
});

describe('the ejection strip', () => {
  const ejectedAt = (id: number, time: string, over: Record<string, unknown> = {}) =>
    event({ id, type: 'endpoint.ejected', time, data: { proxy: 'p', endpoint: '127.0.0.1:2', reason: '5xx', ...over } });
  const returnedAt = (id: number, time: string) =>
    event({ id, type: 'endpoint.returned', time, data: { proxy: 'p', endpoint: '127.0.0.1:2' } });

  test('has a stretch from each ejection to the return, open while the host is out', () => {
    const events = [
      ejectedAt(3, '2026-01-01T00:00:30.000Z'),
      returnedAt(2, '2026-01-01T00:00:20.000Z'),
      ejectedAt(1, '2026-01-01T00:00:10.000Z', { exchanges: ['a', 'a', 'b'] }),
    ];
    const at = Date.parse('2026-01-01T00:00:00.000Z');
    const [row] = ejectionRows([cluster()], events, at);
    expect(row).toMatchObject({
      workload: 'payments-v1-1',
      spans: [
        { fromMs: at + 10_000, toMs: at + 20_000, reason: '5xx', exchanges: ['a', 'b'] },
        { fromMs: at + 30_000, toMs: null },
      ],
    });
    expect(ejectionRows([cluster()], events, at + 25_000)[0]?.spans).toHaveLength(1);
  });

  test('draws stretches that would lie on each other as one', () => {
    const span = (fromMs: number, toMs: number | null) => ({ fromMs, toMs, reason: '', exchanges: [] });
    const marks = placeSpans(
      [span(0, 100), span(110, 120), span(500, 700), span(990, null)],
      { startMs: 0, endMs: 1000 },
      200,
      24,
    );
    expect(marks.map(({ leftPx, widthPx, spans }) => [leftPx, widthPx, spans.length])).toEqual([
      [0, 46, 2],
      [100, 40, 1],
      [176, 24, 1],
    ]);
  });

  test('knows a return whose ejection is forgotten, and nothing of hosts that were never out', () => {
    const at = Date.parse('2026-01-01T00:00:00.000Z');
    expect(ejectionRows([cluster()], [returnedAt(1, '2026-01-01T00:00:20.000Z')], at)[0]?.spans).toMatchObject([
      { fromMs: 0, toMs: at + 20_000 },
    ]);
    expect(ejectionRows([cluster()], [], at)).toEqual([]);
  });
});

describe('policies in effect', () => {
  const resource = (kind: string, name: string, usedBy: string[], spec: unknown = {}): Resource => ({
    apiVersion: '',
    kind,
    namespace: 'default',
    name,
    yaml: '',
    spec,
    source: { file: 'mesh.yaml', line: 3, live: false },
    status: { state: 'accepted', matched: 0, usedBy, diagnostics: [] },
  });
  test('are those the engine uses for the service, and its faults', () => {
    const found = policiesOf(
      [
        resource('Fault', 'f', ['fault filter'], { to: { service: 'payments' } }),
        resource('Fault', 'g', ['fault filter'], { to: { service: 'cart' } }),
        resource('DestinationRule', 'd', ['cluster outbound|9080||payments.default.svc.cluster.local']),
        resource('DestinationRule', 'e', ['cluster outbound|9080||prepayments.default.svc.cluster.local']),
        resource('VirtualService', 'v', ['virtual host payments.default.svc.cluster.local:9080']),
        resource('PeerAuthentication', 'p', ['payments-v1-0 inbound 9080']),
      ],
      { name: 'payments', namespace: 'default', workloads: ['payments-v1-0'] },
    );
    expect(found.map(({ name }) => name)).toEqual(['v', 'd', 'p', 'f']);
  });
});
