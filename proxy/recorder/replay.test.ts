import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Replay, ReplayRequest } from '../api/replay.schema.ts';
import { hex, makeBody, makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { compareAnswer } from './compare-answer.ts';
import { Redactor } from './redact.ts';
import { type ReplayAnswer, type ReplayCall, Replayer, type ReplayerOptions } from './replay.ts';

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

const plain: [string, string][] = [['content-type', 'text/plain']];
function answer(overrides: Partial<ReplayAnswer> = {}): ReplayAnswer {
  return { status: 200, headers: plain, body: Buffer.from('hello'), traceId: 't', durationMs: 4, error: '', ...overrides };
}
async function record(exchanges: ExchangeDetail[]): Promise<void> {
  await store.createRecording({ id: 'r1', name: 'r', filter: {}, startedAt: new Date(0).toISOString() });
  await store.appendToRecording('r1', exchanges);
  await store.stopRecording({ id: 'r1', stoppedAt: new Date(1).toISOString(), dropped: 0 });
}
function makeReplayer(send: ReplayerOptions['send'], options: Partial<ReplayerOptions> = {}) {
  let n = 0;
  return new Replayer({ store, clock: realClock, random: () => n++ / 1000, redactor, send, ...options });
}
async function replay(replayer: Replayer, request: Partial<ReplayRequest> = {}): Promise<Replay> {
  const started = await replayer.start('r', { speed: 0, ...request });
  if (!started.ok) throw new Error(started.message);
  return finished(replayer, started.value.id);
}
/** The store's worker answers in its own time: ask until the state is final, at most 10 s. */
async function finished(replayer: Replayer, id: string): Promise<Replay> {
  const end = performance.now() + 10_000;
  while (performance.now() < end) {
    const run = await replayer.get(id);
    if (run && run.state !== 'running') return run;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('the replay does not end');
}

describe('a replay', () => {
  test('sends each root call once, from where it came, and says what was the same', async () => {
    const traceId = 'c'.repeat(32);
    const pair = (n: number, parent: string, from: string, to: string): ExchangeDetail[] => [
      makeExchange(n, {
        traceId,
        spanId: hex(n, 16),
        parentSpanId: parent,
        source: from,
        sourceWorkload: `${from}-v1-0`,
        destination: to,
      }),
      makeExchange(n + 1, {
        traceId,
        reporter: 'destination',
        spanId: hex(n + 1, 16),
        parentSpanId: hex(n, 16),
        source: from,
        destination: to,
      }),
    ];
    await record([
      // app → reviews → ratings: the app forwarded the trace, reviews' call hangs below the server span.
      ...pair(1, 'f'.repeat(16), 'app', 'reviews'),
      ...pair(3, hex(2, 16), 'reviews', 'ratings'),
      makeExchange(9, { reporter: 'gateway', source: 'ingress' }),
      makeExchange(10, { protocol: 'TCP', method: '' }),
    ]);
    const calls: ReplayCall[] = [];
    const run = await replay(
      makeReplayer(async (call) => {
        calls.push(call);
        return answer();
      }),
    );
    expect(calls.map((c) => [c.path, c.source])).toEqual([
      ['/ratings/1', { kind: 'workload', workload: 'app-v1-0', service: 'app', namespace: 'default' }],
      ['/ratings/9', { kind: 'ingress' }],
    ]);
    expect(run).toMatchObject({ state: 'finished', total: 2, sent: 2, same: 2, different: 0, failed: 0, differences: [] });
    expect(run.latency).toMatchObject({ recordedP50: 5, replayedP50: 4 });
  });

  test('counts each call as the same or different; one that failed is different and failed', async () => {
    await record([1, 2, 3, 4].map((n) => makeExchange(n)));
    const run = await replay(
      makeReplayer(async (call) => {
        if (call.path === '/ratings/2') return answer({ status: 503 });
        if (call.path === '/ratings/3') return answer({ status: 0, error: 'ECONNREFUSED' });
        if (call.path === '/ratings/4') throw new Error('Request path contains unescaped characters');
        return answer();
      }),
    );
    expect(run).toMatchObject({ state: 'finished', total: 4, sent: 4, same: 1, different: 3, failed: 2 });
    expect(run.differences.map((d) => [d.path, d.fields[0]!.path, d.replayed.error])).toEqual([
      ['/ratings/2', 'status', ''],
      ['/ratings/3', 'transport', 'ECONNREFUSED'],
      ['/ratings/4', 'transport', 'Request path contains unescaped characters'],
    ]);
  });

  test('sends no hop or trace headers and no redacted secrets', async () => {
    const headers: [string, string][] = [
      ...([
        ['host', 'x'],
        ['connection', 'close'],
        ['traceparent', '00'],
        ['x-b3-traceid', '1'],
        ['x-envoy-attempt-count', '1'],
      ] as [string, string][]),
      ...([
        ['authorization', 'Bearer abc'],
        ['Cookie', 'a=b'],
        ['x-user', 'ann'],
        ['content-encoding', 'gzip'],
      ] as [string, string][]),
    ];
    const body = {
      ...makeBody(''),
      encoding: 'base64' as const,
      content: gzipSync('{"password":"p","a":1}').toString('base64'),
      contentEncoding: 'gzip',
    };
    await record(redactor.redact([makeExchange(1, { request: { headers, body, trailers: [] } })]));
    const calls: ReplayCall[] = [];
    await replay(
      makeReplayer(async (call) => {
        calls.push(call);
        return answer();
      }),
    );
    expect(calls[0]!.headers).toEqual([['x-user', 'ann']]);
    expect(calls[0]!.body.toString()).toContain('"a":1');
  });

  test('does not send half a body', async () => {
    const body = { ...makeBody('{"a":'), bytes: 100, truncated: true };
    await record([makeExchange(1, { request: { headers: [], body, trailers: [] } })]);
    const run = await replay(makeReplayer(async () => answer()));
    expect(run).toMatchObject({ sent: 1, different: 1, failed: 1 });
    expect(run.differences[0]!.replayed.error).toContain('cut off');
  });

  test('keeps the recorded rhythm at its speed, whatever the answers take', async () => {
    const clock = new ManualClock();
    await record([makeExchange(0), makeExchange(100), makeExchange(1000)]);
    const sentAt: number[] = [];
    const pending: (() => void)[] = [];
    const replayer = makeReplayer(
      (call) => {
        sentAt.push(clock.now());
        return new Promise((resolve) => pending.push(() => resolve(answer({ traceId: call.path }))));
      },
      { clock },
    );
    const started = await replayer.start('r', { speed: 10 });
    if (!started.ok) throw new Error(started.message);
    for (let ms = 0; ms < 100; ms += 5) {
      await settled();
      clock.advance(5);
    }
    await settled();
    expect(sentAt).toEqual([0, 10, 100]);
    for (const answerIt of pending) answerIt();
    expect(await finished(replayer, started.value.id)).toMatchObject({ state: 'finished', sent: 3 });
  });

  test('as fast as possible never has more in flight than it may', async () => {
    await record(Array.from({ length: 50 }, (_, n) => makeExchange(n)));
    let inFlight = 0;
    let most = 0;
    const send = async () => {
      most = Math.max(most, ++inFlight);
      await settled();
      inFlight--;
      return answer();
    };
    const run = await replay(makeReplayer(send, { concurrency: 4 }));
    expect(run).toMatchObject({ sent: 50, same: 50 });
    expect(most).toBe(4);
  });

  test('can be cancelled; what was answered by then is counted, and the rest never sent', async () => {
    await record([makeExchange(0), makeExchange(60_000)]);
    const replayer = makeReplayer(async () => answer());
    const started = await replayer.start('r', { speed: 1 });
    if (!started.ok) throw new Error(started.message);
    await settled();
    const cancelled = await replayer.cancel(started.value.id);
    expect(cancelled).toMatchObject({ ok: true, value: { state: 'cancelled', total: 2, sent: 1, same: 1 } });
    expect(await store.getReplay(started.value.id)).toMatchObject({ state: 'cancelled' });
    expect(await replayer.cancel('none')).toMatchObject({ ok: false, code: 'not_found' });
  });

  test('hands the wanted version on, and refuses what names none', async () => {
    await record([makeExchange(1), makeExchange(2, { destination: 'details' })]);
    const overrides: unknown[] = [];
    await replay(
      makeReplayer(async (call) => {
        overrides.push(call.override);
        return answer();
      }),
      { to: 'ratings=v2' },
    );
    expect(overrides).toEqual([{ service: 'ratings', version: 'v2' }, null]);
    expect(await makeReplayer(async () => answer()).start('r', { to: 'ratings' })).toMatchObject({ ok: false });
    expect(await makeReplayer(async () => answer()).start('none', {})).toMatchObject({ ok: false, code: 'not_found' });
  });

  test('that an engine was killed in is cancelled when the next one starts', async () => {
    await record([makeExchange(1)]);
    const replayer = makeReplayer(() => new Promise(() => {}));
    const started = await replayer.start('r', {});
    await store.close();
    store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
    expect((await store.listReplays())[0]).toMatchObject({ id: started.ok && started.value.id, state: 'cancelled' });
  });
});

describe('the comparison', () => {
  const json = (value: unknown) => ({ headers: [], body: makeBody(JSON.stringify(value), 'application/json'), trailers: [] });
  const raw = (value: unknown) => ({ status: 200, headers: [] as [string, string][], body: Buffer.from(JSON.stringify(value)) });
  const compare = (recorded: unknown, replayed: unknown, ignore: string[] = []) =>
    compareAnswer(makeExchange(1, { response: json(recorded) }), raw(replayed), redactor, { ignore });

  test('goes by JSON path, kind and both values', () => {
    expect(compare({ a: 1, b: { c: [1, 2] }, d: 'x' }, { a: '1', b: { c: [1, 3, 4] }, e: null })).toEqual([
      { path: '$.a', kind: 'type', recorded: '1', replayed: '1' },
      { path: '$.b.c[1]', kind: 'changed', recorded: '2', replayed: '3' },
      { path: '$.b.c[2]', kind: 'extra', recorded: '', replayed: '4' },
      { path: '$.d', kind: 'missing', recorded: 'x', replayed: '' },
      { path: '$.e', kind: 'extra', recorded: '', replayed: 'null' },
    ]);
  });

  test('is blind to the order of members and to what it is told to ignore', () => {
    expect(compare({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
    const items = (at: number) => ({
      id: at,
      items: [
        { at, n: 1 },
        { at, n: 2 },
      ],
    });
    expect(compare(items(1), items(2), ['$.id', '$.items[*].at'])).toEqual([]);
    expect(compare(items(1), items(2), ['$.items']).map((f) => f.path)).toEqual(['$.id']);
    expect(compare({ a: 1 }, { a: 2 }, ['body'])).toEqual([]);
  });

  test('leaves out headers that change by nature, and tells others', () => {
    const recorded = makeExchange(1, {
      response: {
        headers: [
          ['date', 'a'],
          ['x-envoy-x', '1'],
          ['etag', '1'],
          ['server', 'a'],
        ],
        body: null,
        trailers: [],
      },
      responseBytes: 0,
    });
    const replayed = {
      status: 200,
      headers: [
        ['date', 'b'],
        ['X-Envoy-X', '2'],
        ['server', 'b'],
        ['x-new', '1'],
      ] as [string, string][],
      body: Buffer.alloc(0),
    };
    expect(compareAnswer(recorded, replayed, redactor, {}).map((f) => [f.path, f.kind])).toEqual([
      ['header:server', 'changed'],
      ['header:x-new', 'extra'],
    ]);
    expect(compareAnswer(recorded, replayed, redactor, { ignore: ['header:server', 'header:x-new'] })).toEqual([]);
  });

  test('never shows a secret, and equal secrets are equal', () => {
    const [recorded] = redactor.redact([makeExchange(1, { response: json({ token: 'C4n4ry1', n: 1 }) })]);
    expect(compareAnswer(recorded!, raw({ token: 'C4n4ry1', n: 1 }), redactor, {})).toEqual([]);
    const fields = compareAnswer(recorded!, raw({ token: 'C4n4ry2', n: 1 }), redactor, {});
    expect(fields.map((f) => f.path)).toEqual(['$.token']);
    expect(JSON.stringify(fields)).not.toContain('C4n4ry');
  });

  test('looks into compressed bodies, at what was captured of long ones, and not at what never was', () => {
    const zipped = (value: unknown) => gzipSync(JSON.stringify(value));
    const body = {
      ...makeBody(''),
      encoding: 'base64' as const,
      content: zipped({ a: 1 }).toString('base64'),
      contentEncoding: 'gzip',
    };
    const compressed = makeExchange(1, { response: { headers: [['content-encoding', 'gzip']], body, trailers: [] } });
    const answered = (value: unknown) => ({
      status: 200,
      headers: [['content-encoding', 'gzip']] as [string, string][],
      body: zipped(value),
    });
    expect(compareAnswer(compressed, answered({ a: 2 }), redactor, {}).map((f) => f.path)).toEqual(['$.a']);
    const long = makeExchange(1, {
      response: { headers: [], body: { ...makeBody('abc'), bytes: 6, truncated: true }, trailers: [] },
    });
    expect(compareAnswer(long, { status: 200, headers: [], body: Buffer.from('abcdef') }, redactor, {})).toEqual([]);
    expect(
      compareAnswer(long, { status: 200, headers: [], body: Buffer.from('abXdef') }, redactor, {}).map((f) => f.path),
    ).toEqual(['body']);
    const uncaptured = makeExchange(1, { response: { headers: [], body: null, trailers: [] }, responseBytes: 6 });
    expect(compareAnswer(uncaptured, { status: 200, headers: [], body: Buffer.from('abcdef') }, redactor, {})).toEqual([]);
  });

  test('without diff goes by status alone', () => {
    const other = { status: 200, headers: [['x', 'y']] as [string, string][], body: Buffer.from('other') };
    expect(compareAnswer(makeExchange(1), other, redactor, { diff: false })).toEqual([]);
    expect(compareAnswer(makeExchange(1), { ...other, status: 500 }, redactor, { diff: false })).toHaveLength(1);
  });
});

/** Lets everything that is ready run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
