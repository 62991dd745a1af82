import { describe, expect, it } from 'vitest';
import { clusterSnapshot, exchangeState, HandClock, meshSnapshot, TestDownstream } from './test-kit.ts';
import { expectedTimeoutMs, finalTimeouts, formatGrpcTimeout, parseGrpcTimeout } from './timeouts.ts';

function call(headers: [string, string][]) {
  const cluster = clusterSnapshot([]);
  const downstream = new TestDownstream({ headers });
  return exchangeState({ snapshot: meshSnapshot([cluster]), cluster, clock: new HandClock(), downstream });
}

describe('timeouts', () => {
  it('take grpc-timeout for gRPC only, capped by the route', () => {
    const grpc: [string, string] = ['content-type', 'application/grpc'];
    expect(finalTimeouts(call([grpc, ['grpc-timeout', '1S']]), null, null)).toEqual({ globalMs: 1000, perTryMs: 0 });
    expect(finalTimeouts(call([grpc, ['grpc-timeout', '1S']]), 300, null)).toEqual({ globalMs: 300, perTryMs: 0 });
    expect(finalTimeouts(call([grpc]), 300, null)).toEqual({ globalMs: 300, perTryMs: 0 });
    expect(finalTimeouts(call([['grpc-timeout', '1S']]), null, null)).toEqual({ globalMs: 0, perTryMs: 0 });
  });

  it('ignore a per-try timeout that is not shorter than the whole', () => {
    expect(finalTimeouts(call([]), 300, 300)).toEqual({ globalMs: 300, perTryMs: 0 });
    expect(finalTimeouts(call([]), 300, 299)).toEqual({ globalMs: 300, perTryMs: 299 });
    expect(finalTimeouts(call([]), null, 100)).toEqual({ globalMs: 0, perTryMs: 100 });
  });

  it('tell the upstream what is left, at least 1 ms', () => {
    expect(expectedTimeoutMs({ globalMs: 0, perTryMs: 0 }, 50)).toBe(0);
    expect(expectedTimeoutMs({ globalMs: 300, perTryMs: 0 }, 50)).toBe(250);
    expect(expectedTimeoutMs({ globalMs: 300, perTryMs: 100 }, 50)).toBe(100);
    expect(expectedTimeoutMs({ globalMs: 300, perTryMs: 100 }, 250)).toBe(50);
    expect(expectedTimeoutMs({ globalMs: 300, perTryMs: 100 }, 300)).toBe(1);
    expect(expectedTimeoutMs({ globalMs: 0, perTryMs: 100 }, 500)).toBe(100);
  });

  it('read and write grpc-timeout', () => {
    expect(['1H', '2M', '3S', '4m', '5u', '6n'].map(parseGrpcTimeout)).toEqual([3_600_000, 120_000, 3000, 4, 1, 1]);
    expect(['', 'S', '123456789S', '1x', '-1S', undefined].map(parseGrpcTimeout)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([250, 99_999_999, 100_000_000, 100_000_000_000].map(formatGrpcTimeout)).toEqual([
      '250m',
      '99999999m',
      '100000S',
      '1666666M',
    ]);
  });
});
