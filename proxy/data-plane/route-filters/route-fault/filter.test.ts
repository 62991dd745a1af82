import { expect, test } from 'vitest';
import type { LocalReply } from '../../exchange.ts';
import { HandClock, makeExchange, makeRoute, sequence } from '../../route/test-exchange.ts';
import type { RouteFault } from '../../snapshot.ts';
import { createRouteFaultFilter } from './filter.ts';

function start(fault: RouteFault, ...rolls: number[]) {
  const clock = new HandClock();
  const exchange = makeExchange({ state: { route: makeRoute({ fault }) } });
  const result = createRouteFaultFilter({ clock, random: sequence(...rolls) })(exchange);
  return { clock, exchange, result };
}
const abort = (over: Partial<NonNullable<RouteFault['abort']>> = {}) => ({
  percentage: 100,
  httpStatus: 503,
  grpcStatus: null,
  ...over,
});
const delay = (percentage: number, fixedMs = 500) => ({ percentage, fixedMs });

test('no fault on the route: undefined at once', () => {
  expect(start({ delay: null, abort: null }).result).toBeUndefined();
});
test('abort: status, body, flag, details', () => {
  expect(start({ delay: null, abort: abort() }).result).toEqual({
    status: 503,
    body: 'fault filter abort',
    flag: 'FI',
    details: 'fault_filter_abort',
  });
});
test('abort grpcStatus travels on 200', () => {
  expect(start({ delay: null, abort: abort({ httpStatus: null, grpcStatus: 14 }) }).result).toMatchObject({
    status: 200,
    grpcStatus: 14,
  });
});
test.each([
  [0, 0, false],
  [50, 0.49, true],
  [50, 0.5, false],
  [0.1, 0.0009, true],
  [100, 0.999, true],
])('abort %d %% with roll %d', (percentage, roll, hit) => {
  expect(start({ delay: null, abort: abort({ percentage }) }, roll).result !== undefined).toBe(hit);
});
test('delay, then abort after it, independent rolls', async () => {
  const { clock, exchange, result } = start({ delay: delay(50), abort: abort({ percentage: 50 }) }, 0.1, 0.2);
  let reply: LocalReply | undefined | 'waiting' = 'waiting';
  void Promise.resolve(result).then((value) => (reply = value));
  await clock.advance(499);
  expect(reply).toBe('waiting');
  await clock.advance(1);
  expect(await result).toMatchObject({ flag: 'FI' });
  expect(exchange.flags).toEqual(['DI']);
  expect(exchange.faults.map(({ effect }) => effect)).toEqual(['delay', 'abort']);
});
test('delay hit, abort missed: goes on after the delay', async () => {
  const { clock, result } = start({ delay: delay(100), abort: abort({ percentage: 50 }) }, 0.9);
  await clock.advance(500);
  expect(await result).toBeUndefined();
});
test('delay missed: the abort rolls at once', () => {
  expect(start({ delay: delay(50), abort: abort() }, 0.9).result).toMatchObject({ status: 503 });
});
test('the decision tells each draw that could have gone either way', () => {
  const { exchange } = start({ delay: delay(50), abort: abort({ percentage: 10 }) }, 0.9, 0.05);
  expect(exchange.notes).toEqual([
    'fault of VirtualService: delay not drawn (draw 90 of 50 %)',
    'fault of VirtualService: abort drawn (draw 5 of 10 %)',
  ]);
});
test('a delay ends early when the client has gone, without an abort', async () => {
  const { clock, exchange, result } = start({ delay: delay(100, 60_000), abort: abort() });
  await clock.advance(1000);
  exchange.aborted = true;
  await clock.advance(100);
  expect(await result).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
});
test('x-envoy-fault-* request headers are inert', () => {
  const clock = new HandClock();
  const exchange = makeExchange({ headers: { 'x-envoy-fault-abort-request': '500' }, state: { route: makeRoute() } });
  expect(createRouteFaultFilter({ clock, random: () => 0 })(exchange)).toBeUndefined();
});
