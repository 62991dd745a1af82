import type { Case, Document, Group } from '../case.ts';
import { toHost, versionSubsets } from '../documents.ts';

/*
 * §1 Route pick and every match field. Each table is one rule that answers 210, then a catch-all that answers 404-like 211: the status tells
 * which route was taken, and no app is needed.
 */

interface MatchTable {
  id: string;
  source: string;
  match: Document;
  hits: Partial<Case>[];
  misses: Partial<Case>[];
}

const words = (one: Partial<Case>): string =>
  [one.method, one.path, one.host, one.headers === undefined ? '' : JSON.stringify(one.headers)].filter(Boolean).join(' ');

function groupOf({ id, source, match, hits, misses }: MatchTable): Group {
  const named = (verb: string, status: number) => (one: Partial<Case>) => ({
    ...one,
    name: `${JSON.stringify(match)} ${verb} ${words(one) || 'a bare request'}`,
    expect: { status },
  });
  return {
    id: `match-${id}`,
    source,
    http: [
      { name: 'hit', match: [match], directResponse: { status: 210 } },
      { name: 'rest', directResponse: { status: 211 } },
    ],
    cases: [...hits.map(named('takes', 210)), ...misses.map(named('leaves', 211))],
  };
}

const paths = (...list: string[]): Partial<Case>[] => list.map((path) => ({ path }));
const header = (name: string, ...values: (string | string[])[]): Partial<Case>[] =>
  values.map((value) => ({ headers: { [name]: value } }));
const none: Partial<Case>[] = [{}];

