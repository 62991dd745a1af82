import http from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { AppMetric } from '../../api/app-metric.schema.ts';
import { makeExchange, realClock } from '../../store/fixtures.ts';
import { listen } from '../../testing/listen.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { patienceMs } from '../../testing/patience.ts';
import { Histogram } from '../histogram.ts';
import { Metrics } from '../metrics.ts';
import { encodeMetrics, exponentialBuckets } from './encode-metrics.ts';
import { OtlpMetricsExporter } from './metrics-exporter.ts';
import { OtlpReceiver } from './receiver.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  // The last that was opened first: an exporter sends once more when it closes.
  for (const close of closers.splice(0).reverse()) await close();
});

test('buckets are OTLP’s own, every value in the one it belongs to, at most 160 of them', () => {
  const histogram = new Histogram();
  const values = Array.from({ length: 2000 }, (_, i) => 0.05 * 1.008 ** i);
  for (const ms of values) histogram.record(ms);
  for (const most of [10_000, 160, 20]) {
    const { scale, offset, counts, zeroCount } = exponentialBuckets(histogram, most);
    expect(counts.length).toBeLessThanOrEqual(most);
    expect(counts.reduce((sum, count) => sum + count, zeroCount)).toBe(values.length);
    const expected = new Map<number, number>();
    for (const ms of values) {
      const index = Math.ceil(Math.log2(ms * 1000) * 2 ** scale) - 1;
      expected.set(index, (expected.get(index) ?? 0) + 1);
    }
    expect(counts).toEqual(counts.map((_, i) => expected.get(offset + i) ?? 0));
  }
  expect(exponentialBuckets(new Histogram())).toEqual({ scale: 5, offset: 0, counts: [], zeroCount: 0 });
});

test('what is exported is what an OTLP receiver reads: counts, errors and durations by edge', async () => {
  const received: AppMetric[] = [];
  const receiver = await OtlpReceiver.listen({
    ...{ clock: realClock, httpPort: 0, grpcPort: 0, onSpans: () => undefined, onLogs: () => undefined },
    onMetrics: (metrics) => void received.push(...(metrics as unknown as AppMetric[])),
    onProblem: (message) => expect.unreachable(message),
  });
  closers.push(() => receiver.close());
  const metrics = new Metrics();
  for (const n of [1, 2, 3]) metrics.record(makeExchange(n, { durationMs: 10 * n, status: n === 3 ? 503 : 200 }));
  const encode = () => encodeMetrics(metrics.edges(), { version: '1', startedMs: 0, nowMs: 1 });
  const exporter = new OtlpMetricsExporter({
    clock: new ManualClock(),
    encode,
    onEvent: ({ message }) => expect.unreachable(message),
  });
  closers.push(() => exporter.close());
  exporter.set(`http://127.0.0.1:${receiver.httpPort}`);
  await exporter.export();
  await expect.poll(() => received.length, { timeout: patienceMs }).toBeGreaterThanOrEqual(3);
  const named = (name: string) => received.find((metric) => metric.name === name);
  expect(named('drydock.requests')?.value).toBe(3);
  expect(named('drydock.request.errors')?.value).toBe(1);
  expect(named('drydock.request.duration')).toMatchObject({ count: 3, value: 20_000, unit: 'us' });
});

test('goes out every ten seconds, tells of a collector that is away once, and of its return', async () => {
  let status = 503;
  let asked = 0;
  const server = http.createServer((request, response) => {
    asked++;
    request.resume();
    request.on('end', () => response.writeHead(status).end());
  });
  const port = await listen(server);
  closers.push(() => server.close());
  const clock = new ManualClock();
  const told: string[] = [];
  const exporter = new OtlpMetricsExporter({ clock, encode: () => ({}), onEvent: ({ type }) => told.push(type) });
  closers.push(() => exporter.close());
  exporter.set(`http://127.0.0.1:${port}`);
  clock.advance(9_999);
  expect(asked).toBe(0);
  clock.advance(1);
  await expect.poll(() => told, { timeout: patienceMs }).toEqual(['otlp-export.failed']);
  await exporter.export();
  status = 200;
  await exporter.export();
  expect(told).toEqual(['otlp-export.failed', 'otlp-export.recovered']);
  exporter.set('');
  clock.advance(60_000);
  expect(asked).toBe(3);
});
