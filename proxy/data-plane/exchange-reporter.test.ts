import { expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ExchangeReporter, type FinishedExchange, type ReporterBatch, type ReporterLimits } from './exchange-reporter.ts';

const limits = { detailsPerSecond: 100, detailsBurst: 100, maxUnacknowledged: 1_000 };

function setUp(own: Partial<ReporterLimits> = {}) {
  const clock = new ManualClock();
  const batches: ReporterBatch[] = [];
  const reporter = new ExchangeReporter(clock, (batch) => batches.push(batch), { ...limits, ...own });
  let sent = 0;
  const finish = (count: number, make: (n: number) => Partial<FinishedExchange> = () => ({})) => {
    for (let i = 0; i < count; i++) reporter.finished({ ...exchange(sent++), ...make(i) });
  };
  const received = () => ({
    records: batches.flatMap((batch) => batch.exchanges),
    dropped: batches.reduce((sum, batch) => sum + batch.dropped, 0),
    tallied: batches.flatMap((batch) => batch.tallies).reduce((sum, tally) => sum + tally.values.length / 3, 0),
  });
  return { clock, reporter, batches, finish, received };
}

function exchange(number: number): FinishedExchange {
  // A golden-ratio walk: trace ids spread evenly and the same in each run.
  const traceId = Math.floor(((number * 0.618_033_988_7) % 1) * 0x1000000)
    .toString(16)
    .padStart(32, '0');
  return {
    trace: { traceId },
    startedAt: 0,
    downstream: { requestBody: { total: 1 }, responseBody: { total: 2 } },
    serviceName: () => 'reviews',
    tallyKey: () => 'web → reviews, 200',
    talliesWith: () => true,
    isFailure: () => false,
    finish: () => ({ id: String(number), traceId, request: {}, response: {} }) as unknown as ExchangeDetail,
  };
}

test('at a developer’s pace every exchange has its record', () => {
  const { clock, finish, received } = setUp();
  for (let i = 0; i < 100; i++) {
    finish(5);
    clock.advance(100);
  }
  expect(received()).toMatchObject({ dropped: 0, tallied: 0 });
  expect(received().records).toHaveLength(500);
});

test('a burst is kept whole; beyond it all are counted, and none twice', () => {
  const { clock, reporter, finish, received } = setUp();
  finish(50);
  finish(5_000);
  clock.advance(20);
  const { records, dropped, tallied } = received();
  expect(records.length).toBeGreaterThanOrEqual(50);
  expect(records.length).toBeLessThanOrEqual(100);
  expect(records.length + dropped).toBe(5_050);
  expect(tallied).toBe(dropped);
  expect(reporter.dropped).toBe(dropped);
});

test('over a long load the same traces are kept by every proxy, about as many as the budget', () => {
  const run = () => {
    const { clock, finish, received } = setUp();
    for (let i = 0; i < 200; i++) {
      clock.advance(10);
      finish(20);
    }
    return received().records.map((record) => record.traceId);
  };
  const first = run();
  expect(first.length).toBeGreaterThan(150);
  expect(first.length).toBeLessThan(400);
  expect(run()).toEqual(first);
});

test('what went wrong is kept before what went well', () => {
  const { clock, finish, received } = setUp();
  finish(80);
  finish(20, () => ({ isFailure: () => true, finish: () => ({ id: 'failed' }) as unknown as ExchangeDetail }));
  clock.advance(20);
  expect(received().records.filter((record) => record.id === 'failed')).toHaveLength(20);
});

test('a reader that does not acknowledge gets tallies and nothing grows; once it does, records come again', () => {
  const { clock, reporter, finish, received } = setUp({ detailsBurst: 1e9, maxUnacknowledged: 10 });
  finish(100);
  clock.advance(20);
  expect(received().records).toHaveLength(10);
  expect(received().tallied).toBe(90);
  reporter.acknowledge(10);
  finish(3);
  clock.advance(20);
  expect(received().records).toHaveLength(13);
});

test('while everything is to be kept the budget does not count', () => {
  const { clock, reporter, finish, received } = setUp();
  reporter.keepAll(true);
  finish(500);
  clock.advance(20);
  expect(received()).toMatchObject({ dropped: 0 });
  expect(received().records).toHaveLength(500);
});

test('even then a flood that lasts is thinned, counted, and never grows without bound', () => {
  const { clock, reporter, finish, received } = setUp({ maxUnacknowledged: 1e9 });
  reporter.keepAll(true);
  const seconds = 5;
  for (let tick = 0; tick < seconds * 50; tick++) {
    finish(400); // 20,000 a second
    clock.advance(20);
  }
  const { records, dropped } = received();
  expect(records.length + dropped).toBe(seconds * 20_000);
  expect(records.length).toBeGreaterThan(2_000);
  expect(records.length).toBeLessThan(20_000);
});

test('a tally tells duration and bytes of each of its exchanges', () => {
  const { clock, finish, batches } = setUp({ detailsBurst: 0 });
  finish(2);
  clock.advance(20);
  expect(batches[0]?.tallies).toHaveLength(1);
  expect([...batches[0]!.tallies[0]!.values]).toEqual([0, 1, 2, 0, 1, 2]);
});

test('a service called thousands of times a second does not hide the few requests of another', () => {
  const { clock, finish, received } = setUp();
  let quiet = 0;
  for (let window = 0; window < 100; window++) {
    finish(500);
    if (window % 10 === 5) {
      quiet++;
      finish(1, () => ({ serviceName: () => 'stock', finish: () => ({ id: 'stock' }) as unknown as ExchangeDetail }));
    }
    clock.advance(100);
  }
  const { records } = received();
  expect(quiet).toBe(10);
  expect(records.filter(({ id }) => id === 'stock')).toHaveLength(10);
  expect(records.length).toBeLessThan(2_000);
});
