import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CapturedBody, ExchangeDetail } from '../api/exchange.schema.ts';
import { makeExchange as makeSummary } from '../api/test-exchange.ts';
import { createSystemClock } from '../shared/system-clock.ts';

/** For tests of store, telemetry and recorder: exchanges as the data plane makes them, and time that runs. `testing/manual-clock.ts` has time that is turned by hand. */

export function makeExchange(n: number, overrides: Partial<ExchangeDetail> = {}): ExchangeDetail {
  const attempt = { endpoint: '127.0.0.1:41001', workload: 'ratings-v1-0', status: 200, flag: '', startMs: 1, durationMs: 4 };
  return {
    ...makeSummary({
      id: `x${String(n).padStart(10, '0')}`,
      time: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
      path: `/ratings/${n}`,
      durationMs: 5,
      responseBytes: 10,
      attempts: [attempt],
      traceId: hex(n, 32),
      spanId: hex(n, 16),
      requestId: `request-${n}`,
    }),
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

export const realClock = createSystemClock();

export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'drydock-store-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function hex(n: number, length: number): string {
  return n.toString(16).padStart(length, 'a');
}
