import { expect, test } from 'vitest';
import { parseTemplate, renderTemplate, type TemplateScope } from './template.ts';

const counts = new Map<string, number>();
const scope: TemplateScope = {
  request: {
    ...{ method: 'POST', scheme: 'http', host: 'orders:9080', url: '/orders/42/items?sku=a&sku=b' },
    headers: [
      ['X-User', 'kim'],
      ['cookie', 'a=b; sid=s-1'],
    ],
    body: '{"id":"o-7","lines":[{"n":1},{"n":2}],"note":"{{now}}"}',
  },
  ...{ pathParameters: { order: '42' }, state: { basket: 'full' }, literals: { shop: 'corner' } },
  variables: { id: "requestBody 'jsonpath' '$.id'", again: 'Vars.again' },
  sequence: (name) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts.get(name)!;
  },
  now: Date.UTC(2026, 0, 31, 13, 4, 5, 67),
  random: () => 0.5,
};
const render = (text: string) => renderTemplate(parseTemplate(text).template, scope);

test.each<[string, string]>([
  ['{{request.path.[1]}} {{Request.Path.[0]}} {{request.pathSegments.[2]}} {{request.path.order}}', '42 orders items 42'],
  ['{{request.url}} {{request.path}} {{request.method}}', '/orders/42/items?sku=a&sku=b /orders/42/items POST'],
  ['{{request.query.sku}} {{request.query.sku.[1]}} {{Request.QueryParam.sku}}', 'a b a'],
  ['{{request.headers.X-User}} {{Request.Header.x-user}} {{request.headers.[X-User]}}|{{request.headers.none}}', 'kim kim kim|'],
  ['{{request.cookies.sid}} {{request.host}} {{request.port}} {{request.scheme}}', 's-1 orders 9080 http'],
  [
    "{{jsonPath request.body '$.lines[1].n'}} {{ Request.Body 'jsonpath' '$.id' }} {{jsonPath request.body \"$.lines\"}}",
    '2 o-7 [{"n":1},{"n":2}]',
  ],
  ["{{{jsonPath request.body '$.nothing'}}}{{jsonPath request.headers.none '$'}}", ''],
  ['{{State.basket}} {{Literals.shop}} {{Vars.id}}{{Vars.again}}', 'full corner o-7'],
  [
    '{{now}} {{now "1d" "unix"}} {{now offset=\'-1 months\' format=\'yyyy-MM-dd\'}}',
    '2026-01-31T13:04:05Z 1769951045 2025-12-31',
  ],
  [
    "{{now '' '2006-01-02T15:04:05.000'}} {{now format='epoch'}} {{now '-1h30m' ''}}",
    '2026-01-31T13:04:05.067 1769864645067 2026-01-31T11:34:05Z',
  ],
  ['{{now format="EEE, dd MMM yyyy \'at\' hh:mm a"}}', 'Sat, 31 Jan 2026 at 01:04 PM'],
  ["{{sequence 'a'}} {{sequence 'a'}} {{sequence 'b'}}", '1 2 1'],
  ["{{randomValue type='UUID'}}", '88888888-8888-4888-a888-888888888888'],
  ["{{randomValue length=3 type='NUMERIC'}} {{randomInt lower=1 upper=11}} {{randomIntegerRange 5 5}}", '555 6 5'],
  [
    "{{upper (jsonPath request.body '$.id')}} {{base64 'hi'}} {{replace 'a-b' '-' '$&'}} {{substring 'abcdef' 1 3}}",
    'O-7 aGk= a$&b bc',
  ],
  ['{"note":"{{request.headers.x-user}}"} {not a template} }}', '{"note":"kim"} {not a template} }}'],
])('%s', (text, expected) => {
  expect(parseTemplate(text).unknown).toEqual([]);
  expect(render(text)).toBe(expected);
});

test('what a request holds is never read as a template', () => {
  expect(render("{{jsonPath request.body '$.note'}}")).toBe('{{now}}');
});

test('blocks, unknown helpers and anything but lookups stay as they are, and are named', () => {
  for (const text of [
    '{{#if a}}x{{/if}}',
    '{{> partial}}',
    '{{constructor}}',
    '{{request.constructor}}',
    '{{faker "Name"}}',
    '{{lookup this}}',
    "{{now '1d}}",
    '{{upper (}}',
  ]) {
    expect(parseTemplate(text).unknown.length, text).toBeGreaterThan(0);
    expect(render(text)).toBe(text);
  }
  expect(render('{{State.__proto__}}{{State.constructor}}{{request.query.__proto__}}')).toBe('');
});
