import type { Case, Document, Group } from '../case.ts';
import { bearer, jwks, part, stranger, token } from './tokens.ts';

/*
 * Cases that take two sidecars: identity headers, PeerAuthentication, AuthorizationPolicy, RequestAuthentication. Every group is a service of
 * its own (`host`), served by app a, called from the `client` sidecar unless `from` says otherwise (`plain` = straight to its inbound port).
 */

export interface ServiceGroup extends Group {
  namespace?: string;
  app?: 'a' | 'b' | 'dead';
}

const security = (kind: string, name: string, namespace: string, spec: Document): Document => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name, namespace },
  spec,
});
const selector = (service: string): Document => ({ selector: { matchLabels: { app: service } } });

// ── identity and headers ──
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const identity: ServiceGroup[] = [
  {
    id: 'callee',
    host: 'callee:9080',
    source: '§3 headers over two hops',
    cases: [
      {
        name: 'x-forwarded-client-cert tells who called',
        expect: {
          status: 200,
          seen: {
            headers: {
              'x-forwarded-client-cert':
                /^By=spiffe:\/\/cluster\.local\/ns\/default\/sa\/callee;Hash=[0-9a-f]{64};Subject="[^"]*";URI=spiffe:\/\/cluster\.local\/ns\/default\/sa\/client$/,
              'x-envoy-attempt-count': '1',
              'x-forwarded-proto': /^https?$/,
              'x-forwarded-for': null,
              'x-envoy-peer-metadata': null,
              'x-envoy-peer-metadata-id': null,
              'x-envoy-decorator-operation': null,
              traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/,
            },
          },
          headers: { server: 'envoy', 'x-envoy-peer-metadata': null, 'x-envoy-decorator-operation': null },
        },
      },
      {
        name: 'a client’s x-forwarded-client-cert does not get through',
        headers: { 'x-forwarded-client-cert': 'By=evil' },
        expect: { seen: { headers: { 'x-forwarded-client-cert': /^By=spiffe/ } } },
      },
      {
        name: 'x-request-id is one over both hops',
        headers: { 'x-request-id': 'one' },
        expect: { seen: { headers: { 'x-request-id': 'one' } } },
      },
      {
        name: 'an incoming trace goes on',
        headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
        expect: { seen: { headers: { traceparent: new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`) } } },
      },
      {
        name: 'an unsampled one stays unsampled',
        headers: { traceparent: `00-${trace}-00f067aa0ba902b7-00` },
        expect: { seen: { headers: { traceparent: new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`) } } },
      },
      {
        name: 'b3 goes on',
        headers: { 'x-b3-traceid': trace, 'x-b3-spanid': '00f067aa0ba902b7', 'x-b3-sampled': '1' },
        expect: { seen: { headers: { 'x-b3-traceid': trace, 'x-b3-spanid': /^[0-9a-f]{16}$/, 'x-b3-sampled': '1' } } },
      },
      {
        name: 'tracestate goes on',
        headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01`, tracestate: 'a=b' },
        expect: { seen: { headers: { tracestate: /^drydock=[0-9a-f]{16},a=b$/ } } },
      },
      ...[
        'callee',
        'callee.default',
        'callee.default.svc',
        'callee.default.svc.cluster.local',
        'CALLEE:9080',
        'callee.default.svc.cluster.local.:9080',
      ].map((host): Case => ({ name: `§1 host pick: ${host}`, host, expect: { status: 200, body: 'a' } })),
      { name: '§4 paths are normalised once and stay so', path: '/x/../y', expect: { seen: { path: '/y' } } },
      {
        name: 'an app’s 503 is a response, not a failure',
        app: 'status=503,body=mine',
        expect: { status: 503, body: 'mine', attempts: 1, flags: '', details: 'via_upstream' },
      },
      {
        name: 'gRPC status in the headers passes',
        headers: { 'content-type': 'application/grpc' },
        app: 'grpc=5',
        expect: { status: 200, headers: { 'grpc-status': '5' } },
      },
      {
        name: 'a body goes both ways',
        method: 'POST',
        body: 'x'.repeat(100_000),
        app: 'size=100000',
        expect: { status: 200, headers: { 'content-length': '100000' }, seen: { body: 'x'.repeat(100_000) } },
      },
      { name: 'websocket through both', headers: { upgrade: 'websocket' }, expect: { status: 101, body: 'ping' } },
    ],
  },
  {
    id: 'callee-plain',
    host: 'callee:9080',
    from: 'plain:callee',
    source: '§3 server header, §4 PERMISSIVE',
    cases: [
      {
        name: 'plaintext is served, without a certificate header',
        headers: { 'x-forwarded-client-cert': 'By=evil' },
        expect: { status: 200, headers: { server: 'istio-envoy' }, seen: { headers: { 'x-forwarded-client-cert': null } } },
      },
    ],
  },
  {
    id: 'down',
    host: 'down:9080',
    app: 'dead',
    source: 'two hops: an app that is down is a 503 response to the caller; inbound retries 2× on reset-before-request',
    cases: [
      {
        name: 'the caller relays what the callee’s sidecar says',
        expect: {
          status: 503,
          body: 'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure',
          flags: '',
          details: 'via_upstream',
        },
      },
    ],
  },
  {
    id: 'passthrough',
    host: 'passthrough.invalid',
    source: '§1 unknown host: ALLOW_ANY',
    cases: [{ name: 'a host that does not resolve', expect: { status: 503, attempts: 0, flags: 'UF' } }],
  },
];

// ── PeerAuthentication ──
const peer = (
  id: string,
  namespace: string,
  mode: string | null,
  plain: 'served' | 'cut',
  extra: Document[] = [],
): ServiceGroup[] => {
  const documents = [
    ...(mode === null ? [] : [security('PeerAuthentication', id, namespace, { ...selector(id), mtls: { mode } })]),
    ...extra,
  ];
  const base = { host: `${id}.${namespace}:9080`, namespace, source: '§4 PeerAuthentication' };
  return [
    {
      ...base,
      id,
      documents,
      cases: [{ name: `${mode ?? 'inherited'} in ${namespace}: through the mesh`, expect: { status: 200, body: 'a' } }],
    },
    {
      ...base,
      id: `${id}-plain`,
      from: `plain:${id}`,
      cases: [
        {
          name: `${mode ?? 'inherited'} in ${namespace}: plaintext`,
          expect: plain === 'cut' ? { status: 0, cut: true } : { status: 200, body: 'a' },
        },
      ],
    },
  ];
};
const peers: ServiceGroup[] = [
  ...peer('permissive', 'default', 'PERMISSIVE', 'served'),
  ...peer('strict', 'default', 'STRICT', 'cut'),
  ...peer('disabled', 'default', 'DISABLE', 'served'),
  ...peer('unset', 'default', 'UNSET', 'served'),
  ...peer('inherits', 'locked', null, 'cut', [security('PeerAuthentication', 'all', 'locked', { mtls: { mode: 'STRICT' } })]),
  ...peer('opened', 'locked', 'PERMISSIVE', 'served'),
  ...peer('unset-locked', 'locked', 'UNSET', 'cut'),
  ...peer('port-level', 'locked', null, 'served', [
    security('PeerAuthentication', 'port-level', 'locked', {
      ...selector('port-level'),
      mtls: { mode: 'STRICT' },
      portLevelMtls: { 9080: { mode: 'PERMISSIVE' } },
    }),
  ]),
];

// ── AuthorizationPolicy ──
const denied = (policy: string): Case['expect'] => ({
  status: 403,
  body: 'RBAC: access denied',
  attempts: 0,
  headers: { 'content-type': 'text/plain' },
  ...(policy === '' ? {} : {}),
});
const authz = (id: string, specs: Document[], table: [string, Partial<Case>, 'in' | 'out'][], from?: string): ServiceGroup => ({
  id,
  host: `${id}:9080`,
  source: '§4 AuthorizationPolicy',
  ...(from ? { from } : {}),
  documents: specs.map((spec, n) => security('AuthorizationPolicy', `${id}-${n}`, 'default', { ...selector(id), ...spec })),
  cases: table.map(([name, request, verdict]) => ({
    ...request,
    name: `${JSON.stringify(specs)}: ${name}`,
    expect: verdict === 'in' ? { status: 200, body: 'a' } : denied(id),
  })),
});
const to = (operation: Document): Document => ({ to: [{ operation }] });
const by = (source: Document): Document => ({ from: [{ source }] });
const when = (key: string, values: string[]): Document => ({ when: [{ key, values }] });
const client = 'cluster.local/ns/default/sa/client';
const authorization: ServiceGroup[] = [
  authz('az-nothing', [{}], [['an ALLOW without rules denies all', {}, 'out']]),
  authz('az-all', [{ rules: [{}] }], [['an empty rule matches all', {}, 'in']]),
  authz('az-deny-all', [{ action: 'DENY', rules: [{}] }], [['deny all', {}, 'out']]),
  authz(
    'az-deny-path',
    [{ action: 'DENY', rules: [to({ paths: ['/admin*'] })] }],
    [
      ['the path', { path: '/admin' }, 'out'],
      ['below it', { path: '/admin/x' }, 'out'],
      ['with a query', { path: '/admin?x=1' }, 'out'],
      ['behind dot segments', { path: '/x/../admin' }, 'out'],
      ['escaped', { path: '/%61dmin' }, 'out'],
      ['another case is another path', { path: '/ADMIN' }, 'in'],
      ['another path', { path: '/' }, 'in'],
      ['a query is no path', { path: '/?/admin' }, 'in'],
    ],
  ),
  authz(
    'az-suffix',
    [{ rules: [to({ paths: ['*.css', '/exact'] })] }],
    [
      ['suffix', { path: '/a/b.css' }, 'in'],
      ['exact', { path: '/exact' }, 'in'],
      ['exact is exact', { path: '/exact/' }, 'out'],
      ['other', { path: '/b.js' }, 'out'],
    ],
  ),
  authz(
    'az-template',
    [{ rules: [to({ paths: ['/foo/{*}/bar', '/deep/{**}'] })] }],
    [
      ['one element', { path: '/foo/x/bar' }, 'in'],
      ['not two', { path: '/foo/x/y/bar' }, 'out'],
      ['any depth', { path: '/deep/a/b/c' }, 'in'],
    ],
  ),
  authz(
    'az-method',
    [{ rules: [to({ methods: ['GET', 'HE*'] })] }],
    [
      ['GET', {}, 'in'],
      ['POST', { method: 'POST', body: '' }, 'out'],
    ],
  ),
  authz(
    'az-not',
    [{ rules: [to({ notMethods: ['POST', 'PUT'], notPaths: ['/secret*'] })] }],
    [
      ['neither', { path: '/x' }, 'in'],
      ['a method', { method: 'POST', body: '' }, 'out'],
      ['a path', { path: '/secret/1' }, 'out'],
    ],
  ),
  authz('az-principal', [{ rules: [by({ principals: [client] })] }], [['the caller', {}, 'in']]),
  authz('az-principal-prefix', [{ rules: [by({ principals: ['cluster.local/ns/default/*'] })] }], [['the caller', {}, 'in']]),
  authz('az-principal-suffix', [{ rules: [by({ principals: ['*/sa/client'] })] }], [['the caller', {}, 'in']]),
  authz('az-principal-any', [{ rules: [by({ principals: ['*'] })] }], [['any mTLS caller', {}, 'in']]),
  authz(
    'az-principal-other',
    [{ rules: [by({ principals: ['cluster.local/ns/default/sa/other'] })] }],
    [['someone else', {}, 'out']],
  ),
  authz(
    'az-principal-spiffe',
    [{ rules: [by({ principals: [`spiffe://${client}`] })] }],
    [['the scheme is no part of it', {}, 'out']],
  ),
  authz(
    'az-principal-plain',
    [{ rules: [by({ principals: ['*'] })] }],
    [['plaintext has no principal', {}, 'out']],
    'plain:az-principal-plain',
  ),
  authz('az-not-principal', [{ action: 'DENY', rules: [by({ notPrincipals: ['*'] })] }], [['mTLS passes', {}, 'in']]),
  authz(
    'az-not-principal-plain',
    [{ action: 'DENY', rules: [by({ notPrincipals: ['*'] })] }],
    [['plaintext does not', {}, 'out']],
    'plain:az-not-principal-plain',
  ),
  authz('az-namespace', [{ rules: [by({ namespaces: ['default'] })] }], [['own namespace', {}, 'in']]),
  authz('az-namespace-other', [{ rules: [by({ namespaces: ['prod'] })] }], [['another', {}, 'out']]),
  authz('az-account', [{ rules: [by({ serviceAccounts: ['default/client'] })] }], [['ns/sa', {}, 'in']]),
  authz('az-ip', [{ rules: [by({ ipBlocks: ['127.0.0.0/8'] })] }], [['direct peer', {}, 'in']]),
  authz(
    'az-ip-other',
    [{ rules: [by({ ipBlocks: ['10.0.0.0/8'] })] }],
    [['another network', { headers: { 'x-forwarded-for': '10.0.0.1' } }, 'out']],
  ),
  authz(
    'az-host',
    [{ rules: [to({ hosts: ['AZ-Host:9080'] })] }],
    [
      ['hosts ignore case', {}, 'in'],
      ['another spelling', { host: 'az-host.default:9080' }, 'out'],
    ],
  ),
  authz('az-port', [{ rules: [to({ ports: ['9080'] })] }], [['the service’s port', {}, 'in']]),
  authz('az-app-port', [{ rules: [to({ ports: ['$APP'] })] }], [['the app’s own port', {}, 'in']]),
  authz('az-port-other', [{ rules: [to({ ports: ['9081'] })] }], [['another', {}, 'out']]),
  authz(
    'az-header',
    [{ rules: [when('request.headers[x-token]', ['yes', 'pre*'])] }],
    [
      ['the value', { headers: { 'x-token': 'yes' } }, 'in'],
      ['a prefix', { headers: { 'x-token': 'prefix' } }, 'in'],
      ['one of two values', { headers: { 'x-token': ['no', 'yes'] } }, 'in'],
      ['another', { headers: { 'x-token': 'no' } }, 'out'],
      ['none', {}, 'out'],
    ],
  ),
  authz(
    'az-and',
    [
      {
        rules: [
          {
            ...by({ principals: [client] }),
            ...to({ methods: ['GET'], paths: ['/a', '/b'] }),
            ...when('request.headers[x]', ['1']),
          },
        ],
      },
    ],
    [
      ['all of it', { path: '/b', headers: { x: '1' } }, 'in'],
      ['not the header', { path: '/b' }, 'out'],
      ['not the path', { path: '/c', headers: { x: '1' } }, 'out'],
    ],
  ),
  authz(
    'az-or',
    [{ rules: [to({ paths: ['/one'] }), to({ paths: ['/two'] })] }],
    [
      ['first rule', { path: '/one' }, 'in'],
      ['second rule', { path: '/two' }, 'in'],
      ['neither', { path: '/three' }, 'out'],
    ],
  ),
  authz(
    'az-deny-first',
    [
      { action: 'ALLOW', rules: [{}] },
      { action: 'DENY', rules: [to({ methods: ['DELETE'] })] },
    ],
    [
      ['allowed', {}, 'in'],
      ['DENY beats ALLOW', { method: 'DELETE' }, 'out'],
    ],
  ),
  authz('az-audit', [{ action: 'AUDIT', rules: [{}] }], [['AUDIT changes nothing', {}, 'in']]),
];

