import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unusedPort } from '../testing/unused-port.ts';
import type { Document } from './case.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';

/* §1 Gateway: TCP servers and TLS passthrough. The apps are plain byte servers that tell who they are and echo in hexadecimal. */

const closers: (() => void)[] = [];
let mesh: TestMesh;
let tcpPort: number;
let tlsPort: number;

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

const istio = (kind: string, name: string, spec: Document): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});

beforeAll(async () => {
  const services: Document[] = [];
  for (const name of ['one', 'two']) {
    const app = net.createServer((socket) => {
      socket.write(`${name}:`);
      socket.on('data', (bytes) => socket.write(bytes.toString('hex')));
      socket.on('error', () => socket.destroy());
    });
    services.push({ name, port: 7000, protocol: 'tcp', workloads: [{ address: `127.0.0.1:${await listen(app)}` }] });
    closers.push(() => app.close());
  }
  [tcpPort, tlsPort] = [await unusedPort(), await unusedPort()];
  const to = (host: string): Document => ({ route: [{ destination: { host, port: { number: 7000 } } }] });
  mesh = await startMesh(
    meshText({ services }, [
      istio('Gateway', 'l4', {
        selector: { istio: 'ingressgateway' },
        servers: [
          { port: { number: tcpPort, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
          { port: { number: tlsPort, name: 'tls', protocol: 'TLS' }, hosts: ['*.tls.example'], tls: { mode: 'PASSTHROUGH' } },
        ],
      }),
      istio('VirtualService', 'tcp', { hosts: ['*'], gateways: ['l4'], tcp: [{ match: [{ port: tcpPort }], ...to('one') }] }),
      istio('VirtualService', 'tls', {
        hosts: ['one.tls.example', 'two.tls.example'],
        gateways: ['l4'],
        tls: [
          { match: [{ port: tlsPort, sniHosts: ['one.tls.example'] }], ...to('one') },
          { match: [{ port: tlsPort, sniHosts: ['two.tls.example'] }], ...to('two') },
        ],
      }),
    ]),
  );
});
afterAll(async () => {
  await mesh?.close();
  for (const close of closers) close();
});

/** What comes back for some bytes; '' when the connection was closed without any. */
function ask(port: number, bytes: Buffer, wanted: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.length >= wanted) done();
    });
    socket.on('close', done);
    socket.on('error', done);
  });
}

/** A real ClientHello for a name. */
async function clientHello(servername: string): Promise<Buffer> {
  const server = net.createServer();
  const port = await listen(server);
  const seen = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (bytes) => {
        resolve(bytes);
        socket.destroy();
      });
    });
  });
  const client = tls.connect({ port, host: '127.0.0.1', servername });
  client.on('error', () => client.destroy());
  const bytes = await seen;
  server.close();
  return bytes;
}

test('a TCP server: bytes go through as they are, to the route of the port', async () => {
  expect(await ask(tcpPort, Buffer.from('hi'), 8)).toBe('one:6869');
});

test('TLS passthrough: the server name picks the route, the handshake reaches the app untouched', async () => {
  for (const name of ['one', 'two']) {
    const hello = await clientHello(`${name}.tls.example`);
    expect(await ask(tlsPort, hello, name.length + 1 + hello.length * 2)).toBe(`${name}:${hello.toString('hex')}`);
  }
});

test('a name no route has is closed', async () => {
  expect(await ask(tlsPort, await clientHello('three.tls.example'), 1)).toBe('');
});
