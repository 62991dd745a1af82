import { describe, expect, test } from 'vitest';
import type { Exchange } from '../api/exchange.schema.ts';
import type { Done } from './scenario-mesh.ts';
import { browse, Stage, sick } from './test-kit.ts';
import { traceIdOf } from './trace-mark.ts';

/* The timeline by a clock turned by hand; the mesh and the load only tell what was asked of them. */

describe('the timeline', () => {
  test('does everything at its time, what stands at 0 s before the load, and puts back at the end', async () => {
    const change = { name: 'detector', at: '0s', apply: [{ apiVersion: 'a/v1', kind: 'K' }] };
    const stage = new Stage({
      load: [browse],
      faults: [{ ...sick, for: '3s' }],
      changes: [change, { ...change, name: 'later', at: '4s' }],
      record: 'x',
    });
    await stage.advance(4500);
    expect(stage.run.view().tracks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      ...['browse active', 'detector done', 'sick active', 'later done'],
    ]);
    const run = await stage.end();
    expect(stage.calls.map((call) => call.replace(/^(\d+) (put back|stop recording)/, 'end $2'))).toEqual([
      ...['0 record x', '0 change detector', '0 load', '2000 arm drill-sick', '4000 change later', '5000 remove drill-sick'],
      ...['10000 stop load', 'end put back', 'end stop recording'],
    ]);
    expect(run).toMatchObject({ state: 'passed', elapsedMs: 10_000 });
    expect([stage.isClosed, stage.clock.pendingTimers]).toEqual([true, 0]);
  });

  test('begins only when the hypothesis holds', async () => {
    const stage = new Stage({ load: [browse], hypothesis: ['errors < 1%'], expect: [{ that: 'errors < 1%' }] });
    await stage.settle();
    expect(stage.assignments[0]!.planned.starts).toHaveLength(10);
    stage.results(0, 10, { status: 500 });
    const run = await stage.end();
    expect(run).toMatchObject({ state: 'error', message: 'It did not begin: errors < 1% does not hold (100 %)' });
    expect(stage.calls).toEqual(['0 load', '0 cut load', '0 put back']);
    expect(run.expectations[0]!.state).toBe('no_data');
  });

  test.each([
    [
      'a load has no way in',
      'entryOf',
      (): string => 'there is no ingress gateway',
      'Load browse has no way in: there is no ingress gateway',
    ],
    ['a fault is refused', 'armFault', (): Done => ({ ok: false, message: 'no such service' }), 'sick: no such service'],
    [
      'arming fails',
      'armFault',
      (): Done => {
        throw new Error('the data plane is away');
      },
      'sick: the data plane is away',
    ],
  ] as const)('is an error, not a failure, when %s; what was changed is put back', async (_what, name, answer, message) => {
    const stage = new Stage({ load: [browse], faults: [sick], expect: [{ that: 'errors < 1%' }] });
    stage.answers[name] = answer;
    const run = await stage.end();
    expect(run).toMatchObject({ state: 'error', message });
    expect(stage.calls.at(-1)).toContain('put back');
  });

  test('cancelled, it ends at once and puts back; what was not decided is not passed', async () => {
    const expect_ = [{ that: 'errors < 1%' }, { event: { type: 'endpoint.ejected', never: true } }];
    const stage = new Stage({ load: [browse], faults: [sick], expect: expect_ });
    await stage.advance(2500);
    stage.run.cancel('Cancelled');
    const run = await stage.end();
    expect(run).toMatchObject({ state: 'cancelled', message: 'Cancelled', elapsedMs: 2500 });
    expect(run.expectations.map(({ state }) => state)).toEqual(['no_data', 'no_data']);
    expect(stage.calls.slice(-1)[0]).toMatch(/put back$/);
    expect(stage.isClosed).toBe(true);
  });

  test('puts back again until it succeeds, and tells', async () => {
    const stage = new Stage({ duration: '1s', changes: [{ name: 'x', at: '0s', stop: 'a' }] });
    let tries = 0;
    stage.answers.putBack = () => {
      if (++tries < 3) throw new Error('the data plane is away');
      return [{ ok: true, message: 'Put back: a' }];
    };
    const run = await stage.end();
    expect(run.journal.map(({ kind, message }) => `${kind} ${message}`)).toEqual(
      expect.arrayContaining(['problem Not put back yet: the data plane is away', 'put-back Put back: a']),
    );
    expect([tries, run.state]).toEqual([3, 'passed']);
  });

  test('ends with an error when the load generator dies', async () => {
    const stage = new Stage({ load: [browse] });
    await stage.advance(1000);
    stage.sink!.onFailed('the load generator ended');
    expect(await stage.end()).toMatchObject({ state: 'error', message: 'the load generator ended' });
  });
});

