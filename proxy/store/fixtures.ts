import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CapturedBody, Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type { Clock } from '../shared/clock.ts';

/** For tests of store, telemetry and recorder: exchanges as the data plane makes them, and time that runs. `testing/manual-clock.ts` has time that is turned by hand. */

export function makeExchange(n: number, overrides: Partial<ExchangeDetail> = {}): ExchangeDetail {
  const at = Date.UTC(2026, 0, 1) + n;
  const summary: Exchange = {
    id: `x${String(n).padStart(10, '0')}`,
    time: new Date(at).toISOString(),
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
    path: `/ratings/${n}`,
    protocol: 'HTTP/1.1',
    status: 200,
    flags: '',
    details: 'via_upstream',
    durationMs: 5,
    requestBytes: 0,
    responseBytes: 10,
    route: 'default',
    cluster: 'outbound|9080||ratings.default.svc.cluster.local',
    endpoint: '127.0.0.1:41001',
    attempts: [{ endpoint: '127.0.0.1:41001', workload: 'ratings-v1-0', status: 200, flag: '', startMs: 1, durationMs: 4 }],
    traceId: hex(n, 32),
    spanId: hex(n, 16),
    parentSpanId: '',
    requestId: `request-${n}`,
    mtls: true,
    faults: [],
  };
  return {
    ...summary,
    request: { headers: [['host', 'ratings:9080']], body: null, trailers: [] },
    response: { headers: [['content-type', 'text/plain']], body: makeBody('hello'), trailers: [] },
    timeline: [{ stage: 'route', startMs: 0, durationMs: 0.1 }],
    decision: null,
    peer: { address: '127.0.0.1:50000', spiffeId: '' },
    redacted: [],
    ...overrides,
  };
}

export function makeBody(content: string, contentType = 'text/plain'): CapturedBody {
  const bytes = Buffer.byteLength(content);
  return { bytes, capturedBytes: bytes, truncated: false, encoding: 'utf8', content, contentType, contentEncoding: '' };
}

export const realClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'drydock-store-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function hex(n: number, length: number): string {
  return n.toString(16).padStart(length, 'a');
}
