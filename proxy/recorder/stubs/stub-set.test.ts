import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Redactor } from '../redact.ts';
import { detectFormat, wireMockMappings } from './detect-format.ts';
import { readHoverfly } from './read-hoverfly.ts';
import { readWireMock } from './read-wiremock.ts';
import { redactStubs } from './redact-stubs.ts';
import { type Stubs, stubsSchema } from './stub.ts';
import { StubSet } from './stub-set.ts';

const redactor = new Redactor({ key: Buffer.alloc(32, 3) });

interface Asked {
  method?: string;
  path?: string;
  host?: string;
  headers?: [string, string][];
  body?: string | Buffer;
  session?: string;
}
function setOf(stubs: Stubs, hosts: string[] = ['shop', 'shop:9080']): StubSet {
  // As they are kept: redacted, and through the schema.
  const kept = stubsSchema.parse(JSON.parse(JSON.stringify(redactStubs(stubs, redactor))));
  return new StubSet(kept, { hosts, random: () => 0.5, wallNow: () => Date.UTC(2026, 0, 1) });
}
function requestOf({ method = 'GET', path = '/', host = 'shop:9080', headers = [], body = '', session = '' }: Asked) {
  const bytes = Buffer.from(body);
  const contentType = headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  const captured = {
    bytes: bytes.length,
    capturedBytes: bytes.length,
    truncated: false,
    encoding: 'utf8' as const,
    content: bytes.toString(),
  };
  const redacted = redactor.redactRequest(path, {
    ...{ headers, body: bytes.length === 0 ? null : { ...captured, contentType, contentEncoding: '' }, trailers: [] },
  });
  return {
    ...{ method, path, host, headers, body: bytes, session },
    redacted: { path: redacted.path, headers: redacted.request.headers, body: redacted.request.body?.content ?? '' },
  };
}
const ask = (set: StubSet, asked: Asked) => set.match(requestOf(asked))?.answer.body.toString() ?? null;

const simulation = (pairs: unknown[], more: object = {}) => ({
  data: { pairs, ...more },
  meta: { schemaVersion: 'v5.2', hoverflyVersion: 'v1.10.0' },
});
const pair = (request: object, body: string, response: object = {}) => ({
  request,
  response: { status: 200, body, encodedBody: false, ...response },
});
const hoverfly = (pairs: unknown[], more: object = {}) => {
  const read = readHoverfly(simulation(pairs, more));
  if (typeof read === 'string') throw new Error(read);
  return { set: setOf(read.stubs), notes: read.notes.list(), stubs: read.stubs };
};
const m = (matcher: string, value: unknown, more: object = {}) => [{ matcher, value, ...more }];

