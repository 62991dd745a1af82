import { describe, expect, test } from 'vitest';
import { formatMeasured, meets, parseCondition } from './condition.ts';

const parsed = (text: string) => {
  const outcome = parseCondition(text);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.condition;
};

describe('a condition', () => {
  test.each([
    ['p(99) < 400ms', 'p', '99', '<', 400, 'ms'],
    ['p(99.9)<=1.5s', 'p', '99.9', '<=', 1500, 'ms'],
    ['p(95)<500', 'p', '95', '<', 500, 'ms'],
    ['  max  <  2s ', 'max', '', '<', 2000, 'ms'],
    ['errors < 1%', 'errors', '', '<', 0.01, 'share'],
    ['errors == 0%', 'errors', '', '==', 0, 'share'],
    ['rate >= 20/s', 'rate', '', '>=', 20, 'per-second'],
    ['rate>=20', 'rate', '', '>=', 20, 'per-second'],
    ['count == 50', 'count', '', '==', 50, 'number'],
    ['max_attempts <= 3', 'max_attempts', '', '<=', 3, 'number'],
    ['share( v2 ) > 9.5 %', 'share', 'v2', '>', 0.095, 'share'],
    ['status(5xx) < 1%', 'status', '5xx', '<', 0.01, 'share'],
    ['flag(UO) == 0%', 'flag', 'UO', '==', 0, 'share'],
    ['dropped == 0', 'dropped', '', '==', 0, 'number'],
  ])('%s is understood', (text, metric, argument, operator, value, unit) => {
    expect(parsed(text)).toEqual({ metric, argument, operator, value, unit });
  });

  test.each([
    ['', 'does not begin with a metric', 'p(99) < 400ms'],
    ['< 400ms', 'does not begin with a metric', ''],
    ['p99 < 400ms', '`p99` is not a metric', 'p(99)'],
    ['latency < 400ms', '`latency` is not a metric', 'max_attempts'],
    ['p < 400ms', 'needs something in brackets', 'p(99)'],
    ['p(0) < 400ms', 'does not fit', 'p(99)'],
    ['p(100) < 400ms', 'does not fit', ''],
    ['errors(5) < 1%', 'takes nothing in brackets', 'errors without brackets'],
    ['errors', '`nothing`, not an operator', '<='],
    ['errors = 1%', '`=`, not an operator', ''],
    ['errors != 1%', '`!=`, not an operator', ''],
    ['errors < 0.01', 'not a share', '1%'],
    ['errors < 101%', 'not a share', ''],
    ['p(50) < soon', 'not a duration', '400ms'],
    ['count > -1', 'not a number', '3'],
    ['count > 1 and errors < 1%', 'not a number', ''],
    ['constructor < 1', 'not a metric', ''],
    [`p(${'9'.repeat(100_000)}) < 1s`, 'needs something in brackets', ''],
  ])('%.30s is refused, with what was meant', (text, message, suggestion) => {
    const outcome = parseCondition(text);
    expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining(message) });
    expect(outcome.ok ? '' : outcome.suggestion).toContain(suggestion);
  });

  test.each([
    ['errors < 1%', 0.01, false],
    ['errors <= 1%', 0.01, true],
    ['errors == 10%', 0.1 + 1e-12, true],
    ['errors > 10%', 0.1 + 1e-12, false],
    ['p(99) >= 1s', 999.9, false],
    ['share(v2) > 9.5%', 0.096, true],
  ])('%s, measured %d: %s', (text, measured, expected) => {
    expect(meets(parsed(text), measured)).toBe(expected);
  });

  test.each([
    [612.4, 'ms', '612 ms'],
    [4.25, 'ms', '4.3 ms'],
    [12_340, 'ms', '12.3 s'],
    [0.012, 'share', '1.2 %'],
    [0.0004, 'share', '0.04 %'],
    [1, 'share', '100 %'],
    [19.84, 'per-second', '19.8/s'],
    [1.254, 'number', '1.25'],
  ] as const)('%d %s is shown as %s', (value, unit, expected) => {
    expect(formatMeasured(value, unit)).toBe(expected);
  });
});
