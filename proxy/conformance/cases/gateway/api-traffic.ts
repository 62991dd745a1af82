import type { Case, Document, Group } from '../../case.ts';
import { backend, httpRoute, path } from './api.ts';

/* What HTTPRoute rules do with traffic on the wire: CORS, mirrors, retries and their timeouts, named rules, filters of backends. */

const rule = (prefix: string, more: Document): Document => ({
  matches: [path('PathPrefix', prefix)],
  backendRefs: [backend('one')],
  ...more,
});
const cors = (spec: Document): Document => ({ filters: [{ type: 'CORS', cors: spec }] });
const mirror = (more: Document = {}): Document => ({
  type: 'RequestMirror',
  requestMirror: { backendRef: backend('two'), ...more },
});
const modifier = (kind: 'Request' | 'Response', spec: Document): Document => ({
  type: `${kind}HeaderModifier`,
  [kind === 'Request' ? 'requestHeaderModifier' : 'responseHeaderModifier']: spec,
});
const set = (name: string, value: string): Document => ({ set: [{ name, value }] });

export const trafficDocuments: Document[] = [
  httpRoute(
    'traffic',
    ['traffic.example'],
    [
      rule(
        '/cors',
        cors({
          allowOrigins: ['https://shop.example', 'https://*.wild.example'],
          allowMethods: ['GET', 'PUT'],
          allowHeaders: ['x-a'],
          exposeHeaders: ['x-b'],
          allowCredentials: true,
          maxAge: 60,
        }),
      ),
      rule('/any', cors({ allowOrigins: ['*'], allowMethods: ['GET'] })),
      rule('/mirrors', { filters: [mirror(), mirror()] }),
      rule('/half', { filters: [mirror({ percent: 50 })] }),
      rule('/part', { filters: [mirror({ fraction: { numerator: 1, denominator: 4 } })] }),
      rule('/never', { filters: [mirror({ percent: 0 })] }),
      rule('/retry', { retry: { codes: [503], attempts: 2, backoff: '1ms' } }),
      rule('/off', { retry: { attempts: 0 } }),
      rule('/slow', {
        retry: { codes: [503], attempts: 1, backoff: '1ms' },
        timeouts: { request: '1500ms', backendRequest: '250ms' },
      }),
      rule('/cut', { timeouts: { request: '1500ms', backendRequest: '150ms' } }),
      rule('/unlimited', { timeouts: { request: '0s' } }),
      rule('/gone', { retry: { attempts: 1, backoff: '1ms' }, backendRefs: [backend('gone')] }),
      rule('/named', { name: 'by-name' }),
      rule('/filtered', {
        filters: [modifier('Request', set('x-where', 'rule')), modifier('Response', set('x-answer', 'rule'))],
        backendRefs: [
          backend('one', {
            weight: 50,
            filters: [modifier('Request', set('x-backend', 'one')), modifier('Response', set('x-from', 'one'))],
          }),
          backend('two', { weight: 50, filters: [modifier('Request', { remove: ['x-gone'] })] }),
        ],
      }),
      rule('/twice', {
        filters: [
          modifier('Request', {
            set: [
              { name: 'X-Set', value: 'first' },
              { name: 'x-set', value: 'second' },
            ],
          }),
        ],
      }),
    ],
  ),
];

const preflight = (origin: string, method = 'PUT'): Partial<Case> => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'x-a' },
});
const allowed = (origin: string): Case => ({
  name: `${origin} is allowed`,
  path: '/cors',
  ...preflight(origin),
  expect: {
    status: 200,
    body: '',
    attempts: 0,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET,PUT',
      'access-control-allow-headers': 'x-a',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '60',
    },
  },
});

