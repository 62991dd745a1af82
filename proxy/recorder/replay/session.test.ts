import { describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import { makeBody, makeExchange } from '../../store/fixtures.ts';
import { headersToSend, laneOf } from './call.ts';
import { playableOf } from './playable.ts';
import { ReplaySession } from './session.ts';
import { VariableFinder } from './suggest-variables.ts';
import { isLoopbackHost, parseTarget, remoteHostOf } from './target.ts';
import { parseVariableRule, readPlace, ruleApplies, type VariableRule } from './variable-rule.ts';

type Pairs = [string, string][];
const secret = 'redacted-0123456789abcdef';

function call(
  n: number,
  path: string,
  parts: { method?: string; headers?: Pairs; body?: string; answer?: string; answered?: Pairs } = {},
): ExchangeDetail {
  return makeExchange(n, {
    path,
    method: parts.method ?? 'GET',
    request: {
      headers: parts.headers ?? [],
      body: parts.body === undefined ? null : makeBody(parts.body, 'application/json'),
      trailers: [],
    },
    response: {
      headers: parts.answered ?? [],
      body: parts.answer === undefined ? null : makeBody(parts.answer, 'application/json'),
      trailers: [],
    },
    redacted: ['request.headers.authorization', 'request.headers.cookie'],
  });
}
function rule(text: string): VariableRule {
  const parsed = parseVariableRule(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

describe('a variable rule', () => {
  test('names a place in the answer to a call, with any part of its path left open', () => {
    const id = rule('id=$.items[0].id from GET /orders/{}/items');
    expect(ruleApplies(id, 'GET', '/orders/42/items?page=2')).toBe(true);
    expect(ruleApplies(id, 'POST', '/orders/42/items')).toBe(false);
    expect(ruleApplies(rule('x=header:X-Next from * /a/*'), 'PUT', '/a/b/c')).toBe(true);
    expect(readPlace(id.place, { headers: [], text: '{"items":[{"id":7}]}' })).toBe('7');
    expect(readPlace(rule('x=header:X-Next from * /a').place, { headers: [['x-next', 'n1']], text: '' })).toBe('n1');
    expect(readPlace(rule('x=cookie:sid from * /a').place, { headers: [['Set-Cookie', 'sid=s1; Path=/']], text: '' })).toBe('s1');
    for (const wrong of ['token', 'token=$.a', 'token=body from GET /a', 'token=$.a[ from GET /a'])
      expect(parseVariableRule(wrong), wrong).toContain(wrong);
  });
});

describe('what answers give', () => {
  test('stands in every later request of whoever was given it, wherever the recorded value stood, and no one else’s', () => {
    const session = new ReplaySession([rule('token=$.token from POST /login'), rule('id=$.id from POST /orders')], true);
    const [ann, bob] = [
      call(1, '/login', { method: 'POST', answer: '{"token":"tok-ann-1"}' }),
      call(2, '/login', { method: 'POST', answer: '{"token":"tok-bob-1"}' }),
    ];
    session.learn(ann, '', { headers: [], text: '{"token":"NEW/ann=="}' });
    session.learn(bob, '', { headers: [], text: '{"token":"new-bob"}' });
    session.learn(call(3, '/orders', { method: 'POST', answer: '{"id":1234}' }), '', { headers: [], text: '{"id":9876}' });
    const asked = call(4, '/orders/1234?t=tok-ann-1', {
      headers: [['authorization', 'Bearer tok-bob-1']],
      body: '{"order":1234,"sum":12345}',
    });
    const sent = session.substitute(asked, '');
    expect(sent.path).toBe('/orders/9876?t=NEW%2Fann%3D%3D');
    expect(sent.headers).toEqual([['authorization', 'Bearer new-bob']]);
    expect(sent.body?.toString()).toBe('{"order":9876,"sum":12345}');
    expect(session.variables()).toMatchObject([
      { name: 'token', captured: 2, used: 1 },
      { name: 'id', captured: 1, used: 1 },
    ]);
  });

  test('replaces redacted secrets, which are left out otherwise; a missing value is told', () => {
    const session = new ReplaySession([rule('token=$.token from POST /login')], true);
    const asked = call(2, '/a', {
      headers: [
        ['authorization', `Bearer ${secret}`],
        ['cookie', `sid=${secret}; lang=de`],
      ],
    });
    expect(headersToSend(asked, session.substitute(asked, ''))).toEqual([['cookie', 'lang=de']]);
    const login = call(1, '/login', {
      method: 'POST',
      answer: `{"token":"${secret}"}`,
      answered: [['set-cookie', `sid=${secret}; Path=/`]],
    });
    session.learn(login, '', { headers: [], text: '{"oops":1}' });
    expect(session.variables()[0]).toMatchObject({ captured: 0, problem: expect.stringContaining('POST /login') });
    session.learn(login, '', { headers: [['set-cookie', 'sid=now; Path=/']], text: '{"token":"fresh"}' });
    expect(headersToSend(asked, session.substitute(asked, ''))).toEqual([
      ['authorization', 'Bearer fresh'],
      ['cookie', 'sid=now; lang=de'],
    ]);
  });

  test('a cookie nobody was given before stays with its connection', () => {
    const session = new ReplaySession([], true);
    session.learn(call(1, '/a'), 'lane', { headers: [['set-cookie', 'canary=1; Path=/']], text: '' });
    expect(session.substitute(call(2, '/b'), 'lane').headers).toEqual([['cookie', 'canary=1']]);
    expect(session.substitute(call(3, '/b'), 'other').headers).toEqual([]);
    expect(new ReplaySession([], false).substitute(call(4, '/b', { headers: [['cookie', 'a=1']] }), '').headers).toEqual([
      ['cookie', 'a=1'],
    ]);
  });

  test('is the same where an answer holds the new value and the recorded one held the old, whoever sent it', () => {
    const session = new ReplaySession([rule('order=$.id from POST /orders')], true);
    const second = new ReplaySession([rule('order=$.id from POST /orders')], true, session);
    const made = call(1, '/orders', { method: 'POST', answer: '{"id":"ord-2"}' });
    expect(session.isSame('ord-2', 'ord-8')).toBe(false);
    session.learn(made, '', { headers: [], text: '{"id":"ord-8"}' });
    second.learn(made, '', { headers: [], text: '{"id":"ord-9"}' });
    expect(session.isSame('ord-2', 'ord-8')).toBe(true);
    expect(session.isSame('http://shop/orders/ord-2', 'http://shop/orders/ord-8')).toBe(true);
    expect(session.isSame('ord-9', 'ord-8')).toBe(true);
    expect(session.isSame('ord-3', 'ord-8')).toBe(false);
  });

  test('is waited for by the requests that need it, and by no others', async () => {
    const session = new ReplaySession([rule('token=$.token from POST /login')], true);
    let answered: () => void = () => {};
    session.expect(
      call(1, '/login', { method: 'POST', answer: '{"token":"tok-1"}' }),
      new Promise((resolve) => (answered = resolve)),
    );
    await session.ready(call(2, '/free'));
    let ready = false;
    const waits = session.ready(call(3, '/a', { headers: [['x-token', 'tok-1']] }))!.then(() => (ready = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ready).toBe(false);
    answered();
    await waits;
  });

  test('is suggested when a request repeats it and had not said it before', () => {
    const finder = new VariableFinder();
    finder.feed(call(1, '/search?q=client-chose-1', { answer: '{"q":"client-chose-1","next":"cursor-81723"}' }));
    finder.feed(call(2, '/search?q=client-chose-1&after=cursor-81723', { answer: '{"kind":"boring"}' }));
    finder.feed(call(3, '/search?kind=boring&after=cursor-81723'));
    expect(finder.suggestions()).toEqual([
      { rule: 'next=$.next from GET /search', requests: 2, where: 'path of GET /search', example: 'cursor-81723' },
    ]);
  });
});

test('what was not captured whole cannot be sent again, and says so', () => {
  const options = { streams: 'lock-step' as const, speed: 1 };
  const message = {
    dir: 'up' as const,
    kind: 'text' as const,
    bytes: 5,
    offsetMs: 0,
    encoding: 'utf8' as const,
    content: 'hello',
    truncated: false,
  };
  const socket = (overrides: Partial<ExchangeDetail>) => makeExchange(1, { protocol: 'WebSocket', status: 101, ...overrides });
  const log = (items: object[], dropped = 0) => ({
    items: items.map((item, number) => ({ ...message, number, ...item })),
    total: items.length + dropped,
    dropped,
  });
  expect(playableOf(socket({}), options).problem).toBe('its messages were not recorded');
  expect(playableOf(socket({ messages: log([{}], 400) }), options).problem).toContain('only 1 of its 401 messages');
  expect(playableOf(socket({ messages: log([{}, { truncated: true, bytes: 99_999 }]) }), options).problem).toContain(
    'message 1, 99999 bytes long',
  );
  expect(playableOf(socket({ messages: log([{}, { truncated: true, dir: 'down' }]) }), options)).toMatchObject({
    problem: '',
    script: { kind: 'websocket' },
  });
  const cut = { ...makeBody('\0\0'), truncated: true, bytes: 70_000 };
  expect(
    playableOf(makeExchange(1, { protocol: 'gRPC', request: { headers: [], body: cut, trailers: [] } }), options).problem,
  ).toContain('cut off');
});

test('addresses, lanes and machines are told apart', () => {
  expect(parseTarget('reviews=http://127.0.0.1:9999')).toMatchObject({
    kind: 'address',
    host: '127.0.0.1',
    port: 9999,
    scheme: 'http',
  });
  expect(parseTarget('reviews=https://[::1]/')).toMatchObject({ host: '::1', port: 443, authority: '[::1]' });
  for (const wrong of ['reviews', 'reviews=http://a/b', 'reviews=ftp://a', '=v2'])
    expect(typeof parseTarget(wrong), wrong).toBe('string');
  expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'api.localhost', '::ffff:127.0.0.1'].every(isLoopbackHost)).toBe(true);
  expect(['10.0.0.1', 'localhost.example.com', '0.0.0.0', '127.0.0.1.example.com', '::'].some(isLoopbackHost)).toBe(false);
  expect(remoteHostOf(makeExchange(1))).toBeNull();
  expect(
    remoteHostOf(
      makeExchange(1, {
        destinationWorkload: '',
        authority: 'api.example.com:443',
        endpoint: '192.0.2.1:443',
        cluster: 'PassthroughCluster',
      }),
    ),
  ).toBe('api.example.com');
  expect(remoteHostOf(makeExchange(1), (host) => host.startsWith('ratings.'))).toBe('ratings.default.svc.cluster.local');
  expect(laneOf(makeExchange(1, { peer: { address: '127.0.0.1:5', spiffeId: '' } }))).toBe('reviews-v1-0|127.0.0.1:5');
  expect(laneOf(makeExchange(1, { peer: { address: '', spiffeId: '' } }))).toBe('');
});