describe('a Hoverfly simulation', () => {
  test.each<[string, unknown, string, string]>([
    ['exact', 'abc', 'abc', 'abcd'],
    ['glob', 'a*c*', 'axxcd', 'axx'],
    ['regex', 'b{2}', 'abba', 'aba'],
    ['negate', 'abc', 'x', 'abc'],
    ['json', '{"a":[1,{"b":2}]}', '{ "a": [1, {"b": 2}] }', '{"a":[1,{"b":2}],"c":1}'],
    ['jsonPartial', '{"b":2}', '{"a":{"b":2,"c":3}}', '{"a":{"b":3}}'],
    ['jsonpath', '$.a[?(@.b == 2)]', '{"a":[{"b":2}]}', '{"a":[{"b":3}]}'],
    ['xml', '<a x="1"><b>t</b></a>', '<a x="1">\n <b>t</b></a>', '<a x="2"><b>t</b></a>'],
    ['xmltemplated', '<a><b>{{ ignore }}</b><c>1</c></a>', '<a><b>anything</b><c>1</c></a>', '<a><b>x</b><c>2</c></a>'],
    ['xpath', '/a/b', '<a><b/></a>', '<a><c/></a>'],
    ['array', ['a', 'b'], 'a;b', 'b;a'],
  ])('matches a body by %s', (matcher, value, yes, no) => {
    const { set, notes } = hoverfly([pair({ body: m(matcher, value) }, 'yes')]);
    expect(notes).toEqual([]);
    expect(ask(set, { body: yes })).toBe('yes');
    expect(ask(set, { body: no })).toBeNull();
  });

  test('lists ignore what they are told to', () => {
    const config = { ignoreUnknown: true, ignoreOrder: true, ignoreOccurrences: true };
    const { set } = hoverfly([pair({ query: { tag: m('array', ['a', 'b'], { config }) } }, 'yes')]);
    expect(ask(set, { path: '/?tag=b&tag=x&tag=a&tag=a' })).toBe('yes');
    expect(ask(set, { path: '/' })).toBeNull();
  });

  test('hands what a path finds to the next matcher', () => {
    const { set } = hoverfly([
      pair({ body: m('jsonpath', '$.user.name', { doMatch: { matcher: 'glob', value: 'k*' } }) }, 'k'),
      pair({ headers: { Authorization: m('jwt', '{"payload":{"sub":"kim"}}') } }, 'kim'),
      pair(
        { headers: { Authorization: m('jwtjsonpath', '$.payload.sub', { doMatch: { matcher: 'exact', value: 'lee' } }) } },
        'lee',
      ),
    ]);
    const token = (sub: string) =>
      ['{"alg":"HS256"}', JSON.stringify({ sub, aud: 'x' }), 'sig']
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
    expect(ask(set, { body: '{"user":{"name":"kim"}}' })).toBe('k');
    expect(ask(set, { body: '{"user":{"name":"lee"}}' })).toBeNull();
    expect(ask(set, { headers: [['authorization', `Bearer ${token('kim')}`]] })).toBe('kim');
    expect(ask(set, { headers: [['authorization', `Bearer ${token('lee')}`]] })).toBe('lee');
    expect(ask(set, { headers: [['authorization', 'Bearer x']] })).toBeNull();
  });

  test('forms, queries and headers are looked at by name; an empty query means none', () => {
    const { set } = hoverfly([
      pair({ body: m('form', { grant: m('exact', 'password') }) }, 'form'),
      pair({ path: m('exact', '/q'), query: { Page: m('regex', '^\\d+$') } }, 'page'),
      pair({ path: m('exact', '/none'), query: {} }, 'none'),
      pair({ headers: { 'X-Kind': m('exact', 'a;b') } }, 'kinds'),
    ]);
    expect(ask(set, { method: 'POST', body: 'grant=password&x=1' })).toBe('form');
    expect(ask(set, { path: '/q?page=12' })).toBe('page');
    expect(ask(set, { path: '/q?page=x' })).toBeNull();
    expect([ask(set, { path: '/none' }), ask(set, { path: '/none?a=1' })]).toEqual(['none', null]);
    expect(
      ask(set, {
        headers: [
          ['x-kind', 'a'],
          ['x-kind', 'b'],
        ],
      }),
    ).toBe('kinds');
  });

  test('the strongest match wins, of equals the last', () => {
    const { set } = hoverfly([
      pair({ path: m('exact', '/a'), method: m('exact', 'GET') }, 'exact'),
      pair({ path: m('glob', '/*'), method: m('exact', 'GET') }, 'glob'),
      pair({ path: m('glob', '/a*'), method: m('exact', 'GET') }, 'later glob'),
    ]);
    expect(ask(set, { path: '/a' })).toBe('exact');
    expect(ask(set, { path: '/ab' })).toBe('later glob');
    expect(ask(set, { path: '/b' })).toBe('glob');
  });

  test('goes through its states, each session on its own', () => {
    const at = (n: string, next?: string) => [
      pair(
        { path: m('exact', '/job'), requiresState: { 'sequence:1': n } },
        n,
        next ? { transitionsState: { 'sequence:1': next } } : {},
      ),
    ];
    const { set } = hoverfly([
      ...at('1', '2'),
      ...at('2', '3'),
      ...at('3'),
      pair({ path: m('exact', '/eggs'), requiresState: { basket: 'eggs' } }, 'eggs', { removesState: ['basket'] }),
      pair({ path: m('exact', '/buy') }, 'bought', { transitionsState: { basket: 'eggs' } }),
    ]);
    const job = (session: string) => ask(set, { path: '/job', session });
    expect([job('a'), job('a'), job('b'), job('a'), job('a')]).toEqual(['1', '2', '1', '3', '3']);
    expect(ask(set, { path: '/eggs' })).toBeNull();
    ask(set, { path: '/buy' });
    expect([ask(set, { path: '/eggs' }), ask(set, { path: '/eggs' })]).toEqual(['eggs', null]);
  });

  test('serves bytes, templates and delays', () => {
    const { set, notes } = hoverfly(
      [
        pair({ path: m('exact', '/bytes') }, Buffer.from([0, 255]).toString('base64'), { encodedBody: true }),
        pair({ path: m('glob', '/hi/*') }, "{{Request.Path.[1]}} {{Literals.shop}} {{Vars.who}} {{now '' 'unix'}}", {
          ...{ templated: true, headers: { 'X-Echo': ['{{Request.Header.x-a}}'] }, fixedDelay: 30 },
        }),
        pair({ path: m('exact', '/slow') }, 's', { logNormalDelay: { min: 5, max: 900, mean: 200, median: 100 } }),
        pair({ path: m('exact', '/global') }, 'g'),
      ],
      {
        globalActions: { delays: [{ urlPattern: '/glob', httpMethod: '', delay: 70 }], delaysLogNormal: [] },
        literals: [{ name: 'shop', value: 'corner' }],
        variables: [{ name: 'who', function: 'requestBody', arguments: ['jsonpath', '$.name'] }],
      },
    );
    expect(notes).toEqual([]);
    expect(set.match(requestOf({ path: '/bytes' }))?.answer.body).toEqual(Buffer.from([0, 255]));
    const hi = set.match(requestOf({ path: '/hi/there', body: '{"name":"kim"}', headers: [['x-a', 'b']] }))!.answer;
    expect(hi).toMatchObject({ delayMs: 30, headers: [['x-echo', 'b']] });
    expect(hi.body.toString()).toBe('there corner kim 1767225600');
    const { delayMs } = set.match(requestOf({ path: '/slow' }))!.answer;
    expect(delayMs).toBeGreaterThanOrEqual(5);
    expect(delayMs).toBeLessThanOrEqual(900);
    expect(set.match(requestOf({ path: '/global' }))!.answer.delayMs).toBe(70);
  });

  test('what cannot be taken over is told by pair and field', () => {
    const { notes, set } = hoverfly(
      [
        pair({ path: m('regex', '(?=x)') }, '1'),
        pair({ body: m('jsonpath', '$.a.length()') }, '2'),
        pair({ body: m('soup', 'x') }, '3'),
        pair({ path: m('exact', '/4') }, '', { bodyFile: 'answer.json' }),
        pair({ path: m('exact', '/5'), scheme: m('exact', 'https') }, '{{faker "Name"}}', {
          templated: true,
          postServeAction: 'notify',
        }),
        pair({ headers: { a: m('exact', 'x', { doMatch: { matcher: 'xpath', value: 'count(/a)' } }) } }, '6'),
      ],
      { other: 1 },
    );
    expect(notes.map(({ entry, field }) => `${entry} ${field}`)).toEqual([
      'pair 1 request.path[0]',
      'pair 2 request.body[0]',
      'pair 3 request.body[0]',
      'pair 4 response.bodyFile',
      ' request.scheme',
      'pair 5 response.postServeAction',
      'pair 5 response.body',
      'pair 6 request.headers.a[0].doMatch',
      ' data.other',
    ]);
    expect(notes[0]!.message).toContain('the pair is left out');
    expect(set.size).toBe(1);
    expect(ask(set, { path: '/5' })).toBe('{{faker "Name"}}');
    expect(readHoverfly({ data: { pairs: [] }, meta: { schemaVersion: 'v3' } })).toContain('only v5');
  });

  test('a miss names the nearest pair and what it does not fulfil', () => {
    const { set } = hoverfly([
      pair({ path: m('exact', '/pay'), method: m('exact', 'POST'), headers: { 'x-a': m('glob', 'b*') } }, 'x'),
    ]);
    expect(set.nearest(requestOf({ method: 'PUT', path: '/pay' }))).toEqual({
      ...{ id: 'pair 1', path: '/pay' },
      differs: ['method PUT, stub equal POST', 'header x-a (none), stub glob b*'],
    });
  });

  test('secrets are not kept, and requests with them still match', () => {
    const read = readHoverfly(
      simulation([
        pair(
          { headers: { Authorization: m('exact', 'Bearer C4n4ry') }, query: { access_token: m('exact', 'C4n4ry') } },
          '{"password":"C4n4ry"}',
        ),
        pair({ body: m('json', '{"user":"kim","password":"C4n4ry"}') }, 'body', {
          headers: { 'Set-Cookie': ['sid=C4n4ry; Path=/'] },
        }),
        pair({ body: m('jsonpath', '$.login.password', { doMatch: { matcher: 'exact', value: 'C4n4ry' } }) }, 'path'),
      ]),
    );
    if (typeof read === 'string') throw new Error(read);
    expect(JSON.stringify(redactStubs(read.stubs, redactor))).not.toContain('C4n4ry');
    const set = setOf(read.stubs);
    expect(ask(set, { path: '/?access_token=C4n4ry', headers: [['authorization', 'Bearer C4n4ry']] })).toMatch(/"password"/);
    expect(ask(set, { path: '/?access_token=C4n4ry', headers: [['authorization', 'Bearer other']] })).toBeNull();
    expect(ask(set, { body: '{"password":"C4n4ry","user":"kim"}' })).toBe('body');
    expect(ask(set, { body: '{"login":{"password":"C4n4ry"}}' })).toBe('path');
    expect(ask(set, { body: '{"login":{"password":"wrong"}}' })).toBeNull();
  });

  test('stubs of other hosts are left out, unless none is for this one', () => {
    const pairs = ['shop:9080', 'bank.example'].map((host) => pair({ destination: m('exact', host) }, host));
    const read = readHoverfly(simulation(pairs));
    if (typeof read === 'string') throw new Error(read);
    expect(setOf(read.stubs).size).toBe(1);
    expect(setOf(read.stubs, ['payments']).size).toBe(2);
  });
});