describe('a condition', () => {
  test('counts requests by when they were meant to start, from then on', async () => {
    const during = { from: '2s', to: '4s' };
    const stage = new Stage({
      load: [browse],
      expect: [
        { that: 'max < 100ms', during },
        { that: 'count == 20', during },
        { that: 'rate == 10', during },
      ],
    });
    await stage.advance(100);
    // Late ones before and after do not count, early ones within do, though their answers come after it.
    stage.results(0, 20, { endMs: 9000 });
    await stage.advance(4500);
    expect(stage.states().map((state) => state.split(' ')[0])).toEqual(['waiting', 'waiting', 'waiting']);
    stage.results(20, 40);
    stage.results(40, 100, { endMs: 99_000 });
    await stage.advance(1000);
    expect(stage.states()).toEqual(['passed 21 ms', 'passed 20', 'passed 10/s']);
    await stage.end();
  });

  test('without a request in its time is no data, which is not a pass', async () => {
    const stage = new Stage({
      load: [{ ...browse, for: '1s' }],
      duration: '4s',
      expect: [{ that: 'errors < 1%', during: { from: '2s' } }],
    });
    await stage.advance(100);
    stage.results(0, 10);
    expect(await stage.end()).toMatchObject({ state: 'failed', expectations: [{ state: 'no_data', actual: 'no request' }] });
  });

  test('of the mesh counts calls the load caused, once each, as their caller saw them', async () => {
    const to = { to: 'ratings' };
    const conditions = [
      'attempts == 2',
      'max_attempts <= 3',
      'retries == 1',
      'share(v2) == 50%',
      'flag(URX) == 50%',
      'errors == 50%',
      'count == 2',
    ];
    const own = [{ that: 'share(v1) == 100%' }, { that: 'count == 1', of: { method: 'get', path: '/' } }];
    const stage = new Stage({ load: [browse], expect: [...conditions.map((that) => ({ that, of: to })), ...own] });
    await stage.advance(100);
    stage.results(0, 100);
    stage.hop(0);
    const ratings = { source: 'reviews', destination: 'ratings', parentSpanId: 'f'.repeat(16) };
    stage.hop(0, { ...ratings, destinationVersion: 'v2' });
    stage.hop(0, { ...ratings, reporter: 'destination', destinationVersion: 'v2' });
    stage.hop(1, { ...ratings, status: 503, flags: 'URX,UF', attempts: [{}, {}, {}] as Exchange['attempts'] });
    stage.hop(1, { ...ratings, traceId: `${'0'.repeat(31)}1` });
    const run = await stage.end();
    expect(run.expectations.map(({ text, state, actual }) => `${text}: ${state} ${actual}`)).toEqual([
      ...['attempts == 2 to ratings: passed 2', 'max_attempts <= 3 to ratings: passed 3', 'retries == 1 to ratings: passed 1'],
      ...['share(v2) == 50% to ratings: passed 50 %', 'flag(URX) == 50% to ratings: passed 50 %'],
      ...['errors == 50% to ratings: passed 50 %', 'count == 2 to ratings: passed 2'],
      ...['share(v1) == 100%: passed 100 %', 'count == 1 get /: passed 1'],
    ]);
    expect(run.expectations[1]!.traceIds[0]).toBe(traceIdOf(stage.mark, 0, 1));
    expect(run.load[0]).toMatchObject({ sent: 100, ok: 100, retries: 0 });
  });

  test('that must abort ends the scenario at the next second, after its delay, and puts back', async () => {
    const stage = new Stage({
      load: [browse],
      faults: [sick],
      expect: [{ that: 'errors < 10%', abortOnFail: true, delayAbort: '3s' }, { that: 'count > 1' }],
    });
    await stage.advance(100);
    stage.results(0, 10, { status: 503 });
    await stage.advance(2500);
    expect(stage.run.view().state).toBe('running');
    const run = await stage.end();
    expect(run).toMatchObject({ state: 'failed', elapsedMs: 3000, message: 'Ended early: errors < 10% is not met (100 %)' });
    expect(run.expectations.map(({ state }) => state)).toEqual(['failed', 'no_data']);
    expect(stage.calls.at(-1)).toContain('put back');
  });

  test('asks for a record of every call only when it looks at them, and tells when some came without', async () => {
    const wants = (...expect_: object[]) => new Stage({ load: [browse], expect: expect_ });
    const own = wants({ that: 'errors < 1%' }, { that: 'p(99) < 1s', of: { load: 'browse' } });
    const calls = wants({ that: 'errors < 1%' }, { that: 'max_attempts <= 3' });
    expect([own, calls, wants({ that: 'errors < 1%', of: { to: 'x' } })].map(({ run }) => run.wantsEveryExchange)).toEqual([
      ...[false, true, true],
    ]);
    own.run.noteDropped(5);
    calls.run.noteDropped(5);
    const problems = async (stage: Stage) => (await stage.end()).journal.filter(({ kind }) => kind === 'problem').length;
    expect([await problems(own), await problems(calls)]).toEqual([0, 1]);
  });

  test('knows what was dropped, and that a late generator says nothing about latency', async () => {
    const stage = new Stage({ load: [browse], expect: [{ that: 'dropped == 2' }] });
    await stage.advance(100);
    stage.results(0, 98, { sentMs: 99_000, endMs: 99_010 });
    stage.sink!.onDropped(0, 98);
    stage.sink!.onDropped(0, 99);
    expect(await stage.end()).toMatchObject({ state: 'passed', valid: false, load: [{ sent: 98, dropped: 2, intended: 100 }] });
  });
});

