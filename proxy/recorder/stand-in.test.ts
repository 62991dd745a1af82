import { describe, expect, test } from 'vitest';
import { maskBody, maskPath, templateOf } from './match/mask.ts';
import { StandIn, type StandInEntry, type StandInRequest } from './stand-in.ts';

let count = 0;
const entry = (method: string, path: string, answer: string, body = ''): StandInEntry<string> => ({
  id: `e${count++}`,
  method,
  path,
  body,
  answer,
});
const request = (method: string, path: string, more: Partial<StandInRequest> = {}): StandInRequest => ({
  ...{ method, path, headers: [], body: '', traceId: '' },
  ...more,
});
const answer = (standIn: StandIn<string>, one: StandInRequest) => {
  const outcome = standIn.match(one);
  return outcome.tier === null ? null : `${outcome.tier} ${outcome.entry.answer}`;
};
const settings = { exhaustion: 'repeat', session: 'none' } as const;

describe('finding the recorded answer', () => {
  test('the same bytes first, then ids and times masked, then the path template', () => {
    const standIn = new StandIn(
      [entry('GET', '/orders/42?at=2026-01-01T00:00:00Z', 'one'), entry('GET', '/orders/7', 'two')],
      settings,
    );
    expect(answer(standIn, request('GET', '/orders/42?at=2026-01-01T00:00:00Z'))).toBe('exact one');
    expect(answer(standIn, request('GET', '/orders/42?at=2031-12-31T23:59:59Z'))).toBe('masked one');
    expect(answer(standIn, request('GET', '/orders/7'))).toBe('exact two');
    expect(answer(standIn, request('GET', '/orders/1000'))).toBe('template one');
    expect(answer(standIn, request('POST', '/orders/42'))).toBeNull();
  });

  test('bodies count by content, not by the order of members', () => {
    const standIn = new StandIn(
      [entry('POST', '/pay', 'ten', '{"amount":10,"to":"kim"}'), entry('POST', '/pay', 'twenty', '{"amount":20,"to":"kim"}')],
      settings,
    );
    expect(answer(standIn, request('POST', '/pay', { body: '{"to":"kim","amount":20}' }))).toBe('masked twenty');
    expect(answer(standIn, request('POST', '/pay', { body: '{"amount":10,"to":"kim"}' }))).toBe('exact ten');
  });

  test('different answers to the same request come in order, the last one again when they are used up', () => {
    const poll = ['pending', 'pending', 'done'].map((state) => entry('GET', '/job', state));
    const all = (exhaustion: 'repeat' | 'cycle' | 'miss') => {
      const standIn = new StandIn(poll, { exhaustion, session: 'none' });
      return Array.from({ length: 5 }, () => answer(standIn, request('GET', '/job'))?.replace('exact ', '') ?? null);
    };
    expect(all('repeat')).toEqual(['pending', 'pending', 'done', 'done', 'done']);
    expect(all('cycle')).toEqual(['pending', 'pending', 'done', 'pending', 'pending']);
    expect(all('miss')).toEqual(['pending', 'pending', 'done', null, null]);
  });

  test('each session has its own place in the sequence', () => {
    const poll = ['first', 'second'].map((state) => entry('GET', '/job', state));
    for (const [session, of] of [
      ['trace', (id: string) => ({ traceId: id })],
      ['header:X-User', (id: string) => ({ headers: [['x-user', id]] as [string, string][] })],
      ['cookie:sid', (id: string) => ({ headers: [['cookie', `a=b; sid=${id}`]] as [string, string][] })],
    ] as const) {
      const standIn = new StandIn(poll, { exhaustion: 'repeat', session });
      const ask = (id: string) => answer(standIn, request('GET', '/job', of(id)));
      expect([ask('kim'), ask('lee'), ask('kim'), ask('lee')], session).toEqual([
        'exact first',
        'exact first',
        'exact second',
        'exact second',
      ]);
    }
  });

  test('a miss names the nearest recorded request and what differs', () => {
    const standIn = new StandIn([entry('POST', '/orders?dry=1', 'x', '{"a":1}'), entry('GET', '/stock', 'y')], settings);
    const miss = standIn.match(request('PUT', '/orders?dry=2', { body: '{"a":2}' }));
    expect(miss.nearest?.entry.path).toBe('/orders?dry=1');
    expect(miss.nearest?.differs).toEqual(['method PUT, recorded POST', 'query dry=2, recorded 1', 'body $.a 2, recorded 1']);
    expect(standIn.match(request('PATCH', '/stock/7')).nearest?.differs).toEqual([
      'method PATCH, recorded GET',
      'path /stock/7, recorded /stock',
    ]);
    expect(new StandIn([], settings).match(request('GET', '/')).nearest).toBeNull();
  });
});

