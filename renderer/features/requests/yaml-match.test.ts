import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { toMatch, toRule } from './yaml-match.ts';

const request = { destination: 'payments', destinationNamespace: 'shop', method: 'POST', path: '/pay/1?x="y"' };

test('match and rule are YAML that means this request', () => {
  expect(parse(toMatch(request))).toEqual({ match: [{ uri: { exact: '/pay/1' }, method: { exact: 'POST' } }] });
  const rule = parse(toRule(request));
  expect(rule.metadata).toEqual({ name: 'payments', namespace: 'shop' });
  expect(rule.spec.http[0]).toMatchObject({
    match: [{ uri: { exact: '/pay/1' } }],
    route: [{ destination: { host: 'payments' } }],
  });
});
