import { describe, expect, test } from 'vitest';
import type { LocalReply } from '../../exchange.ts';
import { HandClock, makeExchange, makeRoute, runResponseFilters, sequence } from '../../route/test-exchange.ts';
import type { LocalRateLimit, RateLimitFilter } from '../../snapshot.ts';
import { createRateLimitFilter } from './filter.ts';
import { RateLimitState } from './rate-limit-state.ts';
import { TokenBucket } from './token-bucket.ts';

const limit = (over: Partial<LocalRateLimit> = {}): LocalRateLimit => ({
  id: '',
  bucket: { maxTokens: 2, tokensPerFill: 1, fillIntervalMs: 1000 },
  enabledPercent: 100,
  enforcedPercent: 100,
  status: 429,
  responseHeaders: [],
  requestHeadersWhenNotEnforced: [],
  perConnection: false,
  rateLimitHeaders: false,
  resourceExhausted: false,
  origin: { kind: 'EnvoyFilter', namespace: 'default', name: 'limit', path: 'spec.configPatches[0]' },
  ...over,
});
const filterOf = (over: Partial<LocalRateLimit> = {}, port = 0): RateLimitFilter => ({
  name: 'rl',
  port,
  before: 'first',
  limit: limit(over),
});

function start(filter: RateLimitFilter, rolls: number[] = []) {
  const clock = new HandClock();
  const state = new RateLimitState(clock);
  const make = (from: RateLimitFilter) => createRateLimitFilter(from, { clock, random: sequence(...rolls, 0.5), state });
  const run = make(filter);
  return { clock, state, make, ask: (exchange = makeExchange()) => run(exchange) as LocalReply | undefined };
}

describe('a bucket', () => {
  test('begins full, fills continuously and never above its limit', () => {
    const bucket = new TokenBucket({ maxTokens: 2, tokensPerFill: 2, fillIntervalMs: 1000 }, 0);
    expect([bucket.consume(0), bucket.consume(0), bucket.consume(0)]).toEqual([true, true, false]);
    expect(bucket.nextTokenMs(0)).toBe(500);
    expect([bucket.consume(499), bucket.consume(500)]).toEqual([false, true]);
    expect(bucket.remaining(60_000)).toBe(2);
  });
});

describe('local rate limit', () => {
  test('without a token: 429, RL, and the policy is told', () => {
    const { ask } = start(filterOf());
    expect([ask(), ask()]).toEqual([undefined, undefined]);
    const exchange = makeExchange();
    expect(ask(exchange)).toEqual({ status: 429, body: 'local_rate_limited', flag: 'RL', details: 'local_rate_limited' });
    expect(exchange.policies).toMatchObject([
      { outcome: 'denied', reason: 'local rate limit of 2, 1 more every 1 s: no token left' },
    ]);
  });

  test('tokens come back with time', () => {
    const { ask, clock } = start(filterOf());
    expect([ask(), ask(), ask()?.status]).toEqual([undefined, undefined, 429]);
    clock.advance(1000);
    expect([ask(), ask()?.status]).toEqual([undefined, 429]);
  });

  test('another port is not meant, and each port has its own bucket', () => {
    const { ask } = start(filterOf({ bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1000 } }));
    const at = (port: number) => ask(makeExchange({ state: { port } }))?.status;
    expect([at(80), at(81), at(80), at(81)]).toEqual([undefined, undefined, 429, 429]);
    expect(
      start(filterOf({ enabledPercent: 100, bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1000 } }, 82)).ask(),
    ).toBeUndefined();
  });

  test('a route’s own limit is used instead', () => {
    const { ask } = start(filterOf({ bucket: null }));
    const own = limit({
      id: 'host#0',
      bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1000 },
      status: 503,
      resourceExhausted: true,
    });
    const route = makeRoute({ rateLimits: { rl: own } });
    expect(ask(makeExchange({ state: { route } }))).toBeUndefined();
    expect(ask(makeExchange({ state: { route } }))).toMatchObject({ status: 503, grpcStatus: 8 });
    expect(ask(makeExchange({ state: { route: makeRoute({ rateLimits: { other: own } }) } }))).toBeUndefined();
  });

  test('enabled and enforced are drawn; not enforced, the request is marked', () => {
    const header = { name: 'x-over', value: '%PROTOCOL%', action: 'overwrite' } as const;
    const { ask } = start(
      filterOf({
        enabledPercent: 50,
        enforcedPercent: 50,
        bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1e9 },
        requestHeadersWhenNotEnforced: [header],
      }),
      [0.5, 0.49, 0.1, 0.9, 0.1, 0.1],
    );
    expect(ask()).toBeUndefined();
    expect(ask()).toBeUndefined();
    const marked = makeExchange();
    expect(ask(marked)).toBeUndefined();
    expect(marked.headers.get('x-over')).toBe('HTTP/1.1');
    expect(marked.policies).toMatchObject([{ outcome: 'shadow-denied' }]);
    expect(ask()?.status).toBe(429);
  });

  test('each connection has its own bucket when asked for', () => {
    const { ask } = start(filterOf({ perConnection: true, bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1e9 } }));
    const [one, other] = [makeExchange(), makeExchange()];
    expect([ask(one), ask(one)?.status, ask(other)]).toEqual([undefined, 429, undefined]);
  });

  test('x-ratelimit headers tell what is left and when more comes', () => {
    const { ask } = start(filterOf({ rateLimitHeaders: true, bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1500 } }));
    const exchange = makeExchange();
    ask(exchange);
    const { headers } = runResponseFilters(exchange);
    expect(['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`))).toEqual(['1', '0', '2']);
  });

  test('an apply that leaves the numbers alone leaves the bucket alone', () => {
    const { ask, make, state, clock } = start(filterOf());
    ask();
    ask();
    state.prune();
    const again = make(filterOf());
    expect((again(makeExchange()) as LocalReply).status).toBe(429);
    clock.advance(2000);
    state.prune();
    expect(again(makeExchange())).toBeUndefined();
    expect(make(filterOf({ bucket: { maxTokens: 5, tokensPerFill: 1, fillIntervalMs: 1000 } }))(makeExchange())).toBeUndefined();
  });
});