describe('WireMock mappings', () => {
  const wiremock = (mappings: unknown[]) => {
    const { stubs, notes } = readWireMock(mappings);
    return { set: setOf(stubs), notes: notes.list() };
  };
  const mapping = (request: object, body: string, more: object = {}) => ({ request, response: { status: 200, body }, ...more });

  test.each<[string, object, Asked, Asked]>([
    ['url', { url: '/a?b=1' }, { path: '/a?b=1' }, { path: '/a' }],
    ['urlPattern', { urlPattern: '/a/\\d+\\?x=.*' }, { path: '/a/1?x=2' }, { path: '/a/1' }],
    ['urlPath', { urlPath: '/a' }, { path: '/a?b=1' }, { path: '/ab' }],
    ['urlPathPattern', { urlPathPattern: '/[ab]' }, { path: '/b?x' }, { path: '/ab' }],
    [
      'urlPathTemplate',
      { urlPathTemplate: '/o/{id}/i', pathParameters: { id: { matches: '\\d+' } } },
      { path: '/o/7/i' },
      { path: '/o/x/i' },
    ],
    ['method', { method: 'POST' }, { method: 'POST' }, { method: 'GET' }],
    ['header', { headers: { Accept: { contains: 'json' } } }, { headers: [['accept', 'a/json']] }, {}],
    ['absent', { headers: { 'x-a': { absent: true } } }, {}, { headers: [['x-a', '']] }],
    ['query', { queryParameters: { q: { equalTo: 'B', caseInsensitive: true } } }, { path: '/?q=a&q=b' }, { path: '/?q=a' }],
    [
      'cookie',
      { cookies: { kind: { matches: '[a-z]+' } } },
      { headers: [['cookie', 'x=1; kind=abc']] },
      { headers: [['cookie', 'kind=1']] },
    ],
    ['form', { formParameters: { a: { equalTo: '1' } } }, { body: 'a=1&b=2' }, { body: 'a=2' }],
    [
      'basicAuth',
      { basicAuth: { username: 'kim', password: 'pw' } },
      { headers: [['authorization', 'Basic a2ltOnB3']] },
      { headers: [['authorization', 'Basic x']] },
    ],
    [
      'equalToJson',
      { bodyPatterns: [{ equalToJson: { a: [1, 2] }, ignoreArrayOrder: true, ignoreExtraElements: true }] },
      { body: '{"b":0,"a":[2,1]}' },
      { body: '{"a":[2]}' },
    ],
    [
      'placeholders',
      { bodyPatterns: [{ equalToJson: '{"id":"#{json-unit.any-string}"}' }] },
      { body: '{"id":"x"}' },
      { body: '{"id":1}' },
    ],
    [
      'matchesJsonPath',
      { bodyPatterns: [{ matchesJsonPath: { expression: '$.a', contains: 'x' } }] },
      { body: '{"a":"axb"}' },
      { body: '{"a":"b"}' },
    ],
    ['equalToXml', { bodyPatterns: [{ equalToXml: '<a b="1"/>' }] }, { body: '<a  b="1"></a>' }, { body: '<a/>' }],
    [
      'matchesXPath',
      { bodyPatterns: [{ matchesXPath: { expression: '//b/text()', equalTo: 'x' } }] },
      { body: '<a><b>x</b></a>' },
      { body: '<a><b>y</b></a>' },
    ],
    [
      'binaryEqualTo',
      { bodyPatterns: [{ binaryEqualTo: '/wA=' }] },
      { body: Buffer.from([255, 0]) },
      { body: Buffer.from([254, 0]) },
    ],
    ['doesNotMatch', { bodyPatterns: [{ doesNotMatch: 'a+' }] }, { body: 'ab' }, { body: 'aa' }],
    [
      'and, or, not',
      { bodyPatterns: [{ or: [{ equalTo: 'x' }, { and: [{ contains: 'a' }, { not: { contains: 'b' } }] }] }] },
      { body: 'ca' },
      { body: 'ab' },
    ],
    [
      'numbers',
      { queryParameters: { n: { greaterThanNumber: 3, lessThanEqualNumber: 5 } } },
      { path: '/?n=5' },
      { path: '/?n=3' },
    ],
  ])('matches by %s', (_name, request, yes, no) => {
    const { set, notes } = wiremock([mapping(request, 'yes')]);
    expect(notes).toEqual([]);
    expect(ask(set, yes)).toBe('yes');
    expect(ask(set, no)).toBeNull();
  });

  test('the lowest priority wins, of equals the first; scenarios go through their states', () => {
    const { set } = wiremock([
      mapping({ urlPattern: '.*' }, 'rest', { priority: 9 }),
      mapping({ url: '/a' }, 'first'),
      mapping({ url: '/a' }, 'second'),
      mapping({ url: '/todo' }, 'none yet', { scenarioName: 'todo', requiredScenarioState: 'Started', newScenarioState: 'one' }),
      mapping({ url: '/todo' }, 'one', { scenarioName: 'todo', requiredScenarioState: 'one' }),
    ]);
    expect([ask(set, { path: '/a' }), ask(set, { path: '/x' })]).toEqual(['first', 'rest']);
    expect([1, 2, 3].map(() => ask(set, { path: '/todo' }))).toEqual(['none yet', 'one', 'one']);
  });

  test('answers with jsonBody, bytes, templates, delays, dribble and faults', () => {
    const { set, notes } = wiremock([
      {
        request: { url: '/json' },
        response: {
          jsonBody: { a: 1 },
          headers: { 'X-A': ['1', '2'] },
          delayDistribution: { type: 'uniform', lower: 10, upper: 20 },
        },
      },
      {
        request: { url: '/bytes' },
        response: { base64Body: '/wA=', chunkedDribbleDelay: { numberOfChunks: 4, totalDuration: 80 } },
      },
      {
        request: { urlPathTemplate: '/o/{id}' },
        response: { body: '{{request.path.id}} {{request.query.a}}', transformers: ['response-template'] },
      },
      { request: { url: '/bad' }, response: { fault: 'EMPTY_RESPONSE' } },
    ]);
    expect(notes).toEqual([]);
    const answer = (path: string) => set.match(requestOf({ path }))!.answer;
    expect(answer('/json')).toMatchObject({
      status: 200,
      body: Buffer.from('{"a":1}'),
      delayMs: 15,
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
      ],
    });
    expect(answer('/bytes')).toMatchObject({ body: Buffer.from([255, 0]), dribble: { parts: 4, ms: 80 } });
    expect(answer('/o/7?a=b').body.toString()).toBe('7 b');
    expect(answer('/bad').fault).toBe('empty-response');
  });

  test('what cannot be taken over is told by mapping and field', () => {
    const { set, notes } = wiremock([
      mapping({ url: '/a', customMatcher: { name: 'mine' } }, 'a', { name: 'login' }),
      mapping({ url: '/b', headers: { x: { hasExactly: [{ equalTo: 'a' }] } } }, 'b'),
      { request: { url: '/c' }, response: { proxyBaseUrl: 'http://other' } },
      {
        request: { url: '/d' },
        response: { body: '{{#each x}}{{/each}}', transformers: ['response-template', 'mine'] },
        postServeActions: [{}],
      },
      mapping({ url: '/e', bodyPatterns: [{ before: 'now' }] }, 'e'),
    ]);
    expect(notes.map(({ entry, field }) => `${entry} ${field}`)).toEqual([
      'mapping 1 "login" request.customMatcher',
      'mapping 2 request.headers.x.hasExactly',
      'mapping 3 response.proxyBaseUrl',
      'mapping 4 postServeActions',
      'mapping 4 response.transformers',
      'mapping 4 response.body',
      'mapping 4 response.body',
      'mapping 5 request.bodyPatterns[0].before',
    ]);
    expect(set.size).toBe(1);
  });
});

