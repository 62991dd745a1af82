import { expect, test } from 'vitest';
import { metricValue } from './metric-value.ts';

test('a metric’s value is told in its unit', () => {
  const told = (value: number | null, unit: string) => metricValue({ value, unit });
  expect(told(73_400_320, 'By')).toBe('70 MiB');
  expect(told(0.05, 's')).toBe('50.0 ms');
  expect(told(1500, 'ms')).toBe('1.50 s');
  expect(told(4211, '{job}')).toBe('4,211 job');
  expect(told(3, 'constructor')).toBe('3 constructor');
  expect(told(0.12345, '1')).toBe('0.1235');
  expect(told(-3, '')).toBe('-3');
  expect(told(-3, 'By')).toBe('-3 By');
  expect(told(null, 'ms')).toBe('–');
});