const tables: MatchTable[] = [
  {
    id: 'uri-exact',
    source: '§1 uri',
    match: { uri: { exact: '/foo' } },
    hits: paths('/foo', '/foo?x=1'),
    misses: paths('/', '/foo/', '/FOO', '/foobar', '/fo'),
  },
  {
    id: 'uri-prefix',
    source: '§1 uri',
    match: { uri: { prefix: '/foo' } },
    hits: paths('/foo', '/foobar', '/foo/bar', '/foo?x=/'),
    misses: paths('/', '/fo', '/FOO', '/x/foo', '/?/foo'),
  },
  {
    id: 'uri-prefix-slash',
    source: '§1 uri',
    match: { uri: { prefix: '/foo/' } },
    hits: paths('/foo/', '/foo/x'),
    misses: paths('/foo', '/foobar'),
  },
  {
    id: 'uri-regex',
    source: '§1 uri',
    match: { uri: { regex: '/v[0-9]+/.*' } },
    hits: paths('/v1/', '/v12/x?y=1'),
    misses: paths('/v/x', '/v1', '/x/v1/y', '/V1/x'),
  },
  {
    id: 'uri-regex-full',
    source: '§1 uri: RE2 full match',
    match: { uri: { regex: '/a|/b' } },
    hits: paths('/a', '/b'),
    misses: paths('/ab', '/a/', '/c'),
  },
  {
    id: 'uri-case-exact',
    source: '§1 uri: ignoreUriCase',
    match: { uri: { exact: '/Foo' }, ignoreUriCase: true },
    hits: paths('/foo', '/FOO', '/Foo?Q'),
    misses: paths('/foo/'),
  },
  {
    id: 'uri-case-prefix',
    source: '§1 uri: ignoreUriCase',
    match: { uri: { prefix: '/Foo' }, ignoreUriCase: true },
    hits: paths('/foo', '/FOOBAR', '/fOo/x'),
    misses: paths('/fo'),
  },
  {
    id: 'uri-case-regex',
    source: '§1 uri: ignoreUriCase is exact and prefix only',
    match: { uri: { regex: '/foo' }, ignoreUriCase: true },
    hits: paths('/foo'),
    misses: paths('/FOO'),
  },
  {
    id: 'method',
    source: '§1 method',
    match: { method: { exact: 'POST' } },
    hits: [{ method: 'POST' }],
    misses: [{ method: 'GET' }, { method: 'PUT' }],
  },
  {
    id: 'method-regex',
    source: '§1 method',
    match: { method: { regex: 'P.*' } },
    hits: [{ method: 'POST' }, { method: 'PUT' }, { method: 'PATCH' }],
    misses: [{ method: 'GET' }, { method: 'DELETE' }],
  },
  { id: 'scheme', source: '§1 scheme', match: { scheme: { exact: 'http' } }, hits: none, misses: [] },
  { id: 'scheme-https', source: '§1 scheme', match: { scheme: { exact: 'https' } }, hits: [], misses: none },
  {
    id: 'authority',
    source: '§1 authority: raw value incl. port',
    match: { authority: { exact: 'match-authority.case:8000' } },
    hits: [{ host: '$HOST:8000' }],
    misses: [{ host: '$HOST' }, { host: 'MATCH-authority.case:8000' }],
  },
  {
    id: 'authority-prefix',
    source: '§1 authority: case-sensitive',
    match: { authority: { prefix: 'match-authority-prefix' } },
    hits: [{ host: '$HOST' }, { host: '$HOST:8000' }],
    misses: [{ host: 'MATCH-AUTHORITY-PREFIX.case' }],
  },
  {
    id: 'header-exact',
    source: '§1 headers',
    match: { headers: { 'x-user': { exact: 'jason' } } },
    hits: header('x-user', 'jason', ['jason', 'kim']),
    misses: [...none, ...header('x-user', 'Jason', 'jason2', '')],
  },
  {
    id: 'header-prefix',
    source: '§1 headers',
    match: { headers: { 'x-user': { prefix: 'ja' } } },
    hits: header('x-user', 'ja', 'jason'),
    misses: [...none, ...header('x-user', 'Ja', 'xja')],
  },
  {
    id: 'header-regex',
    source: '§1 headers',
    match: { headers: { 'x-user': { regex: 'j.+n' } } },
    hits: header('x-user', 'jason', 'jn n'),
    misses: [...none, ...header('x-user', 'jn', 'jasons')],
  },
  {
    id: 'header-joined',
    source: '§1 headers: repeated headers are judged one by one (match_headers_individually)',
    match: { headers: { 'x-user': { exact: 'a,b' } } },
    hits: header('x-user', 'a,b'),
    misses: header('x-user', ['a', 'b'], 'a', 'a, b'),
  },
  {
    id: 'header-present',
    source: '§1 headers: {} = present',
    match: { headers: { 'x-user': {} } },
    hits: header('x-user', 'x', ''),
    misses: none,
  },
  {
    id: 'header-star',
    source: '§1 headers: regex * = present',
    match: { headers: { 'x-user': { regex: '*' } } },
    hits: header('x-user', 'x', ''),
    misses: none,
  },
  {
    id: 'header-absent',
    source: '§1 headers: absent never matches (I#51880)',
    match: { headers: { 'x-user': { regex: '|x' } } },
    hits: header('x-user', 'x', ''),
    misses: [...none, ...header('x-user', 'y')],
  },
  {
    id: 'header-repeated-prefix',
    source: '§1 headers: repeated headers',
    match: { headers: { 'x-user': { prefix: 'ki' } } },
    hits: header('x-user', ['jason', 'kim'], ['kim', 'jason']),
    misses: header('x-user', ['jason', 'bob'], 'jason,kim'),
  },
  {
    id: 'header-repeated-regex',
    source: '§1 headers: repeated headers',
    match: { headers: { 'x-user': { regex: 'k.*' } } },
    hits: header('x-user', ['jason', 'kim'], ['kim', 'jason']),
    misses: header('x-user', ['jason', 'bob']),
  },
  {
    id: 'header-repeated-without',
    source: '§1 withoutHeaders: repeated headers',
    match: { withoutHeaders: { 'x-user': { exact: 'kim' } } },
    hits: header('x-user', 'kim,jason', ['bob', 'jason']),
    misses: header('x-user', ['jason', 'kim'], ['kim', 'jason']),
  },
  {
    id: 'header-and',
    source: '§1 AND inside a match',
    match: { headers: { 'x-a': { exact: '1' }, 'x-b': { exact: '2' } } },
    hits: [{ headers: { 'x-a': '1', 'x-b': '2' } }],
    misses: [...none, ...header('x-a', '1'), ...header('x-b', '2')],
  },
  {
    id: 'without',
    source: '§1 withoutHeaders: absent passes',
    match: { withoutHeaders: { 'x-user': { exact: 'jason' } } },
    hits: [...none, ...header('x-user', 'kim')],
    misses: header('x-user', 'jason'),
  },
  {
    id: 'without-present',
    source: '§1 withoutHeaders',
    match: { withoutHeaders: { 'x-user': {} } },
    hits: none,
    misses: header('x-user', 'x', ''),
  },
  {
    id: 'without-regex',
    source: '§1 withoutHeaders: absent treated as "" (I#49537)',
    match: { withoutHeaders: { 'x-user': { regex: '.+' } } },
    hits: none,
    misses: header('x-user', 'x'),
  },
  {
    id: 'without-empty',
    source: '§1 withoutHeaders: absent treated as ""',
    match: { withoutHeaders: { 'x-user': { regex: '|x' } } },
    hits: header('x-user', 'y'),
    misses: [...none, ...header('x-user', 'x', '')],
  },
  {
    id: 'query',
    source: '§1 queryParams',
    match: { queryParams: { v: { exact: '1' } } },
    hits: paths('/?v=1', '/x?a=2&v=1', '/?v=1&v=2'),
    misses: paths('/', '/?v=', '/?v', '/?v=2&v=1', '/?V=1', '/?vv=1', '/?v=%31'),
  },
  {
    id: 'query-present',
    source: '§1 queryParams: {} = present',
    match: { queryParams: { v: {} } },
    hits: paths('/?v', '/?v=', '/?a&v=3'),
    misses: paths('/', '/?w=v', '/v'),
  },
  {
    id: 'query-regex',
    source: '§1 queryParams',
    match: { queryParams: { v: { regex: '[0-9]+' } } },
    hits: paths('/?v=12'),
    misses: paths('/?v=1a', '/?v=', '/'),
  },
  {
    id: 'query-prefix',
    source: '§1 queryParams',
    match: { queryParams: { v: { prefix: 'a%20' } } },
    hits: paths('/?v=a%20b'),
    misses: paths('/?v=a+b', '/?v=a'),
  },
  {
    id: 'and-all',
    source: '§1 AND inside a match',
    match: { uri: { prefix: '/api' }, method: { exact: 'GET' }, headers: { 'x-a': { exact: '1' } }, queryParams: { q: {} } },
    hits: [{ path: '/api/x?q', headers: { 'x-a': '1' } }],
    misses: [
      { path: '/api', headers: { 'x-a': '1' } },
      { path: '/api?q' },
      { method: 'POST', path: '/api?q', headers: { 'x-a': '1' } },
      { path: '/other?q', headers: { 'x-a': '1' } },
    ],
  },
];

