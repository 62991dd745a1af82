import { expect, test } from 'vitest';
import { concurrencyOf, emptyOptions, remoteHost, toRequest } from './replay-options.ts';

test('a filled-in dialog becomes a request, and an address off this machine is confirmed by its own name only', () => {
  const options = {
    ...emptyOptions,
    rhythm: '2' as const,
    to: 'reviews=',
    address: 'https://staging.example.com',
    ignore: '$.id, header:etag',
    ownVariables: 'a=$.a from GET /x; b=$.b from GET /y',
  };
  expect(remoteHost(options)).toBe('staging.example.com');
  expect(toRequest(options)).toMatchObject({
    speed: 2,
    pace: 'original',
    maxIdle: '5s',
    to: 'reviews=https://staging.example.com',
    confirmRemote: [],
    ignore: ['$.id', 'header:etag'],
    variables: ['a=$.a from GET /x', 'b=$.b from GET /y'],
  });
  expect(toRequest({ ...options, allowRemote: true }).confirmRemote).toEqual(['staging.example.com']);
  expect(remoteHost({ ...options, address: 'http://127.0.0.1:9999' })).toBe('');
  const confirmed = { ...options, confirmed: ['pay.example.com'], concurrency: '8' };
  expect(toRequest(confirmed)).toMatchObject({ confirmRemote: ['pay.example.com'], concurrency: 8 });
  expect(toRequest({ ...confirmed, rhythm: 'one-by-one' })).not.toHaveProperty('concurrency');
  expect(concurrencyOf({ ...confirmed, concurrency: '2000' })).toBeNaN();
  const fast = toRequest({ ...emptyOptions, rhythm: 'fast' });
  expect(fast).toMatchObject({ pace: 'fast', speed: 1 });
  expect(fast).not.toHaveProperty('to');
  expect(fast).not.toHaveProperty('maxIdle');
});
