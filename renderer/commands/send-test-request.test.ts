import { expect, test } from 'vitest';
import { testTarget } from './send-test-request.ts';

test('a first request goes to the first service that speaks HTTP', () => {
  const service = (name: string, protocol: string) => ({ name, ports: [{ port: 9080, protocol }] }) as never;
  expect(testTarget({ services: [service('ledger', 'tcp'), service('stock', 'grpc'), service('web', 'http')] })).toBe('web');
  expect(testTarget({ services: [service('ledger', 'tcp')] })).toBeNull();
  expect(testTarget(null)).toBeNull();
});
