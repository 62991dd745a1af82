import type { Case, Group } from '../case.ts';
import { toHost, versionSubsets } from '../documents.ts';

/** §1 Actions: destinations and weights, rewrite, header operations, redirects, direct responses. */

const two = { endpoints: ['a', 'b'] as const, subsets: versionSubsets('v1', 'v2') };
const weighted = (id: string, weights: [number, number], shares: [number, number], repeat: number): Group => ({
  id: `weight-${id}`,
  source: '§1 route[]: rolled per request, need not sum to 100, weight 0 is dropped',
  ...two,
  endpoints: [...two.endpoints],
  http: [{ route: [toHost('v1', { weight: weights[0] }), toHost('v2', { weight: weights[1] })] }],
  cases: [{ name: `${weights.join(':')}`, repeat, expect: { status: 200, shares: { b: shares } } }],
});

const rewrite = (
  id: string,
  match: Record<string, unknown> | null,
  rewriteSpec: Record<string, unknown>,
  table: [string, string][],
): Group => ({
  id: `rewrite-${id}`,
  source: '§1 rewrite',
  http: [{ ...(match ? { match: [{ uri: match }] } : {}), rewrite: rewriteSpec, route: [toHost()] }],
  cases: table.map(
    ([path, to]): Case => ({
      name: `${path} becomes ${to}`,
      path,
      expect: {
        status: 200,
        seen: {
          path: to,
          headers: rewriteSpec.authority ? {} : { 'x-envoy-original-path': path, 'x-envoy-original-host': null },
        },
      },
    }),
  ),
});

const redirect = (id: string, spec: Record<string, unknown>, table: [string, string, string?][], status = 301): Group => ({
  id: `redirect-${id}`,
  source: '§1 redirect',
  http: [{ match: [{ uri: { prefix: '/p' } }], redirect: spec }, { route: [toHost()] }],
  cases: table.map(([path, location, host]) => ({
    name: `${JSON.stringify(spec)}: ${host ?? ''}${path} → ${location}`,
    path,
    ...(host ? { host } : {}),
    expect: { status, body: '', attempts: 0, headers: { location, 'content-type': null } },
  })),
});

const headerOps = (id: string, source: string, rule: Record<string, unknown>, cases: Group['cases']): Group => ({
  id: `headers-${id}`,
  source,
  ...two,
  endpoints: [...two.endpoints],
  http: [rule],
  cases,
});

const ops = (set: string, more: Record<string, unknown> = {}) => ({
  request: { set: { 'x-who': set }, ...more },
  response: { set: { 'x-back': set } },
});

