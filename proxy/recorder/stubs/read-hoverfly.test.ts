import { describe, expect, test } from 'vitest';
import { readHoverfly } from './read-hoverfly.ts';
import { redactStubs } from './redact-stubs.ts';
import { ask, hoverfly, m, pair, redactor, requestOf, setOf, simulation } from './test-kit.ts';

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
    expect(readHoverfly({ data: { pairs: [] }, meta: { schemaVersion: 'v3' } })).not.toBeTypeOf('string');
    expect(readHoverfly({ data: { pairs: [] }, meta: { schemaVersion: 'v6' } })).toContain('v1 to v5 are read');
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

describe('an older Hoverfly simulation', () => {
  const read = (schemaVersion: string, request: object) => {
    const pairs = [{ request, response: { status: 200, body: 'yes', encodedBody: false, headers: { 'X-A': ['1'] } } }];
    const result = readHoverfly({ data: { pairs, globalActions: { delays: [] } }, meta: { schemaVersion } });
    if (typeof result === 'string') throw new Error(result);
    expect(result.notes.list().filter(({ field }) => field !== 'request.scheme')).toEqual([
      { entry: '', field: 'meta.schemaVersion', message: `${schemaVersion} is read as Hoverfly upgrades it to v5` },
    ]);
    return setOf(result.stubs);
  };

  test('of schema v1: literal as it was recorded, globs in a template', () => {
    const recorded = {
      requestType: 'recording',
      path: '/a',
      method: 'GET',
      destination: 'shop',
      scheme: 'http',
      query: 'y=2&x=1',
      body: '',
      headers: {},
    };
    const set = read('v1', recorded);
    expect(ask(set, { path: '/a?x=1&y=2' })).toBe('yes');
    expect([ask(set, { path: '/a?x=1' }), ask(set, { path: '/a*?x=1&y=2' })]).toEqual([null, null]);
    const template = read('v1', { requestType: 'template', path: '/a/*', method: null, headers: { Accept: ['text/*'] } });
    expect(ask(template, { path: '/a/b', headers: [['accept', 'text/html']] })).toBe('yes');
    expect(ask(template, { path: '/a/b' })).toBeNull();
  });

  test('of schemas v2 to v4: an object of matchers a field', () => {
    const set = read('v2', {
      path: { globMatch: '/o/*' },
      method: { exactMatch: 'PUT' },
      body: { jsonPathMatch: '$.id' },
      query: { exactMatch: '' },
    });
    expect(ask(set, { method: 'PUT', path: '/o/1', body: '{"id":1}' })).toBe('yes');
    expect(ask(set, { method: 'PUT', path: '/o/1?a=1', body: '{"id":1}' })).toBeNull();
    expect(ask(set, { method: 'PUT', path: '/o/1', body: '{}' })).toBeNull();
    const fourth = read('v4', {
      path: { exactMatch: '/a', regexMatch: '^/' },
      headersWithMatchers: { Accept: { globMatch: '*json' } },
      queriesWithMatchers: { page: { regexMatch: '^[0-9]+$' } },
      requiresState: {},
    });
    expect(ask(fourth, { path: '/a?page=12', headers: [['accept', 'application/json']] })).toBe('yes');
    expect(ask(fourth, { path: '/a?page=x', headers: [['accept', 'application/json']] })).toBeNull();
  });
});
