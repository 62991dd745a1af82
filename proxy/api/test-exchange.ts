import type { Exchange } from './exchange.schema.ts';

/** An ordinary exchange, with what a test cares about put in. */
export function makeExchange(over: Partial<Exchange> = {}): Exchange {
  return {
    id: '1',
    time: '2026-01-01T12:00:00.000Z',
    reporter: 'source',
    source: 'reviews',
    sourceNamespace: 'default',
    sourceWorkload: 'reviews-v1-0',
    sourceVersion: 'v1',
    destination: 'ratings',
    destinationNamespace: 'default',
    destinationWorkload: 'ratings-v1-0',
    destinationVersion: 'v1',
    method: 'GET',
    authority: 'ratings:9080',
    path: '/ratings/0',
    protocol: 'HTTP/1.1',
    status: 200,
    flags: '',
    details: 'via_upstream',
    durationMs: 12,
    requestBytes: 0,
    responseBytes: 48,
    route: 'default',
    cluster: 'outbound|9080||ratings.default.svc.cluster.local',
    endpoint: '127.0.0.1:41001',
    attempts: [],
    traceId: '',
    spanId: '',
    parentSpanId: '',
    requestId: '',
    mtls: true,
    faults: [],
    ...over,
  };
}
