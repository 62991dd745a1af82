import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ExchangeDetail, ExchangeMessage } from '../api/exchange.schema.ts';
import { Redactor } from './redact.ts';

const redactor = new Redactor({ key: Buffer.alloc(32, 7) });
const message = (over: Partial<ExchangeMessage>): ExchangeMessage => ({
  ...{ number: 0, dir: 'up', kind: 'text', bytes: 10, offsetMs: 1, encoding: 'utf8', content: '', truncated: false },
  ...over,
});
function redact(items: ExchangeMessage[], headers: [string, string][] = []): ExchangeDetail {
  const nothing = { headers: [], body: null, trailers: [] };
  const exchange = {
    path: '/',
    request: { ...nothing, headers },
    response: nothing,
    redacted: [],
    messages: { items, total: items.length, dropped: 0 },
  };
  return redactor.redactOne(exchange as unknown as ExchangeDetail);
}

test('secrets go out of frames and events by name and by shape, and what was taken is told', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYXNvbiJ9.c2lnbmF0dXJlLWJ5dGVz';
  const clean = redact([
    message({ content: '{"password":"hunter2","text":"Ahoy"}' }),
    message({ kind: 'event', dir: 'down', content: `event: login\ndata: {"token":"abc123"}\ndata: ${jwt}\n\n` }),
    message({ content: '{"text":"nothing to hide"}' }),
  ]);
  const [first, second, third] = clean.messages!.items;
  expect(first!.content).toMatch(/^\{"password":"redacted-[0-9a-f]{16}","text":"Ahoy"\}$/);
  expect(second!.content).not.toMatch(/abc123|c2lnbmF0dXJl/);
  expect(third!.content).toBe('{"text":"nothing to hide"}');
  expect(clean.redacted).toContain('messages.up.password');
});

test('a deflated gRPC message is inflated, so that what is in it can be seen and taken out; a broken one stays bytes', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYXNvbiJ9.c2lnbmF0dXJlLWJ5dGVz';
  const zipped = (bytes: Buffer) =>
    message({ kind: 'message', encoding: 'base64', compressed: true, content: bytes.toString('base64') });
  const broken = zipped(Buffer.from([1, 2, 3]));
  const clean = redact([zipped(gzipSync(Buffer.from(`\n\x10${jwt}`))), broken], [['grpc-encoding', 'gzip']]);
  const bytes = Buffer.from(clean.messages!.items[0]!.content, clean.messages!.items[0]!.encoding).toString('latin1');
  expect(bytes).toContain('eyJhbGciOiJIUzI1NiJ9');
  expect(bytes).not.toContain('c2lnbmF0dXJl');
  expect(clean.messages!.items[1]).toEqual(broken);
});

test('a protobuf field is judged by its name once that is known', () => {
  expect(redactor.redactField('password', 'hunter2')).toMatch(/^redacted-/);
  expect(redactor.redactField('shelf', 'A7')).toBe('A7');
  expect(redactor.redactField('', 'hunter2')).toBe('hunter2');
});
