import { describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import { hex, makeExchange } from '../../store/fixtures.ts';
import { spansOf } from './exchange-spans.ts';

/* What a sidecar's span says, attribute by attribute. */

const spanOf = (change: Partial<ExchangeDetail> = {}): Span => spansOf(makeExchange(1, change), 0)[0]!;
const serverOf = (change: Partial<ExchangeDetail> = {}): Span => spanOf({ reporter: 'destination', ...change });
const attempt = { endpoint: '127.0.0.1:41001', status: 200, flag: '', startMs: 1, durationMs: 4 };
const policy = { kind: 'AuthorizationPolicy', namespace: 'default', name: 'deny-admin' } as const;
const decision = { snapshot: 1, virtualHost: '', rule: null, shares: [], draw: null, timeoutMs: null, retries: null, notes: [] };

describe('a span of the mesh', () => {
  test('is a client’s at the caller’s sidecar or a gateway, a server’s at the callee’s', () => {
    expect([spanOf().kind, spanOf({ reporter: 'gateway' }).kind, serverOf().kind]).toEqual(['client', 'client', 'server']);
    expect([spanOf().service, serverOf().service, spanOf().mesh]).toEqual(['reviews', 'ratings', true]);
  });

  test('is named by method, service and route, never by the path', () => {
    expect(spanOf({ path: '/items/42?token=x' }).name).toBe('GET ratings');
    expect(spanOf({ route: 'canary' }).name).toBe('GET ratings canary');
    expect(spanOf({ protocol: 'TCP', method: '' }).name).toBe('tcp ratings');
  });

  test('has method, status, version and both ends of the connection on either side', () => {
    const shared = { 'http.request.method': 'GET', 'http.response.status_code': 200, 'network.protocol.version': '1.1' };
    expect(spanOf().attributes).toMatchObject({ ...shared, 'network.peer.address': '127.0.0.1', 'network.peer.port': 41001 });
    expect(serverOf().attributes).toMatchObject({ ...shared, 'network.peer.address': '127.0.0.1', 'network.peer.port': 50000 });
    expect(spanOf({ protocol: 'gRPC', grpcStatus: 5 }).attributes).toMatchObject({
      'network.protocol.version': '2',
      'rpc.grpc.status_code': 5,
    });
    expect(spanOf({ endpoint: '[::1]:80' }).attributes).toMatchObject({ 'network.peer.address': '::1', 'network.peer.port': 80 });
  });

  test('of a call that failed says why: the status, or Envoy’s flag where there was none', () => {
    expect(spanOf({ status: 503 }).attributes['error.type']).toBe('503');
    expect(spanOf({ status: 0, flags: 'UF' }).attributes['error.type']).toBe('UF');
    expect(spanOf().attributes['error.type']).toBeUndefined();
  });

  test('a 4xx leaves a server’s status unset and is a client’s error', () => {
    expect([serverOf({ status: 404 }).error, spanOf({ status: 404 }).error, serverOf({ status: 500 }).error]).toEqual([
      false,
      true,
      true,
    ]);
    expect(serverOf({ status: 404 }).attributes['error.type']).toBeUndefined();
  });

  test('a server’s has path, scheme, client and server; http.route only when it stands for many paths', () => {
    expect(serverOf({ path: '/pay?card=1' }).attributes).toMatchObject({
      'url.path': '/pay',
      'url.scheme': 'http',
      'client.address': '127.0.0.1',
      'server.address': 'ratings',
      'server.port': 9080,
    });
    expect(serverOf({ route: '/pay/{id}' }).attributes['http.route']).toBe('/pay/{id}');
    expect(serverOf({ route: 'canary' }).attributes['http.route']).toBeUndefined();
    const headers: [string, string][] = [['x-forwarded-proto', 'https']];
    expect(serverOf({ request: { headers, body: null, trailers: [] } }).attributes['url.scheme']).toBe('https');
  });

  test('a client’s has the whole URL, the server asked for and the service that answers', () => {
    expect(spanOf({ path: '/pay?id=1' }).attributes).toMatchObject({
      'url.full': 'http://ratings:9080/pay?id=1',
      'server.address': 'ratings',
      'server.port': 9080,
      'service.peer.name': 'ratings',
    });
  });

  test('has route, subset, overflow, outlier state, faults with their place, the authorization rule and the recording', () => {
    expect(spanOf({ route: 'canary', destinationVersion: 'v2', flags: 'UO' }).attributes).toMatchObject({
      'drydock.route': 'canary',
      'drydock.subset': 'v2',
      'drydock.pool.overflow': true,
    });
    expect(spanOf({ flags: 'UH' }).attributes['drydock.outlier.state']).toBe('no-healthy-host');
    const denied = serverOf({
      decision: { ...decision, policies: [{ resource: policy, outcome: 'denied', reason: 'rule[0]' }] },
    });
    expect(denied.attributes['drydock.authz.rule']).toBe('default/deny-admin denied rule[0]');
    const standIn = { simulation: 's', recording: 'monday', outcome: 'exact', answeredBy: 'x', nearest: null } as const;
    expect(spanOf({ standIn }).attributes['drydock.recording.id']).toBe('monday');
    expect(spanOf({ standIn: { ...standIn, outcome: 'forwarded' } }).attributes['drydock.recording.id']).toBeUndefined();
  });

  test('tells of a fault on the side where it acted, and when', () => {
    const faults = [{ name: 'slow', effect: 'delay', side: 'server', delayMs: 300 }] as const;
    const [caller, callee] = [spanOf({ faults: [...faults] }), serverOf({ faults: [...faults] })];
    expect([caller.events.length, caller.attributes['drydock.fault.kind']]).toEqual([0, undefined]);
    expect(callee.events).toEqual([{ name: 'fault slow: delay 300 ms', atMs: callee.startMs }]);
    expect(callee.attributes).toMatchObject({ 'drydock.fault.kind': 'delay', 'drydock.fault.placement': 'upstream' });
    expect(spanOf({ faults: [{ ...faults[0], side: 'client' }] }).attributes['drydock.fault.placement']).toBe('caller');
  });

  test('writes Istio’s tags as well', () => {
    const cluster = 'outbound|9080||ratings.default.svc.cluster.local';
    expect(
      spanOf({ peer: { address: '127.0.0.1:5', spiffeId: 'spiffe://shop.local/ns/default/sa/x' } }).attributes,
    ).toMatchObject({
      component: 'proxy',
      upstream_cluster: cluster,
      'upstream_cluster.name': cluster,
      response_flags: '-',
      'guid:x-request-id': 'request-1',
      node_id: 'sidecar~127.0.0.1~reviews-v1-0.default~default.svc.cluster.local',
      'peer.address': '127.0.0.1',
      request_size: 0,
      response_size: 10,
      'istio.canonical_service': 'reviews',
      'istio.canonical_revision': 'v1',
      'istio.namespace': 'default',
      'istio.mesh_id': 'shop.local',
      'istio.cluster_id': 'Kubernetes',
    });
    expect(serverOf().attributes['istio.canonical_service']).toBe('ratings');
  });

  test('says nothing with empty attributes', () => {
    const values = Object.values(spanOf({ destinationVersion: '', requestId: '', endpoint: '' }).attributes);
    expect(values.filter((value) => value === '')).toEqual([]);
  });

  test('of a call that goes on is open, and no failure yet', () => {
    expect(spanOf({ open: true, status: 0 })).toMatchObject({ open: true, error: false });
  });
});

describe('attempts', () => {
  const attempts = [
    { ...attempt, status: 0, flag: 'UF', reason: 'connect failure', connectMs: 3 },
    {
      ...attempt,
      endpoint: '127.0.0.1:41002',
      startMs: 10,
      backoffMs: 25.000400000001,
      spanId: hex(9, 16),
      reused: true,
      connectMs: 1,
    },
  ];

  test('have a client span each when there are several, below the call', () => {
    const [call, first, second] = spansOf(makeExchange(1, { attempts }), 0);
    expect(spansOf(makeExchange(1, { attempts: [attempt] }), 0)).toHaveLength(1);
    expect([first!.parentSpanId, second!.parentSpanId]).toEqual([call!.spanId, call!.spanId]);
    expect([first!.kind, first!.error, second!.error, second!.spanId]).toEqual(['client', true, false, hex(9, 16)]);
  });

  test('say why they were made and how long they waited; from the second on, that they were sent again', () => {
    const [, first, second] = spansOf(makeExchange(1, { attempts }), 0);
    expect(first!.attributes).toMatchObject({
      'drydock.attempt': 1,
      'drydock.attempt.reason': 'connect failure',
      'error.type': 'UF',
    });
    expect(first!.attributes['http.request.resend_count']).toBeUndefined();
    expect(second!.attributes).toMatchObject({
      'http.request.resend_count': 1,
      'drydock.backoff_ms': 25,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': 41002,
    });
  });

  test('tell what connecting took, where a connection was opened; so does a call with one attempt', () => {
    const [call, first, second] = spansOf(makeExchange(1, { attempts }), 0);
    const times = [call, first, second].map((span) => span!.attributes['drydock.connect_ms']);
    expect(times).toEqual([undefined, 3, undefined]);
    expect(spanOf({ attempts: [{ ...attempt, connectMs: 2 }] }).attributes['drydock.connect_ms']).toBe(2);
  });
});
