import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Span } from '../api/observability.schema.ts';
import { makeSpan } from '../testing/spans.ts';
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
      request: {
        headers: [
          ['X-A', '1'],
          ['x-a', '2'],
        ],
        body: { ...makeBody(''), encoding: 'base64', content: binary, bytes: 4 },
        trailers: [],
      },
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
    const path = join(folder(), 'drydock.db');
    const { store } = await open(path, { limits: { maxExchanges: 300 } });
    store.insertExchanges(Array.from({ length: 50 }, (_, n) => makeExchange(n, { destination: 'quiet' })));
    for (let batch = 0; batch < 5; batch++) {
      store.insertExchanges(
        Array.from({ length: 400 }, (_, n) => makeExchange(1000 + batch * 400 + n, { destination: 'chatty' })),
      );
      await store.flush();
    }
    await store.close();
    const again = await open(path);
    const quiet = await again.store.queryExchanges({ to: 'quiet', limit: 1000 });
    const chatty = await again.store.queryExchanges({ to: 'chatty', limit: 1000 });
    expect(quiet.exchanges).toHaveLength(50);
    expect(chatty.exchanges).toHaveLength(250);
    expect(chatty.exchanges[0]!.id).toBe(makeExchange(2999).id);
  });

  test('stay under the limit of rows when many services are equally chatty', async () => {
    const { store } = await open(join(folder(), 'drydock.db'), { limits: { maxExchanges: 1000 } });
    for (let n = 0; n < 3000; n += 500) {
      store.insertExchanges(Array.from({ length: 500 }, (_, i) => makeExchange(n + i, { destination: `service-${i % 7}` })));
      await store.flush();
      expect(store.counters().rows).toBeLessThanOrEqual(1000);
    }
    expect(store.counters().rows).toBeGreaterThan(900);
  });

  test('stay under the limit of bytes', async () => {
    const { store } = await open(join(folder(), 'drydock.db'), { limits: { maxExchangeBytes: 400_000 } });
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

  test('traces that only apps sent spans of stand among the others by time, page by page; all tell what apps sent', async () => {
    const { store } = await open(join(folder(), 'drydock.db'));
    // Exchange ids as the data plane makes them, so that the two kinds can be sorted.
    const idAt = (n: number) => `${(Date.UTC(2026, 0, 1) + n).toString(36).padStart(9, '0')}-00000`;
    const spanAt = (n: number, change: Partial<Span>) =>
      makeSpan({
        mesh: false,
        start: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
        durationMs: 5,
        service: 'worker',
        ...change,
      });
    store.insertExchanges([1, 3].map((n) => makeExchange(n, { id: idAt(n) })));
    store.insertAppSpans([
      spanAt(2, { traceId: 'app only', spanId: 'root', name: 'nightly job' }),
      spanAt(4, { traceId: 'app only', spanId: 'child', parentSpanId: 'root', service: 'mail', error: true }),
      spanAt(3, { traceId: makeExchange(3).traceId, spanId: 'x', service: 'ratings' }),
    ]);
    const ids: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 5; page++) {
      const { groups, next } = await store.listTraceGroups({ limit: 1, ...(cursor ? { cursor } : {}) });
      ids.push(...groups.map(({ traceId, appSpans }) => `${traceId} ${appSpans}`));
      if (next === null) break;
      cursor = next;
    }
    expect(ids).toEqual([`${makeExchange(3).traceId} 1`, 'app only 2', `${makeExchange(1).traceId} 0`]);
  });
});

