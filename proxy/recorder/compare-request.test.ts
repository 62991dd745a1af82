import { expect, test } from 'vitest';
import { type ComparedRequest, compareRequest } from './compare-request.ts';

const recorded: ComparedRequest = {
  method: 'POST',
  path: '/pay/1?page=2&tag=a&tag=b',
  headers: [
    ['host', 'payments:9080'],
    ['accept', 'application/json'],
    ['x-user', 'ann'],
    ['x-forwarded-for', '127.0.0.1'],
  ],
  body: Buffer.from('{"amount":10,"to":{"name":"Bo"}}'),
};

test('a request sent as it was differs in nothing, whatever the mesh writes anew', () => {
  expect(compareRequest(recorded, { ...recorded, headers: recorded.headers.slice(1, 3) })).toEqual([]);
});

test('method, path, query, headers and the JSON body are told field by field', () => {
  const sent: ComparedRequest = {
    method: 'PUT',
    path: '/pay/2?page=3&tag=a&tag=b&dry=1',
    headers: [
      ['Accept', 'text/plain'],
      ['x-new', '1'],
    ],
    body: Buffer.from('{"amount":"10","to":{}}'),
  };
  expect(compareRequest(recorded, sent)).toEqual([
    { path: 'method', kind: 'changed', recorded: 'POST', replayed: 'PUT' },
    { path: 'path', kind: 'changed', recorded: '/pay/1', replayed: '/pay/2' },
    { path: 'query:page', kind: 'changed', recorded: '2', replayed: '3' },
    { path: 'query:dry', kind: 'extra', recorded: '', replayed: '1' },
    { path: 'header:accept', kind: 'changed', recorded: 'application/json', replayed: 'text/plain' },
    { path: 'header:x-new', kind: 'extra', recorded: '', replayed: '1' },
    { path: 'header:x-user', kind: 'missing', recorded: 'ann', replayed: '' },
    { path: '$.amount', kind: 'type', recorded: '10', replayed: '10' },
    { path: '$.to.name', kind: 'missing', recorded: 'Bo', replayed: '' },
  ]);
});
