import http, { type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { monotonicMs } from '../../shared/monotonic.ts';
import { listen } from '../../testing/listen.ts';
import { Sender } from './sender.ts';
import type { WireCall } from './wire.ts';

let server: Server;
let sender: Sender;
let seen: { url: string; at: number }[];

beforeEach(async () => {
  seen = [];
  server = http.createServer((request, response) => {
    seen.push({ url: request.url ?? '', at: performance.now() });
    if (request.url === '/never') return;
    response.setHeader('x-trace', String(request.headers.traceparent));
    response.end('hello');
  });
  await listen(server);
  sender = new Sender();
});
afterEach(() => {
  sender.close();
  server.close();
  server.closeAllConnections();
});

const call = (path: string, startAt = 0): WireCall => ({
  host: '127.0.0.1',
  port: (server.address() as AddressInfo).port,
  method: 'GET',
  authority: 'shop:9080',
  path,
  headers: [],
  body: new Uint8Array(0),
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  startAt,
  script: null,
});

test('calls start in the order of their moments, never before, whatever the order they were given in', async () => {
  const now = monotonicMs(performance.now());
  const answers = await Promise.all([
    sender.send(1, call('/third', now + 90)),
    sender.send(2, call('/first', now + 30)),
    sender.send(3, call('/second', now + 60)),
  ]);
  // By when they were sent: each has a connection of its own, which a busy server reads in any order.
  const startedAt = (n: number, moment: number) => moment + answers[n]!.lagMs!;
  const [third, first, second] = [startedAt(0, 90), startedAt(1, 30), startedAt(2, 60)];
  expect([first < second, second < third]).toEqual([true, true]);
  expect(seen.map(({ url }) => url).sort()).toEqual(['/first', '/second', '/third']);
  expect(answers.map(({ status, error }) => [status, error])).toEqual(Array(3).fill([200, '']));
  for (const { lagMs } of answers) expect(lagMs).toBeGreaterThan(-1);
  expect(answers[0]!.headers).toContainEqual(['x-trace', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`]);
});

test('a call cancelled before its moment is never sent, and one under way ends at once', async () => {
  const later = sender.send(1, call('/later', monotonicMs(performance.now()) + 60_000));
  sender.cancel(1);
  expect(await later).toMatchObject({ status: 0, error: 'cancelled' });
  const never = sender.send(2, call('/never'));
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(1);
  sender.cancel(2);
  expect((await never).error).not.toBe('');
  expect(seen.map(({ url }) => url)).toEqual(['/never']);
});

test('a connection that was closed while it was kept is replaced, and what cannot be sent is an answer', async () => {
  expect((await sender.send(1, call('/one'))).status).toBe(200);
  server.closeAllConnections();
  expect((await sender.send(2, call('/two'))).status).toBe(200);
  expect((await sender.send(3, call('/a b'))).error).toContain('unescaped');
  expect((await sender.send(4, { ...call('/x'), port: 1 })).error).toBe('ECONNREFUSED');
});

test('a body goes up whole, and an answer in chunks with trailers comes back whole', async () => {
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write(`${request.headers['content-length']}:`);
      response.write(body);
      response.addTrailers({ 'x-sum': '7' });
      response.end();
    });
  });
  const answer = await sender.send(1, {
    ...call('/post'),
    method: 'POST',
    body: new Uint8Array(Buffer.from('x'.repeat(70_000))),
  });
  expect(Buffer.from(answer.body).toString()).toBe(`70000:${'x'.repeat(70_000)}`);
  expect(answer.trailers).toEqual([['x-sum', '7']]);
});
