import { describe, expect, test } from 'vitest';
import type { ExchangeState } from '../../exchange.ts';
import { RegexCache } from '../../route/string-match.ts';
import {
  type ExchangeOptions,
  HandClock,
  makeCluster,
  makeExchange,
  makeMatch,
  makeProxy,
  makeWorkload,
  prefix,
} from '../../route/test-exchange.ts';
import type { FaultSnapshot } from '../../snapshot.ts';
import { DamagedBody } from './damage-body.ts';
import { drawDelayMs, seededDraws } from './draw.ts';
import { FaultState } from './fault-state.ts';
import { createFaultFilter } from './filter.ts';

const base: FaultSnapshot = {
  id: 'default/slow',
  name: 'slow',
  namespace: 'default',
  resource: { kind: 'Fault', namespace: 'default', name: 'slow' },
  side: 'server',
  toService: 'ratings.default.svc.cluster.local',
  toVersion: '',
  toPort: 0,
  toWorkload: '',
  fromService: '',
  match: [],
  percentage: 100,
  delay: null,
  abort: { kind: 'http', status: 503 },
  response: null,
  only: null,
  per: 'request',
  schedule: null,
  expiresAt: null,
  armedAt: 1_000_000,
  seed: 42,
  enabled: true,
};
const callee = makeProxy({ workload: makeWorkload({ service: 'ratings' }) });
const inbound = (options: ExchangeOptions = {}): ExchangeState =>
  makeExchange({
    ...options,
    state: {
      direction: 'inbound',
      proxy: callee,
      destinationService: 'ratings.default.svc.cluster.local',
      port: 9080,
      peer: makeWorkload(),
      ...options.state,
    },
  });
function arm(over: Partial<FaultSnapshot> = {}, clock = new HandClock(), proxy = callee) {
  const fault = { ...base, ...over };
  const state = new FaultState({ clock, random: () => 0.5 });
  const filter = createFaultFilter([fault], proxy, fault.side, new RegexCache(), { clock, state });
  const send = (options: ExchangeOptions = {}) => {
    const exchange = inbound(options);
    return { exchange, reply: filter?.(exchange) };
  };
  return { state, filter, send, clock, fault };
}
const pattern = (send: () => { reply: unknown }, count: number) =>
  Array.from({ length: count }, () => (send().reply === undefined ? '.' : 'x')).join('');

describe('which requests', () => {
  test.each<[string, Partial<FaultSnapshot>, ExchangeOptions, boolean]>([
    ['the service', {}, {}, true],
    ['another service', { toService: 'details.default.svc.cluster.local' }, {}, false],
    ['version', { toVersion: 'v1' }, {}, true],
    ['another version', { toVersion: 'v2' }, {}, false],
    ['workload', { toWorkload: 'ratings-v1-0' }, {}, true],
    ['another workload', { toWorkload: 'ratings-v1-1' }, {}, false],
    ['port', { toPort: 9080 }, {}, true],
    ['another port', { toPort: 9081 }, {}, false],
    ['caller', { fromService: 'default/reviews' }, {}, true],
    ['another caller', { fromService: 'default/web' }, {}, false],
    ['caller outside the mesh', { fromService: 'default/reviews' }, { state: { peer: null } }, false],
    ['match', { match: [makeMatch({ path: prefix('/ratings') })] }, {}, true],
    ['no match', { match: [makeMatch({ path: prefix('/x') })] }, {}, false],
    ['match is OR', { match: [makeMatch({ path: prefix('/x') }), makeMatch()] }, {}, true],
    ['disabled', { enabled: false }, {}, false],
    ['expired', { expiresAt: 1_000_000 }, {}, false],
    ['not yet expired', { expiresAt: 1_000_001 }, {}, true],
  ])('%s', (_name, over, request, hit) => {
    expect(arm(over).send(request).reply !== undefined).toBe(hit);
  });
  test('client side: in the caller, by the destination chosen', () => {
    const { filter } = arm({ side: 'client', fromService: 'default/reviews', toVersion: 'v2' }, new HandClock(), makeProxy());
    const send = (subset: string) => {
      const cluster = makeCluster(`outbound|9080|${subset}|ratings.default.svc.cluster.local`);
      return filter!(makeExchange({ state: { destinationService: base.toService, cluster, port: 9080 } }));
    };
    expect(send('v2')).toMatchObject({ flag: 'FI' });
    expect(send('v1')).toBeUndefined();
    expect(send('')).toBeUndefined();
  });
  test('the other side has no filter', () => {
    const clock = new HandClock();
    const deps = { clock, state: new FaultState({ clock, random: () => 0 }) };
    expect(createFaultFilter([base], callee, 'client', new RegexCache(), deps)).toBeNull();
  });
});

