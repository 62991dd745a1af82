import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../../proxy/api/explain.schema.ts';
import { blankFault, type FaultForm, noDelay } from './fault-form.ts';
import { reactionsOf } from './reactions.ts';
import { newToxic } from './toxic-words.ts';

const error: Partial<FaultForm> = { to: 'pay', delay: noDelay, answer: 'status', status: 503 };
const form = (change: Partial<FaultForm> = {}): FaultForm => ({ ...blankFault, ...error, ...change });

interface Given {
  retryOn?: string;
  attempts?: number;
  perTryMs?: number;
  timeoutMs?: number;
  percent?: number | null;
  hosts?: number;
  inARow?: number;
}
function explained(given: Given = {}): Explanation {
  const endpoints = Array.from({ length: given.hosts ?? 2 }, (_, i) => ({
    address: `h${i}`,
    workload: `pay-${i}`,
    version: 'v1',
  }));
  const outlierDetection =
    given.percent === null ? null : { maxEjectionPercent: given.percent ?? 100, consecutive5xxErrors: given.inARow ?? 5 };
  return {
    retries: { value: given.attempts === 0 ? null : { attempts: 2, retryOn: given.retryOn ?? '5xx' }, from: 'VirtualService' },
    perTryTimeoutMs: { value: given.perTryMs ?? null, from: 'default' },
    timeoutMs: { value: given.timeoutMs ?? null, from: 'default' },
    clusters: [{ cluster: 'c', endpoints, status: { endpoints, outlierDetection, service: 'pay', policy: null } }],
  } as unknown as Explanation;
}
const marks = (made: FaultForm, given?: Given) => reactionsOf(made, explained(given)).map(({ will, why }) => `${will}: ${why}`);

describe('what reacts to a fault', () => {
  test('in the caller’s sidecar nothing does, whatever is configured', () => {
    expect(reactionsOf(form({ side: 'client' }), explained()).map(({ will }) => will)).toEqual(['no', 'no', 'no']);
  });

  test('upstream, what is configured: retries that name the failure, ejection that can happen, a timeout that is reached', () => {
    expect(marks(form())).toEqual(['yes: 2× on 503', 'yes: after 5 × 5xx in a row', 'no: the route has none: the caller waits']);
    expect(marks(form(), { retryOn: 'connect-failure,unavailable' })[0]).toBe(
      'no: connect-failure,unavailable does not include 503',
    );
    expect(marks(form(), { retryOn: 'gateway-error' })[0]).toBe('yes: 2× on 503');
    expect(marks(form({ status: 500 }), { retryOn: 'gateway-error' })[0]).toBe('no: gateway-error does not include 500');
    expect(marks(form(), { attempts: 0 })[0]).toBe('no: the route has none');
    expect(marks(form({ answer: 'grpc', grpcStatus: 'DEADLINE_EXCEEDED' }), { retryOn: 'deadline-exceeded' })[0]).toBe(
      'yes: 2× on DEADLINE_EXCEEDED',
    );
  });

  test('an ejection that can never happen is told, with the pool to set right', () => {
    const [, ejection] = reactionsOf(form(), explained({ percent: 10 }));
    expect(ejection).toMatchObject({ will: 'no', why: '10 % of 2 hosts = 0: no ejection possible', inert: { service: 'pay' } });
    expect(marks(form(), { percent: null })[1]).toBe('no: no outlier detection for this service');
    expect(marks(form({ status: 404 }))[1]).toBe('no: 404 is not a failure of the host');
    expect(marks(form({ percentage: 30 }))[1]).toBe('rarely: 5 × 5xx in a row are rare at 30 %');
  });

  test('a toxic is retried and ejected for only when it breaks connections', () => {
    const toxics = (type: string) => form({ effect: 'toxics', toxics: [newToxic(type, [])] });
    expect(reactionsOf(toxics('reset_peer'), explained({ timeoutMs: 900 })).map(({ will }) => will)).toEqual([
      'yes',
      'yes',
      'yes',
    ]);
    expect(reactionsOf(toxics('latency'), explained()).map(({ will }) => will)).toEqual(['no', 'no', 'no']);
  });

  test('a delay meets the caller’s timeout only when it is as long', () => {
    const slow = form({ answer: 'usual', delay: { ...blankFault.delay, a: '2s' } });
    expect(marks(slow, { timeoutMs: 1000 })[2]).toBe('yes: after 1000 ms');
    expect(marks(slow, { timeoutMs: 3000 })[2]).toBe('no: 2000 ms is within its 3000 ms');
    expect(marks(slow, { perTryMs: 500 })[0]).toBe('yes: 2× on a try over 500 ms');
    expect(marks(slow)[0]).toBe('no: the answer comes, only later or damaged');
  });
});
