import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { dial } from './connect.ts';
import { encodeProxyHeader } from './proxy-protocol.ts';
import { HandClock } from './test-kit.ts';

const own = { source: '127.0.0.1:40000', destination: '127.0.0.1:9000' };
const client = { source: '10.0.0.7:50123', destination: '10.0.0.1:443' };

test('V1 tells the client of an opaque connection, and the upstream connection’s own ends for HTTP', () => {
  expect(encodeProxyHeader('V1', client, own).toString()).toBe('PROXY TCP4 10.0.0.7 10.0.0.1 50123 443\r\n');
  expect(encodeProxyHeader('V1', null, own).toString()).toBe('PROXY TCP4 127.0.0.1 127.0.0.1 40000 9000\r\n');
  const six = { source: '[2001:db8::7]:1', destination: '[::1]:2' };
  expect(encodeProxyHeader('V1', six, own).toString()).toBe('PROXY TCP6 2001:db8::7 ::1 1 2\r\n');
});

test('V2 in binary; LOCAL for HTTP', () => {
  const signature = '0d0a0d0a000d0a515549540a';
  expect(encodeProxyHeader('V2', null, own).toString('hex')).toBe(`${signature}20000000`);
  expect(encodeProxyHeader('V2', client, own).toString('hex')).toBe(`${signature}2111000c0a0000070a000001c3cb01bb`);
  const six = encodeProxyHeader('V2', { source: '[2001:db8::7]:1', destination: '127.0.0.1:2' }, own).toString('hex');
  expect(six).toBe(`${signature}21210024${'20010db8000000000000000000000007'}${'00000000000000000000ffff7f000001'}00010002`);
});

test('it is the first thing on a new connection', async () => {
  let resolveReceived: (text: string) => void = () => {};
  const received = new Promise<string>((resolve) => {
    resolveReceived = resolve;
  });
  const server = createServer((socket) => socket.once('data', (chunk) => resolveReceived(chunk.toString('latin1'))));
  const port = await listen(server);
  const result = await dial({
    host: '127.0.0.1',
    port,
    timeoutMs: 5000,
    clock: new HandClock(),
    forbidden: new Set(),
    proxyProtocol: { version: 'V1', downstream: client },
  });
  expect(await received).toBe('PROXY TCP4 10.0.0.7 10.0.0.1 50123 443\r\n');
  if (result.ok) result.socket.destroy();
  server.close();
});
