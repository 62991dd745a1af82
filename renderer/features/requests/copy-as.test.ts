import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { toFetch, toHttpie, toMatch, toRule } from './copy-as.ts';

const exchange = {
  reporter: 'source',
  source: 'orders',
  sourceWorkload: 'orders-v1-0',
  destination: 'payments',
  destinationNamespace: 'shop',
  method: 'POST',
  authority: 'payments:9080',
  path: '/pay/1?x="y"',
  request: {
    headers: [
      ['host', 'payments:9080'],
      ['content-type', 'application/json'],
      ['authorization', 'redacted-1'],
      ['x-request-id', 'r'],
    ],
    body: { encoding: 'utf8', content: '{"it\'s":1}' },
  },
  redacted: ['request.headers.authorization'],
} as unknown as ExchangeDetail;
const status = { ingress: 'http://127.0.0.1:8080/', workloads: [{ id: 'orders-v1-0', outbound: 'http://127.0.0.1:15001' }] };

test('fetch carries method, headers and body, and names the sidecar', () => {
  const text = toFetch(exchange, status as never);
  expect(text).toContain('HTTP_PROXY=http://127.0.0.1:15001');
  const options = JSON.parse(text.slice(text.indexOf(', {') + 2, -2));
  expect(options).toEqual({
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: '<redacted>' },
    body: '{"it\'s":1}',
  });
});

test('HTTPie quotes what a shell would read', () => {
  expect(toHttpie(exchange, status as never)).toBe(
    `http --proxy=http:http://127.0.0.1:15001 --raw='{"it'\\''s":1}' POST 'http://payments:9080/pay/1?x="y"' content-type:application/json 'authorization:<redacted>'`,
  );
  const outside = { ...exchange, reporter: 'gateway' } as ExchangeDetail;
  expect(toHttpie(outside, status as never)).toContain(`POST 'http://127.0.0.1:8080/pay/1?x="y"' Host:payments:9080`);
});

test('match and rule are YAML that means this request', () => {
  expect(parse(toMatch(exchange))).toEqual({ match: [{ uri: { exact: '/pay/1' }, method: { exact: 'POST' } }] });
  const rule = parse(toRule(exchange));
  expect(rule.metadata).toEqual({ name: 'payments', namespace: 'shop' });
  expect(rule.spec.http[0]).toMatchObject({
    match: [{ uri: { exact: '/pay/1' } }],
    route: [{ destination: { host: 'payments' } }],
  });
});
