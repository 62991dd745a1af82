import { expect, test } from 'vitest';
import { type ExpandInput, expandCommands } from './expand-commands.ts';
import { makeExchange } from './test-exchange.ts';

const exchange = (over: Partial<ExpandInput> = {}): ExpandInput => ({
  ...makeExchange({ path: '/new?a=1', headers: { 'x-envoy-original-path': '/old?b=2' } }),
  startedWallMs: Date.UTC(2026, 10, 21, 9, 5, 7, 42),
  ...over,
});
const out = (template: string, over: Partial<ExpandInput> = {}): string => expandCommands(template, exchange(over));

test('the start in strftime’s fields, ISO 8601 without a format', () => {
  expect(out('%START_TIME%')).toBe('2026-11-21T09:05:07.042Z');
  expect(out('%START_TIME(%F %T.%3f)%')).toBe('2026-11-21 09:05:07.042');
  expect(out('%START_TIME(%Y/%m/%dT%H:%M:%S.%6f)%')).toBe('2026/11/21T09:05:07.042000');
  expect(out('%START_TIME(%s.%9f)%')).toBe('1795251907.042000000');
});

test('the path that was asked for, or the one it became', () => {
  expect(out('%PATH(WQ)%|%PATH(NQ)%')).toBe('/old?b=2|/old');
  expect(out('%PATH(WQ:PATH)%|%PATH(NQ:ORIG)%')).toBe('/new?a=1|/old');
  expect(out('%QUERY_PARAM(a)%|%QUERY_PARAM(b)%')).toBe('1|');
});

test('flags in words', () => {
  expect(out('%RESPONSE_FLAGS%|%RESPONSE_FLAGS_LONG%', { flags: ['URX', 'UF'] })).toBe(
    'URX,UF|UpstreamRetryLimitExceeded,UpstreamConnectionFailure',
  );
});

test('what is no command, or none of ours, stays', () => {
  expect(out('50% off %NO_SUCH% %lower%')).toBe('50% off %NO_SUCH% %lower%');
});