describe('an event', () => {
  const expectation = (more: object) => ({
    event: { type: 'endpoint.ejected', subject: 'reviews', after: 'sick', within: '3s', ...more },
  });

  test('is met by the first after its fault, and told at once, with how long it took', async () => {
    const stage = new Stage({ faults: [sick], duration: '10s', expect: [expectation({}), expectation({ subject: 'other' })] });
    await stage.advance(1500);
    stage.event('endpoint.ejected', 'reviews-v1-0');
    await stage.advance(2600);
    stage.event('endpoint.returned', 'reviews-v1-0');
    stage.event('endpoint.ejected', 'reviews-v1-0');
    expect(stage.states()).toEqual(['passed +2.1 s', 'waiting ']);
    const run = await stage.end();
    expect(run.expectations[1]).toMatchObject({ state: 'failed', actual: 'did not happen' });
  });

  test('too late is a failure that says how late', async () => {
    const stage = new Stage({ faults: [sick], duration: '10s', expect: [expectation({})] });
    await stage.advance(5400);
    stage.event('endpoint.ejected', 'reviews-v1-0');
    await stage.advance(1000);
    expect(stage.states()).toEqual(['failed +3.4 s, too late']);
    await stage.end();
  });

  test('that must never happen fails when it does, and passes when its time is over', async () => {
    const stage = new Stage({
      faults: [sick],
      duration: '10s',
      expect: [expectation({ never: true }), expectation({ never: true, subject: 'x' })],
    });
    await stage.advance(3000);
    stage.event('endpoint.ejected', 'reviews-v1-0');
    expect(stage.states()).toEqual(['failed +1 s', 'waiting '].map((state) => state.replace('+1 s', '+1.0 s')));
    await stage.advance(3000);
    expect(stage.states()[1]).toBe('passed did not happen');
    await stage.end();
  });
});
