import net from 'node:net';
import { expect, test } from 'vitest';
import { listen } from '../testing/listen.ts';
import { findPortOwner } from './port-owner.ts';

test('names the process that listens on a port, and nobody for a free one', async () => {
  const server = net.createServer();
  const port = await listen(server);
  expect(await findPortOwner(port)).toContain(`(pid ${process.pid})`);
  await new Promise((resolve) => server.close(resolve));
  expect(await findPortOwner(port)).toBe('');
});
