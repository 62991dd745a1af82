import fc from 'fast-check';
import { test } from 'vitest';
import { detectFormat, wireMockMappings } from './detect-format.ts';
import { readHoverfly } from './read-hoverfly.ts';
import { readWireMock } from './read-wiremock.ts';
import { m, pair, requestOf, setOf } from './test-kit.ts';

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
