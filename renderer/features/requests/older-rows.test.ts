import { describe, expect, test } from 'vitest';
import type { ExchangePage } from '../../../proxy/api/exchange.schema.ts';
import { compileFilter } from '../../../proxy/api/filter/match-exchange.ts';
import { parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import type { ExchangeRing } from '../../engine/exchange-ring.ts';
import { createManualRing } from '../../engine/test-kit.ts';
import { type ExchangeQueryIn, narrowFilter, OlderRows } from './older-rows.ts';

function ringOf(ids: string[]): ExchangeRing {
  const { ring, flush } = createManualRing();
  ring.push(ids.map((id) => makeExchange({ id })));
  flush();
  return ring;
}

/** An engine that keeps these, newest first, two to a page. */
function engineOf(kept: Parameters<typeof makeExchange>[0][]) {
  const asked: ExchangeQueryIn[] = [];
  const read = async (query: ExchangeQueryIn): Promise<ExchangePage> => {
    asked.push(query);
    const { to, cursor } = query;
    const all = kept.map((one) => makeExchange(one)).filter((one) => to === undefined || one.destination === to);
    const older = all.filter((one) => cursor === undefined || one.id < cursor);
    return { exchanges: older.slice(0, 2), next: older.length > 2 ? (older[1]?.id ?? null) : null };
  };
  return { asked, read };
}

const olderOf = (filterText: string, ring: ExchangeRing, read: (query: ExchangeQueryIn) => Promise<ExchangePage>) => {
  const filter = parseFilter(filterText);
  return new OlderRows({ ring, read, matches: compileFilter(filter), narrowed: narrowFilter(filter) });
};

async function loadAll(older: OlderRows): Promise<string[]> {
  for (let page = 0; page < 20 && older.phase.get() === 'more'; page++) await older.load();
  return older.rows.map(({ id }) => id);
}

describe('older rows', () => {
  test('begin where the page ends, leave out what it has, and end with what the engine keeps', async () => {
    const { read, asked } = engineOf(['f', 'e', 'd', 'c', 'b', 'a'].map((id) => ({ id })));
    const older = olderOf('', ringOf(['e', 'd', 'f']), read);
    expect(await loadAll(older)).toEqual(['c', 'b', 'a']);
    expect(asked.map(({ cursor }) => cursor)).toEqual(['f', 'd', 'b']);
    expect(older.phase.get()).toBe('all');
  });

  test('ask the engine for what it understands, and for everything when it finds nothing that way', async () => {
    const kept = [
      { id: 'd', destination: 'cart', destinationWorkload: 'cart-v1-0' },
      { id: 'c', destination: 'ratings', destinationWorkload: 'ratings-v1-0' },
      { id: 'b', destination: 'cart', destinationWorkload: 'cart-v1-0' },
      { id: 'a', destination: 'ratings', destinationWorkload: 'ratings-v1-0' },
    ];
    const byService = engineOf(kept);
    expect(await loadAll(olderOf('dest:Ratings', ringOf(['e']), byService.read))).toEqual(['c', 'a']);
    expect(byService.asked).toMatchObject([{ to: 'ratings' }]);
    const byWorkload = engineOf(kept);
    expect(await loadAll(olderOf('dest:ratings-v1-0', ringOf(['e']), byWorkload.read))).toEqual(['c', 'a']);
    expect(byWorkload.asked.map(({ to }) => to)).toEqual(['ratings-v1-0', undefined, undefined]);
  });

  test('one page at a time; one that cannot be read may be asked for again', async () => {
    let fails = true;
    const engine = engineOf([{ id: 'a' }]);
    const older = olderOf('', ringOf(['b']), (query) => (fails ? Promise.reject(new Error('gone')) : engine.read(query)));
    await expect(older.load()).rejects.toThrow('gone');
    fails = false;
    await Promise.all([older.load(), older.load()]);
    expect([older.rows.length, engine.asked.length]).toEqual([1, 1]);
  });
});

test('only single values that must hold narrow the question', () => {
  const narrow = (text: string) => narrowFilter(parseFilter(text));
  expect(narrow('status>=500 src:web method:post path:/pay flag:uo trace:AB')).toEqual({
    ...{ status: '>=500', from: 'web', method: 'POST', path: '/pay', flag: 'UO', traceId: 'ab' },
  });
  expect(narrow('template:/cart/*/items')).toEqual({ path: '/cart/' });
  expect(narrow('status:5xx')).toEqual({ status: '5xx' });
  expect(narrow('-dest:a status!=200 dest:a,b path:/x*y flag:* ms>20 text')).toEqual({});
});
