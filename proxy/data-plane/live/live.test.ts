import { deflateRawSync, constants as zlib } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MessageCapture } from './message-capture.ts';
import { MessageBudget } from './message-log.ts';

function capture(kind: 'websocket' | 'sse' | 'grpc' | 'data', extensions = '', budget = new MessageBudget(1 << 20)) {
  let at = 0;
  return new MessageCapture({ kind, budget, elapsed: () => at++, limitBytes: 65_536, extensions });
}

/** A frame of a server, or with `mask` of a client. */
function frame(first: number, payload: Buffer | string, mask?: number[]): Buffer {
  const bytes = Buffer.from(payload as string);
  const head = bytes.length < 126 ? [first, bytes.length] : [first, 126, bytes.length >> 8, bytes.length & 255];
  if (!mask) return Buffer.concat([Buffer.from(head), bytes]);
  head[1]! |= 0x80;
  return Buffer.concat([Buffer.from(head), Buffer.from(mask), bytes.map((byte, i) => byte ^ mask[i & 3]!)]);
}

const byteByByte = (bytes: Buffer, to: (chunk: Buffer) => void) => {
  for (let i = 0; i < bytes.length; i++) to(bytes.subarray(i, i + 1));
};
const told = (it: MessageCapture) => it.record().items.map(({ dir, kind, content, bytes }) => [dir, kind, content, bytes]);

describe('WebSocket', () => {
  test('masked, fragmented and interleaved frames come out as messages, however the bytes are cut', () => {
    const key = [7, 99, 200, 1];
    const wire = Buffer.concat([
      frame(0x01, 'Hal', key),
      frame(0x89, 'p?', key),
      frame(0x80, 'lo ö', key),
      frame(0x82, Buffer.from([0, 255]), key),
      frame(0x81, '', key),
      frame(0x88, Buffer.concat([Buffer.from([3, 232]), Buffer.from('bye')]), key),
    ]);
    const whole = capture('websocket');
    whole.passed('up', wire);
    const cut = capture('websocket');
    byteByByte(wire, (chunk) => cut.passed('up', chunk));
    const expected = [
      ['up', 'ping', 'p?', 2],
      ['up', 'text', 'Hallo ö', 8],
      ['up', 'binary', 'AP8=', 2],
      ['up', 'text', '', 0],
      ['up', 'close', 'bye', 5],
    ];
    expect(told(whole)).toEqual(expected);
    expect(told(cut)).toEqual(expected);
    expect(whole.record().items.at(-1)).toMatchObject({ closeCode: 1000, number: 4 });
  });

  test('permessage-deflate is inflated for display with its context; a bomb is said, not inflated', () => {
    const it = capture('websocket', 'permessage-deflate');
    const dictionary = Buffer.from('{"stock":"compass"}');
    const deflate = (text: string, context?: Buffer) =>
      deflateRawSync(text, { finishFlush: zlib.Z_SYNC_FLUSH, ...(context ? { dictionary: context } : {}) }).subarray(0, -4);
    it.passed('down', frame(0xc1, deflate('{"stock":"compass"}')));
    it.passed('down', frame(0xc1, deflate('{"stock":"compass","left":3}', dictionary)));
    it.passed('down', frame(0xc1, deflate('a'.repeat(5_000_000))));
    it.passed('down', frame(0xc1, deflate('after')));
    const { items } = it.record();
    expect(items[0]).toMatchObject({ kind: 'text', content: '{"stock":"compass"}', compressed: true });
    expect(items[1]).toMatchObject({ content: '{"stock":"compass","left":3}' });
    expect(items[2]).toMatchObject({ content: '', note: 'deflated: it inflates to more than 256 KiB' });
    expect(items[3]!.note).toContain('an earlier message was not inflated');
  });
});

test('events end at a blank line with any line end, also cut between CR and LF', () => {
  const wire = Buffer.from('id: 1\ndata: a\n\ndata: b\r\n\r\n: ping\r\r\ndata: c\n\ndata: open');
  const it = capture('sse');
  byteByByte(wire, (chunk) => it.passed('down', chunk));
  const whole = capture('sse');
  whole.passed('down', wire);
  const texts = it.record().items.map(({ content }) => content.trim());
  expect(texts).toEqual(['id: 1\ndata: a', 'data: b', ': ping', 'data: c']);
  expect(whole.record().items.map(({ content }) => content.trim())).toEqual(texts);
});

test('gRPC messages are split by their heads; what is no gRPC is told of no further', () => {
  const it = capture('grpc');
  const wire = Buffer.from([0, 0, 0, 0, 2, 8, 1, 1, 0, 0, 0, 1, 42, 0, 0, 0, 0, 0, 77, 1, 2, 3, 4, 5]);
  byteByByte(wire, (chunk) => it.passed('down', chunk));
  expect(it.record().items.map(({ bytes, compressed }) => [bytes, compressed ?? false])).toEqual([
    [2, false],
    [1, true],
    [0, false],
  ]);
});

test('beginning and end are kept, what lies between is counted; long contents are cut', () => {
  const budget = new MessageBudget(1 << 20);
  const it = capture('data', '', budget);
  for (let n = 0; n < 1000; n++) it.passed('down', Buffer.from(`piece ${n}`));
  it.passed('down', Buffer.alloc(100_000, 65));
  const { items, total, dropped } = it.record();
  expect([total, dropped, items.length]).toEqual([1001, 701, 300]);
  expect([items[0]!.number, items[19]!.number, items[20]!.number, items.at(-1)!.number]).toEqual([0, 19, 721, 1000]);
  expect(items.at(-1)).toMatchObject({ truncated: true, bytes: 100_000 });
  expect(items.at(-1)!.content.length).toBe(16_384);
});

test('the budget is shared: one exchange’s memory ends where all of it is used, and comes back when it closes', () => {
  const budget = new MessageBudget(64 * 1024);
  const first = capture('data', '', budget);
  for (let n = 0; n < 100; n++) first.passed('down', Buffer.alloc(8_000, 65));
  const second = capture('data', '', budget);
  second.passed('down', Buffer.alloc(8_000, 65));
  expect(first.record().items.length).toBeLessThan(9);
  expect(second.record()).toMatchObject({ items: [], total: 1, dropped: 1 });
  first.close();
  second.passed('down', Buffer.alloc(8_000, 65));
  expect(second.record().items).toHaveLength(1);
});
