import { expect, test } from 'vitest';
import type { RouteMatch } from '../snapshot.ts';
import { compileRouteMatch, firstFailure } from './match-request.ts';
import { RegexCache } from './string-match.ts';
import {
  type ExchangeOptions,
  exact,
  makeExchange,
  makeMatch,
  makeProxy,
  makeWorkload,
  prefix,
  present,
  regex,
} from './test-exchange.ts';

/** Picking a route, row by row: [name, match, request, expected] where expected is true or the reason in words. */
type Case = [name: string, match: Partial<RouteMatch>, request: ExchangeOptions, expected: true | string];

const header = (name: string, match: RouteMatch['headers'][number]['match']) => ({ headers: [{ name, match }] });
const without = (name: string, match: RouteMatch['headers'][number]['match']) => ({ withoutHeaders: [{ name, match }] });
const query = (name: string, match: RouteMatch['headers'][number]['match']) => ({ queryParams: [{ name, match }] });
const jwt = (claims: Record<string, unknown>) => ({
  state: { jwt: { issuer: 'i', subject: 's', audiences: [], presenter: '', claims } },
});

const cases: Case[] = [
  ['empty match: catch-all', {}, {}, true],
  // uri
  ['uri exact: equal', { path: exact('/a') }, { path: '/a' }, true],
  ['uri exact: longer', { path: exact('/a') }, { path: '/a/' }, 'uri /a/ is not /a'],
  ['uri exact: query is not part of it', { path: exact('/a') }, { path: '/a?x=1' }, true],
  ['uri exact: fragment is not part of it', { path: exact('/a') }, { path: '/a#top' }, true],
  ['uri exact: case-sensitive', { path: exact('/a') }, { path: '/A' }, 'uri /A is not /a'],
  ['uri exact: ignoreUriCase', { path: exact('/Abc', true) }, { path: '/aBC' }, true],
  ['uri exact: ignoreUriCase, other length', { path: exact('/a', true) }, { path: '/ab' }, 'uri /ab is not /a'],
  ['uri prefix: raw string', { path: prefix('/foo') }, { path: '/foobar' }, true],
  ['uri prefix: itself', { path: prefix('/foo') }, { path: '/foo' }, true],
  ['uri prefix: other', { path: prefix('/ratings') }, { path: '/x' }, 'uri /x does not start with /ratings'],
  ['uri prefix: never looks at the query', { path: prefix('/foo?x') }, { path: '/foo?x' }, 'uri /foo does not start with /foo?x'],
  ['uri prefix: ignoreUriCase', { path: prefix('/FOO', true) }, { path: '/foo/Bar' }, true],
  ['uri prefix /: everything', { path: prefix('/') }, { path: '/anything' }, true],
  ['uri prefix /: OPTIONS *', { path: prefix('/') }, { path: '*' }, true],
  ['uri regex: full match', { path: regex('/v[0-9]+') }, { path: '/v12' }, true],
  ['uri regex: a part is not enough', { path: regex('/v[0-9]') }, { path: '/v12' }, 'uri /v12 does not match the regex /v[0-9]'],
  ['uri regex: without query', { path: regex('/v.') }, { path: '/v1?a=b' }, true],
  [
    'uri regex: ignoreUriCase does not reach it',
    { path: regex('/v', true) },
    { path: '/V' },
    'uri /V does not match the regex /v',
  ],
  ['uri regex: inline flag is RE2', { path: regex('(?i)/v') }, { path: '/V' }, true],
  ['uri regex: alternation is inside the full match', { path: regex('/a|/b') }, { path: '/b' }, true],
  ['uri regex: .* everything', { path: regex('.*') }, { path: '/q' }, true],
  ['uri pathPrefix: element', { path: { kind: 'pathPrefix', value: '/foo' } }, { path: '/foo/bar' }, true],
  ['uri pathPrefix: itself', { path: { kind: 'pathPrefix', value: '/foo' } }, { path: '/foo?x' }, true],
  [
    'uri pathPrefix: not within an element',
    { path: { kind: 'pathPrefix', value: '/foo' } },
    { path: '/foobar' },
    'uri /foobar is not under /foo',
  ],
  ['uri pathPrefix: trailing slash is nothing', { path: { kind: 'pathPrefix', value: '/foo/' } }, { path: '/foo' }, true],
  ['uri pathPrefix: /', { path: { kind: 'pathPrefix', value: '/' } }, { path: '/x' }, true],
  // scheme, method, authority
  ['method exact', { method: exact('GET') }, { method: 'GET' }, true],
  ['method: case-sensitive', { method: exact('GET') }, { method: 'get' }, 'method get is not GET'],
  ['method regex', { method: regex('GET|HEAD') }, { method: 'HEAD' }, true],
  ['method prefix', { method: prefix('P') }, { method: 'POST' }, true],
  ['scheme', { scheme: exact('https') }, { scheme: 'http' }, 'scheme http is not https'],
  [
    'authority: sees the port',
    { authority: exact('ratings') },
    { authority: 'ratings:9080' },
    'authority ratings:9080 is not ratings',
  ],
  ['authority: raw value', { authority: exact('ratings:9080') }, { authority: 'ratings:9080' }, true],
  ['authority: case-sensitive', { authority: exact('ratings') }, { authority: 'Ratings' }, 'authority Ratings is not ratings'],
  ['authority prefix', { authority: prefix('rat') }, { authority: 'ratings' }, true],
  // headers
  ['header exact', header('end-user', exact('jason')), { headers: { 'End-User': 'jason' } }, true],
  [
    'header exact: other',
    header('end-user', exact('jason')),
    { headers: { 'end-user': 'bob' } },
    'header end-user bob is not jason',
  ],
  ['header: absent', header('end-user', exact('jason')), {}, 'header end-user is absent'],
  ['header: values are case-sensitive', header('a', exact('X')), { headers: { a: 'x' } }, 'header a x is not X'],
  ['header: {} means present', header('a', present), { headers: { a: '' } }, true],
  ['header: {} absent', header('a', present), {}, 'header a is absent'],
  ['header: absent never matches a regex that takes the empty string', header('a', regex('|x')), {}, 'header a is absent'],
  ['header: empty matches a regex that takes the empty string', header('a', regex('|x')), { headers: { a: '' } }, true],
  ['header: absent never matches exact empty', header('a', exact('')), {}, 'header a is absent'],
  ['header: empty value in words', header('a', exact('b')), { headers: { a: '' } }, 'header a is empty, which is not b'],
  [
    'header: repeated names are not joined',
    header('a', exact('1,2')),
    {
      headers: [
        ['a', '1'],
        ['A', '2'],
      ],
    },
    'header a 1 and 2 is not 1,2',
  ],
  [
    'header: one of several is enough',
    header('a', exact('1')),
    {
      headers: [
        ['a', '1'],
        ['a', '2'],
      ],
    },
    true,
  ],
  ['header prefix', header('a', prefix('x')), { headers: { a: 'xyz' } }, true],
  ['header suffix', header('a', { kind: 'suffix', value: 'z' }), { headers: { a: 'xyz' } }, true],
  [
    'header regex: full',
    header('cookie', regex('user=.*')),
    { headers: { cookie: 'a=1; user=b' } },
    'header cookie a=1; user=b does not match the regex user=.*',
  ],
  ['header :path', header(':path', exact('/x?y')), { path: '/x?y' }, true],
  ['header :method', header(':method', exact('PUT')), { method: 'PUT' }, true],
  ['header :authority', header(':authority', exact('h')), { authority: 'h' }, true],
  ['header host is the authority', header('host', exact('h:1')), { authority: 'h:1' }, true],
  [
    'headers: AND inside a match',
    {
      headers: [
        { name: 'a', match: exact('1') },
        { name: 'b', match: exact('2') },
      ],
    },
    { headers: { a: '1' } },
    'header b is absent',
  ],
  // withoutHeaders
  ['withoutHeaders: value differs', without('a', exact('x')), { headers: { a: 'y' } }, true],
  [
    'withoutHeaders: value equals',
    without('a', exact('x')),
    { headers: { a: 'x' } },
    'header a x is x, which withoutHeaders forbids',
  ],
  ['withoutHeaders: absent passes', without('a', exact('x')), {}, true],
  [
    'withoutHeaders: absent counts as empty',
    without('a', exact('')),
    {},
    'header a (absent, taken as empty) is empty, which withoutHeaders forbids',
  ],
  ['withoutHeaders: {} absent passes', without('a', present), {}, true],
  [
    'withoutHeaders: {} present fails',
    without('a', present),
    { headers: { a: 'x' } },
    'header a is present, but withoutHeaders forbids it',
  ],
  [
    'withoutHeaders prefix',
    without('a', prefix('x')),
    { headers: { a: 'xy' } },
    'header a xy starts with x, which withoutHeaders forbids',
  ],
  ['withoutHeaders regex', without('a', regex('x+')), { headers: { a: 'y' } }, true],
  // queryParams
  ['query exact', query('a', exact('1')), { path: '/?a=1' }, true],
  ['query: absent', query('a', exact('1')), { path: '/?b=1' }, 'query parameter a is absent'],
  ['query: no query at all', query('a', present), { path: '/' }, 'query parameter a is absent'],
  ['query: first value counts', query('a', exact('1')), { path: '/?a=1&a=2' }, true],
  ['query: second value does not', query('a', exact('2')), { path: '/?a=1&a=2' }, 'query parameter a 1 is not 2'],
  ['query: not decoded', query('a', exact('x y')), { path: '/?a=x%20y' }, 'query parameter a x%20y is not x y'],
  ['query: compared as on the wire', query('a', exact('x%20y')), { path: '/?a=x%20y' }, true],
  ['query: {} means present', query('a', present), { path: '/?a' }, true],
  ['query: no value is empty', query('a', exact('')), { path: '/?a' }, true],
  ['query: longer name is another', query('a', present), { path: '/?ab=1' }, 'query parameter a is absent'],
  ['query: value may hold =', query('a', exact('b=c')), { path: '/?a=b=c' }, true],
  ['query: later in the list', query('z', exact('9')), { path: '/?a=1&b&z=9#f' }, true],
  ['query regex', query('a', regex('[0-9]+')), { path: '/?a=12' }, true],
  // static selectors
  ['sourceNamespace: own', { sourceNamespace: 'default' }, {}, true],
  ['sourceNamespace: other', { sourceNamespace: 'prod' }, {}, 'source namespace default is not prod'],
  ['sourceLabels: subset', { sourceLabels: { version: 'v1' } }, {}, true],
  ['sourceLabels: differs', { sourceLabels: { version: 'v2' } }, {}, 'source label version is v1, not v2'],
  ['sourceLabels: missing', { sourceLabels: { team: 'a' } }, {}, 'source has no label team'],
  [
    'sourceLabels: all of them',
    { sourceLabels: { app: 'reviews', version: 'v9' } },
    { state: { proxy: makeProxy({ workload: makeWorkload({ version: 'v9' }) }) } },
    true,
  ],
  // claims
  [
    'claim: no JWT',
    { claims: [{ path: ['group'], match: exact('a') }] },
    {},
    'claim group is absent: the request has no verified JWT',
  ],
  ['claim: string', { claims: [{ path: ['group'], match: exact('a') }] }, jwt({ group: 'a' }), true],
  ['claim: list, any element', { claims: [{ path: ['groups'], match: exact('b') }] }, jwt({ groups: ['a', 'b'] }), true],
  ['claim: nested', { claims: [{ path: ['realm', 'role'], match: prefix('ad') }] }, jwt({ realm: { role: 'admin' } }), true],
  ['claim: one of a list', { claims: [{ path: ['scope'], match: exact('write') }] }, jwt({ scope: ['read', 'write'] }), true],
  ['claim: absent', { claims: [{ path: ['x'], match: exact('a') }] }, jwt({}), 'claim x is absent'],
  ['claim: other value', { claims: [{ path: ['x'], match: exact('a') }] }, jwt({ x: 'b' }), 'claim x b is not a'],
  [
    'claim: not through the prototype',
    { claims: [{ path: ['constructor'], match: present }] },
    jwt({}),
    'claim constructor is absent',
  ],
  // grpc
  ['grpc: content-type', { grpc: true }, { headers: { 'content-type': 'application/grpc+proto' } }, true],
  ['grpc: other content-type', { grpc: true }, {}, 'content-type is not application/grpc'],
  // the first reason
  ['AND: the path is named before headers', { path: exact('/a'), ...header('h', present) }, { path: '/b' }, 'uri /b is not /a'],
];

test.each(cases)('%s', (_name, match, request, expected) => {
  const conditions = compileRouteMatch(makeMatch(match), new RegexCache());
  const input = makeExchange(request);
  const failure = firstFailure(conditions, input);
  expect(failure === null ? true : failure.explain(input)).toBe(expected);
});

test('a pattern is compiled once per snapshot', () => {
  const regexes = new RegexCache();
  for (let i = 0; i < 3; i += 1) compileRouteMatch(makeMatch({ path: regex('/v[0-9]') }), regexes);
  expect(regexes.size).toBe(1);
});

test('a regex that is not RE2 is refused when it is compiled, not when a request comes', () => {
  expect(() => compileRouteMatch(makeMatch({ path: regex('(?!x)y') }), new RegexCache())).toThrow();
});

test('a hostile regex costs linear time', () => {
  const [condition] = compileRouteMatch(makeMatch({ path: regex('/(a+)+b') }), new RegexCache());
  const input = makeExchange({ path: `/${'a'.repeat(5000)}` });
  expect(condition!.holds(input)).toBe(false);
});