// ── RequestAuthentication ──
const refused = (status: number, body: string): Case['expect'] => ({
  status,
  body,
  attempts: 0,
  headers:
    status === 401
      ? { 'www-authenticate': /^Bearer realm="http:\/\/jwt:9080\/[^"]*", error="invalid_token"$/ }
      : { 'content-type': 'text/plain' },
  details: /^jwt_authn_access_denied\{/,
});
const rule = (more: Document = {}): Document => ({ jwtRules: [{ issuer: 'issuer', jwks, ...more }] });
const jwt: ServiceGroup[] = [
  {
    id: 'jwt',
    host: 'jwt:9080',
    source: '§4 RequestAuthentication',
    documents: [security('RequestAuthentication', 'jwt', 'default', { ...selector('jwt'), ...rule({ audiences: ['me'] }) })],
    cases: [
      { name: 'no token passes', expect: { status: 200 } },
      {
        name: 'a good one passes and is taken off',
        ...bearer(token({ aud: 'me' })),
        expect: { status: 200, seen: { headers: { authorization: null } } },
      },
      { name: 'in a list of audiences', ...bearer(token({ aud: ['you', 'me'] })), expect: { status: 200 } },
      { name: 'in the query', path: `/?access_token=${token({ aud: 'me' })}`, expect: { status: 200 } },
    ],
  },
  {
    id: 'jwt-bad',
    host: 'jwt:9080',
    source: '§4 RequestAuthentication: refusals happen at the callee',
    cases: [
      {
        name: 'expired',
        ...bearer(token({ aud: 'me', exp: 1_000_000_000 })),
        expect: { ...refused(401, 'Jwt is expired'), details: 'via_upstream' },
      },
      {
        name: 'not yet',
        ...bearer(token({ aud: 'me', nbf: 4_000_000_000 })),
        expect: { ...refused(401, 'Jwt not yet valid'), details: 'via_upstream' },
      },
      {
        name: 'another issuer',
        ...bearer(token({ aud: 'me', iss: 'evil' })),
        expect: { ...refused(401, 'Jwt issuer is not configured'), details: 'via_upstream' },
      },
      {
        name: 'a stranger’s signature',
        ...bearer(token({ aud: 'me' }, {}, stranger)),
        expect: { ...refused(401, 'Jwt verification fails'), details: 'via_upstream' },
      },
      {
        name: 'an unknown kid',
        ...bearer(token({ aud: 'me' }, { kid: 'k2' })),
        expect: { ...refused(401, "Jwks doesn't have key to match kid or alg from Jwt"), details: 'via_upstream' },
      },
      {
        name: 'the wrong audience is 403',
        ...bearer(token({ aud: 'you' })),
        expect: { ...refused(403, 'Audiences in Jwt are not allowed'), details: 'via_upstream' },
      },
      {
        name: 'no audience',
        ...bearer(token({})),
        expect: { ...refused(403, 'Audiences in Jwt are not allowed'), details: 'via_upstream' },
      },
      {
        name: 'no JWT at all',
        ...bearer('abc'),
        expect: {
          ...refused(401, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'),
          details: 'via_upstream',
        },
      },
      { name: 'alg none', ...bearer(`${part({ alg: 'none' })}.${part({ iss: 'issuer' })}.`), expect: { status: 401 } },
      {
        name: 'a good one in the header does not save a bad one in the query',
        path: '/?access_token=abc',
        ...bearer(token({ aud: 'me' })),
        expect: { status: 401, attempts: 0 },
      },
      {
        name: 'what follows a token spoils it',
        headers: { authorization: [`Bearer ${token({ aud: 'me' })}`, 'Bearer abc'] },
        expect: { ...refused(401, 'Jwt signature is an invalid Base64url encoded'), details: 'via_upstream' },
      },
      {
        name: 'a preflight is not looked at',
        method: 'OPTIONS',
        headers: { origin: 'https://x', 'access-control-request-method': 'GET', authorization: 'Bearer abc' },
        expect: { status: 200 },
      },
    ],
  },
  {
    id: 'jwt-required',
    host: 'jwt-required:9080',
    source: '§4 require a token by AuthorizationPolicy',
    documents: [
      security('RequestAuthentication', 'jwt-required', 'default', {
        ...selector('jwt-required'),
        ...rule({ forwardOriginalToken: true }),
      }),
      security('AuthorizationPolicy', 'jwt-required', 'default', {
        ...selector('jwt-required'),
        rules: [{ ...by({ requestPrincipals: ['issuer/kim'] }) }, { ...when('request.auth.claims[group]', ['admin']) }],
      }),
    ],
    cases: [
      { name: 'without one: 403', expect: { status: 403, body: 'RBAC: access denied' } },
      {
        name: 'the subject; the token is forwarded when asked for',
        ...bearer(token({})),
        expect: { status: 200, seen: { headers: { authorization: /^Bearer / } } },
      },
      { name: 'another subject', ...bearer(token({ sub: 'bob' })), expect: { status: 403 } },
      { name: 'a claim', ...bearer(token({ sub: 'bob', group: 'admin' })), expect: { status: 200 } },
      { name: 'a claim in a list', ...bearer(token({ sub: 'bob', group: ['x', 'admin'] })), expect: { status: 200 } },
    ],
  },
];

// ── our own faults, on the callee's side ──
const http = (id: string, rule: Document): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: id, namespace: 'default' },
  spec: { hosts: [id], http: [{ ...rule, route: [{ destination: { host: id } }] }] },
});
const fault = (id: string, spec: Document): Document => ({
  apiVersion: 'drydock.dev/v1',
  kind: 'Fault',
  metadata: { name: id },
  spec: { to: { service: id }, ...spec },
});
const faults: ServiceGroup[] = [
  {
    id: 'fault-server',
    host: 'fault-server:9080',
    source: 'Beyond Istio: side server, the caller’s retries see it',
    documents: [
      fault('fault-server', { abort: { httpStatus: 503 } }),
      http('fault-server', { retries: { attempts: 2, retryOn: '5xx', backoff: '1ms' } }),
    ],
    cases: [
      {
        name: 'retried to the end',
        expect: { status: 503, body: 'fault filter abort', attempts: 0, flags: 'URX', details: 'via_upstream' },
      },
    ],
  },
  {
    id: 'fault-slow',
    host: 'fault-slow:9080',
    source: 'Beyond Istio: the caller’s timeout sees it',
    documents: [fault('fault-slow', { delay: { fixed: '2s' } }), http('fault-slow', { timeout: '200ms' })],
    cases: [{ name: 'cut by the timeout', expect: { status: 504, flags: 'UT', maxMs: 1500 } }],
  },
  {
    id: 'fault-client',
    host: 'fault-client:9080',
    source: 'Beyond Istio: side client is Istio’s filter',
    documents: [
      fault('fault-client', { side: 'client', abort: { httpStatus: 503 } }),
      http('fault-client', { retries: { attempts: 2, retryOn: '5xx' } }),
    ],
    cases: [{ name: 'not retried', expect: { status: 503, flags: 'FI', details: 'fault_filter_abort' } }],
  },
  {
    id: 'fault-two',
    host: 'fault-two:9080',
    source: 'Beyond Istio: faults on one response add up',
    documents: [
      fault('fault-two', { response: { bytesPerSecond: '4KiB' } }),
      { ...fault('fault-two', { response: { truncateAfter: '1KiB' } }), metadata: { name: 'fault-two-cut' } },
    ],
    cases: [{ name: 'slow and cut', app: 'size=3000', expect: { status: 200, cut: true, minMs: 150 } }],
  },
];

export const meshGroups: readonly ServiceGroup[] = [...identity, ...peers, ...authorization, ...jwt, ...faults];
