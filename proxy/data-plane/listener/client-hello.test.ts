import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseClientHello, readClientHello } from './client-hello.ts';

let server: net.Server;
let port: number;

beforeEach(async () => {
  server = net.createServer();
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.close();
});

function hello(options: tls.ConnectionOptions): Promise<Buffer> {
  const client = tls.connect({ port, host: '127.0.0.1', ...options });
  client.on('error', () => client.destroy());
  return new Promise((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (bytes) => {
        resolve(bytes);
        socket.destroy();
      });
    });
  });
}

test('name and protocols of a real ClientHello, the name in lower case; more bytes are asked for until it is complete', async () => {
  const bytes = await hello({ servername: 'Shop.Example', ALPNProtocols: ['h2', 'http/1.1'] });
  expect(parseClientHello(bytes)).toEqual({ serverName: 'shop.example', alpn: ['h2', 'http/1.1'] });
  for (let cut = 0; cut < bytes.length; cut += 7) expect(parseClientHello(bytes.subarray(0, cut))).toBeNull();
});

test('no name, no ClientHello, an absurd length: no name', async () => {
  const nothing = { serverName: '', alpn: [] };
  expect(parseClientHello(await hello({}))).toEqual(nothing);
  expect(parseClientHello(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual(nothing);
  expect(parseClientHello(Buffer.from([0x16, 3, 1, 0xff, 0xff, 1]))).toEqual(nothing);
});

test('damaged bytes never throw', async () => {
  const bytes = await hello({ servername: 'a.example' });
  for (let at = 5; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = 0xff;
    expect(typeof parseClientHello(damaged)?.serverName).toBe('string');
  }
});

test('what was read is put back', async () => {
  const bytes = await hello({ servername: 'a.example' });
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
});