describe('what was written stays', () => {
  test('events keep counting after a restart, app spans and settings come back', async () => {
    const path = join(folder(), 'drydock.db');
    const event = { time: new Date(0).toISOString(), type: 'fault.armed', subject: 'ratings', message: 'armed', data: { a: 1 } };
    const first = await open(path);
    expect(first.store.insertEvents([event, { ...event, type: 'config.applied' }]).map((e) => e.id)).toEqual([1, 2]);
    const span = {
      ...{
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        parentSpanId: '',
        name: 'work',
        kind: 'internal' as const,
        service: 'reviews',
      },
      ...{ mesh: false, start: new Date(0).toISOString(), startMs: 0, durationMs: 1, error: false, attributes: {}, events: [] },
    };
    first.store.insertAppSpans([span]);
    expect(await first.store.setSetting('ports.ingress', 8080)).toEqual({ ok: true, value: null });
    await first.store.setSetting('ports.otlp', 4318);
    await first.store.setSetting('theme', { dark: true });
    await first.store.appendResourceHistory([
      { time: event.time, action: 'applied', kind: 'Fault', namespace: 'default', name: 'slow', yaml: 'kind: Fault' },
    ]);
    await first.store.close();
    const { store } = await open(path);
    expect(store.insertEvents([event])[0]!.id).toBe(3);
    expect((await store.listEvents({})).map((e) => e.id)).toEqual([3, 2, 1]);
    expect((await store.listEvents({ type: 'config.applied' })).map((e) => e.id)).toEqual([2]);
    expect((await store.listEvents({ type: 'fault.' })).map((e) => e.id)).toEqual([3, 1]);
    expect(await store.appSpansOfTrace(span.traceId)).toEqual([span]);
    expect(await store.getSetting('theme')).toEqual({ dark: true });
    expect(await store.listSettings('ports.')).toEqual([
      { key: 'ports.ingress', value: 8080 },
      { key: 'ports.otlp', value: 4318 },
    ]);
    await store.deleteSetting('theme');
    expect(await store.getSetting('theme')).toBeNull();
    expect(await store.listResourceHistory({ kind: 'Fault' })).toHaveLength(1);
    expect(await store.listResourceHistory({ kind: 'Mesh' })).toHaveLength(0);
  });

  test('recordings count what they hold, page oldest first, and can be deleted', async () => {
    const { store } = await open(join(folder(), 'drydock.db'));
    const made = await store.createRecording({
      id: 'r1',
      name: 'checkout',
      filter: { to: 'ratings' },
      startedAt: new Date(0).toISOString(),
    });
    expect(made).toMatchObject({ ok: true, value: { state: 'recording', exchanges: 0 } });
    const batch = [makeExchange(2, { redacted: ['request.headers.authorization'] }), makeExchange(1)];
    expect(await store.appendToRecording('r1', batch)).toMatchObject({ ok: true, value: { exchanges: 2 } });
    expect(await store.appendToRecording('r1', batch)).toMatchObject({ ok: true, value: { exchanges: 2 } });
    expect(await store.appendToRecording('none', batch)).toMatchObject({ ok: false, code: 'not_found' });
    const stopped = await store.stopRecording({ id: 'r1', stoppedAt: new Date(9).toISOString(), dropped: 3 });
    expect(stopped).toMatchObject({
      ok: true,
      value: { state: 'stopped', services: ['ratings', 'reviews'], redacted: { authorization: 1 }, dropped: 3 },
    });
    const page = await store.recordedExchanges('r1', { limit: 1 });
    expect(page.exchanges.map((x) => x.path)).toEqual(['/ratings/1']);
    expect((await store.recordedExchanges('r1', { limit: 1, cursor: page.next! })).exchanges).toEqual([batch[0]]);
    expect(await store.getRecording('checkout')).toMatchObject({ id: 'r1' });
    expect(await store.deleteRecording('r1')).toEqual({ ok: true, value: null });
    expect(await store.deleteRecording('r1')).toMatchObject({ ok: false, code: 'not_found' });
    expect(await store.recordedExchanges('r1', {})).toEqual({ exchanges: [], next: null });
  });

  test('is readable by its owner alone, a file made before that included', async () => {
    const path = join(folder(), 'drydock.db');
    const files = ['', '-wal', '-shm', '.lock'].map((suffix) => `${path}${suffix}`);
    const modes = () => files.map((file) => (statSync(file).mode & 0o777).toString(8));
    const first = await open(path);
    await first.store.setSetting('a', 1);
    expect(modes()).toEqual(['600', '600', '600', '600']);
    await first.store.close();
    chmodSync(path, 0o644);
    const { store } = await open(path);
    await store.setSetting('a', 2);
    expect(modes()).toEqual(['600', '600', '600', '600']);
  });

  test('kill -9 loses nothing acknowledged, and the file is sound', async () => {
    for (let round = 0; round < 3; round++) {
      const path = join(folder(), 'drydock.db');
      const acknowledged = `${path}.acknowledged`;
      writeFileSync(acknowledged, '');
      const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), path, acknowledged], {
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await until(() => readFileSync(acknowledged, 'utf8').split('\n').length > 4 + round * 7);
      child.kill('SIGKILL');
      await ended;
      const counts = readFileSync(acknowledged, 'utf8').trim().split('\n');
      const { store, notices } = await open(path);
      expect(notices).toEqual([]);
      const recording = await store.getRecording('r1');
      expect(recording).toMatchObject({ state: 'stopped' });
      expect(recording!.exchanges).toBeGreaterThanOrEqual(Number(counts.at(-1)));
      expect((await store.recordedExchanges('r1', { limit: 5000 })).exchanges).toHaveLength(recording!.exchanges);
      expect(await store.getSetting('ports')).toEqual({ ingress: 8080 });
      await store.close();
      expect(integrityOf(path)).toBe('ok');
    }
  });
});

