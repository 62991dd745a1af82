import net from 'node:net';
import { expect, test } from 'vitest';
import { recordClientHello } from '../../testing/client-hello.ts';
import { listen } from '../../testing/listen.ts';
import { parseClientHello, readClientHello } from './client-hello.ts';

test('name and protocols of a real ClientHello, the name in lower case; more bytes are asked for until it is complete', async () => {
  const bytes = await recordClientHello({ servername: 'Shop.Example', ALPNProtocols: ['h2', 'http/1.1'] });
  expect(parseClientHello(bytes)).toEqual({ serverName: 'shop.example', alpn: ['h2', 'http/1.1'] });
  for (let cut = 0; cut < bytes.length; cut += 7) expect(parseClientHello(bytes.subarray(0, cut))).toBeNull();
});

test('no name, no ClientHello, an absurd length: no name', async () => {
  const nothing = { serverName: '', alpn: [] };
  expect(parseClientHello(await recordClientHello({}))).toEqual(nothing);
  expect(parseClientHello(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual(nothing);
  expect(parseClientHello(Buffer.from([0x16, 3, 1, 0xff, 0xff, 1]))).toEqual(nothing);
});

test('damaged bytes never throw', async () => {
  const bytes = await recordClientHello({ servername: 'a.example' });
  for (let at = 5; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = 0xff;
    expect(typeof parseClientHello(damaged)?.serverName).toBe('string');
  }
});

test('what was read is put back', async () => {
  const bytes = await recordClientHello({ servername: 'a.example' });
  const server = net.createServer();
  const port = await listen(server);
  const read = new Promise<[string, Buffer]>((resolve) => {
    server.once('connection', (socket) => {
      readClientHello(socket, ({ serverName }) => {
        socket.once('data', (chunk) => resolve([serverName, chunk]));
        socket.resume();
      });
    });
  });
  const client = net.connect(port, '127.0.0.1');
  client.write(bytes.subarray(0, 20));
  setImmediate(() => client.write(bytes.subarray(20)));
  expect(await read).toEqual(['a.example', bytes]);
  client.destroy();
  server.close();
});
