import net, { type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { probe } from './probe.ts';

let server: net.Server;
afterEach(() => server.close());

const listen = (host: string) =>
  new Promise<number | null>((resolve) => {
    server = net.createServer((socket) => socket.destroy());
    server.once('error', () => resolve(null)); // a machine without IPv6
    server.listen({ host, port: 0, ipv6Only: host === '::1' }, () => resolve((server.address() as AddressInfo).port));
  });

test.each([
  ['127.0.0.1', '::1', (port: number) => `[::1]:${port}`],
  ['::1', '127.0.0.1', (port: number) => `127.0.0.1:${port}`],
])('a service asked for at %s that listens on %s alone is told where it is', async (asked, listening, named) => {
  const port = await listen(listening);
  if (port === null) return;
  expect(await probe({ host: listening, port, httpPath: null })).toBe('');
  const problem = await probe({ host: asked, port, httpPath: null });
  if (problem.startsWith('nothing listens')) expect(problem).toContain(`but a program does on ${named(port)}`);
});

test('nothing on either is told as it was', async () => {
  const port = (await listen('127.0.0.1'))!;
  await new Promise((resolve) => server.close(resolve));
  expect(await probe({ host: '127.0.0.1', port, httpPath: null })).toBe(`nothing listens on 127.0.0.1:${port}`);
});
