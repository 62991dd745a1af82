import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeRule } from './write-rule.ts';
import { toMatch } from './yaml-match.ts';

const request = {
  ...{ destination: 'payments', destinationNamespace: 'shop', method: 'POST', path: '/pay/1?x="y"', decision: null },
};
const match = { uri: { exact: '/pay/1' }, method: { exact: 'POST' } };

test('a match is YAML that means this request', () => {
  expect(parse(toMatch(request))).toEqual({ match: [match] });
});

describe('a rule for requests like one', () => {
  const yaml = `# Canary.
kind: VirtualService
metadata: {name: payments, namespace: shop}
spec:
  hosts: [payments]
  http:
    - match: [{uri: {prefix: /slow}}]
      timeout: 9s # long
      route: [{destination: {host: payments, subset: v1}}]
    - name: split
      route: [{destination: {host: payments, subset: v1}, weight: 80}, {destination: {host: payments, subset: v2}, weight: 20}]
      retries: {attempts: 2}
`;
  const written = { kind: 'VirtualService', namespace: 'shop', name: 'payments', yaml, spec: parse(yaml).spec };
  const rule = { kind: 'VirtualService', namespace: 'shop', name: 'payments', path: 'spec.http[1]' };

  test('stands in front of the rules its host has, loses none of them, and does what the one that matched did', () => {
    const text = writeRule({ ...request, decision: { rule } as never }, [written]);
    expect(text).toContain('# Canary.');
    const { http } = parse(text).spec;
    const [, split] = parse(yaml).spec.http;
    expect(http.slice(1)).toEqual(parse(yaml).spec.http);
    expect(http[0]).toEqual({ name: 'like-this-request', match: [match], route: split.route, retries: split.retries });
  });

  test('can be read where all was written on one line', () => {
    const line = 'kind: VirtualService\nspec: {hosts: [payments], http: [{name: a, route: [{destination: {host: payments}}]}]}\n';
    const text = writeRule(request, [{ ...written, yaml: line, spec: parse(line).spec }]);
    expect(parse(text).spec.http).toHaveLength(2);
    expect(text).toContain('\n  http:\n    - name: like-this-request\n      match:\n');
  });

  test('is found a place by the host where no rule is known to have matched', () => {
    const other = { ...written, spec: { ...written.spec, hosts: ['payments.shop.svc.cluster.local'] } };
    expect(parse(writeRule(request, [other])).spec.http).toHaveLength(3);
    const atGateway = { ...written, name: 'edge', spec: { ...written.spec, gateways: ['edge'] } };
    expect(parse(writeRule(request, [atGateway])).spec.http).toHaveLength(2);
  });

  test('makes a VirtualService where there is none, under a name that is free', () => {
    const fresh = parse(writeRule(request, []));
    expect(fresh.metadata).toEqual({ name: 'payments', namespace: 'shop' });
    expect(fresh.spec.http[0]).toMatchObject({ match: [match], route: [{ destination: { host: 'payments' } }] });
    const unrelated = { ...written, spec: { hosts: ['other'] } };
    expect(parse(writeRule(request, [unrelated])).metadata.name).toBe('payments-requests');
  });
});
