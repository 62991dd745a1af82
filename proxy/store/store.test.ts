import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import { makeBody, makeExchange, makeFolder, realClock } from './fixtures.ts';
import { schemaVersion } from './migrations.ts';
import { Store, StoreOpenError } from './store.ts';
import type { StoreNotice, StoreOptions } from './store-types.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  while (cleanups.length > 0) await cleanups.pop()!();
});

function folder(): string {
  const made = makeFolder();
  cleanups.push(made.remove);
  return made.path;
}

async function open(path: string, options: Partial<StoreOptions> = {}): Promise<{ store: Store; notices: StoreNotice[] }> {
  const notices: StoreNotice[] = [];
  const store = await Store.open({ path, clock: realClock, onNotice: (notice) => notices.push(notice), ...options });
  cleanups.push(() => store.close());
  return { store, notices };
}

describe('exchanges', () => {
  test('are found at once, before they are on disk, and once only after', async () => {
    const { store } = await open(join(folder(), 'drydock.db'));
    store.insertExchanges([makeExchange(1), makeExchange(2)]);
    expect((await store.queryExchanges({})).exchanges.map((x) => x.path)).toEqual(['/ratings/2', '/ratings/1']);
    await store.flush();
    expect((await store.queryExchanges({})).exchanges).toHaveLength(2);
    expect(store.counters()).toMatchObject({ inserted: 2, dropped: 0, pending: 0, degraded: false, rows: 2 });
  });

  test('survive a restart with bodies, headers and every field as they were', async () => {
    const path = join(folder(), 'drydock.db');
    const binary = Buffer.from([0, 255, 128, 10]).toString('base64');
    const exchange: ExchangeDetail = makeExchange(7, {
      request: { headers: [['X-A', '1'], ['x-a', '2']], body: { ...makeBody(''), encoding: 'base64', content: binary, bytes: 4 }, trailers: [] },
    });
    const first = await open(path);
    first.store.insertExchanges([exchange]);
    await first.store.close();
    const { store } = await open(path);
    expect(await store.getExchange(exchange.id)).toEqual(exchange);
    expect(await store.exchangesOfTrace(exchange.traceId)).toEqual([exchange]);
    expect(await store.getExchange('none')).toBeNull();
  });

  test('filter the same in memory and on disk', async () => {
    const path = join(folder(), 'drydock.db');
    const rows = [
      makeExchange(1, { status: 503, flags: 'UF,URX', path: '/a/1' }),
      makeExchange(2, { status: 200, destination: 'details', destinationNamespace: 'shop', path: '/b' }),
      makeExchange(3, { status: 404, reporter: 'destination', method: 'POST', path: '/a/2' }),
      makeExchange(4, { status: 0, source: 'outside', path: '/%' }),
    ];
    const first = await open(path);
    first.store.insertExchanges(rows);
    const cases: [Record<string, string>, number[]][] = [
      [{ status: '503' }, [1]],
      [{ status: '5xx' }, [1]],
      [{ status: '>=404' }, [3, 1]],
      [{ status: '<400' }, [4, 2]],
      [{ status: '0' }, [4]],
      [{ status: 'nonsense' }, []],
      [{ path: '/a' }, [3, 1]],
      [{ path: '/%' }, [4]],
      [{ to: 'details' }, [2]],
      [{ to: 'shop/details' }, [2]],
      [{ to: 'default/details' }, []],
      [{ from: 'outside' }, [4]],
      [{ reporter: 'destination' }, [3]],
      [{ method: 'post' }, [3]],
      [{ flag: 'URX' }, [1]],
      [{ flag: 'U' }, []],
      [{ traceId: rows[1]!.traceId }, [2]],
      [{ since: rows[2]!.time }, [4, 3]],
      [{ until: rows[1]!.time }, [1]],
      [{ since: 'soon' }, []],
    ];
    const ask = async (store: Store) => {
      const answers: string[][] = [];
      for (const [query] of cases) answers.push((await store.queryExchanges(query)).exchanges.map((x) => x.id));
      return answers;
    };
    const expected = cases.map(([, numbers]) => numbers.map((n) => makeExchange(n).id));
    expect(await ask(first.store)).toEqual(expected);
    await first.store.close();
    expect(await ask((await open(path)).store)).toEqual(expected);
  });

  test('page without gaps or repeats, partly from memory and partly from disk', async () => {
    const path = join(folder(), 'drydock.db');
    const first = await open(path);
    first.store.insertExchanges(Array.from({ length: 25 }, (_, n) => makeExchange(n)));
    await first.store.close();
    const { store } = await open(path);
    store.insertExchanges(Array.from({ length: 25 }, (_, n) => makeExchange(25 + n)));
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 20; pages++) {
      const page = await store.queryExchanges({ limit: 7, cursor });
      seen.push(...page.exchanges.map((x) => x.id));
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, n) => makeExchange(49 - n).id));
  });

  test('a chatty service cannot push out the others', async () => {
    const { store } = await open(join(folder(), 'drydock.db'), { limits: { maxExchanges: 300 } });
    store.insertExchanges(Array.from({ length: 50 }, (_, n) => makeExchange(n, { destination: 'quiet' })));
    for (let batch = 0; batch < 5; batch++) {
      store.insertExchanges(Array.from({ length: 400 }, (_, n) => makeExchange(1000 + batch * 400 + n, { destination: 'chatty' })));
      await store.flush();
    }
    await store.close();
    const again = await open(join(cleanupPath(store), 'drydock.db'));
    const quiet = await again.store.queryExchanges({ to: 'quiet', limit: 1000 });
    const chatty = await again.store.queryExchanges({ to: 'chatty', limit: 1000 });
    expect(quiet.exchanges).toHaveLength(50);
    expect(chatty.exchanges).toHaveLength(250);
    expect(chatty.exchanges[0]!.id).toBe(makeExchange(2999).id);
  });

  test('stay under the limit of bytes', async () => {
    const path = join(folder(), 'drydock.db');
    const { store } = await open(path, { limits: { maxExchangeBytes: 400_000 } });
    const big = (n: number) => makeExchange(n, { response: { headers: [], body: makeBody('z'.repeat(10_000)), trailers: [] } });
    store.insertExchanges(Array.from({ length: 200 }, (_, n) => big(n)));
    await store.flush();
    expect(store.counters().bytes).toBeLessThanOrEqual(400_000);
    expect(store.counters().rows).toBeGreaterThan(20);
  });

  test('beyond the queue are dropped and counted, never kept in memory', async () => {
    const { store } = await open(join(folder(), 'drydock.db'), { limits: { maxPending: 100 } });
    store.insertExchanges(Array.from({ length: 1000 }, (_, n) => makeExchange(n)));
    await store.flush();
    expect(store.counters()).toMatchObject({ inserted: 100, dropped: 900 });
  });

  test('form traces, newest first', async () => {
    const { store } = await open(join(folder(), 'drydock.db'));
    const traceId = 'f'.repeat(32);
    store.insertExchanges([makeExchange(1, { traceId }), makeExchange(2), makeExchange(3, { traceId, reporter: 'destination' })]);
    await store.flush();
    store.insertExchanges([makeExchange(4, { traceId })]);
    const { groups, next } = await store.listTraceGroups({ limit: 1 });
    expect(groups.map((g) => g.traceId)).toEqual([makeExchange(2).traceId]);
    const second = await store.listTraceGroups({ limit: 1, cursor: next! });
    expect(second.groups[0]).toMatchObject({ traceId, firstId: makeExchange(1).id });
    expect(second.groups[0]!.exchanges).toHaveLength(3);
    expect(second.next).toBeNull();
  });
});

/** The folder of the store opened last: its path is the folder's only database. */
function cleanupPath(_store: Store): string {
  return lastFolder();
}
function lastFolder(): string {
  return readdirSync('/tmp')
    .filter((name) => name.startsWith('drydock-store-'))
    .map((name) => join('/tmp', name))
    .sort((a, b) => statSync(b).ctimeMs - statSync(a).ctimeMs)[0]!;
}
