import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import type { StoreResult } from '../store/store-types.ts';
import { Recorder } from './recorder.ts';
import { RecordingEditor } from './recording-editor.ts';

let folder: ReturnType<typeof makeFolder>;
let store: Store;
let recorder: Recorder;
let editor: RecordingEditor;
let events: string[];
beforeEach(async () => {
  folder = makeFolder();
  store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
  let n = 0;
  const random = () => (n++ % 1000) / 1000;
  events = [];
  recorder = new Recorder({ store, clock: realClock, random });
  editor = new RecordingEditor({ store, recorder, clock: realClock, random, onEvent: ({ message }) => events.push(message) });
});
afterEach(async () => {
  await recorder.close();
  await store.close();
  folder.remove();
});

function need<T>(result: StoreResult<T>): T {
  if (!result.ok) throw new Error(result.message);
  return result.value;
}
async function recording(name: string, ...numbers: number[]): Promise<string> {
  const { id } = need(await recorder.start({ name }));
  recorder.offer(numbers.map((n) => makeExchange(n)));
  return id;
}
async function numbersOf(id: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { path } of store.eachRecordedExchange(id)) numbers.push(Number(path.split('/').at(-1)));
  return numbers;
}

test('a part of a recording that still runs has everything that was offered before', async () => {
  const id = await recording('checkout', 1, 2, 3);
  const part = need(await editor.keep(id, { since: makeExchange(2).time }));
  expect(part).toMatchObject({ name: 'checkout (part)', origin: 'kept from checkout', state: 'stopped', exchanges: 2 });
  expect(await numbersOf(part.id)).toEqual([2, 3]);
  expect(await recorder.get(id)).toMatchObject({ state: 'recording', exchanges: 3 });
  expect(need(await editor.keep('checkout', {}, 'twin'))).toMatchObject({
    name: 'twin',
    origin: 'copied from checkout',
    exchanges: 3,
  });
});

test('a selection that lets nothing through makes no recording', async () => {
  await recording('checkout', 1);
  expect(await editor.keep('checkout', { status: '5xx' })).toMatchObject({ ok: false, code: 'invalid' });
  expect(await store.listRecordings()).toHaveLength(1);
  expect(await editor.keep('none', {})).toMatchObject({ ok: false, code: 'not_found' });
});

test('several become one in order of time, with what two of them have taken once', async () => {
  await recording('b', 2, 4);
  await recording('a', 1, 2, 3);
  await editor.edit('a', { note: 'first try' });
  const merged = need(await editor.merge(['b', 'a']));
  expect(merged).toMatchObject({ name: 'b + a', origin: 'merged from b and a', note: 'a: first try', exchanges: 4, calls: 4 });
  expect(await numbersOf(merged.id)).toEqual([1, 2, 3, 4]);
  expect(await editor.merge(['a', 'a'])).toMatchObject({ ok: false, code: 'invalid' });
  expect(await editor.merge(['a', 'none'])).toMatchObject({ ok: false, code: 'not_found' });
});

test('names, notes and marks are told, and a deleted recording comes back', async () => {
  const id = await recording('checkout', 1);
  await recorder.stop(id);
  need(await editor.edit(id, { name: 'shop' }));
  need(await editor.edit('shop', { note: 'n' }));
  expect(need(await editor.annotate('shop', [makeExchange(1).id], { colour: 'amber' }))).toBe(1);
  expect(await editor.annotate('shop', ['x'], null)).toMatchObject({ ok: false, code: 'not_found' });
  need(await recorder.delete('shop'));
  expect(await recorder.get('shop')).toBeNull();
  expect(need(await editor.restore(id))).toMatchObject({ name: 'shop', exchanges: 1 });
  expect(events).toEqual(['Recording checkout is called shop', 'Recording shop has another note', 'Recording shop is back']);
});

test('requests that passed already become a recording, with their marks and the rest of their traces', async () => {
  const traced = (n: number, traceId: string) => ({ ...makeExchange(n), traceId });
  store.insertExchanges([traced(1, 'a'.repeat(32)), traced(2, 'a'.repeat(32)), traced(3, 'b'.repeat(32)), traced(4, '')]);
  const [one, three, four] = [1, 3, 4].map((n) => makeExchange(n).id) as [string, string, string];
  const annotation = { pinned: true, colour: 'red' as const, note: 'the slow one' };
  const made = need(
    await editor.keepTraffic({
      name: 'kept',
      exchanges: [{ id: four }, { id: one, annotation }, { id: 'gone' }],
      wholeTraces: true,
    }),
  );
  expect(made).toMatchObject({ name: 'kept', state: 'stopped', exchanges: 3, origin: 'kept from the list of requests' });
  expect(await numbersOf(made.id)).toEqual([1, 2, 4]);
  expect(await recorder.exchange(made.id, one)).toMatchObject({ annotation });
  expect(events.at(-1)).toBe('Recording kept was kept from the list of requests');

  const alone = need(await editor.keepTraffic({ exchanges: [{ id: three }, { id: one }], wholeTraces: false }));
  expect(await numbersOf(alone.id)).toEqual([1, 3]);
  expect(alone.name).toMatch(/^requests of 20\d\d-/);
  expect(await editor.keepTraffic({ exchanges: [{ id: 'gone' }], wholeTraces: true })).toMatchObject({
    ok: false,
    code: 'not_found',
  });
});

test('one that still goes on is kept as far as it has come, and the recording says so', async () => {
  store.insertExchanges([makeExchange(1)]);
  const { id, ...rest } = makeExchange(2);
  const openExchange = async (asked: string) => (asked === id ? { ...rest, id, open: true, durationMs: 700 } : null);
  const withOpen = new RecordingEditor({ store, recorder, clock: realClock, random: () => 0.25, openExchange });
  const wanted = [{ id }, { id: makeExchange(1).id }, { id: 'gone' }];
  const made = need(await withOpen.keepTraffic({ exchanges: wanted, wholeTraces: false }));
  expect(made).toMatchObject({ exchanges: 2, note: 'What still went on is kept as far as it had come: 1 of 2.' });
  const kept = await recorder.exchange(made.id, id);
  expect(kept).toMatchObject({ durationMs: 700, path: rest.path });
  expect(kept?.open).toBeUndefined();
});
