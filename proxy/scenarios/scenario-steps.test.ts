import { expect, test } from 'vitest';
import { browse, Stage, sick } from './test-kit.ts';

/* Runs by hand: the load runs, the timeline waits. */

const drill = {
  load: [browse],
  faults: [{ ...sick, for: '3s' }],
  changes: [{ name: 'later', at: '4s', stop: 'reviews-v1-0' }],
};
const nextOf = ({ run }: Stage) => run.view().stepped?.next ?? null;

test('nothing of the timeline comes by itself; each step brings the next, and what it is was said before', async () => {
  const stage = new Stage(drill, { stepped: true });
  await stage.advance(30_000);
  expect(stage.calls).toEqual(['0 load browse']);
  expect([nextOf(stage), stage.run.view().stepped?.left]).toEqual([['fault sick begins: 503 at reviews'], 4]);
  expect(stage.run.step()).toBe(true);
  await stage.advance(7000);
  expect(nextOf(stage)).toEqual(['change later: stop reviews-v1-0']);
  stage.run.step();
  stage.run.step();
  await stage.settle();
  expect(stage.calls.slice(1)).toEqual(['30000 arm drill-sick', '37000 change later', '37000 remove drill-sick']);
  expect(nextOf(stage)).toEqual(['the end: what is left is judged']);
  stage.run.step();
  const run = await stage.end();
  expect(run).toMatchObject({ state: 'passed', elapsedMs: 37_000, durationMs: 37_000, stepped: { next: null, left: 0 } });
  expect(run.tracks.map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ['browse', 0, 37_000],
    ['sick', 30_000, 37_000],
    ['later', 37_000, 37_000],
  ]);
  expect(stage.run.step()).toBe(false);
});

test('the load goes on at its rate for as long as somebody looks', async () => {
  const stage = new Stage(drill, { stepped: true });
  await stage.advance(20_000);
  const { starts } = stage.assignments[0]!.planned;
  expect([starts[99], starts[100], starts[199]]).toEqual([9900, 10_000, 19_900]);
  expect(stage.run.view().load[0]).toMatchObject({ intended: 201, sent: 0 });
  stage.run.cancel('Cancelled');
  await stage.end();
});

test('a load that begins later, or ends before the last entry, waits for its steps as well', async () => {
  const burst = { ...browse, name: 'burst', at: '1s', for: '1s', rate: 50 };
  const stage = new Stage({ load: [browse, burst], faults: [{ ...sick, at: '5s' }] }, { stepped: true });
  await stage.advance(3000);
  expect(stage.run.view().tracks[1]?.state).toBe('waiting');
  stage.run.step();
  await stage.advance(2000);
  expect(stage.calls).toEqual(['0 load browse', '3000 load burst']);
  expect(stage.assignments[0]).toMatchObject({ index: 1, planned: { atMs: 3000 } });
  expect(nextOf(stage)).toEqual(['load burst ends']);
  stage.run.step();
  await stage.settle();
  expect(stage.calls.at(-1)).toBe('5000 stop load');
  stage.run.cancel('Cancelled');
  await stage.end();
});

test('what is expected of a time of the timeline is counted from the step before it', async () => {
  const during = { from: '3s', to: '5s' };
  const event = { type: 'endpoint.ejected', after: 'sick', within: '3s' };
  const stage = new Stage(
    { load: [browse], faults: [sick], expect: [{ that: 'count == 20', during }, { event }] },
    { stepped: true },
  );
  await stage.advance(10_000);
  // `3s` is a second after the fault, which has not come yet.
  stage.results(0, 100);
  expect(stage.states()).toEqual(['waiting 0', 'waiting ']);
  stage.run.step();
  await stage.advance(2000);
  stage.event('endpoint.ejected', 'reviews-v1-0');
  stage.results(100, 160);
  expect(stage.states()[1]).toBe('passed +2.0 s');
  stage.run.step();
  const run = await stage.end();
  expect(run.expectations.map(({ state, actual }) => `${state} ${actual}`)).toEqual(['passed 20', 'passed +2.0 s']);
});

test('handed back to the clock, the rest comes at its distances and the run ends by itself', async () => {
  const stage = new Stage(drill, { stepped: true });
  await stage.advance(30_000);
  stage.run.step();
  await stage.advance(1000);
  expect([stage.run.runOn(), stage.run.runOn(), stage.run.step()]).toEqual([true, false, false]);
  expect(nextOf(stage)).toBe(null);
  const run = await stage.end();
  expect(stage.calls.slice(1, 4)).toEqual(['30000 arm drill-sick', '32000 change later', '33000 remove drill-sick']);
  expect(run).toMatchObject({ state: 'passed', elapsedMs: 38_000 });
});

test('a run by the clock waits for no step', async () => {
  const stage = new Stage(drill);
  await stage.advance(1000);
  expect([stage.run.step(), stage.run.runOn(), stage.run.view().stepped]).toEqual([false, false, undefined]);
  stage.run.cancel('Cancelled');
  await stage.end();
});
