import { expect, test } from 'vitest';
import { RegexCache } from '../../route/string-match.ts';
import {
  type ExchangeOptions,
  exact,
  makeExchange,
  makeRoute,
  prefix,
  regex,
  runResponseFilters,
} from '../../route/test-exchange.ts';
import type { CorsPolicy } from '../../snapshot.ts';
import { createCorsFilter } from './filter.ts';

const base: CorsPolicy = {
  allowOrigins: [exact('https://shop')],
  allowMethods: ['GET', 'POST'],
  allowHeaders: ['x-a', 'x-b'],
  exposeHeaders: ['x-c', 'x-d'],
  maxAgeSeconds: 86_400,
  allowCredentials: true,
  unmatchedPreflights: 'FORWARD',
};
async function run(over: Partial<CorsPolicy>, request: ExchangeOptions, action?: Parameters<typeof makeRoute>[0]) {
  const cors = { ...base, ...over };
  const exchange = makeExchange({ ...request, state: { route: makeRoute({ ...action, cors }) } });
  const reply = await createCorsFilter([cors], new RegexCache())!(exchange);
  return { exchange, reply };
}
const preflight = (origin: string, headers: Record<string, string> = {}): ExchangeOptions => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'PUT', ...headers },
});

test('a matching preflight is answered here: 200, empty, lists joined by comma, seconds', async () => {
  const { reply } = await run({}, preflight('https://shop'));
  expect(reply).toEqual({
    status: 200,
    body: '',
    flag: '',
    details: 'cors_response',
    asWritten: true,
    headers: [
      ['access-control-allow-origin', 'https://shop'],
      ['access-control-allow-credentials', 'true'],
      ['access-control-allow-methods', 'GET,POST'],
      ['access-control-allow-headers', 'x-a,x-b'],
      ['access-control-expose-headers', 'x-c,x-d'],
      ['access-control-max-age', '86400'],
    ],
  });
});
test('`*` echoes what was asked for', async () => {
  const request = preflight('https://shop', { 'access-control-request-headers': 'x-z' });
  const { reply } = await run({ allowMethods: ['*'], allowHeaders: ['*'], allowCredentials: null, maxAgeSeconds: null }, request);
  expect(reply?.headers).toEqual([
    ['access-control-allow-origin', 'https://shop'],
    ['access-control-allow-methods', 'PUT'],
    ['access-control-allow-headers', 'x-z'],
    ['access-control-expose-headers', 'x-c,x-d'],
  ]);
});
test('an unmatched preflight is forwarded, the response left alone', async () => {
  const { reply, exchange } = await run({}, preflight('https://evil'));
  expect(reply).toBeUndefined();
  expect(runResponseFilters(exchange).headers.list).toEqual([]);
});
test('unmatchedPreflights IGNORE: local 200 without allow-origin', async () => {
  const { reply } = await run({ unmatchedPreflights: 'IGNORE' }, preflight('https://evil'));
  expect(reply?.status).toBe(200);
  expect(reply?.headers?.map(([name]) => name)).not.toContain('access-control-allow-origin');
});
test('OPTIONS without Access-Control-Request-Method is an actual request', async () => {
  const { reply, exchange } = await run({}, { method: 'OPTIONS', headers: { origin: 'https://shop' } });
  expect(reply).toBeUndefined();
  expect(runResponseFilters(exchange).headers.get('access-control-allow-origin')).toBe('https://shop');
});
test('an actual request: response decorated, the upstream value replaced', async () => {
  const { exchange } = await run({}, { headers: { origin: 'https://shop' } });
  expect(runResponseFilters(exchange, [['access-control-allow-origin', '*']]).headers.toPairs()).toEqual([
    ['access-control-allow-origin', 'https://shop'],
    ['access-control-allow-credentials', 'true'],
    ['access-control-expose-headers', 'x-c,x-d'],
  ]);
});
test('an actual request of another origin is still forwarded, undecorated', async () => {
  const { reply, exchange } = await run({}, { headers: { origin: 'https://evil' } });
  expect(reply).toBeUndefined();
  expect(exchange.responseHeaderFilters).toEqual([]);
});
test.each([
  ['prefix', prefix('https://')],
  ['regex', regex('https://s.+')],
  ['exact *', exact('*')],
])('origin by %s', async (_name, match) => {
  const { exchange } = await run({ allowOrigins: [match] }, { headers: { origin: 'https://shop' } });
  expect(exchange.responseHeaderFilters).toHaveLength(1);
});
test('no Origin: nothing', async () => {
  const { exchange } = await run({}, {});
  expect(exchange.responseHeaderFilters).toEqual([]);
});
test('routes that answer directly have no CORS', async () => {
  const { reply } = await run({}, preflight('https://shop'), {
    action: { type: 'directResponse', status: 200, body: '', base64: false },
  });
  expect(reply).toBeUndefined();
});
