import { describe, expect, test } from 'vitest';
import { formatDurationMs, parseDurationMs } from './duration.ts';

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['0s', 0],
    ['0', 0],
    ['100us', 0.1],
  ])('%s is %d ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each(['', '5', 'ms', '-1s', '1 s', '1d', '1s!', '.5s'])('%j is not a duration', (text) => {
    expect(parseDurationMs(text)).toBeNull();
  });

  test.each([0, 1, 250, 1500, 90_000, 3_600_000])('%d ms survives a round trip', (ms) => {
    expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
  });
});