export const routeGroups: Group[] = [
  weighted('5050', [50, 50], [0.35, 0.65], 200),
  weighted('9010', [90, 10], [0.03, 0.2], 200),
  weighted('odd', [1, 3], [0.62, 0.88], 200),
  weighted('zero', [0, 100], [1, 1], 20),
  {
    id: 'weight-single',
    source: '§1 route[]: one destination, weight ignored',
    ...two,
    endpoints: [...two.endpoints],
    http: [{ route: [toHost('v2', { weight: 0 })] }],
    cases: [{ name: 'weight 0 of a single destination is ignored', repeat: 3, expect: { status: 200, server: 'b' } }],
  },
  {
    id: 'route-unknown',
    source: '§1, §3 NC: unknown cluster or subset → 503 NC, empty',
    ...two,
    endpoints: [...two.endpoints],
    http: [
      { match: [{ uri: { exact: '/subset' } }], route: [toHost('v1')] },
      { route: [{ destination: { host: 'nobody.case', port: { number: 80 } } }] },
    ],
    cases: [
      { name: 'a known subset', path: '/subset', expect: { status: 200, server: 'a' } },
      {
        name: 'an unknown host',
        expect: {
          status: 503,
          body: '',
          attempts: 0,
          flags: 'NC',
          details: 'cluster_not_found',
          headers: { 'content-length': /^0$/ },
        },
      },
    ],
  },
  rewrite('prefix', { prefix: '/foo' }, { uri: '/bar' }, [
    ['/foo', '/bar'],
    ['/foo/x', '/bar/x'],
    ['/foobar', '/barbar'],
    ['/foo?q=1', '/bar?q=1'],
  ]),
  rewrite('slash', { prefix: '/foo' }, { uri: '/' }, [
    ['/foo', '/'],
    ['/foo/bar', '//bar'],
    ['/foo?x', '/?x'],
  ]),
  rewrite('prefix-slash', { prefix: '/foo/' }, { uri: '/' }, [
    ['/foo/bar', '/bar'],
    ['/foo/', '/'],
  ]),
  rewrite('exact', { exact: '/foo' }, { uri: '/bar' }, [
    ['/foo', '/bar'],
    ['/foo?q=1', '/bar?q=1'],
  ]),
  rewrite('regex-match', { regex: '/v[0-9]/.*' }, { uri: '/bar' }, [
    ['/v1/x', '/bar'],
    ['/v1/x?q', '/bar?q'],
  ]),
  rewrite('no-match', null, { uri: '/base' }, [
    ['/x', '/basex'],
    ['/', '/base'],
  ]),
  rewrite('uri-regex', null, { uriRegexRewrite: { match: '/service/([^/]+)(/.*)$', rewrite: '\\2/instance/\\1' } }, [
    ['/service/foo/v1/api', '/v1/api/instance/foo'],
    ['/service/foo/v1/api?q=1', '/v1/api/instance/foo?q=1'],
    ['/other', '/other'],
  ]),
  rewrite('uri-regex-all', null, { uriRegexRewrite: { match: 'one', rewrite: 'two' } }, [
    ['/xxx/one/yyy/one/zzz?one', '/xxx/two/yyy/two/zzz?one'],
    ['/one', '/two'],
  ]),
  rewrite('uri-regex-case', null, { uriRegexRewrite: { match: '(?i)/xxx/', rewrite: '/yyy/' } }, [
    ['/aaa/XxX/bbb', '/aaa/yyy/bbb'],
  ]),
  {
    id: 'rewrite-authority',
    source: '§1 rewrite: authority sets Host; x-envoy-original-host (Envoy ≥ 1.35)',
    http: [
      { match: [{ uri: { prefix: '/both' } }], rewrite: { authority: 'new.host', uri: '/n' }, route: [toHost()] },
      {
        match: [{ uri: { prefix: '/wins' } }],
        rewrite: { authority: 'new.host' },
        headers: { request: { set: { host: 'from.headers' } } },
        route: [toHost()],
      },
      { match: [{ uri: { prefix: '/header' } }], headers: { request: { set: { Host: 'from.headers' } } }, route: [toHost()] },
      {
        match: [{ uri: { prefix: '/destination' } }],
        route: [toHost(undefined, { headers: { request: { set: { host: 'from.dest' } } } })],
      },
      {
        match: [{ uri: { prefix: '/pseudo' } }],
        headers: { request: { set: { ':path': '/evil', 'x-ok': '1' } } },
        route: [toHost()],
      },
      { route: [toHost()] },
    ],
    cases: [
      {
        name: 'authority and path',
        path: '/both/x',
        expect: {
          seen: {
            path: '/n/x',
            authority: 'new.host',
            headers: { 'x-envoy-original-path': '/both/x', 'x-envoy-original-host': 'rewrite-authority.case' },
          },
        },
      },
      { name: 'rewrite.authority beats headers.request.set.host', path: '/wins', expect: { seen: { authority: 'new.host' } } },
      { name: 'host in request set is a host rewrite', path: '/header', expect: { seen: { authority: 'from.headers' } } },
      { name: 'host of the destination', path: '/destination', expect: { seen: { authority: 'from.dest' } } },
      {
        name: 'other pseudo headers are ignored',
        path: '/pseudo',
        expect: { seen: { path: '/pseudo', headers: { 'x-ok': '1' } } },
      },
      {
        name: 'without a rewrite the Host stays, port included',
        host: '$HOST:8000',
        expect: { seen: { authority: 'rewrite-authority.case:8000', headers: { 'x-envoy-original-host': null } } },
      },
    ],
  },
  headerOps(
    'basic',
    '§1 headers: remove → set → add per level',
    {
      headers: {
        request: { set: { 'x-set': 'new' }, add: { 'x-add': 'more', 'x-both': 'added' }, remove: ['x-gone', 'x-both'] },
        response: { set: { 'x-server': 'mesh' }, add: { 'x-more': '2' }, remove: ['x-secret'] },
      },
      route: [toHost('v1')],
    },
    [
      {
        name: 'set replaces, add appends, remove removes',
        headers: { 'x-set': 'old', 'x-add': 'first', 'x-gone': '1', 'x-both': 'old' },
        app: 'header=x-secret:1,header=x-more:1',
        expect: {
          seen: { headers: { 'x-set': 'new', 'x-add': 'first, more', 'x-gone': null, 'x-both': 'added' } },
          headers: { 'x-server': 'mesh', 'x-more': '1, 2', 'x-secret': null },
        },
      },
      {
        name: 'on a request without any of them',
        expect: { seen: { headers: { 'x-set': 'new', 'x-add': 'more' } }, headers: { 'x-server': 'mesh', 'x-more': '2' } },
      },
      { name: 'a set replaces every value', headers: { 'x-set': ['1', '2'] }, expect: { seen: { headers: { 'x-set': 'new' } } } },
    ],
  ),
  headerOps(
    'single',
    '§1 headers: single destination: destination wins',
    { headers: ops('route'), route: [toHost('v1', { headers: ops('destination') })] },
    [
      {
        name: 'destination wins',
        expect: { seen: { headers: { 'x-who': 'destination' } }, headers: { 'x-back': 'destination' } },
      },
    ],
  ),
  headerOps(
    'several',
    '§1 headers: several destinations: route wins†',
    {
      headers: ops('route'),
      route: [toHost('v1', { weight: 50, headers: ops('one') }), toHost('v2', { weight: 50, headers: ops('two') })],
    },
    [{ name: 'route wins', repeat: 4, expect: { seen: { headers: { 'x-who': 'route' } }, headers: { 'x-back': 'route' } } }],
  ),
  headerOps(
    'one-left',
    '§1 headers: several destinations of which one has weight',
    { headers: ops('route'), route: [toHost('v1', { weight: 0 }), toHost('v2', { weight: 100, headers: ops('destination') })] },
    [{ name: 'it stays the weighted form: route wins', expect: { server: 'b', seen: { headers: { 'x-who': 'route' } } } }],
  ),
  headerOps(
    'per-destination',
    '§1 headers: destination operations only for the chosen one',
    {
      route: [
        toHost('v1', { weight: 50, headers: { response: { set: { 'x-dest': 'one' } } } }),
        toHost('v2', { weight: 50, headers: { response: { set: { 'x-dest': 'two' } } } }),
      ],
    },
    [{ name: 'one of the two', repeat: 6, expect: { headers: { 'x-dest': /^(one|two)$/ } } }],
  ),
  headerOps(
    'values',
    '§1 headers: values with command operators',
    {
      headers: {
        request: {
          set: {
            'x-p': '%PROTOCOL%',
            'x-req': '%REQ(X-USER)%',
            'x-percent': '100%%',
            'x-alt': '%REQ(X-NONE?X-USER)%',
            'x-path': '%REQ(:PATH)%',
          },
        },
        response: { set: { 'x-code': '%RESPONSE_CODE%', 'x-flags': '%RESPONSE_FLAGS%' } },
      },
      route: [toHost('v1')],
    },
    [
      {
        name: 'filled in from the request',
        path: '/v?q=1',
        headers: { 'x-user': 'kim' },
        expect: {
          seen: { headers: { 'x-p': 'HTTP/1.1', 'x-req': 'kim', 'x-percent': '100%', 'x-alt': 'kim', 'x-path': '/v?q=1' } },
          headers: { 'x-code': '200', 'x-flags': '-' },
        },
      },
    ],
  ),
  headerOps(
    'missing-value',
    '§1 headers: a command without a value',
    { headers: { request: { set: { 'x-none': '%REQ(X-NONE)%' } } }, route: [toHost('v1')] },
    [{ name: 'nothing to fill in', expect: { status: 200, seen: { headers: { 'x-none': null } } } }],
  ),
  headerOps(
    'local',
    '§1 headers: response operations apply to local replies',
    {
      headers: { response: { set: { 'x-local': '1' } } },
      fault: { abort: { percentage: { value: 100 }, httpStatus: 418 } },
      route: [toHost('v1')],
    },
    [{ name: 'a fault’s abort carries them', expect: { status: 418, attempts: 0, headers: { 'x-local': '1' } } }],
  ),
  redirect('uri', { uri: '/new' }, [
    ['/p', 'http://redirect-uri.case/new'],
    ['/p/x?q=1', 'http://redirect-uri.case/new?q=1'],
    ['/p', 'http://redirect-uri.case:8000/new', '$HOST:8000'],
  ]),
  redirect('uri-query', { uri: '/new?fixed=1' }, [['/p?q=1', 'http://redirect-uri-query.case/new?fixed=1']]),
  redirect('authority', { authority: 'other.example' }, [
    ['/p/x?q=1', 'http://other.example/p/x?q=1'],
    ['/p', 'http://other.example/p', '$HOST:8000'],
  ]),
  redirect('code-302', { uri: '/n', redirectCode: 302 }, [['/p', 'http://redirect-code-302.case/n']], 302),
  redirect('code-303', { uri: '/n', redirectCode: 303 }, [['/p', 'http://redirect-code-303.case/n']], 303),
  redirect('code-307', { uri: '/n', redirectCode: 307 }, [['/p', 'http://redirect-code-307.case/n']], 307),
  redirect('code-308', { uri: '/n', redirectCode: 308 }, [['/p', 'http://redirect-code-308.case/n']], 308),
  redirect('scheme', { scheme: 'https' }, [
    ['/p?q', 'https://redirect-scheme.case/p?q'],
    ['/p', 'https://redirect-scheme.case:8000/p', '$HOST:8000'],
  ]),
  redirect('port', { port: 8443 }, [
    ['/p', 'http://redirect-port.case:8443/p'],
    ['/p', 'http://redirect-port.case:8443/p', '$HOST:8000'],
  ]),
  redirect('port-80', { port: 80 }, [['/p', 'http://redirect-port-80.case/p']]),
  redirect('scheme-port', { scheme: 'https', port: 443 }, [['/p', 'https://redirect-scheme-port.case/p']]),
  redirect('all', { scheme: 'https', authority: 'o.example', uri: '/z', port: 444 }, [['/p?a=b', 'https://o.example:444/z?a=b']]),
  {
    id: 'direct',
    source: '§1 directResponse',
    http: [
      { match: [{ uri: { exact: '/empty' } }], directResponse: { status: 204 } },
      {
        match: [{ uri: { exact: '/text' } }],
        headers: { response: { set: { 'x-d': '1' } } },
        directResponse: { status: 503, body: { string: 'go away' } },
      },
      {
        match: [{ uri: { exact: '/type' } }],
        headers: { response: { set: { 'content-type': 'application/json' } } },
        directResponse: { status: 200, body: { string: '{}' } },
      },
      {
        match: [{ uri: { exact: '/bytes' } }],
        directResponse: { status: 200, body: { bytes: Buffer.from('raw').toString('base64') } },
      },
      { directResponse: { status: 201, body: { string: 'made' } } },
    ],
    cases: [
      {
        name: 'without a body',
        path: '/empty',
        expect: { status: 204, body: '', headers: { 'content-type': null }, details: 'direct_response', flags: '' },
      },
      {
        name: 'text and response headers',
        path: '/text',
        expect: { status: 503, body: 'go away', headers: { 'content-type': 'text/plain', 'content-length': '7', 'x-d': '1' } },
      },
      {
        name: 'HEAD has the length, no body',
        path: '/text',
        method: 'HEAD',
        expect: { status: 503, body: '', headers: { 'content-length': '7' } },
      },
      {
        name: 'content-type by response headers',
        path: '/type',
        expect: { status: 200, body: '{}', headers: { 'content-type': 'application/json' } },
      },
      { name: 'bytes', path: '/bytes', expect: { status: 200, body: 'raw' } },
      {
        name: '201 gets a location',
        path: '/x?y',
        expect: { status: 201, body: 'made', headers: { location: 'http://direct.case/x?y' } },
      },
      {
        name: 'a gRPC call gets it as a status',
        path: '/text',
        headers: { 'content-type': 'application/grpc' },
        expect: { status: 200, headers: { 'grpc-status': '14', 'grpc-message': 'go away' } },
      },
      {
        name: 'a POST’s body is not waited for',
        path: '/text',
        method: 'POST',
        body: 'x',
        expect: { status: 503, body: 'go away' },
      },
    ],
  },
];
