import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test('the nearest name is the one meant', () => {
  expect(nearest('rout', ['route', 'retries', 'redirect'])).toBe('route');
  expect(nearest('servces', ['services', 'namespace'])).toBe('services');
  expect(nearest('raitngs', ['reviews', 'ratings'])).toBe('ratings');
  expect(nearest('ALLOW', ['REGISTRY_ONLY', 'ALLOW_ANY'])).toBe('ALLOW_ANY');
  expect(nearest('Timeout', ['timeout'])).toBe('timeout');
});
test('nothing near means no suggestion', () => {
  expect(nearest('completely', ['route', 'retries'])).toBeNull();
  expect(nearest('x', [])).toBeNull();
});