test('masks what changes from run to run, and nothing else', () => {
  expect(maskPath('/a/b?z=1&a=2')).toBe('/a/b?a=2&z=1');
  expect(maskPath('/t/0af7651916cd43dd8448eb211c80319c')).toBe('/t/*');
  expect(maskBody('{"id":"3f2c1e9a-0000-4000-8000-0123456789ab","n":12,"at":1767225600}')).toBe('{"at":*,"id":"*","n":12}');
  expect(maskBody('{"cut":')).toBe('{"cut":');
  expect(maskBody('base64:AAAa1bcdEfghij2KLMnopqrst')).toBe('base64:AAAa1bcdEfghij2KLMnopqrst');
  expect(maskBody('b=2&at=2026-01-01&a=x%20y')).toBe('a=x%20y&at=*&b=2');
  expect(maskBody('{"when":"Sat, 21 Nov 2026 13:03:26 GMT","token":"eyJhbGciOi.eyJzdWIi.c2ln"}')).toBe(
    '{"token":"*","when":"*"}',
  );
  expect(templateOf('/users/42/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV?x=1')).toBe('/users/{}/orders/{}');
});

test('a multipart body is the same under another boundary, and differs by part', () => {
  const form = (boundary: string, amount: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="amount"\r\n\r\n${amount}\r\n--${boundary}--\r\n`;
  const standIn = new StandIn([entry('POST', '/pay', 'paid', form('----boundary1', '10'))], settings);
  expect(answer(standIn, request('POST', '/pay', { body: form('----other22', '10') }))).toBe('masked paid');
  const other = standIn.match(request('POST', '/pay', { body: form('----other22', '11') }));
  expect(other.tier === 'template' && other.differs).toEqual(['body part amount 11, recorded 10']);
});

test('HEAD is answered from a recorded GET, and a session that was recorded with its own answers', () => {
  const poll = ['kim', 'lee', 'kim'].map((user, i) => ({
    ...entry('GET', '/cart', `${user} ${i}`),
    headers: [['X-User', user]] as [string, string][],
  }));
  const standIn = new StandIn(poll, { exhaustion: 'repeat', session: 'header:x-user' });
  const ask = (user: string, method = 'GET') => answer(standIn, request(method, '/cart', { headers: [['x-user', user]] }));
  expect([ask('lee'), ask('lee'), ask('kim'), ask('kim'), ask('new'), ask('new')]).toEqual([
    ...['exact lee 1', 'exact lee 1', 'exact kim 0', 'exact kim 2', 'exact kim 0', 'exact lee 1'],
  ]);
  expect(ask('lee', 'HEAD')).toBe('exact lee 1');
  standIn.change({ exhaustion: 'miss', session: 'none' });
  expect([ask('x'), ask('x'), ask('x'), ask('x')]).toEqual(['exact kim 0', 'exact lee 1', 'exact kim 2', null]);
});

test('a miss is quick however long the recording', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => entry('POST', `/shop/item-${i}/stock`, 'x', `{"n":${i}}`));
  const standIn = new StandIn(many, settings);
  const nearest = standIn.match(request('POST', '/shop/item-7x/stock')).nearest;
  expect(nearest?.entry.path).toBe('/shop/item-0/stock');
});
