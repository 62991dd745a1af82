import net, { type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { findPortOwner } from './port-owner.ts';

test('names the process that listens on a port, and nobody for a free one', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await findPortOwner(port)).toContain(`(pid ${process.pid})`);
  await new Promise((resolve) => server.close(resolve));
  expect(await findPortOwner(port)).toBe('');
});
