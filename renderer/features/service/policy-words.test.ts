import { expect, test } from 'vitest';
import { policyWords } from './policy-words.ts';

test('a policy says what it does in a few words', () => {
  const rule = {
    trafficPolicy: { connectionPool: { http: {} } },
    subsets: [{ name: 'v1' }, { name: 'v2', trafficPolicy: { outlierDetection: {} } }],
  };
  const words: [kind: string, spec: unknown, words: string][] = [
    ['DestinationRule', rule, 'pool limits, outlier detection; subsets v1, v2'],
    ['DestinationRule', { host: 'pay' }, ''],
    ['VirtualService', { http: [{}, {}] }, '2 rules'],
    ['AuthorizationPolicy', { action: 'DENY', rules: [{}] }, 'DENY, 1 rule'],
    ['AuthorizationPolicy', {}, 'ALLOW, 0 rules'],
    ['PeerAuthentication', { mtls: { mode: 'STRICT' } }, 'mutual TLS STRICT'],
    ['RequestAuthentication', { jwtRules: [{}] }, 'tokens of 1 issuer'],
  ];
  for (const [kind, spec, said] of words) expect(policyWords({ kind, spec })).toBe(said);
});
