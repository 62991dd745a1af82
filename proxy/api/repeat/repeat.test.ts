import { expect, test } from 'vitest';
import type { ExchangeDetail } from '../exchange.schema.ts';
import { toCurl } from './curl.ts';
import { toFetch } from './fetch.ts';
import { toHttpie } from './httpie.ts';
import { canRepeat, toRepeatable } from './repeatable.ts';

const exchange = {
  ...{ reporter: 'source', source: 'orders', sourceWorkload: 'orders-v1-0', protocol: 'HTTP/1.1' },
  ...{ destination: 'payments', destinationNamespace: 'shop', method: 'POST', authority: 'payments:9080', path: '/pay/1?x="y"' },
  request: {
    headers: [
      ['host', 'payments:9080'],
      ['content-type', 'application/json'],
      ['authorization', 'redacted-1'],
      ['x-request-id', 'r'],
    ],
    body: { encoding: 'utf8', content: '{"it\'s":1}', bytes: 10, capturedBytes: 10, truncated: false },
  },
  response: { headers: [] },
  redacted: ['request.headers.authorization'],
} as unknown as ExchangeDetail;
const status = { ingress: 'http://127.0.0.1:8080/', workloads: [{ id: 'orders-v1-0', outbound: 'http://127.0.0.1:15001' }] };
const repeat = (over: Partial<ExchangeDetail> = {}) => toRepeatable({ ...exchange, ...over } as ExchangeDetail, status as never);

test('the same door of the mesh, with Host telling who is meant', () => {
  expect(toCurl(repeat())).toBe(
    [
      `curl -i`,
      `-X POST`,
      `-H 'Host: payments:9080'`,
      `-H 'content-type: application/json'`,
      `-H 'authorization: <redacted>'`,
      `--data-raw '{"it'\\''s":1}'`,
      `'http://127.0.0.1:15001/pay/1?x="y"'`,
    ].join(' \\\n  '),
  );
  expect(toCurl(repeat({ reporter: 'gateway' }))).toContain(`'http://127.0.0.1:8080/pay/1?x="y"'`);
  expect(toCurl(repeat({ sourceWorkload: 'gone' }))).toContain(`'http://payments:9080/pay/1?x="y"'`);
});

test('fetch is a program that goes through the sidecar, or to the ingress by name', () => {
  expect(toFetch(repeat())).toBe(`// Run with HTTP_PROXY=http://127.0.0.1:15001 NODE_USE_ENV_PROXY=1
await fetch("http://payments:9080/pay/1?x=\\"y\\"", {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "authorization": "<redacted>",
  },
  body: new TextEncoder().encode("{\\"it's\\":1}"),
});`);
  expect(toFetch(repeat({ reporter: 'gateway', authority: 'pay.localhost' }))).toContain(
    'fetch("http://pay.localhost:8080/pay/1',
  );
});

test('HTTPie quotes what a shell would read', () => {
  expect(toHttpie(repeat())).toBe(
    `printf %s '{"it'\\''s":1}' | http POST 'http://127.0.0.1:15001/pay/1?x="y"' Host:payments:9080 content-type:application/json 'authorization:<redacted>'`,
  );
});

test('what the copy lacks is said', () => {
  const body = { ...exchange.request.body, truncated: true, bytes: 99 };
  expect(repeat({ request: { ...exchange.request, body } as never }).notes).toEqual([
    'Fill in authorization: it was taken out before it was written.',
    'Of the body, only the first 10 of 99 bytes were captured.',
  ]);
  expect(canRepeat({ protocol: 'TCP' })).toBe(false);
});

test('a stream is read as it comes, a WebSocket is asked for, gRPC speaks HTTP/2', () => {
  const response = { headers: [['content-type', 'text/event-stream']] };
  expect(toCurl(repeat({ response: response as never }))).toContain('curl -i -N');
  expect(toCurl(repeat({ protocol: 'WebSocket' }))).toContain(`-H 'Upgrade: websocket'`);
  expect(toCurl(repeat({ protocol: 'gRPC' }))).toContain(`--http2-prior-knowledge \\\n  -H 'te: trailers'`);
});
