import { once } from 'node:events';
import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { DirectReads } from './direct-reads.ts';

let server: net.Server;
afterEach(() => server.close());

/** A client socket that reads directly, and the server's end of it. */
async function connected(reads: DirectReads): Promise<{ client: net.Socket; far: net.Socket }> {
  server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const accepted = once(server, 'connection');
  const client: net.Socket = net.connect({ host: '127.0.0.1', port, onread: reads.options(() => client) });
  await once(client, 'connect');
  const [far] = (await accepted) as [net.Socket];
  return { client, far };
}

test('two sockets share one buffer and neither sees the other’s bytes, nor its own overwritten', async () => {
  const reads = new DirectReads();
  const one = await connected(reads);
  const first = server;
  const two = await connected(reads);
  const taken: Record<'one' | 'two', Buffer[]> = { one: [], two: [] };
  reads.take(one.client, (chunk) => void taken.one.push(chunk));
  reads.take(two.client, (chunk) => void taken.two.push(chunk));
  const text = (name: string) => `${name.repeat(40_000)}.`;
  for (let i = 0; i < 5; i++) {
    one.far.write(text('a'));
    two.far.write(text('b'));
  }
  one.far.end();
  two.far.end();
  one.client.resume();
  two.client.resume();
  await Promise.all([once(one.client, 'end'), once(two.client, 'end')]);
  expect(Buffer.concat(taken.one).toString()).toBe(text('a').repeat(5));
  expect(Buffer.concat(taken.two).toString()).toBe(text('b').repeat(5));
  first.close();
});

test('after the taker has let go the bytes come as data, and a paused reader holds them back', async () => {
  const reads = new DirectReads();
  const { client, far } = await connected(reads);
  const taken: string[] = [];
  reads.take(client, (chunk) => void taken.push(chunk.toString()));
  client.resume();
  far.write('head');
  await expect.poll(() => taken.join('')).toBe('head');
  client.pause();
  reads.take(client, null);
  const wanted = 'x'.repeat(4 * 1024 * 1024);
  far.end(wanted);
  let rest = '';
  client.on('data', (chunk) => (rest += chunk.toString()));
  client.resume();
  await once(client, 'end');
  expect(rest).toBe(wanted);
  expect(taken).toEqual(['head']);
});