export const trafficGroups: readonly Group[] = [
  {
    id: 'api-cors',
    from: 'ingress',
    host: 'traffic.example',
    source: '§6 filters: CORS',
    cases: [
      allowed('https://shop.example'),
      allowed('https://x.wild.example'),
      {
        name: 'a preflight of another origin is answered without a word of CORS',
        path: '/cors',
        ...preflight('https://evil.example'),
        expect: { status: 200, attempts: 0, headers: { 'access-control-allow-origin': null } },
      },
      {
        name: 'an actual request goes on, its response tells',
        path: '/cors',
        headers: { origin: 'https://shop.example' },
        expect: {
          status: 200,
          body: 'a',
          headers: { 'access-control-allow-origin': 'https://shop.example', 'access-control-expose-headers': 'x-b' },
        },
      },
      {
        name: 'any origin; without maxAge the default of 5 s',
        path: '/any',
        ...preflight('http://anybody.example:8080', 'GET'),
        expect: { headers: { 'access-control-allow-origin': 'http://anybody.example:8080', 'access-control-max-age': '5' } },
      },
      {
        name: 'any origin is a scheme and a host, not just any text',
        path: '/any',
        ...preflight('null', 'GET'),
        expect: { status: 200, headers: { 'access-control-allow-origin': null } },
      },
    ],
  },
  {
    id: 'api-mirrors',
    from: 'ingress',
    host: 'traffic.example',
    source: '§6 filters: RequestMirror percent, fraction, several',
    cases: [
      { name: 'each mirror gets a copy', path: '/mirrors', expect: { status: 200, body: 'a', attempts: 3 } },
      { name: 'percent: that share', path: '/half', repeat: 80, expect: { status: 200, mirrored: [0.25, 0.75] } },
      { name: 'fraction: numerator of denominator', path: '/part', repeat: 80, expect: { status: 200, mirrored: [0.08, 0.45] } },
      { name: 'percent 0: no copy', path: '/never', repeat: 20, expect: { status: 200, attempts: 1 } },
    ],
  },
  {
    id: 'api-retries',
    from: 'ingress',
    host: 'traffic.example',
    source: '§6 retry and timeouts.backendRequest',
    cases: [
      {
        name: 'a listed code is tried again',
        path: '/retry',
        app: 'status=503|status=200',
        expect: { status: 200, attempts: 2 },
      },
      { name: 'as often as asked', path: '/retry', app: 'status=503', expect: { status: 503, attempts: 3 } },
      { name: 'another code is not', path: '/retry', app: 'status=500', expect: { status: 500, attempts: 1 } },
      { name: 'attempts 0: never', path: '/off', app: 'status=503', expect: { status: 503, attempts: 1 } },
      { name: 'connection errors are tried again, then 503', path: '/gone', expect: { status: 503, attempts: 0 } },
      {
        name: 'with retry backendRequest is the limit of each try, not of both together',
        path: '/slow',
        appInTime: true,
        app: 'status=503,delay=150|status=200,delay=150',
        expect: { status: 200, attempts: 2, minMs: 290 },
      },
      {
        name: 'a try that took too long is not tried again: no condition of Istio’s list says so',
        path: '/slow',
        app: 'delay=1200',
        expect: { status: 504, attempts: 1, minMs: 240, maxMs: 1100 },
      },
      {
        name: 'without retry backendRequest is the limit of the whole',
        path: '/cut',
        app: 'delay=1000',
        expect: { status: 504, body: 'upstream request timeout', minMs: 140, maxMs: 900 },
      },
      { name: 'request 0s: no limit', path: '/unlimited', app: 'delay=300', expect: { status: 200 } },
    ],
  },
  {
    id: 'api-backend-filters',
    from: 'ingress',
    host: 'traffic.example',
    source: '§6 header modifiers in backendRefs',
    cases: [
      {
        name: 'each backend has its own, after the rule’s',
        path: '/filtered',
        headers: { 'x-gone': '1' },
        repeat: 20,
        expect: { status: 200, headers: { 'x-answer': 'rule' }, seen: { headers: { 'x-where': 'rule' } } },
      },
      {
        name: 'of a header named twice the first counts',
        path: '/twice',
        expect: { seen: { headers: { 'x-set': 'first' } } },
      },
      { name: 'a named rule', path: '/named', expect: { status: 200 } },
    ],
  },
];
