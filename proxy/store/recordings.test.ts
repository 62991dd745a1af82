import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { RecordingSelection } from '../api/recording.schema.ts';
import { encodeExchange, storedDetail } from './exchange-row.ts';
import { makeBody, makeExchange, makeFolder, realClock } from './fixtures.ts';
import { migrate } from './migrations.ts';
import { Store } from './store.ts';

let folder: ReturnType<typeof makeFolder>;
let path: string;
let store: Store;
beforeEach(async () => {
  folder = makeFolder();
  path = join(folder.path, 'drydock.db');
  store = await Store.open({ path, clock: realClock });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const idOf = (n: number) => makeExchange(n).id;

async function record(id: string, exchanges: ExchangeDetail[], name = id): Promise<void> {
  await store.createRecording({ id, name, filter: {}, startedAt: new Date(0).toISOString() });
  expect(await store.appendToRecording(id, exchanges)).toMatchObject({ ok: true });
  await store.stopRecording({ id, stoppedAt: new Date(1).toISOString(), dropped: 0 });
}
async function pathsOf(id: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const exchange of store.eachRecordedExchange(id, { pageSize: 2 })) paths.push(exchange.path);
  return paths;
}
async function keep(from: string, to: string, selection: RecordingSelection): Promise<string[]> {
  await store.createRecording({ id: to, name: to, filter: {}, startedAt: new Date(0).toISOString(), hiddenSince: 1 });
  expect(await store.copyRecorded(from, to, selection)).toEqual({ ok: true, value: null });
  await store.stopRecording({ id: to, stoppedAt: new Date(2).toISOString(), dropped: 0 });
  return (await pathsOf(to)).map((one) => one.slice(one.lastIndexOf('/') + 1));
}
function countOf(table: string): number {
  const database = new Database(path, { readonly: true });
  const count = Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  database.close();
  return count;
}

describe('a recording', () => {
  test('is read in order of time, whatever order its exchanges came in, a page at a time', async () => {
    await record(
      'r',
      [5, 1, 4, 2, 3].map((n) => makeExchange(n)),
    );
    expect(await pathsOf('r')).toEqual([1, 2, 3, 4, 5].map((n) => `/ratings/${n}`));
  });

  test('keeps its counts, its span and who called whom beside it', async () => {
    const call = (n: number, overrides: Partial<ExchangeDetail>) => makeExchange(n, overrides);
    await record('r', [
      call(1, { source: 'web', destination: 'reviews' }),
      call(2, { source: 'web', destination: 'reviews', reporter: 'destination' }),
      call(3, { source: 'web', destination: 'reviews', status: 503 }),
      call(4, { source: 'outside', destination: 'web', reporter: 'destination', status: 0 }),
    ]);
    expect(await store.getRecording('r')).toMatchObject({
      exchanges: 4,
      calls: 3,
      firstAt: makeExchange(1).time,
      lastAt: makeExchange(4).time,
      services: ['outside', 'reviews', 'web'],
      edges: [
        { source: 'web', destination: 'reviews', calls: 2, errors: 1 },
        { source: 'outside', destination: 'web', calls: 1, errors: 1 },
      ],
    });
  });

  test('has rows from any place on, filtered, with the number of all that match', async () => {
    const exchanges = Array.from({ length: 20 }, (_, n) =>
      makeExchange(n, { status: n % 5 === 0 ? 500 : 200, reporter: n % 2 ? 'destination' : 'source' }),
    );
    await record('r', exchanges);
    const rows = await store.recordedRows('r', {}, 17, 10);
    expect(rows.total).toBe(20);
    expect(rows.rows.map((row) => row.path)).toEqual(['/ratings/17', '/ratings/18', '/ratings/19']);
    expect(rows.rows[0]).not.toHaveProperty('request');
    expect(await store.recordedRows('r', { hops: 'calls' }, 9, 5)).toMatchObject({ total: 10, rows: [{ path: '/ratings/18' }] });
    expect(await store.recordedRows('r', { status: '5xx', hops: 'calls' }, 0, 1)).toMatchObject({
      total: 2,
      rows: [{ status: 500 }],
    });
    expect(await store.recordedRows('none', {}, 0, 5)).toEqual({ rows: [], total: 0 });
  });

  test('has a timeline of calls and errors', async () => {
    await record(
      'r',
      [0, 10, 99].map((n) => makeExchange(n, { status: n === 99 ? 503 : 200 })),
    );
    const { from, to, sliceMs, slices } = await store.recordingTimeline('r', 10);
    expect({ from, to, sliceMs }).toEqual({ from: makeExchange(0).time, to: makeExchange(99).time, sliceMs: 10 });
    expect(slices).toEqual([[1, 0], [1, 0], ...Array(7).fill([0, 0]), [1, 1]]);
  });

  test('can be renamed, given a note, and exchanges in it can be marked', async () => {
    await record('r', [makeExchange(1), makeExchange(2)]);
    expect(await store.editRecording('r', { name: 'checkout' })).toMatchObject({
      ok: true,
      value: { name: 'checkout', note: '' },
    });
    expect(await store.editRecording('r', { note: 'the slow one' })).toMatchObject({
      ok: true,
      value: { name: 'checkout', note: 'the slow one' },
    });
    expect(await store.editRecording('none', { note: 'x' })).toMatchObject({ ok: false, code: 'not_found' });
    const annotation = { pinned: true, colour: 'red' as const, note: 'here it begins' };
    expect(await store.annotateRecorded('r', [idOf(2), 'unknown'], annotation)).toEqual({ ok: true, value: 1 });
    expect(await store.recordedRows('r', { marked: 'true' }, 0, 5)).toMatchObject({
      total: 1,
      rows: [{ id: idOf(2), annotation }],
    });
    expect(await store.recordedExchange('r', idOf(2))).toEqual({ ...makeExchange(2), annotation });
    await store.annotateRecorded('r', [idOf(2)], {});
    expect((await store.recordedRows('r', {}, 1, 1)).rows[0]!.annotation).toBeNull();
  });

  test('that is hidden can be brought back, and is gone for good once purged', async () => {
    await record('r', [makeExchange(1)]);
    await record('other', [makeExchange(1)]);
    expect(await store.hideRecording('r', 100)).toEqual({ ok: true, value: null });
    expect(await store.getRecording('r')).toBeNull();
    expect((await store.listRecordings()).map(({ id }) => id)).toEqual(['other']);
    expect(await store.unhideRecording('r')).toMatchObject({ ok: true, value: { exchanges: 1 } });
    await store.hideRecording('r', 100);
    await store.purgeRecordings(100);
    expect(await store.unhideRecording('r')).toMatchObject({ ok: true });
    await store.hideRecording('r', 100);
    await store.purgeRecordings(101);
    expect(await store.unhideRecording('r')).toMatchObject({ ok: false, code: 'not_found' });
    expect(await pathsOf('other')).toEqual(['/ratings/1']);
  });
});

describe('a part of a recording', () => {
  test.each<[string, RecordingSelection, string[]]>([
    ['all of it', {}, ['0', '1', '2', '3', '4', '5']],
    ['by time', { since: makeExchange(2).time, until: makeExchange(4).time }, ['2', '3']],
    ['by what was chosen', { only: [idOf(1), idOf(5), 'unknown'] }, ['1', '5']],
    ['without what was chosen', { except: [idOf(0), idOf(2)] }, ['1', '3', '4', '5']],
    ['by a filter', { status: '>=500' }, ['4']],
    ['by a filter, with the rest of the traces', { status: '>=500', wholeTraces: true }, ['3', '4', '5']],
    ['marked', { marked: 'true' }, ['2']],
  ])('is kept: %s', async (_name, selection, expected) => {
    const traces = ['a', 'a', '', 'b', 'b', 'b'];
    const exchanges = traces.map((traceId, n) => makeExchange(n, { traceId, status: n === 4 ? 502 : 200 }));
    await record('r', exchanges);
    await store.annotateRecorded('r', [idOf(2)], { pinned: true });
    expect(await keep('r', 'part', selection)).toEqual(expected);
    expect(await store.getRecording('part')).toMatchObject({ exchanges: expected.length, state: 'stopped' });
    expect((await store.recordedRows('part', { marked: 'true' }, 0, 1)).total).toBe(expected.includes('2') ? 1 : 0);
    expect(await pathsOf('r')).toHaveLength(6);
  });

  test('shares what is in the exchanges with the recording it came from, and outlives it', async () => {
    const response = { headers: [], body: makeBody('x'.repeat(5000)), trailers: [] };
    await record(
      'r',
      Array.from({ length: 50 }, (_, n) => makeExchange(n, { response })),
    );
    expect(await keep('r', 'copy', {})).toHaveLength(50);
    expect([countOf('recorded_details'), countOf('recorded_bodies')]).toEqual([50, 1]);
    await store.deleteRecording('r');
    expect((await store.recordedExchanges('copy', { limit: 1 })).exchanges[0]!.response.body!.content).toHaveLength(5000);
    await store.deleteRecording('copy');
    const left = ['recorded_details', 'recorded_bodies', 'recorded_exchanges', 'recorded_shares'].map(countOf);
    expect(left).toEqual([0, 0, 0, 0]);
  });

  test('of thousands is taken in steps, and counts what was redacted in it', async () => {
    const exchanges = Array.from({ length: 4500 }, (_, n) => makeExchange(n, { redacted: ['request.headers.cookie'] }));
    await record('r', exchanges);
    await keep('r', 'part', { until: makeExchange(4100).time });
    expect(await store.getRecording('part')).toMatchObject({ exchanges: 4100, redacted: { cookie: 4100 } });
    expect(await store.copyRecorded('none', 'part', {})).toMatchObject({ ok: false, code: 'not_found' });
  });

  test('that was being made when the engine was killed is not there afterwards', async () => {
    await record('r', [makeExchange(1)]);
    await store.createRecording({ id: 'half', name: 'half', filter: {}, startedAt: new Date(0).toISOString(), hiddenSince: 5 });
    await store.copyRecorded('r', 'half', {});
    await store.close();
    store = await Store.open({ path, clock: realClock });
    await store.purgeRecordings(Date.now());
    expect(countOf('recordings')).toBe(1);
    expect(await pathsOf('r')).toEqual(['/ratings/1']);
  });
});

test('recordings made by the first schema are read as they were', async () => {
  const old = join(folder.path, 'old.db');
  const database = new Database(old);
  migrate(database, 1);
  const body = makeBody('{"a":1}');
  const exchanges = [
    makeExchange(2, { redacted: ['request.headers.cookie'], request: { headers: [], body, trailers: [] } }),
    makeExchange(1, { status: 500, response: { headers: [['a', 'b']], body, trailers: [] } }),
  ];
  database
    .prepare(
      "INSERT INTO recordings (id, name, state, filter, started_at, exchanges, bytes) VALUES ('r', 'old', 'stopped', '{}', ?, 2, 1)",
    )
    .run(new Date(0).toISOString());
  for (const exchange of exchanges) {
    const { detail, requestBody, responseBody } = storedDetail(encodeExchange(exchange));
    database
      .prepare(
        'INSERT INTO recording_exchanges (recording_id, exchange_id, detail, request_body, response_body) VALUES (?, ?, ?, ?, ?)',
      )
      .run('r', exchange.id, detail, requestBody, responseBody);
  }
  database.close();
  const migrated = await Store.open({ path: old, clock: realClock });
  expect((await migrated.recordedExchanges('r', {})).exchanges).toEqual([exchanges[1], exchanges[0]]);
  expect(await migrated.getRecording('old')).toMatchObject({
    ...{ exchanges: 2, calls: 2, note: '', firstAt: exchanges[1]!.time, lastAt: exchanges[0]!.time },
    edges: [{ source: 'reviews', destination: 'ratings', calls: 2, errors: 1 }],
  });
  expect((await migrated.recordingTimeline('r', 2)).slices).toEqual([
    [1, 1],
    [1, 0],
  ]);
  await migrated.close();
});
