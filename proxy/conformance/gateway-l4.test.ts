import net from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askBytes } from '../testing/ask-bytes.ts';
import { recordClientHello } from '../testing/client-hello.ts';
import { listen } from '../testing/listen.ts';
import { unusedPort } from '../testing/unused-port.ts';
import type { Document } from './case.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';

/* §1 Gateway: TCP servers and TLS passthrough. The apps are plain byte servers that tell who they are and echo in hexadecimal. */

const closers: (() => void)[] = [];
let mesh: TestMesh;
let tcpPort: number;
let tlsPort: number;

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

test('a TCP server: bytes go through as they are, to the route of the port', async () => {
  expect(await askBytes(net.connect(tcpPort, '127.0.0.1'), Buffer.from('hi'), 8)).toBe('one:6869');
});

test('TLS passthrough: the server name picks the route, the handshake reaches the app untouched', async () => {
  for (const name of ['one', 'two']) {
    const hello = await recordClientHello({ servername: `${name}.tls.example` });
    expect(await askBytes(net.connect(tlsPort, '127.0.0.1'), hello, name.length + 1 + hello.length * 2)).toBe(
      `${name}:${hello.toString('hex')}`,
    );
  }
});

test('a name no route has is closed', async () => {
  expect(await askBytes(net.connect(tlsPort, '127.0.0.1'), await recordClientHello({ servername: 'three.tls.example' }), 1)).toBe(
    '',
  );
});