describe('how often', () => {
  test('equal seeds and requests give equal faults, another seed others', () => {
    const run = (seed: number) => pattern(arm({ percentage: 50, seed }).send, 64);
    expect(run(42)).toBe(run(42));
    expect(run(42)).not.toBe(run(43));
  });
  test('percentage with decimals: 2.5 % of 10000', () => {
    const { send, state } = arm({ percentage: 2.5 });
    for (let i = 0; i < 10_000; i += 1) send();
    const { matched, hits } = state.counters()[0]!;
    expect(matched).toBe(10_000);
    expect(hits).toBeGreaterThan(190);
    expect(hits).toBeLessThan(310);
  });
  test('0 never', () => {
    expect(pattern(arm({ percentage: 0 }).send, 20)).toBe('.'.repeat(20));
  });
  test('only: let 2 pass, fail 3, then recover', () => {
    expect(pattern(arm({ only: { skip: 2, first: 3 } }).send, 8)).toBe('..xxx...');
  });
  test('only counts matching requests', () => {
    const { send } = arm({ only: { skip: 1, first: 1 }, match: [makeMatch({ path: prefix('/a') })] });
    const hits = ['/a', '/b', '/b', '/a', '/a'].map((path) => send({ path }).reply !== undefined);
    expect(hits).toEqual([false, false, false, true, false]);
  });
  test.each([
    ['connection', (n: number): ExchangeOptions => ({ connection: { id: n } })],
    ['client', (n: number): ExchangeOptions => ({ state: { peer: makeWorkload({ id: `w${n}` }) } })],
  ] as const)('per %s: one draw decides for all of them', (per, request) => {
    const { send } = arm({ per, percentage: 50 });
    const decisions = Array.from({ length: 30 }, (_, n) => Array.from({ length: 3 }, () => send(request(n)).reply !== undefined));
    for (const decision of decisions) expect(new Set(decision).size).toBe(1);
    expect(new Set(decisions.map(([first]) => first)).size).toBe(2);
  });
  test('schedule: after, for, every', async () => {
    const { send, clock } = arm({ schedule: { afterMs: 10_000, forMs: 30_000, everyMs: 60_000 } });
    let seen = '';
    for (let second = 0; second < 110; second += 10) {
      seen += send().reply === undefined ? '.' : 'x';
      await clock.advance(10_000);
    }
    expect(seen).toBe('.xxx...xxx.');
  });
  test('counters survive a snapshot while the fault is unchanged, and restart when it changes', () => {
    const { state, send, fault } = arm({ only: { skip: 0, first: 1 } });
    send();
    state.update([structuredClone(fault)]);
    expect(state.counters()).toEqual([{ id: fault.id, matched: 1, hits: 1 }]);
    state.update([{ ...fault, percentage: 50 }]);
    expect(state.counters()).toEqual([{ id: fault.id, matched: 0, hits: 0 }]);
    state.update([]);
    expect(state.counters()).toEqual([]);
  });
});

