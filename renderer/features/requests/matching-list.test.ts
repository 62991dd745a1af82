import { describe, expect, test } from 'vitest';
import { isCall, isOtherHop } from '../../../proxy/api/same-call.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { createManualRing } from '../../engine/test-kit.ts';
import { MatchingList } from './matching-list.ts';

function createRing(capacity: number) {
  const { ring, flush } = createManualRing(capacity);
  let next = 0;
  const add = (count: number, status = 200) => {
    ring.push(Array.from({ length: count }, () => makeExchange({ id: String(next++), status })));
    flush();
  };
  return { ring, add };
}

describe('the matching list', () => {
  test('shows what matches, newest first', () => {
    const { ring, add } = createRing(100);
    const list = new MatchingList(ring, (exchange) => exchange.status >= 500);
    add(3);
    add(2, 503);
    add(1);
    list.update(ring.get());
    expect(list.countBefore(ring.get().end)).toBe(2);
    expect([0, 1, 2].map((row) => list.numberAt(row, ring.get().end))).toEqual([4, 3, undefined]);
  });

  test('an open exchange is replaced where it stands, and shows up or goes as it matches', () => {
    const { ring, add } = createRing(100);
    const failed = new MatchingList(ring, (exchange) => exchange.status >= 500);
    const open = new MatchingList(ring, (exchange) => exchange.open === true);
    const push = (over: Parameters<typeof makeExchange>[0]) => ring.push([makeExchange(over)]);
    const rows = (list: MatchingList) => {
      list.update(ring.get());
      const { end } = ring.get();
      return Array.from({ length: list.countBefore(end) }, (_none, row) => ring.at(list.numberAt(row, end)!)?.id);
    };
    add(1, 503);
    push({ id: 'stream', status: 0, open: true });
    push({ id: 'other', status: 0, open: true });
    add(1, 503);
    expect([rows(failed), rows(open)]).toEqual([
      ['1', '0'],
      ['other', 'stream'],
    ]);
    push({ id: 'stream', status: 503 });
    push({ id: 'stream', status: 200, open: true });
    add(0);
    expect([rows(failed), rows(open)]).toEqual([['1', 'stream', '0'], ['other']]);
    ring.settleOpen(new Set());
    add(0);
    expect(rows(open)).toEqual([]);
    expect(ring.at(2)).toMatchObject({ id: 'other' });
  });

  test('a frozen list keeps its rows while new ones are counted', () => {
    const { ring, add } = createRing(100);
    const list = new MatchingList(ring, () => true);
    add(5);
    list.update(ring.get());
    const frozenAt = ring.get().end;
    add(7);
    list.update(ring.get());
    expect(list.countBefore(frozenAt)).toBe(5);
    expect(list.numberAt(0, frozenAt)).toBe(4);
    expect(list.countBefore(ring.get().end) - list.countBefore(frozenAt)).toBe(7);
  });

  test('what falls out of the ring falls out of the list, over many times the ring’s size', () => {
    const { ring, add } = createRing(50);
    const list = new MatchingList(ring, (exchange) => Number(exchange.id) % 2 === 0);
    for (let round = 0; round < 1000; round++) {
      add(40);
      list.update(ring.get());
    }
    expect(list.countBefore(ring.get().end)).toBe(25);
    expect(list.numberAt(24, ring.get().end)).toBe(ring.get().first);
    expect(list.numberAt(25, ring.get().end)).toBeUndefined();
  });
});

describe('both reports of a call', () => {
  test('the caller’s side or the gateway stands for the call; the destination only for callers without a sidecar', () => {
    expect(isCall(makeExchange({ reporter: 'source' }))).toBe(true);
    expect(isCall(makeExchange({ reporter: 'gateway' }))).toBe(true);
    expect(isCall(makeExchange({ reporter: 'destination' }))).toBe(false);
    expect(isCall(makeExchange({ reporter: 'destination', source: 'outside' }))).toBe(true);
  });

  test('are found by span parentage, else by request id between the same two services', () => {
    const near = makeExchange({ id: 'n', spanId: 'aa', requestId: 'r' });
    expect(isOtherHop(near, makeExchange({ id: 'f', reporter: 'destination', parentSpanId: 'aa' }))).toBe(true);
    expect(isOtherHop(near, makeExchange({ id: 'f', reporter: 'destination', requestId: 'r' }))).toBe(true);
    expect(isOtherHop(near, makeExchange({ id: 'f', reporter: 'destination', requestId: 'r', destination: 'other' }))).toBe(
      false,
    );
    expect(isOtherHop(near, makeExchange({ id: 'g', reporter: 'source', requestId: 'r' }))).toBe(false);
  });
});