describe('a file that cannot be used', () => {
  test.each([
    ['empty', Buffer.alloc(0)],
    ['not a database', Buffer.from('hello, I am a text file\n'.repeat(500))],
    ['a torn header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080, 7)])],
  ])('is kept aside and replaced, with a notice: %s', async (_name, content) => {
    const path = join(folder(), 'drydock.db');
    writeFileSync(path, content);
    const { store, notices } = await open(path);
    expect(notices.map((n) => n.type)).toEqual(['store.quarantined']);
    expect(readFileSync(String(notices[0]!.data.file))).toEqual(content);
    expect(await store.setSetting('works', true)).toMatchObject({ ok: true });
  });

  test('is kept aside when only its middle is damaged', async () => {
    const path = join(folder(), 'drydock.db');
    const first = await open(path);
    first.store.insertExchanges(Array.from({ length: 300 }, (_, n) => makeExchange(n)));
    await first.store.close();
    const damaged = readFileSync(path);
    damaged.fill(0xab, 4096 * 3, 4096 * 20);
    writeFileSync(path, damaged);
    const { store, notices } = await open(path);
    expect(notices.map((n) => n.type)).toEqual(['store.quarantined']);
    store.insertExchanges([makeExchange(1)]);
    await store.flush();
    expect(store.counters()).toMatchObject({ inserted: 1, dropped: 0 });
  });

  test('is put aside while running, when the damage shows then', async () => {
    const path = join(folder(), 'drydock.db');
    const { store, notices } = await open(path);
    await store.setSetting('before', 1);
    writeFileSync(path, Buffer.alloc(200_000, 1));
    writeFileSync(`${path}-wal`, Buffer.alloc(0));
    store.insertExchanges(Array.from({ length: 50 }, (_, n) => makeExchange(n)));
    await store.flush();
    store.insertExchanges(Array.from({ length: 50 }, (_, n) => makeExchange(50 + n)));
    await store.flush();
    expect(notices.map((n) => n.type)).toContain('store.quarantined');
    expect(await store.setSetting('after', 1)).toMatchObject({ ok: true });
  });

  test('of a newer version is refused and left as it is', async () => {
    const path = join(folder(), 'drydock.db');
    await (await open(path)).store.close();
    const database = new Database(path);
    database.pragma(`user_version = ${schemaVersion + 1}`);
    database.close();
    const before = readFileSync(path);
    const error = await Store.open({ path, clock: realClock }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StoreOpenError);
    expect(error).toMatchObject({ code: 'newer-schema' });
    expect(readFileSync(path)).toEqual(before);
  });

  test('held by another store is refused with words after the wait', async () => {
    const path = join(folder(), 'drydock.db');
    await open(path);
    const error = await Store.open({ path, clock: realClock, lockTimeoutMs: 200 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'locked' });
    expect(String(error)).toContain('another process');
  });

  test('locked by a stranger for a while is waited for, for ever is refused', async () => {
    const path = join(folder(), 'drydock.db');
    await (await open(path)).store.close();
    const stranger = new Database(path);
    stranger.pragma('locking_mode = EXCLUSIVE');
    stranger.exec('BEGIN EXCLUSIVE');
    const error = await Store.open({ path, clock: realClock, lockTimeoutMs: 200 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'locked' });
    const waiting = Store.open({ path, clock: realClock, lockTimeoutMs: 5000 });
    stranger.close();
    const store = await waiting;
    cleanups.push(() => store.close());
    expect(await store.setSetting('mine', 1)).toMatchObject({ ok: true });
  });
});

describe('a disk that fails', () => {
  test('opens degraded where no file can be, and answers without throwing', async () => {
    const path = join(folder(), 'a-file');
    writeFileSync(path, 'x');
    const { store, notices } = await open(join(path, 'drydock.db'));
    expect(notices.map((n) => n.type)).toEqual(['store.degraded']);
    store.insertExchanges([makeExchange(1)]);
    await store.flush();
    expect((await store.queryExchanges({})).exchanges).toHaveLength(1);
    expect(await store.listRecordings()).toEqual([]);
    expect(await store.setSetting('a', 1)).toMatchObject({ ok: false, code: 'disk' });
    expect(store.counters()).toMatchObject({ dropped: 1, degraded: true });
    expect(notices).toHaveLength(1);
  });

  const mounted = tryMount();
  test.skipIf(mounted === null)(
    'full: nothing is called saved that is not, drops are counted, and it goes on when there is room',
    async () => {
      const path = join(mounted!, 'drydock.db');
      const { store, notices } = await open(path);
      const body = makeBody('d'.repeat(50_000));
      const big = (n: number) => makeExchange(n, { response: { headers: [], body, trailers: [] } });
      await store.createRecording({ id: 'r1', name: 'r', filter: {}, startedAt: new Date(0).toISOString() });
      let acknowledged = 0;
      let refused = 0;
      for (let n = 0; n < 200 && refused < 3; n++) {
        const result = await store.appendToRecording('r1', [big(n)]);
        if (result.ok) acknowledged = result.value.exchanges;
        else {
          expect(result.code).toBe('disk');
          refused++;
        }
      }
      store.insertExchanges(Array.from({ length: 100 }, (_, n) => big(1000 + n)));
      await store.flush();
      expect(refused).toBe(3);
      expect(store.counters().dropped).toBe(100);
      expect(notices.filter((n) => n.type === 'store.degraded')).toHaveLength(1);
      expect((await store.queryExchanges({ limit: 10 })).exchanges).toHaveLength(10);
      expect((await store.recordedExchanges('r1', { limit: 1000 })).exchanges).toHaveLength(acknowledged);
      execFileSync('mount', ['-o', 'remount,size=32m', mounted!]);
      await until(async () => (await store.setSetting('room', true)).ok);
      store.insertExchanges([makeExchange(5000)]);
      await store.flush();
      expect(notices.at(-1)!.type).toBe('store.recovered');
      await store.close();
      expect(integrityOf(path)).toBe('ok');
    },
  );

  test('a reader in another process cannot make the log grow without bound', async () => {
    const path = join(folder(), 'drydock.db');
    const { store, notices } = await open(path, { limits: { maxWalBytes: 300_000 } });
    store.insertExchanges([makeExchange(0)]);
    await store.flush();
    const reader = new Database(path, { readonly: true });
    const rows = reader.prepare('SELECT id FROM exchanges').iterate();
    rows.next();
    const body = makeBody('w'.repeat(2000));
    for (let n = 1; n < 1000; n += 100) {
      store.insertExchanges(
        Array.from({ length: 100 }, (_, i) => makeExchange(n + i, { request: { headers: [], body, trailers: [] } })),
      );
      await store.flush();
    }
    expect(statSync(`${path}-wal`).size).toBeLessThan(300_000 + 1_000_000);
    expect(store.counters().dropped).toBeGreaterThan(0);
    expect(notices.map((n) => n.type)).toContain('store.degraded');
    rows.return?.();
    reader.close();
    const inserted = store.counters().inserted;
    await until(async () => {
      store.insertExchanges([makeExchange(9999)]);
      await store.flush();
      return store.counters().inserted > inserted;
    });
  });
});

test('a closed store answers, and says so', async () => {
  const { store } = await open(join(folder(), 'drydock.db'));
  await store.close();
  expect(await store.setSetting('a', 1)).toMatchObject({ ok: false, code: 'closed' });
  expect((await store.queryExchanges({})).exchanges).toEqual([]);
});

/** A 4 MiB file system, or null where mounting is not allowed. */
function tryMount(): string | null {
  const { path, remove } = makeFolder();
  const target = join(path, 'small');
  mkdirSync(target);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', target], { stdio: 'ignore' });
  } catch {
    remove(); // not root, or no mount in this container: the test is skipped
    return null;
  }
  afterAll(() => {
    execFileSync('umount', ['-l', target], { stdio: 'ignore' });
    if (existsSync(path)) remove();
  });
  return target;
}

function integrityOf(path: string): string {
  const database = new Database(path);
  const verdict = String(database.pragma('integrity_check', { simple: true }));
  database.close();
  return verdict;
}

/** Waits for something another process or the disk does; fails after 15 s. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('waited too long');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
