import { describe, expect, test } from 'vitest';
import { readWireMock } from './read-wiremock.ts';
import { type Asked, ask, requestOf, setOf } from './test-kit.ts';

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
      mapping({ url: '/b', multipartPatterns: [{ matchingType: 'ALL', bodyPatterns: [{ contains: 'a' }] }] }, 'b'),
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
      'mapping 2 request.multipartPatterns[0].matchingType',
      'mapping 3 response.proxyBaseUrl',
      'mapping 4 postServeActions',
      'mapping 4 response.transformers',
      'mapping 4 response.body',
      'mapping 4 response.body',
      'mapping 5 request.bodyPatterns[0].before',
    ]);
    expect(set.size).toBe(1);
  });

  test('look at several values of one name: each is there, and no other', () => {
    const tags = [{ equalTo: 'a' }, { matches: 'b+' }];
    const all = setOf(readWireMock([mapping({ queryParameters: { tag: { includes: tags } } }, 'yes')]).stubs);
    expect([ask(all, { path: '/?tag=bb&tag=x&tag=a' }), ask(all, { path: '/?tag=a' })]).toEqual(['yes', null]);
    const exactly = setOf(readWireMock([mapping({ queryParameters: { tag: { hasExactly: tags } } }, 'yes')]).stubs);
    expect([ask(exactly, { path: '/?tag=b&tag=a' }), ask(exactly, { path: '/?tag=a&tag=b&tag=x' })]).toEqual(['yes', null]);
    expect(exactly.nearest(requestOf({ path: '/?tag=a&tag=b&tag=x' }))?.differs[0]).toBe('query tag comes 3 times, stub 2');
  });

  test('look into the parts of a multipart body, by name as recorders write it', () => {
    const pattern = (more: object) => ({ multipartPatterns: [{ matchingType: 'ANY', ...more }] });
    const form = (name: string, content: string) => ({
      headers: [['content-type', 'multipart/form-data; boundary=----b1234']] as [string, string][],
      body: `------b1234\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n------b1234--\r\n`,
    });
    const named = {
      headers: { 'Content-Disposition': { contains: 'name="order"' } },
      bodyPatterns: [{ equalToJson: '{"n":1}' }],
    };
    const set = setOf(
      readWireMock([mapping(pattern(named), 'json'), mapping(pattern({ bodyPatterns: [{ contains: 'rope' }] }), 'any')]).stubs,
    );
    expect(ask(set, form('order', '{ "n": 1 }'))).toBe('json');
    expect(ask(set, form('note', 'a rope'))).toBe('any');
    expect(ask(set, form('order', '{"n":2}'))).toBeNull();
    const secret = setOf(
      readWireMock([mapping(pattern({ name: 'password', bodyPatterns: [{ equalTo: 'hunter2' }] }), 'in')]).stubs,
    );
    expect([ask(secret, form('password', 'hunter2')), ask(secret, form('password', 'other'))]).toEqual(['in', null]);
  });

  test('give their templates parameters, and the helpers that need no blocks', () => {
    const body = "{{parameters.town}} {{urlEncode 'a b'}} {{math 3 '*' 4}} {{capitalize 'kim lee'}} {{pickRandom 'x' 'y'}}";
    const response = { body, transformers: ['response-template'], transformerParameters: { town: 'Kiel', n: 1 } };
    const { stubs, notes } = readWireMock([{ request: { url: '/' }, response }]);
    expect(notes.list()).toEqual([]);
    expect(ask(setOf(stubs), {})).toBe('Kiel a%20b 12 Kim Lee y');
  });
});