const order: Group = {
  id: 'match-order',
  source: '§1 Route pick: top-down, first hit wins, OR between entries, rules behind a catch-all are dropped',
  http: [
    { name: 'short', match: [{ uri: { prefix: '/a' } }], directResponse: { status: 210 } },
    { name: 'long', match: [{ uri: { prefix: '/a/b' } }], directResponse: { status: 211 } },
    {
      name: 'or',
      match: [{ uri: { exact: '/one' } }, { headers: { 'x-two': { exact: '2' } } }],
      directResponse: { status: 212 },
    },
    { name: 'all', directResponse: { status: 213 } },
    { name: 'behind', match: [{ uri: { exact: '/behind' } }], directResponse: { status: 214 } },
  ],
  cases: [
    { name: 'first hit, not the longest', path: '/a/b', expect: { status: 210 } },
    { name: 'first entry of an OR', path: '/one', expect: { status: 212 } },
    { name: 'second entry of an OR', path: '/x', headers: { 'x-two': '2' }, expect: { status: 212 } },
    { name: 'the catch-all', path: '/x', expect: { status: 213 } },
    { name: 'a rule behind the catch-all is dead', path: '/behind', expect: { status: 213 } },
  ],
};

const noRoute: Group = {
  id: 'match-none',
  source: '§3 NR: 404, empty, route_not_found',
  http: [{ match: [{ uri: { exact: '/only' } }], route: [toHost()] }],
  cases: [
    { name: 'taken', path: '/only', expect: { status: 200, server: 'a' } },
    {
      name: 'no route of the host matches',
      path: '/x',
      expect: { status: 404, body: '', attempts: 0, flags: 'NR', details: 'route_not_found', headers: { 'content-type': null } },
    },
    {
      name: 'the same for a gRPC call: UNIMPLEMENTED',
      path: '/x',
      headers: { 'content-type': 'application/grpc' },
      expect: {
        status: 200,
        body: '',
        headers: { 'grpc-status': '12', 'content-type': 'application/grpc', 'grpc-message': null },
      },
    },
  ],
};

const sourceSelectors: Group = {
  id: 'match-source',
  source: '§1 sourceLabels, sourceNamespace, port: config-time',
  documents: [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'some-gateway', namespace: 'default' },
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [{ port: { number: 8088, name: 'http', protocol: 'HTTP' }, hosts: ['some.example'] }],
      },
    },
  ],
  endpoints: ['a', 'b'],
  subsets: versionSubsets('v1', 'v2'),
  http: [
    { match: [{ sourceLabels: { version: 'v9' } }], directResponse: { status: 210 } },
    { match: [{ sourceNamespace: 'elsewhere' }], directResponse: { status: 211 } },
    { match: [{ port: 9999 }], directResponse: { status: 212 } },
    { match: [{ gateways: ['some-gateway'] }], directResponse: { status: 213 } },
    { match: [{ uri: { exact: '/label' }, sourceLabels: { version: 'v1' } }], directResponse: { status: 214 } },
    { match: [{ uri: { exact: '/port' }, port: 8000 }], directResponse: { status: 215 } },
    { match: [{ uri: { exact: '/mesh' }, gateways: ['mesh'] }], directResponse: { status: 216 } },
    { match: [{ uri: { exact: '/ns' }, sourceNamespace: 'default' }], directResponse: { status: 217 } },
    { route: [toHost('v2')] },
  ],
  cases: [
    { name: 'other labels, namespace, port and gateway do not concern this caller', expect: { status: 200, server: 'b' } },
    { name: 'own label', path: '/label', expect: { status: 214 } },
    { name: 'own port', path: '/port', expect: { status: 215 } },
    { name: 'mesh gateway', path: '/mesh', expect: { status: 216 } },
    { name: 'own namespace', path: '/ns', expect: { status: 217 } },
  ],
};

export const matchGroups: Group[] = [...tables.map(groupOf), order, noRoute, sourceSelectors];
