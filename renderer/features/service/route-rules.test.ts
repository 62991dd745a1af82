import { expect, test } from 'vitest';
import { rulesOf } from './route-rules.ts';

test('a VirtualService reads as when, where to and what else', () => {
  const spec = {
    http: [
      {
        name: 'beta',
        match: [{ uri: { prefix: '/pay' }, headers: { 'x-beta': { exact: '1' } } }, { method: { exact: 'POST' } }],
        route: [
          { destination: { host: 'pay', subset: 'v1' }, weight: 90 },
          { destination: { host: 'pay', subset: 'v2' }, weight: 10 },
        ],
        retries: { attempts: 3, retryOn: '5xx', perTryTimeout: '1s' },
        timeout: '3s',
        fault: { abort: { httpStatus: 503, percentage: { value: 10 } } },
        mirror: { host: 'shadow' },
      },
      { redirect: { uri: '/new', redirectCode: 302 } },
    ],
  };
  expect(rulesOf({ kind: 'VirtualService', spec })).toEqual([
    {
      key: 'http 1',
      name: 'beta',
      when: ['path /pay* and x-beta = 1', 'method = POST'],
      to: ['90 % pay v1', '10 % pay v2'],
      also: ['timeout 3s', 'retries 3 on 5xx', '1s per try', '⚡ abort 503 for 10 %', '⧉ copies to shadow'],
    },
    { key: 'http 2', name: 'http 2', when: [], to: ['redirect /new (302)'], also: [] },
  ]);
});

test('an HTTPRoute and a GRPCRoute read alike', () => {
  const http = {
    rules: [
      {
        matches: [{ path: { type: 'Exact', value: '/a' }, method: 'GET' }],
        backendRefs: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
        filters: [{ type: 'RequestHeaderModifier' }],
        timeouts: { request: '2s' },
      },
    ],
  };
  expect(rulesOf({ kind: 'HTTPRoute', spec: http })).toMatchObject([
    {
      when: ['path = /a and method = GET'],
      to: ['50 % a:80', '50 % b:80'],
      also: ['RequestHeaderModifier', 'request timeout 2s'],
    },
  ]);
  const grpc = { rules: [{ matches: [{ method: { service: 'shop.Pay', method: 'Charge' } }], backendRefs: [{ name: 'pay' }] }] };
  expect(rulesOf({ kind: 'GRPCRoute', spec: grpc })).toMatchObject([{ when: ['call shop.Pay/Charge'], to: ['pay'] }]);
});

test('nothing and nonsense have no rules', () => {
  expect(rulesOf({ kind: 'VirtualService', spec: null })).toEqual([]);
  expect(rulesOf({ kind: 'HTTPRoute', spec: { rules: 'x' } })).toEqual([]);
});
