import type { Case, Document, Expect, Group } from '../../case.ts';
import { bearer, jwks, token } from '../tokens.ts';

/** Cases at the ingress with Istio's Gateways. Requests enter there; the services are `one` (app a), `two` (app b) and `gone` (nobody). */

const istio = (kind: string, name: string, spec: Document): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});
const virtualService = (name: string, hosts: string[], http: Document[]): Document =>
  istio('VirtualService', name, { hosts, gateways: ['edge'], http });
const one = { route: [{ destination: { host: 'one' } }] };
const two = { route: [{ destination: { host: 'two' } }] };

export const istioGatewayDocuments: Document[] = [
  istio('Gateway', 'edge', {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 80, name: 'http', protocol: 'HTTP' },
        hosts: ['shop.example', '*.wild.example', './local.example', 'other/foreign.example'],
      },
      { port: { number: 80, name: 'redirect', protocol: 'HTTP' }, hosts: ['secure.example'], tls: { httpsRedirect: true } },
    ],
  }),
  virtualService(
    'shop',
    ['shop.example'],
    [
      { match: [{ uri: { prefix: '/old' } }], redirect: { uri: '/new', authority: 'new.example' } },
      { match: [{ uri: { prefix: '/slow' } }], timeout: '150ms', ...one },
      { match: [{ uri: { prefix: '/mesh-only' }, gateways: ['mesh'] }], ...two },
      { match: [{ uri: { prefix: '/two' } }], ...two },
      one,
    ],
  ),
  // Routes of one host are appended; catch-alls go last.
  virtualService('shop-more', ['shop.example'], [{ match: [{ uri: { exact: '/more' } }], directResponse: { status: 219 } }]),
  virtualService('wild', ['*.wild.example'], [{ match: [{ uri: { prefix: '/any' } }], directResponse: { status: 220 } }]),
  virtualService('deep', ['deep.wild.example'], [{ directResponse: { status: 221 } }]),
  virtualService('local', ['local.example'], [{ directResponse: { status: 222 } }]),
  virtualService('foreign', ['foreign.example'], [{ directResponse: { status: 223 } }]),
  virtualService('unlisted', ['unlisted.example'], [{ directResponse: { status: 224 } }]),
  virtualService('secure', ['secure.example'], [one]),
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'edge', namespace: 'istio-system' },
    spec: {
      selector: { matchLabels: { istio: 'ingressgateway' } },
      action: 'DENY',
      rules: [
        { to: [{ operation: { paths: ['/forbidden*'] } }] },
        { to: [{ operation: { paths: ['/members*'] } }], from: [{ source: { notRequestPrincipals: ['*'] } }] },
      ],
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'edge', namespace: 'istio-system' },
    spec: {
      selector: { matchLabels: { istio: 'ingressgateway' } },
      jwtRules: [{ issuer: 'issuer', jwks, forwardOriginalToken: true }],
    },
  },
  virtualService(
    'claims',
    ['claims.wild.example'],
    [
      { match: [{ headers: { '@request.auth.claims.group': { exact: 'admin' } } }], directResponse: { status: 226 } },
      { directResponse: { status: 227 } },
    ],
  ),
  istio('VirtualService', 'mesh', { hosts: ['mesh.wild.example'], http: [{ directResponse: { status: 225 } }] }),
];

const at = (host: string, path: string, expect: Expect, more: Partial<Case> = {}): Case => ({
  name: `${host}${path}`,
  host,
  path,
  expect,
  ...more,
});
const notFound: Expect = { status: 404, body: '', attempts: 0, headers: { server: 'istio-envoy', 'content-type': null } };

