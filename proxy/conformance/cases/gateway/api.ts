import type { Case, Document, Expect, Group } from '../../case.ts';

/** Cases at the ingress with Gateway API's: which rule takes a request, and what its filters do. Services as in istio.ts. */

const at = (host: string, path: string, expect: Expect, more: Partial<Case> = {}): Case => ({
  name: `${host}${path}`,
  host,
  path,
  expect,
  ...more,
});
export const gatewayApi = (kind: string, name: string, spec: Document): Document => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});
export const httpRoute = (name: string, hostnames: string[], rules: Document[]): Document =>
  gatewayApi('HTTPRoute', name, { parentRefs: [{ name: 'api' }], hostnames, rules });
const dated = (name: string, creationTimestamp: string, rules: Document[]): Document => ({
  ...httpRoute(name, ['age.example'], rules),
  metadata: { name, namespace: 'default', creationTimestamp },
});
export const backend = (name: string, more: Document = {}): Document => ({ name, port: 9080, ...more });
export const says = (value: string): Document => ({
  type: 'ResponseHeaderModifier',
  responseHeaderModifier: { set: [{ name: 'x-rule', value }] },
});
const rule = (id: string, match: Document): Document => ({
  matches: [match],
  filters: [says(id)],
  backendRefs: [backend('one')],
});
export const path = (type: string, value: string): Document => ({ path: { type, value } });
const filtered = (type: string, field: string, spec: Document): Document => ({
  filters: [{ type, [field]: spec }],
  backendRefs: [backend('one')],
});
const redirect = (prefix: string, spec: Document): Document => ({
  matches: [path('PathPrefix', prefix)],
  filters: [{ type: 'RequestRedirect', requestRedirect: spec }],
});
const rewrite = (prefix: string, spec: Document): Document => ({
  matches: [path('PathPrefix', prefix)],
  ...filtered('URLRewrite', 'urlRewrite', spec),
});

export const gatewayApiDocuments: Document[] = [
  gatewayApi('Gateway', 'api', {
    gatewayClassName: 'istio',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
  }),
  httpRoute(
    'order',
    ['order.example'],
    [
      rule('prefix', path('PathPrefix', '/p')),
      rule('header', { ...path('PathPrefix', '/p/q'), headers: [{ name: 'x-a', value: '1' }] }),
      rule('longer', path('PathPrefix', '/p/q')),
      rule('exact', path('Exact', '/p/q/r')),
      rule('method', { ...path('PathPrefix', '/p/q'), method: 'PUT' }),
      rule('headers', {
        ...path('PathPrefix', '/p/q'),
        headers: [
          { name: 'x-a', value: '1' },
          { name: 'x-b', value: '2' },
        ],
      }),
      rule('query', { ...path('PathPrefix', '/p/q'), queryParams: [{ name: 'v', value: '1' }] }),
      rule('regex', path('RegularExpression', '/p/[0-9]+')),
    ],
  ),
  httpRoute(
    'filters',
    ['filters.example'],
    [
      redirect('/host', { hostname: 'other.example' }),
      ...[301, 302, 303, 307, 308].map((statusCode) => redirect(`/code/${statusCode}`, { statusCode })),
      redirect('/full', { path: { type: 'ReplaceFullPath', replaceFullPath: '/all' } }),
      redirect('/pre', { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } }),
      redirect('/cut', { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } }),
      redirect('/tls', { scheme: 'https' }),
      redirect('/port', { port: 8443 }),
      redirect('/tls-port', { scheme: 'https', port: 443 }),
    ],
  ),
  // The same hostname in a second route: rules of both are sorted together.
  httpRoute(
    'filters-more',
    ['filters.example'],
    [
      rewrite('/w/pre', { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } }),
      rewrite('/w/cut', { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } }),
      rewrite('/w/full', { path: { type: 'ReplaceFullPath', replaceFullPath: '/all' } }),
      rewrite('/w/host', { hostname: 'inner.example' }),
      {
        matches: [path('PathPrefix', '/headers')],
        ...filtered('RequestHeaderModifier', 'requestHeaderModifier', {
          set: [{ name: 'x-set', value: '1' }],
          add: [{ name: 'x-add', value: '2' }],
          remove: ['x-gone'],
        }),
      },
      { matches: [path('PathPrefix', '/mirror')], ...filtered('RequestMirror', 'requestMirror', { backendRef: backend('two') }) },
      {
        matches: [path('PathPrefix', '/backend')],
        backendRefs: [
          backend('one', {
            filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-be', value: 'one' }] } }],
          }),
        ],
      },
      { matches: [path('PathPrefix', '/timeout')], timeouts: { request: '150ms' }, backendRefs: [backend('one')] },
      { matches: [path('PathPrefix', '/down')], backendRefs: [backend('gone')] },
      { matches: [path('PathPrefix', '/none')] },
      { matches: [path('PathPrefix', '/zero')], backendRefs: [backend('one', { weight: 0 }), backend('two', { weight: 0 })] },
      { matches: [path('PathPrefix', '/split')], backendRefs: [backend('one', { weight: 50 }), backend('two', { weight: 50 })] },
    ],
  ),
  // Equal in everything else: the older route, then the earlier rule. A route without a date is as old as its place.
  dated('newer', '2026-02-01T00:00:00Z', [rule('newer', path('PathPrefix', '/x'))]),
  dated('older', '2026-01-01T00:00:00Z', [rule('older', path('PathPrefix', '/x')), rule('later rule', path('PathPrefix', '/x'))]),
  httpRoute('wild', ['*.api.example'], [rule('wild', path('PathPrefix', '/'))]),
  httpRoute('deep', ['a.b.api.example'], [rule('deep', path('PathPrefix', '/'))]),
];

