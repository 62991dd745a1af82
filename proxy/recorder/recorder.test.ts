import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeBody, makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { patienceMs } from '../testing/patience.ts';
import { exportedHar } from './har/test-kit.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';
import { Redactor } from './redact.ts';

const redactor = new Redactor({ key: Buffer.alloc(32, 1) });
let folder: ReturnType<typeof makeFolder>;
let store: Store;
beforeEach(async () => {
  folder = makeFolder();
  store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

function makeRecorder(options: Partial<RecorderOptions> = {}) {
  let n = 0;
  const events: string[] = [];
  const recorder = new Recorder({
    ...{ store, clock: realClock, random: () => (n++ % 1000) / 1000 },
    onEvent: (event) => events.push(`${event.type} ${event.subject}`),
    ...options,
  });
  return { recorder, events };
}
async function started(recorder: Recorder, request: Parameters<Recorder['start']>[0]): Promise<string> {
  const result = await recorder.start(request);
  if (!result.ok) throw new Error(result.message);
  return result.value.id;
}
/** A store whose named methods fail while `failing.on`. */
function failingStore(methods: ('stopRecording' | 'appendToRecording')[], failing: { on: boolean }): Store {
  return new Proxy(store, {
    get(target, name) {
      if (failing.on && methods.some((method) => method === name))
        return async () => ({ ok: false, code: 'disk', message: 'full' });
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a recording', () => {
  test('takes what its filter lets through, between start and stop, and is on disk when stop answers', async () => {
    const { recorder, events } = makeRecorder();
    recorder.offer([makeExchange(0)]);
    const all = await started(recorder, { name: 'all' });
    const some = await started(recorder, {
      name: 'some',
      filter: { to: 'default/ratings', path: '/a', method: 'get', reporter: 'source' },
    });
    recorder.offer([
      makeExchange(1, { path: '/a/1' }),
      makeExchange(2, { path: '/b' }),
      makeExchange(3, { path: '/a', destination: 'x' }),
    ]);
    // What counts is on disk; the rest is on its way.
    expect(await recorder.get('all')).toMatchObject({ exchanges: 0, waiting: 3 });
    expect(await recorder.stop('some')).toMatchObject({
      ok: true,
      value: { id: some, state: 'stopped', exchanges: 1, dropped: 0 },
    });
    expect(await recorder.stop(all)).toMatchObject({ ok: true, value: { exchanges: 3, services: ['ratings', 'reviews', 'x'] } });
    recorder.offer([makeExchange(4)]);
    expect(await recorder.stop(all)).toMatchObject({ ok: true, value: { exchanges: 3 } });
    expect((await recorder.exchanges('all', {}))!.exchanges.map((x) => x.id)).toEqual([1, 2, 3].map((n) => makeExchange(n).id));
    expect(events).toEqual([
      'recording.started all',
      'recording.started some',
      'recording.stopped some',
      'recording.stopped all',
    ]);
    expect(await recorder.stop('none')).toMatchObject({ ok: false, code: 'not_found' });
    expect(await recorder.exchanges('none', {})).toBeNull();
  });

  test('writes what waits after a fifth of a second, without being asked', async () => {
    const clock = new ManualClock();
    const { recorder } = makeRecorder({ clock });
    const id = await started(recorder, { name: 'r' });
    recorder.offer([makeExchange(1)]);
    expect((await store.getRecording(id))!.exchanges).toBe(0);
    clock.advance(200);
    await Promise.resolve();
    // The store answers in order: this question comes after the write.
    expect((await store.getRecording(id))!.exchanges).toBe(1);
  });

  test('with a time of its own stops by itself', async () => {
    const clock = new ManualClock();
    const { recorder } = makeRecorder({ clock });
    const id = await started(recorder, { name: 'minute', for: '60s' });
    recorder.offer([makeExchange(1)]);
    clock.advance(59_999);
    expect(recorder.isRecording).toBe(true);
    clock.advance(1);
    expect(recorder.isRecording).toBe(false);
    expect(await recorder.stop(id)).toMatchObject({ ok: true, value: { state: 'stopped', exchanges: 1 } });
    expect(await recorder.start({ name: 'x', for: 'soon' })).toMatchObject({ ok: false, code: 'invalid' });
  });

  test('collects what has ended before it stops, also when it stops by itself', async () => {
    const clock = new ManualClock();
    const late = makeExchange(1);
    const { recorder } = makeRecorder({ clock, collect: async () => recorder.offer([late]) });
    const id = await started(recorder, { name: 'minute', for: '60s' });
    clock.advance(60_000);
    await vi.waitFor(
      async () => expect(await store.getRecording(id)).toMatchObject({ state: 'stopped', exchanges: 1 }),
      patienceMs,
    );
  });

  test('stops with a word when the disk takes no more, counts what it lost, and ends when the disk lets it', async () => {
    const clock = new ManualClock();
    const failing = { on: false };
    const words: string[] = [];
    const { recorder } = makeRecorder({
      store: failingStore(['appendToRecording', 'stopRecording'], failing),
      clock,
      onEvent: ({ type, message }) => words.push(`${type}: ${message}`),
    });
    const id = await started(recorder, { name: 'r' });
    recorder.offer([makeExchange(1)]);
    await recorder.settle(id);
    failing.on = true;
    recorder.offer([makeExchange(2), makeExchange(3)]);
    await recorder.settle(id);
    expect(recorder.isRecording).toBe(false);
    expect(await recorder.get(id)).toMatchObject({ state: 'stopped', stopReason: 'full', exchanges: 1, dropped: 2 });
    recorder.offer([makeExchange(4)]);
    failing.on = false;
    clock.advance(2000);
    await vi.waitFor(async () => expect((await store.getRecording(id))!.state).toBe('stopped'), patienceMs);
    expect(await store.getRecording(id)).toMatchObject({ stopReason: 'full', exchanges: 1, dropped: 2 });
    expect(words.slice(1)).toEqual([
      'recording.failed: Recording r stopped: full. Traffic goes on.',
      'recording.stopped: Recording r stopped (full): 1 exchanges, 2 could not be kept',
    ]);
  });

  test('counts what never came', async () => {
    const { recorder } = makeRecorder();
    const id = await started(recorder, { name: 'r' });
    recorder.offer([makeExchange(3)]);
    recorder.noteDropped(5);
    expect(await recorder.stop(id)).toMatchObject({ ok: true, value: { exchanges: 1, dropped: 5 } });
  });

  test('is not called stopped before the disk has it, and stopping again tries again', async () => {
    const failing = { on: true };
    const told: boolean[] = [];
    const { recorder, events } = makeRecorder({
      store: failingStore(['stopRecording'], failing),
      onRecording: (is) => told.push(is),
    });
    const id = await started(recorder, { name: 'r' });
    recorder.offer([makeExchange(1)]);
    expect(await recorder.stop(id)).toMatchObject({ ok: false, code: 'disk' });
    recorder.offer([makeExchange(2)]);
    failing.on = false;
    expect(await recorder.stop(id)).toMatchObject({ ok: true, value: { state: 'stopped', exchanges: 1 } });
    expect(told[0]).toBe(true);
    expect(told.at(-1)).toBe(false);
    expect(events).toEqual(['recording.started r', 'recording.stopped r']);
  });

  test('that runs can be deleted, and one left by a killed engine is stopped', async () => {
    const { recorder } = makeRecorder();
    const id = await started(recorder, { name: 'gone' });
    recorder.offer([makeExchange(1)]);
    expect(await recorder.delete('gone')).toEqual({ ok: true, value: id });
    expect(recorder.isRecording).toBe(false);
    expect(await recorder.get(id)).toBeNull();
    expect(await store.unhideRecording(id)).toMatchObject({ ok: true, value: { state: 'stopped' } });
    await started(recorder, { name: 'left' });
    await store.close();
    store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
    expect(await makeRecorder().recorder.get('left')).toMatchObject({ state: 'stopped' });
  });
});

test('forty canaries are nowhere in database, log or export', async () => {
  const names = [
    'authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'proxy-authorization',
    'x-auth-token',
    'x-session-id',
    'my-secret',
  ];
  const canaries = Array.from({ length: 40 }, (_, n) => `cAnArY${String(n).padStart(3, '0')}x7f`);
  const exchanges = canaries.map((canary, n) =>
    makeExchange(n, {
      path: `/p?access_token=${canary}&n=${n}`,
      request: {
        headers: [[names[n % names.length]!, n % 2 === 0 ? canary : `Bearer ${canary}`]],
        body: makeBody(JSON.stringify({ n, login: { password: canary }, note: 'kept' }), 'application/json'),
        trailers: [],
      },
      response: {
        headers: [],
        body: makeBody(`grant=x&refresh_token=${canary}`, 'application/x-www-form-urlencoded'),
        trailers: [],
      },
    }),
  );
  const { recorder } = makeRecorder();
  await started(recorder, { name: 'r' });
  const safe = redactor.redact(exchanges);
  store.insertExchanges(safe);
  recorder.offer(safe);
  await recorder.stop('r');
  await store.flush();
  const har = JSON.stringify(await exportedHar(recorder, 'r'));
  const files = readdirSync(folder.path).map((name) => join(folder.path, name));
  expect(files.some((file) => file.endsWith('-wal'))).toBe(true);
  const written = [har, ...files.filter((file) => existsSync(file)).map((file) => readFileSync(file).toString('latin1'))];
  for (const text of written) for (const canary of canaries) expect(text.includes(canary)).toBe(false);
  expect(har).toContain('kept');
  expect((await recorder.get('r'))!.redacted).toMatchObject({ access_token: 40, password: 40, refresh_token: 40 });
});