test('whatever a file holds, reading it does not fail, and what is read can be kept and served', () => {
  const simulationOf = (pairs: unknown[]) => ({
    data: {
      pairs,
      globalActions: { delays: [{ urlPattern: '.', delay: 1 }] },
      literals: [{ name: 'a', value: 1 }],
      variables: [{ name: 'b', function: 'now' }],
    },
    meta: { schemaVersion: 'v5.2' },
  });
  const whole = [
    simulationOf([
      pair(
        {
          path: m('glob', '/a*'),
          query: { a: m('array', ['x']) },
          headers: { b: m('jwt', '{"a":1}') },
          requiresState: { 'sequence:1': '1' },
        },
        '{{now}}',
        { templated: true, logNormalDelay: { min: 1, max: 2, mean: 3, median: 2 } },
      ),
      pair({ body: m('jsonpath', '$.a', { doMatch: { matcher: 'xpath', value: '/a' } }) }, 'x', {
        headers: { a: ['b'] },
        removesState: ['x'],
      }),
    ]),
    {
      mappings: [
        {
          request: {
            urlPathTemplate: '/a/{b}',
            headers: { a: { matches: 'x' } },
            bodyPatterns: [{ equalToJson: '{}' }, { or: [{ contains: 'a' }] }],
          },
          response: { jsonBody: { a: 1 }, delayDistribution: { type: 'uniform', lower: 1, upper: 2 } },
          scenarioName: 's',
          newScenarioState: 't',
        },
        {
          request: { url: '/x', basicAuth: { username: 'a', password: 'b' } },
          response: {
            body: '{{request.path}}',
            transformers: ['response-template'],
            chunkedDribbleDelay: { numberOfChunks: 2, totalDuration: 5 },
          },
        },
      ],
    },
  ];
  /** Puts something else in one place of the document. */
  const spoil = (value: unknown, place: number, other: unknown): unknown => {
    let at = 0;
    return JSON.parse(JSON.stringify(value), (_key, inner: unknown) => (at++ === place ? other : inner));
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...whole),
      fc.nat(90),
      fc.nat(90),
      fc.jsonValue({ maxDepth: 2 }),
      (document, first, second, other) => {
        const spoiled = spoil(spoil(document, first, other), second, other);
        const format = detectFormat(spoiled);
        if (format === null || format === 'har') return;
        const read = format === 'hoverfly' ? readHoverfly(spoiled as never) : readWireMock(wireMockMappings(spoiled)!);
        if (typeof read === 'string') return;
        const set = setOf(read.stubs);
        const request = requestOf({ path: '/a/b?a=x', headers: [['a', 'x']], body: '{"a":"a"}' });
        set.match(request);
        set.nearest(request);
      },
    ),
    { numRuns: 700, seed: 3 },
  );
});
