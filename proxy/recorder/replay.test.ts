import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Replay, ReplayRequest } from '../api/replay.schema.ts';
import { hex, makeBody, makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import { ManualClock } from '../testing/manual-clock.ts';
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
  return new Replayer({ store, clock: realClock, random: () => n++ / 1000, redactor, send, aheadMs: 0, ...options });
}
async function replay(replayer: Replayer, request: Partial<ReplayRequest> = {}): Promise<Replay> {
  const started = await replayer.start('r', { speed: 0, ...request });
  if (!started.ok) throw new Error(started.message);
  return finished(replayer, started.value.id);
}
/** The store's worker answers in its own time: ask until the state is final, at most 20 s. */
async function finished(replayer: Replayer, id: string): Promise<Replay> {
  const end = performance.now() + 20_000;
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

  test('tells endpoints of one path at two services apart', async () => {
    await record([1, 2, 3].map((n) => makeExchange(n, { path: '/items/1', destination: n === 3 ? 'stock' : 'ratings' })));
    const run = await replay(makeReplayer(async () => answer()));
    expect(run.endpoints?.map(({ endpoint, destination, calls }) => [endpoint, destination, calls])).toEqual([
      ['GET /items/{}', 'ratings', 2],
      ['GET /items/{} at stock', 'stock', 1],
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
    const from = (port: number) => ({ peer: { address: `127.0.0.1:${port}`, spiffeId: '' } });
    await record([makeExchange(0, from(1)), makeExchange(100, from(2)), makeExchange(1000, from(3))]);
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
    await expect.poll(() => sentAt.length).toBe(1);
    await turn(clock, 100);
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

  test('counts a call as under way from its moment on, not from when it is made ready', async () => {
    const clock = new ManualClock();
    await record(Array.from({ length: 100 }, (_, i) => makeExchange(i)));
    let handed = 0;
    const send = () => {
      handed++;
      return new Promise<ReplayAnswer>(() => {});
    };
    const replayer = makeReplayer(send, { clock, aheadMs: 200 });
    const started = await replayer.start('r', { speed: 1, concurrency: 64 });
    if (!started.ok) throw new Error(started.message);
    const { id } = started.value;
    await expect.poll(() => handed, { timeout: 20_000 }).toBeGreaterThan(0);
    await turn(clock, 150);
    expect(handed).toBe(100);
    expect((await replayer.get(id))?.inFlight).toBe(0);
    await replayer.cancel(id);
  });

  test('can be cancelled; what was answered by then is counted, and the rest never sent', async () => {
    await record([makeExchange(0), makeExchange(60_000)]);
    const replayer = makeReplayer(async () => answer());
    const started = await replayer.start('r', { speed: 1 });
    if (!started.ok) throw new Error(started.message);
    await expect.poll(async () => (await replayer.get(started.value.id))?.sent).toBe(1);
    const cancelled = await replayer.cancel(started.value.id);
    expect(cancelled).toMatchObject({ ok: true, value: { state: 'cancelled', total: 2, sent: 1, same: 1 } });
    expect(await store.getReplay(started.value.id)).toMatchObject({ state: 'cancelled' });
    expect(await replayer.cancel('none')).toMatchObject({ ok: false, code: 'not_found' });
  });

  test('steers its own traces to the wanted version, and refuses what names none', async () => {
    await record([makeExchange(1), makeExchange(2, { destination: 'details' })]);
    const steered: [string, unknown][] = [];
    const traces: string[] = [];
    const steer = async (prefix: string, target: unknown) => {
      steered.push([prefix, target]);
      return '';
    };
    const send = async (call: ReplayCall) => {
      traces.push(call.traceId!);
      return answer();
    };
    await replay(makeReplayer(send, { steer }), { to: 'ratings=v2' });
    expect(steered).toEqual([
      [expect.stringMatching(/^[0-9a-f]{16}$/), { service: 'ratings', kind: 'version', version: 'v2' }],
      [steered[0]![0], null],
    ]);
    expect(traces.map((trace) => trace.startsWith(steered[0]![0]))).toEqual([true, true]);
    expect(await makeReplayer(send).start('r', { to: 'ratings' })).toMatchObject({ ok: false, code: 'invalid' });
    const nowhere = makeReplayer(send, { steer: async () => 'No workload of ratings has version v9' });
    expect(await nowhere.start('r', { to: 'ratings=v9' })).toMatchObject({ ok: false, message: expect.stringContaining('v9') });
    expect(await makeReplayer(send).start('none', {})).toMatchObject({ ok: false, code: 'not_found' });
  });

  test('sends to no other machine without a word', async () => {
    await record([
      makeExchange(1),
      makeExchange(2, {
        destinationWorkload: '',
        authority: 'api.example.com',
        endpoint: '192.0.2.1:443',
        cluster: 'PassthroughCluster',
      }),
    ]);
    const steer = async () => '';
    const replayer = makeReplayer(async () => answer(), { steer });
    const refused = await replayer.start('r', { speed: 0 });
    expect(refused).toMatchObject({
      ok: false,
      code: 'conflict',
      message: expect.stringContaining('--allow-remote api.example.com'),
    });
    expect(
      await replayer.start('r', { confirmRemote: ['api.example.com'], to: 'ratings=https://staging.example.com' }),
    ).toMatchObject({
      ok: false,
      message: expect.stringContaining('staging.example.com'),
    });
    expect(await replay(replayer, { confirmRemote: ['api.example.com'], to: 'ratings=http://127.0.0.1:9' })).toMatchObject({
      sent: 2,
    });
  });

  test('of a large recording is answered before that was looked through, and what must not be sent then ends it in words', async () => {
    const far = {
      destinationWorkload: '',
      authority: 'api.example.com',
      endpoint: '192.0.2.1:443',
      cluster: 'PassthroughCluster',
    };
    await record([makeExchange(1), makeExchange(2, far)]);
    let sent = 0;
    const replayer = makeReplayer(async () => answer({ traceId: String(++sent) }), { surveyFirst: 0 });
    const started = await replayer.start('r', { speed: 0 });
    expect(started).toMatchObject({ ok: true, value: { state: 'running', surveying: { read: 0, of: 4 }, total: 0 } });
    if (!started.ok) return;
    const ended = await finished(replayer, started.value.id);
    expect(ended).toMatchObject({ state: 'cancelled', surveying: null, sent: 0 });
    expect(ended.problem).toContain('--allow-remote api.example.com');
    expect(sent).toBe(0);
    expect(await replay(replayer, { confirmRemote: ['api.example.com'] })).toMatchObject({
      state: 'finished',
      sent: 2,
      total: 2,
    });
  });

  test('says while it runs what each endpoint is like by now', async () => {
    await record([makeExchange(1, { path: '/a' }), makeExchange(2, { path: '/b' }), makeExchange(3, { path: '/c' })]);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const replayer = makeReplayer(async ({ path }) => {
      if (path === '/c') await held;
      return answer(path === '/b' ? { status: 500 } : {});
    });
    const started = await replayer.start('r', { speed: 0 });
    if (!started.ok) throw new Error(started.message);
    const { id } = started.value;
    const verdicts = async () => (await replayer.get(id))?.endpoints?.map(({ endpoint, verdict }) => `${endpoint} ${verdict}`);
    await expect.poll(verdicts, { timeout: 20_000 }).toEqual(['GET /a same', 'GET /b different']);
    expect(await replayer.get(id)).toMatchObject({ state: 'running', sent: 2, same: 1, different: 1 });
    release();
    expect((await finished(replayer, id)).endpoints).toHaveLength(3);
  });

  test('can be paused: nothing is sent meanwhile, and what follows moves by as much', async () => {
    const clock = new ManualClock();
    await record([makeExchange(0), makeExchange(50), makeExchange(100)]);
    const sentAt: number[] = [];
    const send = async () => {
      sentAt.push(clock.now());
      return answer();
    };
    const replayer = makeReplayer(send, { clock });
    const started = await replayer.start('r', { speed: 1 });
    if (!started.ok) throw new Error(started.message);
    const { id } = started.value;
    await expect.poll(() => sentAt.length).toBe(1);
    await turn(clock, 20);
    expect(await replayer.pause(id)).toMatchObject({ ok: true, value: { state: 'running', paused: true } });
    await turn(clock, 1000);
    expect(sentAt).toEqual([0]);
    expect(await replayer.resume(id)).toMatchObject({ ok: true, value: { paused: false } });
    await turn(clock, 200);
    expect(sentAt).toEqual([0, 1050, 1100]);
    expect(await finished(replayer, id)).toMatchObject({ state: 'finished', sent: 3 });
    expect(await replayer.pause(id)).toMatchObject({ ok: false, code: 'conflict' });
  });

  test('shortens gaps in which nothing was sent, and one by one waits for each answer', async () => {
    const clock = new ManualClock();
    await record([makeExchange(0), makeExchange(60_000), makeExchange(60_010)]);
    const sentAt: number[] = [];
    const send = async () => {
      sentAt.push(clock.now());
      return answer();
    };
    const replayer = makeReplayer(send, { clock });
    const started = await replayer.start('r', { maxIdle: '100ms' });
    await expect.poll(() => sentAt.length).toBe(1);
    await turn(clock, 200);
    expect(sentAt).toEqual([0, 100, 110]);
    if (started.ok) await finished(replayer, started.value.id);
    expect(await replayer.start('r', { maxIdle: 'soon' })).toMatchObject({ ok: false, code: 'invalid' });
    let inFlight = 0;
    const oneByOne = makeReplayer(async () => {
      expect(++inFlight).toBe(1);
      await settled();
      inFlight--;
      return answer();
    });
    expect(await replay(oneByOne, { pace: 'one-by-one', speed: 1 })).toMatchObject({ sent: 3, pace: 'one-by-one' });
  });

  test('keeps the order of a connection’s calls, however slow their answers', async () => {
    const at = (address: string) => ({ peer: { address, spiffeId: '' }, durationMs: 5 });
    await record([makeExchange(0, at('127.0.0.1:1')), makeExchange(10, at('127.0.0.1:1')), makeExchange(20, at('127.0.0.1:2'))]);
    const order: string[] = [];
    let letGo: () => void = () => {};
    const send = async ({ path }: ReplayCall) => {
      order.push(path);
      if (path === '/ratings/0') await new Promise<void>((resolve) => (letGo = resolve));
      else if (path === '/ratings/20') letGo();
      return answer();
    };
    await replay(makeReplayer(send), { speed: 0 });
    expect(order).toEqual(['/ratings/0', '/ratings/20', '/ratings/10']);
  });

  test('judges the same answers again by other rules, without sending anything', async () => {
    const json = (n: number, value: unknown) =>
      makeExchange(n, { response: { headers: plain, body: makeBody(JSON.stringify(value)), trailers: [] } });
    await record([json(1, { at: 1, total: 10 }), json(2, { at: 1, total: 10 }), json(3, { at: 1, total: 10 })]);
    let sent = 0;
    const replayer = makeReplayer(async ({ path }) => {
      sent++;
      return answer({ body: Buffer.from(JSON.stringify({ at: 2, total: path.endsWith('3') ? 10.5 : 10 })) });
    });
    const run = await replay(replayer);
    expect(run).toMatchObject({ same: 0, different: 3, verdict: 'different' });
    expect(run.endpoints).toMatchObject([{ endpoint: 'GET /ratings/{}', calls: 3, different: 3, verdict: 'different' }]);
    const rules = { ignore: ['$.at'], unordered: [], tolerance: [] };
    const judged = await replayer.judge(run.id, rules);
    expect(judged).toMatchObject({ ok: true, value: { same: 2, different: 1, verdict: 'different' } });
    expect(judged.ok && judged.value.differences.map((d) => d.fields.map((f) => f.path))).toEqual([['$.total']]);
    expect(await replayer.judge(run.id, { ...rules, tolerance: ['$.total±0.5'] })).toMatchObject({
      ok: true,
      value: { same: 3, verdict: 'same' },
    });
    expect(await replayer.get(run.id)).toMatchObject({ same: 3, rules: { ignore: ['$.at'] } });
    expect(await replayer.judge(run.id, { ignore: [], unordered: [], tolerance: [] })).toMatchObject({
      ok: true,
      value: { different: 3 },
    });
    expect(sent).toBe(3);
  });

  test('with noise tells what changes by itself from what changed', async () => {
    const json = (n: number, value: unknown) =>
      makeExchange(n, { response: { headers: plain, body: makeBody(JSON.stringify(value)), trailers: [] } });
    await record(Array.from({ length: 40 }, (_, n) => json(n, { at: n, price: 10 })));
    let n = 1000;
    const replayer = makeReplayer(async () => answer({ body: Buffer.from(JSON.stringify({ at: n++, price: 11 })) }));
    const run = await replay(replayer, { noise: true });
    expect(n).toBe(1080);
    expect(run.endpoints?.[0]?.fields.map(({ path, verdict, raw, noise }) => [path, verdict, raw, noise])).toEqual([
      ['$.at', 'noise', 40, 40],
      ['$.price', 'different', 40, 0],
    ]);
    expect(run).toMatchObject({ different: 40, verdict: 'different' });
    expect(run.differences[0]!.fields.map(({ path }) => path)).toEqual(['$.price']);
    expect(await replayer.judge(run.id, { ignore: ['$.price'], unordered: [], tolerance: [] })).toMatchObject({
      ok: true,
      value: { same: 40, verdict: 'same' },
    });
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

/** Moves time on in small steps. */
async function turn(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    await settled();
    clock.advance(5);
  }
  await settled();
}

/** Lets everything that is ready run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