const ruled = (text: string, name: string, more: Partial<Case> = {}): Case => ({
  name: `${text} → ${name}`,
  path: text,
  expect: { status: 200, headers: { 'x-rule': name } },
  ...more,
});
const moved = (text: string, location: string, status = 302): Case => ({
  name: `${text} → ${location}`,
  path: text,
  expect: { status, body: '', attempts: 0, headers: { location } },
});
const rewritten = (text: string, seen: string): Case => ({
  name: `${text} → ${seen}`,
  path: text,
  expect: { status: 200, seen: { path: seen } },
});

export const gatewayApiGroups: readonly Group[] = [
  {
    id: 'api-order',
    from: 'ingress',
    host: 'order.example',
    source: '§6 HTTPRoute precedence',
    cases: [
      ruled('/p', 'prefix'),
      ruled('/p/x', 'prefix'),
      ruled('/p/q', 'longer'),
      ruled('/p/q/', 'longer'),
      ruled('/p/qx', 'prefix'),
      ruled('/p/q/r', 'exact'),
      ruled('/p/q/r/', 'longer'),
      ruled('/p/q', 'method', { method: 'PUT', body: '' }),
      ruled('/p/q', 'header', { headers: { 'x-a': '1' } }),
      ruled('/p/q', 'headers', { headers: { 'x-a': '1', 'x-b': '2' } }),
      ruled('/p/q?v=1', 'query'),
      ruled('/p/q?v=1', 'header', { headers: { 'x-a': '1' } }),
      ruled('/p/q', 'method', { method: 'PUT', body: '', headers: { 'x-a': '1', 'x-b': '2' } }),
      { name: 'PathPrefix counts whole elements', path: '/px', expect: { status: 404, body: '' } },
      { name: 'no match', path: '/', expect: { status: 404, body: '' } },
      { name: 'hostnames ignore case', host: 'ORDER.example', path: '/p', expect: { status: 200 } },
    ],
  },
  {
    id: 'api-hosts',
    from: 'ingress',
    source: '§6 hostname specificity',
    cases: [
      at('x.api.example', '/', { status: 200, headers: { 'x-rule': 'wild' } }),
      at('x.y.api.example', '/', { status: 200, headers: { 'x-rule': 'wild' } }),
      at('a.b.api.example', '/', { status: 200, headers: { 'x-rule': 'deep' } }),
      at('api.example', '/', { status: 404 }),
      at('age.example', '/x', { status: 200, headers: { 'x-rule': 'older' } }),
    ],
  },
  {
    id: 'api-filters',
    from: 'ingress',
    host: 'filters.example',
    source: '§6 filters',
    cases: [
      moved('/host/x?q', 'http://other.example/host/x?q'),
      ...[301, 302, 303, 307, 308].map((code) => moved(`/code/${code}`, `http://filters.example/code/${code}`, code)),
      moved('/full/x?q=1', 'http://filters.example/all?q=1'),
      moved('/pre/x', 'http://filters.example/new/x'),
      moved('/pre', 'http://filters.example/new'),
      moved('/cut/x', 'http://filters.example/x'),
      moved('/cut', 'http://filters.example/'),
      moved('/tls/x', 'https://filters.example/tls/x'),
      moved('/port', 'http://filters.example:8443/port'),
      moved('/tls-port', 'https://filters.example/tls-port'),
      rewritten('/w/pre/x?q', '/new/x?q'),
      rewritten('/w/pre', '/new'),
      rewritten('/w/cut/x', '/x'),
      rewritten('/w/cut', '/'),
      rewritten('/w/full/x?q', '/all?q'),
      { name: 'hostname rewrite', path: '/w/host', expect: { seen: { authority: 'inner.example' } } },
      {
        name: 'request headers',
        path: '/headers',
        headers: { 'x-add': '1', 'x-gone': '1' },
        expect: { seen: { headers: { 'x-set': '1', 'x-add': /^1,\s?2$/, 'x-gone': null } } },
      },
      { name: 'mirror', path: '/mirror', expect: { status: 200, body: 'a', attempts: 2 } },
      { name: 'backend filter', path: '/backend', expect: { seen: { headers: { 'x-be': 'one' } } } },
      { name: 'timeouts.request', path: '/timeout', app: 'delay=1000', expect: { status: 504 } },
      { name: 'no endpoints answering: 503', path: '/down', expect: { status: 503 } },
      { name: 'no backendRefs: 500', path: '/none', expect: { status: 500, body: '', attempts: 0 } },
      { name: 'zero weights: 500', path: '/zero', expect: { status: 500, attempts: 0 } },
      { name: 'split', path: '/split', repeat: 100, expect: { status: 200, shares: { a: [0.3, 0.7], b: [0.3, 0.7] } } },
    ],
  },
];
