import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { traceSchema } from '../api/observability.schema.ts';
import { hex, makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import { makeSpan } from '../testing/spans.ts';
import { assembleTrace } from './assemble-trace.ts';

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

/** reviews answers a call from n to n + 10 ms, in trace `trace`. */
const received = (n: number, trace: number, requestId = `request-${n}`) =>
  makeExchange(n, {
    ...{ reporter: 'destination', source: 'productpage', sourceWorkload: 'productpage-v1-0', traceId: hex(trace, 32) },
    ...{ destination: 'reviews', destinationWorkload: 'reviews-v1-0', durationMs: 10, parentSpanId: hex(trace, 16), requestId },
  });
/** reviews calls ratings at n ms without trace headers. */
const sent = (n: number, trace: number, requestId = `request-${n}`) =>
  makeExchange(n, { traceId: hex(trace, 32), parentSpanId: '', requestId, durationMs: 2 });

describe('a service that does not forward trace headers', () => {
  test('has what it sent drawn under what it was answering then, as inferred, and is named', async () => {
    const [call, made] = [received(100, 1), sent(103, 2)];
    store.insertExchanges([call, made]);
    const trace = traceSchema.parse(await assembleTrace(store, call.traceId));
    expect(trace.spans.map((s) => [s.spanId, s.parentSpanId, s.inferred ?? false])).toEqual([
      [call.spanId, call.parentSpanId, false],
      [made.spanId, call.spanId, true],
    ]);
    expect(trace.spans[1]).toMatchObject({ traceId: made.traceId, startMs: 3 });
    expect(trace.contextLost).toEqual([{ service: 'reviews', calls: 1, linked: 1 }]);
    const other = await assembleTrace(store, made.traceId);
    expect(other).toMatchObject({ continues: { traceId: call.traceId, spanId: call.spanId, by: 'timing' } });
  });

  test('has it under the app’s own span of the call, where the app sent one', async () => {
    const [call, made] = [received(100, 1), sent(103, 2)];
    store.insertExchanges([call, made]);
    const start = new Date(Date.parse(call.time) + 1).toISOString();
    const own = { traceId: call.traceId, spanId: hex(77, 16), parentSpanId: call.spanId, kind: 'server', mesh: false } as const;
    store.insertAppSpans([makeSpan({ ...own, service: 'reviews', name: 'GET /reviews', start, durationMs: 8 })]);
    const trace = await assembleTrace(store, call.traceId);
    expect(trace?.spans.find((span) => span.inferred)).toMatchObject({ spanId: made.spanId, parentSpanId: own.spanId });
  });

  test('gets no guessed link when it was answering several calls, but is named', async () => {
    store.insertExchanges([received(100, 1), received(101, 2), sent(103, 3)]);
    const trace = await assembleTrace(store, hex(1, 32));
    expect(trace?.spans).toHaveLength(1);
    expect(trace?.contextLost).toEqual([{ service: 'reviews', calls: 1, linked: 0 }]);
    expect((await assembleTrace(store, hex(3, 32)))?.continues).toBeNull();
  });

  test('is understood all the same when it forwards x-request-id', async () => {
    store.insertExchanges([received(100, 1, 'a'), received(101, 2, 'b'), sent(103, 3, 'b')]);
    expect((await assembleTrace(store, hex(2, 32)))?.spans.map((s) => s.inferred ?? false)).toEqual([false, true]);
    expect((await assembleTrace(store, hex(1, 32)))?.contextLost).toEqual([]);
    expect((await assembleTrace(store, hex(3, 32)))?.continues).toMatchObject({ traceId: hex(2, 32), by: 'request-id' });
  });

  test('is followed through several services that do the same', async () => {
    const onward = makeExchange(105, {
      ...{ reporter: 'destination', traceId: hex(2, 32), parentSpanId: hex(103, 16), durationMs: 2 },
    });
    const further = makeExchange(106, {
      ...{ source: 'ratings', sourceWorkload: 'ratings-v1-0', destination: 'stars', traceId: hex(3, 32), parentSpanId: '' },
      durationMs: 1,
    });
    store.insertExchanges([received(100, 1), sent(103, 2), onward, further]);
    const trace = await assembleTrace(store, hex(1, 32));
    expect(trace?.spans.map((s) => [s.traceId, s.inferred ?? false])).toEqual([
      [hex(1, 32), false],
      [hex(2, 32), true],
      [hex(2, 32), false],
      [hex(3, 32), true],
    ]);
    expect(trace?.contextLost?.map((c) => c.service)).toEqual(['reviews', 'ratings']);
  });

  test('that has nothing to answer began a trace of its own, and nothing is claimed', async () => {
    store.insertExchanges([received(100, 1), sent(200, 2)]);
    expect((await assembleTrace(store, hex(1, 32)))?.spans).toHaveLength(1);
    expect((await assembleTrace(store, hex(2, 32)))?.continues).toBeNull();
  });
});
