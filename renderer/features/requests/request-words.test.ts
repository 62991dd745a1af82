import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../proxy/api/exchange.schema.ts';
import {
  describeDraw,
  describeRetries,
  describeRetrySource,
  describeRule,
  describeTimeout,
  layShares,
} from './decision-words.ts';
import { explainFlags } from './response-flags.ts';

const canary: Decision = {
  snapshot: 3,
  virtualHost: 'reviews.default.svc.cluster.local:9080',
  rule: { kind: 'VirtualService', namespace: 'default', name: 'reviews', path: 'spec.http[1]' },
  shares: [
    { cluster: 'outbound|9080|v1|reviews.default.svc.cluster.local', weight: 90 },
    { cluster: 'outbound|9080|v2|reviews.default.svc.cluster.local', weight: 10 },
  ],
  draw: 41.3,
  timeoutMs: 2000,
  retries: { attempts: 2, retryOn: 'connect-failure,503', from: 'default' },
  policies: [],
  notes: [],
};

describe('a decision in words', () => {
  test('names the rule, or says that none matched', () => {
    expect(describeRule(canary)).toBe('VirtualService default/reviews, http[1] matched.');
    expect(describeRule({ ...canary, rule: null })).toBe('No rule matched; the service’s default route applied.');
  });

  test('the draw falls into the share whose range holds it; a range ends where the next begins', () => {
    expect(describeDraw(canary)).toBe('The draw was 41.3 of 100: 0 to 90 goes to v1.');
    expect(layShares({ ...canary, draw: 90 }).map((share) => share.drawn)).toEqual([false, true]);
    expect(
      describeDraw({
        ...canary,
        draw: null,
        shares: [{ cluster: 'outbound|9080||ratings.default.svc.cluster.local', weight: 100 }],
      }),
    ).toBe('All requests go to ratings.');
    expect(describeDraw({ ...canary, draw: null, shares: [{ cluster: 'inbound|9080||', weight: 100 }] })).toBe(
      'All requests go to the process itself.',
    );
  });

  test('timeout and retries say what is in force and whose word it is', () => {
    expect(describeTimeout(canary)).toBe('At most 2.00 s for all attempts together.');
    expect(describeTimeout({ ...canary, timeoutMs: null })).toContain('No timeout');
    expect(describeRetries(canary)).toBe('Up to 2 retries on connect-failure, 503.');
    expect(describeRetrySource(canary)).toContain('default');
  });
});

describe('response flags', () => {
  test('each flag of a list is explained, an unknown one is named as such', () => {
    expect(explainFlags('UF,URX').map(({ title }) => title)).toEqual([
      'Could not connect to the upstream',
      'Retries are used up',
    ]);
    expect(explainFlags('')).toEqual([]);
    expect(explainFlags('ZZ')[0]?.title).toContain('no words');
  });
});
