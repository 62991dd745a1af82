import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { CapturedBody, ExchangeDetail } from '../../api/exchange.schema.ts';
import { Redactor } from '../../recorder/redact.ts';
import type { ReplayAnswer, ReplayCall } from '../../recorder/replay.ts';
import { makeBody, makeExchange } from '../../store/fixtures.ts';
import { createMessageHandlers } from './message-handlers.ts';

const json = 'application/json';
const packed = (text: string): CapturedBody => {
  const bytes = gzipSync(text);
  const size = { bytes: bytes.length, capturedBytes: bytes.length };
  return { ...makeBody('', json), ...size, encoding: 'base64', content: bytes.toString('base64'), contentEncoding: 'gzip' };
};
const message = (body: CapturedBody | null, headers: [string, string][] = []) => ({ headers, body, trailers: [] });

function setUp(exchange: ExchangeDetail, answer: Partial<ReplayAnswer> = {}) {
  const calls: ReplayCall[] = [];
  const handlers = createMessageHandlers({
    exchange: () => Promise.resolve(exchange),
    redactor: new Redactor({ key: Buffer.alloc(32, 1) }),
    send: (call) => {
      calls.push(call);
      const usual = { status: 200, headers: [], body: Buffer.alloc(0), traceId: 't', durationMs: 4, error: '' };
      return Promise.resolve({ ...usual, ...answer });
    },
  });
  return { handlers, calls };
}

const recorded = makeExchange(1, {
  method: 'POST',
  path: '/pay?page=1',
  status: 200,
  request: message(packed('{"amount":10}'), [
    ['content-type', json],
    ['content-encoding', 'gzip'],
    ['x-user', 'ann'],
  ]),
  response: message(makeBody('{"total":10,"by":"ann"}', json), [['content-type', json]]),
});

test('the answer to a changed request comes with both differences, bodies compared as the text they are', async () => {
  const { handlers, calls } = setUp(recorded, {
    status: 201,
    headers: [
      ['content-type', json],
      ['content-encoding', 'gzip'],
    ],
    body: gzipSync('{"total":12,"by":"ann"}'),
  });
  const answer = await handlers.resendExchange({
    params: { id: '1' },
    query: {},
    body: { path: '/pay?page=2', headers: [['content-type', json]], body: '{"amount":12}' },
  });
  expect(calls[0]).toMatchObject({ method: 'POST', path: '/pay?page=2', headers: [['content-type', json]] });
  expect(calls[0]?.body.toString()).toBe('{"amount":12}');
  expect(answer).toMatchObject({
    view: { content: '{"total":12,"by":"ann"}', notes: [] },
    compared: {
      request: [
        { path: 'query:page', recorded: '1', replayed: '2' },
        { path: 'header:content-encoding', kind: 'missing' },
        { path: 'header:x-user', kind: 'missing' },
        { path: '$.amount', recorded: '10', replayed: '12' },
      ],
      answer: [
        { path: 'status', recorded: '200', replayed: '201' },
        { path: 'header:content-encoding', kind: 'extra' },
        { path: '$.total', recorded: '10', replayed: '12' },
      ],
    },
  });
});

test('what is not changed is sent as it was recorded, and differs in nothing', async () => {
  const { handlers, calls } = setUp(recorded, { error: 'ECONNREFUSED', status: 0 });
  const answer = await handlers.resendExchange({ params: { id: '1' }, query: {}, body: {} });
  expect(gunzipSync(calls[0]!.body).toString()).toBe('{"amount":10}');
  expect(answer).toMatchObject({ error: 'ECONNREFUSED', view: null, compared: { request: [], answer: null } });
});

test('a body is read by its side; another side or none kept is not found', async () => {
  const { handlers } = setUp({ ...recorded, response: message(null) });
  const read = (side: string) => handlers.getBody({ params: { id: '1', side }, query: {}, body: undefined });
  expect(await read('request')).toMatchObject({ content: '{"amount":10}', contentEncoding: 'gzip' });
  await expect(read('response')).rejects.toMatchObject({ code: 'not_found' });
  await expect(read('trailers')).rejects.toMatchObject({ code: 'not_found' });
});

test('a request of one’s own goes through the ingress, or as the service named', async () => {
  const { handlers, calls } = setUp(recorded, { body: Buffer.from('hello') });
  const own = { authority: 'orders.localhost', method: 'get', path: '/', headers: [], body: '' };
  expect(await handlers.sendRequest({ params: {}, query: {}, body: own })).toMatchObject({
    status: 200,
    body: 'hello',
    traceId: 't',
  });
  await handlers.sendRequest({ params: {}, query: {}, body: { ...own, from: 'shop/web', authority: 'orders:9080', body: 'x' } });
  await handlers.sendRequest({ params: {}, query: {}, body: { ...own, from: 'web' } });
  expect(calls.map(({ source, method, authority }) => ({ source, method, authority }))).toEqual([
    { source: { kind: 'ingress' }, method: 'GET', authority: 'orders.localhost' },
    { source: { kind: 'workload', workload: '', service: 'web', namespace: 'shop' }, method: 'GET', authority: 'orders:9080' },
    {
      source: { kind: 'workload', workload: '', service: 'web', namespace: 'default' },
      method: 'GET',
      authority: 'orders.localhost',
    },
  ]);
  expect(calls[1]?.body.toString()).toBe('x');
});
