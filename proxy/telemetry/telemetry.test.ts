import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import { graphSchema, type Span, seriesSchema, traceListSchema, traceSchema } from '../api/observability.schema.ts';
import { hex, makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { makeSpan } from '../testing/spans.ts';
import { type GraphFacts, Telemetry } from './telemetry.ts';

/** 30 s after exchange 0 began, so that exchanges 0..30 000 ms are in the last minute. */
let clock: ManualClock;
let folder: ReturnType<typeof makeFolder>;
let store: Store;
let telemetry: Telemetry;
beforeEach(async () => {
  clock = new ManualClock();
  clock.advance(30_000);
  folder = makeFolder();
  store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
  telemetry = new Telemetry({ clock, store, startedMs: 0 });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const noFacts: GraphFacts = { services: [], faults: [], splits: [], ejections: [] };
/** A call as both sidecars report it. */
function call(n: number, overrides: Partial<ExchangeDetail> = {}): ExchangeDetail[] {
  const source = makeExchange(n, overrides);
  const server = hex(n + 0x1000000, 16);
  return [
    source,
    { ...source, id: `${source.id}d`, reporter: 'destination', spanId: server, parentSpanId: source.spanId, attempts: [] },
  ];
}
const service = (name: string, versions: GraphFacts['services'][number]['versions'] = []): GraphFacts['services'][number] => ({
  ...{ name, namespace: 'default', kind: 'service', protocol: 'http', versions },
});

describe('the graph', () => {
  test('counts a call once, though two sidecars report it', () => {
    telemetry.record([1, 2, 3].flatMap((n) => call(n)));
    const mirrors = [{ from: null, to: 'default/ratings', mirror: 'default/next' }];
    const graph = graphSchema.parse(telemetry.graph(60_000, { ...noFacts, mirrors }));
    expect(graph.edges).toHaveLength(1);
    expect(graph.edges[0]?.bytesPerSecond).toBeGreaterThan(0);
    expect(graph.edges[0]).toMatchObject({
      id: 'default/reviews->default/ratings',
      mirrors: ['default/next'],
      count: 3,
      rate: 3 / 60,
      mtlsShare: 1,
      errorShare: 0,
    });
    expect(telemetry.requestsSeen()).toBe(3);
  });

  test('of the whole run counts everything since the engine started, however long ago', () => {
    telemetry.record(call(1));
    clock.advance(2 * 3_600_000);
    telemetry.record(call(2 * 3_600_000 + 20_000));
    expect(telemetry.graph(60_000, noFacts).edges[0]).toMatchObject({ count: 1 });
    const run = graphSchema.parse(telemetry.graph(Number.POSITIVE_INFINITY, noFacts));
    expect(run.edges[0]).toMatchObject({ count: 2 });
    expect(run.windowSeconds).toBeGreaterThan(7200);
    expect(seriesSchema.parse(telemetry.series({ window: 'run' })).times.length).toBeLessThanOrEqual(121);
  });

  test('a call that found no host does not make its edge plain text', () => {
    telemetry.record([...call(1), ...call(2, { endpoint: '', mtls: false, flags: 'UH', status: 503 })]);
    expect(telemetry.graph(60_000, noFacts).edges[0]).toMatchObject({ count: 2, mtlsShare: 1 });
  });

  test('exchanges without records count one by one in every metric, and never as a trace to open', () => {
    const [source, destination] = call(1) as [ExchangeDetail, ExchangeDetail];
    const values = Float64Array.from([1, 10, 100, 2, 10, 100, 40, 10, 300]);
    telemetry.recordTallies([
      { exchange: source, values },
      { exchange: destination, values },
    ]);
    const { edges } = telemetry.graph(60_000, noFacts);
    expect(edges).toHaveLength(1);
    expect(edges[0]).toMatchObject({ count: 3, p99: 40 });
    expect(telemetry.requestsSeen()).toBe(3);
    const text = telemetry.prometheusText();
    const count = (name: string, reporter: string) =>
      Number(new RegExp(`${name}\\{reporter="${reporter}"[^}]*\\} (\\S+)`).exec(text)?.[1]);
    expect(count('istio_requests_total', 'source')).toBe(3);
    expect(count('istio_requests_total', 'destination')).toBe(3);
    expect(count('istio_response_bytes_sum', 'source')).toBe(500);
  });

  test('counts a caller outside the mesh from the side that saw it, and a gateway as a source', () => {
    telemetry.record([
      makeExchange(1, { reporter: 'destination', source: 'outside', sourceNamespace: '', sourceWorkload: '', mtls: false }),
      makeExchange(2, { reporter: 'gateway', source: 'ingress', sourceWorkload: 'ingress', sourceNamespace: 'istio-system' }),
    ]);
    const { edges, nodes } = telemetry.graph(60_000, noFacts);
    expect(edges.map((e) => e.id).sort()).toEqual(['ingress->default/ratings', 'outside->default/ratings']);
    expect(nodes.find((n) => n.id === 'outside')!.kind).toBe('outside');
  });

  test('tells errors, retries, timeouts, overflows and faults apart', () => {
    const attempt = { endpoint: 'e', status: 503, flag: 'UF', startMs: 0, durationMs: 1 };
    telemetry.record([
      ...call(1, { status: 503, flags: 'UF,URX', attempts: [attempt, attempt, attempt] }),
      ...call(2, { status: 504, flags: 'UT' }),
      ...call(3, { status: 503, flags: 'UO' }),
      ...call(4, { status: 404 }),
      ...call(5, { status: 0, flags: 'DC' }),
      ...call(6, { status: 200, grpcStatus: 14, protocol: 'gRPC' }),
      ...call(7, { faults: [{ name: 'slow', effect: 'delay', side: 'server' }] }),
      ...call(8),
    ]);
    expect(telemetry.graph(60_000, noFacts).edges[0]).toMatchObject({
      ...{ count: 8, errorShare: 4 / 8, retryRatio: 2 / 8, timeouts: 1, overflows: 1, faultHits: 1 },
    });
  });

  test('shows wanted and actual shares per version, armed faults and ejected hosts', () => {
    telemetry.record([1, 2, 3].flatMap((n) => call(n)));
    telemetry.record(call(4, { destinationVersion: 'v2' }));
    const edge = telemetry.graph(60_000, {
      services: [],
      faults: [
        { name: 'slow', from: null, to: 'default/ratings' },
        { name: 'other', from: 'default/x', to: 'default/ratings' },
      ],
      splits: [{ from: null, to: 'default/ratings', wanted: { v1: 0.5, v2: 0.4, v3: 0.1 } }],
      ejections: [{ from: 'default/reviews', to: 'default/ratings', count: 2 }],
    }).edges[0]!;
    expect(edge).toMatchObject({ faults: ['slow'], ejected: 2 });
    expect(edge.split).toEqual([
      { version: 'v1', wanted: 0.5, actual: 0.75, count: 3 },
      { version: 'v2', wanted: 0.4, actual: 0.25, count: 1 },
      { version: 'v3', wanted: 0.1, actual: 0, count: 0 },
    ]);
  });

  test('holds weights that changed against what happened since, not against the whole window', () => {
    const weights = (v1: number) => [{ from: null, to: 'default/ratings', wanted: { v1, v2: 1 - v1 } }];
    telemetry.follow({ splits: weights(1) });
    telemetry.record([1, 2, 3].flatMap((n) => call(n)));
    clock.advance(5000);
    telemetry.follow({ splits: weights(0.5) });
    clock.advance(2000);
    telemetry.record(
      [...call(4), ...call(5, { destinationVersion: 'v2' })].map((one) => ({
        ...one,
        time: new Date(clock.wallNow()).toISOString(),
      })),
    );
    const edge = telemetry.graph(60_000, { ...noFacts, splits: weights(0.5) }).edges[0]!;
    expect(edge).toMatchObject({ count: 5, splitSeconds: 2 });
    expect(edge.split.map(({ actual, count }) => [actual, count])).toEqual([
      [0.5, 1],
      [0.5, 1],
    ]);
  });

  test('calls a service down, idle, ok, degraded or failing', () => {
    telemetry.record(
      Array.from({ length: 20 }, (_, n) => call(n, { destination: 'degraded', status: n === 0 ? 500 : 200 })).flat(),
    );
    telemetry.record([...call(1, { destination: 'failing', status: 500 }), ...call(2, { destination: 'fine' })]);
    const up = [{ version: 'v1', workloads: 1, ready: 1 }];
    const { nodes } = telemetry.graph(60_000, {
      ...noFacts,
      services: [
        ...[service('degraded', up), service('failing', up), service('fine', up), service('quiet', up)],
        service('gone', [{ version: 'v1', workloads: 1, ready: 0 }]),
      ],
    });
    const health = Object.fromEntries(nodes.map((n) => [n.name, n.health]));
    expect(health).toMatchObject({ degraded: 'degraded', failing: 'failing', fine: 'ok', quiet: 'idle', gone: 'down' });
    expect(nodes.find((n) => n.name === 'fine')!.versions[0]).toMatchObject({ version: 'v1', ready: 1, rate: 1 / 60 });
  });

  test('forgets what is older than its window, in the fine and in the coarse slots', () => {
    telemetry.record(call(0));
    clock.advance(100_000);
    expect(telemetry.graph(60_000, noFacts).edges).toEqual([]);
    expect(telemetry.graph(300_000, noFacts).edges).toHaveLength(1);
    clock.advance(600_000);
    expect(telemetry.graph(300_000, noFacts).edges).toEqual([]);
    expect(telemetry.graph(3_600_000, noFacts).edges).toHaveLength(1);
    clock.advance(3_600_000);
    expect(telemetry.graph(3_600_000, noFacts).edges).toEqual([]);
  });
});

describe('series', () => {
  test('a heat map has every request of a slot in its band of latency, and comes only when asked for', () => {
    telemetry.record([1, 2].flatMap((n) => call(n, { durationMs: n === 1 ? 10 : 40 })));
    const query = { edge: 'reviews->ratings', metric: 'rate', window: '1m' };
    const { heat } = seriesSchema.parse(telemetry.series({ ...query, heat: 'true' }));
    expect(heat?.counts).toHaveLength(60);
    expect(heat?.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(heat?.boundsMs[0]).toBeGreaterThanOrEqual(10);
    expect(heat?.boundsMs.at(-1)).toBeGreaterThanOrEqual(40);
    expect(telemetry.series(query).heat).toBe(undefined);
  });

  test('re-aggregate the slots, leave gaps as gaps, and name a trace worth opening', () => {
    telemetry.record([...call(1000, { durationMs: 10 }), ...call(1001, { durationMs: 400 }), ...call(20_000, { status: 500 })]);
    const series = seriesSchema.parse(
      telemetry.series({ edge: 'reviews->ratings', metric: 'rate,errors,p50,p99', window: '1m' }),
    );
    expect(series.stepSeconds).toBe(1);
    expect(series.times).toHaveLength(60);
    const at = (second: number) => series.times.indexOf(Date.UTC(2026, 0, 1) + second * 1000);
    expect(series.series.rate![at(1)]).toBe(2);
    expect(series.series.p50![at(1)]).toBeCloseTo(10, 0);
    expect(series.series.p99![at(1)]).toBe(400);
    expect(series.exemplars[at(1)]).toBe(makeExchange(1001).traceId);
    expect(series.series.errors![at(20)]).toBe(1);
    expect(series.series.p99![at(5)]).toBeNull();
    expect(series.series.rate![at(5)]).toBe(0);
  });

  test('have 60 to 120 points for every window, and the steps the table names', () => {
    const shapes = ['1m', '5m', '15m', '1h']
      .map((window) => telemetry.series({ window }))
      .map((s) => [s.stepSeconds, s.times.length]);
    expect(shapes).toEqual([
      [1, 60],
      [5, 60],
      [10, 90],
      [30, 120],
    ]);
  });

  test('choose edges by either end and by version', () => {
    telemetry.record([...call(1000), ...call(1001, { source: 'app' }), ...call(1002, { destinationVersion: 'v2' })]);
    const total = (request: object) =>
      telemetry.series({ window: '1m', metric: 'rate', ...request }).series.rate!.reduce((a, b) => a! + b!, 0);
    expect(total({})).toBe(3);
    expect(total({ edge: '->ratings' })).toBe(3);
    expect(total({ edge: 'app->' })).toBe(1);
    expect(total({ edge: 'default/reviews->default/ratings', version: 'v2' })).toBe(1);
    expect(total({ edge: 'other/reviews->' })).toBe(0);
  });

  test('refuse what they do not know in words', () => {
    expect(() => telemetry.series({ metric: 'speed' })).toThrow(RangeError);
    expect(() => telemetry.series({ metric: 'constructor' })).toThrow(RangeError);
    expect(() => telemetry.series({ window: 'long' })).toThrow(RangeError);
  });
});

describe('traces', () => {
  const traceId = 'c'.repeat(32);
  const attempts = [
    { endpoint: 'a:1', status: 503, flag: 'UF', reason: 'connect failure', startMs: 1, durationMs: 2, backoffMs: 0 },
    { endpoint: 'b:1', status: 200, flag: '', startMs: 5, durationMs: 4, backoffMs: 2 },
  ];

  test('have a client and a server span per call, a child per attempt, and the spans of the apps', async () => {
    const batch = call(100, { traceId, attempts, durationMs: 10 });
    batch[1]!.durationMs = 2;
    store.insertExchanges(batch);
    const span: Span = {
      ...{
        traceId,
        spanId: 'e'.repeat(16),
        parentSpanId: batch[1]!.spanId,
        name: 'query',
        kind: 'internal',
        service: 'ratings',
        mesh: false,
      },
      ...{
        start: new Date(Date.UTC(2026, 0, 1) + 103).toISOString(),
        startMs: 0,
        durationMs: 2,
        error: false,
        attributes: {},
        events: [],
      },
    };
    store.insertAppSpans([span]);
    const trace = traceSchema.parse(await telemetry.getTrace(traceId));
    expect(trace.spans.map((s) => [s.kind, s.mesh, s.startMs, s.name])).toEqual([
      ['client', true, 0, 'GET ratings'],
      ['client', true, 1, 'try 1 a:1'],
      // The call cannot have come before the attempt that brought it.
      ['server', true, 1, 'GET ratings'],
      ['internal', false, 3, 'query'],
      ['client', true, 5, 'try 2 b:1'],
    ]);
    const byName = (name: string) => trace.spans.find((s) => s.name === name)!;
    expect(byName('try 1 a:1')).toMatchObject({
      error: true,
      parentSpanId: batch[0]!.spanId,
      start: new Date(Date.UTC(2026, 0, 1) + 101).toISOString(),
    });
    expect(trace.spans[2]!.parentSpanId).toBe(batch[0]!.spanId);
    expect(trace.durationMs).toBe(10);
    expect(await telemetry.getTrace('0'.repeat(32))).toBeNull();
  });

  test('are listed newest first and filtered by service, duration and error, page by page', async () => {
    store.insertExchanges([
      ...call(1, { durationMs: 5 }),
      ...call(2, { durationMs: 500, destination: 'details' }),
      ...call(3, { status: 503, durationMs: 700 }),
    ]);
    const list = async (query: Parameters<Telemetry['listTraces']>[0]) =>
      traceListSchema.parse(await telemetry.listTraces(query));
    expect((await list({})).traces.map((t) => t.rootName)).toEqual(['GET /ratings/3', 'GET /ratings/2', 'GET /ratings/1']);
    expect((await list({ service: 'default/details' })).traces.map((t) => t.traceId)).toEqual([makeExchange(2).traceId]);
    expect((await list({ minDuration: '400ms' })).traces).toHaveLength(2);
    expect((await list({ error: 'true' })).traces[0]).toMatchObject({ status: 503, errors: 2, spans: 2, rootService: 'reviews' });
    const first = await list({ limit: 2 });
    expect((await list({ limit: 2, cursor: first.next! })).traces.map((t) => t.rootName)).toEqual(['GET /ratings/1']);
    await expect(telemetry.listTraces({ minDuration: 'x' })).rejects.toThrow(RangeError);
  });

  test('are found by the filter of the requests, by any call in them, however far back: cursor after cursor', async () => {
    store.insertExchanges(Array.from({ length: 1300 }, (_, n) => makeExchange(n, n === 7 ? { flags: 'UO', status: 503 } : {})));
    let query: Parameters<Telemetry['listTraces']>[0] = { filter: 'flag:UO' };
    const found: string[] = [];
    let pages = 0;
    for (; pages < 10; pages++) {
      const { traces, next } = await telemetry.listTraces(query);
      found.push(...traces.map((trace) => trace.traceId));
      if (next === null) break;
      query = { ...query, cursor: next };
    }
    expect([found, pages > 0]).toEqual([[makeExchange(7).traceId], true]);
    await expect(telemetry.listTraces({ filter: 'status>=x' })).rejects.toThrow(RangeError);
  });

  test('tell of all their spans, of the apps too; those that only apps sent and those that go on are among them', async () => {
    const time = new Date(Date.UTC(2026, 0, 1)).toISOString();
    store.insertExchanges(call(1, { traceId, attempts }));
    store.insertAppSpans([
      makeSpan({ traceId, spanId: 'x', mesh: false, start: time, service: 'worker' }),
      makeSpan({
        traceId: 'job',
        spanId: 'y',
        mesh: false,
        start: time,
        service: 'worker',
        name: 'nightly',
        error: true,
        durationMs: 9,
      }),
    ]);
    const { request: _q, response: _s, timeline: _t, decision: _d, peer: _p, redacted: _r, ...summary } = makeExchange(5);
    const open = { ...summary, open: true, status: 0 };
    store.setOpenExchanges([open], [open.id]);
    const { traces } = await telemetry.listTraces({});
    const byId = new Map(traces.map((trace) => [trace.traceId, trace]));
    // Client, two attempts and server, the server with attempts of its own in this fixture, and the app's.
    expect(byId.get(traceId)).toMatchObject({ spans: (await telemetry.getTrace(traceId))!.spans.length });
    expect(byId.get(traceId)!.services).toContain('worker');
    expect(byId.get('job')).toMatchObject({
      rootService: 'worker',
      rootName: 'nightly',
      spans: 1,
      errors: 1,
      status: 0,
      durationMs: 9,
    });
    expect(byId.get(open.traceId)).toMatchObject({ open: true });
    expect((await telemetry.getTrace(open.traceId))!.spans[0]).toMatchObject({ open: true, error: false });
    expect((await telemetry.listTraces({ filter: 'open:yes' })).traces.map((trace) => trace.traceId)).toEqual([open.traceId]);
  });
});

test('what a hop adds is its time outside of attempts and injected delays', () => {
  expect(telemetry.hopOverheadMs()).toBeNull();
  const attempt = { endpoint: 'e', status: 200, flag: '', startMs: 101, durationMs: 8 };
  telemetry.record([
    makeExchange(1, {
      durationMs: 110,
      attempts: [attempt],
      faults: [{ name: 'f', effect: 'delay', side: 'client', delayMs: 100 }],
    }),
  ]);
  expect(telemetry.hopOverheadMs()!.p50).toBeCloseTo(2);
});