describe('what it does', () => {
  test.each<[string, FaultSnapshot['abort'], object]>([
    [
      'http',
      { kind: 'http', status: 418 },
      { status: 418, body: 'fault filter abort', flag: 'FI', details: 'fault_filter_abort' },
    ],
    ['grpc', { kind: 'grpc', status: 14 }, { status: 200, grpcStatus: 14, flag: 'FI' }],
    ['reset', { kind: 'reset' }, { instead: 'reset', flag: 'FI' }],
    ['hang', { kind: 'hang' }, { instead: 'hang', flag: 'FI' }],
  ])('abort %s', (_name, abort, reply) => {
    const sent = arm({ abort }).send();
    expect(sent.reply).toMatchObject(reply);
    expect(sent.exchange.faults).toHaveLength(1);
    expect(sent.exchange.notes).toHaveLength(1);
  });
  test('the decision tells the draw, or why there was none', () => {
    const notes = (over: Partial<FaultSnapshot>, times = 1): string[] => {
      const armed = arm({ abort: { kind: 'http', status: 418 }, seed: 1, ...over });
      let last: string[] = [];
      for (let i = 0; i < times; i++) last = armed.send().exchange.notes;
      return last;
    };
    expect(notes({ percentage: 0.001 })).toEqual([
      expect.stringMatching(/: matched, not drawn \(draw \d+(\.\d)? of 0\.001 %\)$/),
    ]);
    expect(notes({ percentage: 99.999 })[0]).toMatch(/: matched, drawn \(draw \d+(\.\d)? of 99\.999 %\)$/);
    expect(notes({ only: { skip: 0, first: 1 } }, 2)).toEqual([
      expect.stringContaining('not drawn (request 2 is outside of its `only`)'),
    ]);
  });
  test('delay, then abort', async () => {
    const { send, clock } = arm({ delay: { kind: 'fixed', ms: 500 } });
    const { reply, exchange } = send();
    await clock.advance(500);
    expect(await reply).toMatchObject({ status: 503 });
    expect(exchange.flags).toEqual(['DI']);
    expect(exchange.faults).toMatchObject([
      { effect: 'delay', delayMs: 500, side: 'server' },
      { effect: 'abort', status: 503 },
    ]);
  });
  test('a delay ends early when the client has gone', async () => {
    const { send, clock } = arm({ delay: { kind: 'fixed', ms: 60_000 } });
    const { reply, exchange } = send();
    exchange.aborted = true;
    await clock.advance(100);
    expect(await reply).toBeUndefined();
  });
  test.each([
    ['uniform', { kind: 'uniform', minMs: 100, maxMs: 300 }, 200],
    ['normal', { kind: 'normal', meanMs: 200, stddevMs: 20 }, 200],
    ['pareto', { kind: 'pareto', scaleMs: 100, shape: 3 }, 150],
  ] as const)('delay %s has its mean', (_name, distribution, mean) => {
    let sum = 0;
    for (let i = 0; i < 20_000; i += 1) sum += drawDelayMs(distribution, seededDraws(1, i));
    expect(Math.abs(sum / 20_000 - mean)).toBeLessThan(mean * 0.05);
  });
});

describe('response body', () => {
  function damage(over: Partial<NonNullable<FaultSnapshot['response']>>) {
    const clock = new HandClock();
    const body = new DamagedBody(
      { truncateAfterBytes: null, bytesPerSecond: null, corruptPercent: 0, ...over },
      seededDraws(1, 0),
      clock,
    );
    const seen = { bytes: Buffer.alloc(0), end: '' };
    body.emit = (chunk) => (seen.bytes = Buffer.concat([seen.bytes, chunk]));
    body.emitEnd = () => (seen.end += 'end');
    body.emitReset = () => (seen.end += 'reset');
    return { body, clock, seen };
  }
  test('truncate: exactly n bytes, then a reset, never a clean end', () => {
    const { body, seen } = damage({ truncateAfterBytes: 5 });
    body.write(Buffer.from('abc'));
    body.write(Buffer.from('defg'));
    body.write(Buffer.from('hij'));
    body.end();
    expect([seen.bytes.toString(), seen.end]).toEqual(['abcde', 'reset']);
  });
  test('a body that is short enough ends cleanly', () => {
    const { body, seen } = damage({ truncateAfterBytes: 5 });
    body.write(Buffer.from('abcde'));
    body.end();
    expect([seen.bytes.toString(), seen.end]).toEqual(['abcde', 'end']);
  });
  test.each([30, 100, 2048])('throttle: %i bytes per second, nothing lost', async (bytesPerSecond) => {
    const { body, clock, seen } = damage({ bytesPerSecond });
    const sent = Buffer.alloc(bytesPerSecond * 3, 7);
    body.write(sent);
    body.end();
    await clock.advance(1000);
    expect(Math.abs(seen.bytes.length - bytesPerSecond)).toBeLessThanOrEqual(bytesPerSecond * 0.11);
    await clock.advance(3000);
    expect(seen.bytes.equals(sent)).toBe(true);
    expect(seen.end).toBe('end');
  });
  test('throttle pushes back and asks for more', async () => {
    const { body, clock } = damage({ bytesPerSecond: 1_000_000 });
    let drained = 0;
    body.onDrain = () => (drained += 1);
    expect(body.write(Buffer.alloc(500_000))).toBe(false);
    await clock.advance(1000);
    expect(drained).toBe(1);
  });
  test('corrupt: the share of bytes, same length', () => {
    const { body, seen } = damage({ corruptPercent: 1 });
    body.write(Buffer.alloc(100_000));
    const changed = seen.bytes.filter((byte) => byte !== 0).length;
    expect(seen.bytes.length).toBe(100_000);
    expect(changed).toBeGreaterThan(800);
    expect(changed).toBeLessThan(1200);
  });
  test('close stops the timer', () => {
    const { body, clock } = damage({ bytesPerSecond: 10 });
    body.write(Buffer.alloc(100));
    body.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