export const istioGatewayGroups: readonly Group[] = [
  {
    id: 'gateway-hosts',
    from: 'ingress',
    source: '§1 Gateway: hosts',
    cases: [
      at('shop.example', '/', { status: 200, body: 'a' }),
      at('SHOP.example:8080', '/', { status: 200, body: 'a' }),
      at('shop.example', '/two', { status: 200, body: 'b' }),
      at('shop.example', '/more', { status: 219 }),
      at('shop.example', '/mesh-only', { status: 200, body: 'a' }),
      at('shop.example', '/x/../two', { status: 200, body: 'b' }),
      at('x.wild.example', '/any', { status: 220 }),
      at('x.wild.example', '/', notFound),
      at('wild.example', '/any', notFound),
      at('deep.wild.example', '/any', { status: 221 }),
      at('mesh.wild.example', '/', notFound),
      at('local.example', '/', { status: 222 }),
      at('foreign.example', '/', notFound),
      at('unlisted.example', '/', notFound),
      at('nobody.example', '/', notFound),
      at('shop.example', '/slow', { status: 504, body: 'upstream request timeout' }, { app: 'delay=1000' }),
      at('shop.example', '/old/x?q=1', { status: 301, headers: { location: 'http://new.example/new?q=1' } }),
      at('secure.example', '/a?b=c', { status: 301, body: '', headers: { location: 'https://secure.example/a?b=c' } }),
    ],
  },
  {
    id: 'gateway-policies',
    from: 'ingress',
    host: 'shop.example',
    source: '§4 policies on the ingress gateway',
    cases: [
      { name: 'no policy concerns it', expect: { status: 200, body: 'a' } },
      {
        name: 'DENY',
        path: '/forbidden',
        expect: { status: 403, body: 'RBAC: access denied', attempts: 0, headers: { server: 'istio-envoy' } },
      },
      {
        name: 'DENY comes before the 404 of an unknown host',
        host: 'nobody.example',
        path: '/forbidden',
        expect: { status: 403 },
      },
      { name: 'a bad token', ...bearer('abc'), expect: { status: 401, body: /^Jwt is not in the form/ } },
      { name: 'members without a token', path: '/members', expect: { status: 403 } },
      { name: 'members with one', path: '/members', ...bearer(token({})), expect: { status: 200, body: 'a' } },
      { name: 'a route by claim', host: 'claims.wild.example', ...bearer(token({ group: 'admin' })), expect: { status: 226 } },
      { name: 'another claim', host: 'claims.wild.example', ...bearer(token({ group: 'x' })), expect: { status: 227 } },
      { name: 'no claim', host: 'claims.wild.example', expect: { status: 227 } },
    ],
  },
  {
    id: 'gateway-headers',
    from: 'ingress',
    host: 'shop.example',
    source: '§3 headers at the gateway',
    cases: [
      {
        name: 'x-forwarded-for, proto and external address are set',
        expect: {
          seen: {
            headers: {
              'x-forwarded-for': '127.0.0.1',
              'x-forwarded-proto': /^https?$/,
              'x-envoy-attempt-count': '1',
              'x-envoy-external-address': '127.0.0.1',
            },
          },
          headers: { server: 'istio-envoy' },
        },
      },
      {
        name: 'x-forwarded-for is appended to',
        headers: { 'x-forwarded-for': '1.2.3.4' },
        expect: { seen: { headers: { 'x-forwarded-for': '1.2.3.4,127.0.0.1' } } },
      },
      {
        name: 'x-request-id is the gateway’s own',
        headers: { 'x-request-id': 'chosen-by-client' },
        expect: { seen: { headers: { 'x-request-id': /^[0-9a-f-]{36}$/ } } },
      },
      {
        name: 'the certificate header names the gateway',
        headers: { 'x-forwarded-client-cert': 'By=evil' },
        expect: {
          seen: {
            headers: {
              'x-forwarded-client-cert':
                /^By=spiffe:\/\/cluster\.local\/ns\/default\/sa\/one;.*URI=spiffe:\/\/cluster\.local\/ns\/istio-system\/sa\/istio-ingressgateway-service-account$/,
            },
          },
        },
      },
      ...[
        'x-envoy-internal',
        'x-envoy-original-path',
        'x-envoy-retry-on',
        'x-envoy-max-retries',
        'x-envoy-upstream-rq-timeout-ms',
        'x-envoy-decorator-operation',
      ].map(
        (name): Case => ({
          name: `${name} of a client is stripped`,
          headers: { [name]: '1' },
          expect: { seen: { headers: { [name]: null } } },
        }),
      ),
      { name: 'the Host stays', expect: { seen: { authority: 'shop.example' } } },
      { name: 'a new trace begins', expect: { seen: { headers: { traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/ } } } },
    ],
  },
];
