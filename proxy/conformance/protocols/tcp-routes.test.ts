import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority } from '../../data-plane/listener/tls-test-kit.ts';
import { listen } from '../../testing/listen.ts';
import type { Document } from '../case.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, RawClient } from './kit.ts';

/*
 * §1 TCP and TLS routes of VirtualServices in the mesh: by the address a client connects to, by server name, by who asks. Clients come by
 * CONNECT through their sidecar; the destinations are ServiceEntries, since only those have addresses of their own.
 */

let mesh: TestMesh;
const servers: net.Server[] = [];
const certificate = new TestAuthority().issue({ dns: ['app'] });

/** Tells its name to whoever says something. */
async function app(name: string): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('data', () => socket.end(name));
    socket.on('error', () => socket.destroy());
  });
  servers.push(server);
  return listen(server);
}
async function tlsApp(name: string): Promise<number> {
  const server = tls.createServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(name);
  });
  server.on('tlsClientError', () => {});
  servers.push(server);
  return listen(server);
}

/** A proxy that echoes what comes through a tunnel for the host it allows, in capitals; what it was asked is kept. */
const asked: string[] = [];
async function tunnelApp(): Promise<number> {
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.headers['transfer-encoding']}`);
    if (request.headers.host !== 'inner.example:5432') {
      response.writeHead(403).end();
      return;
    }
    response.flushHeaders();
    request.on('data', (chunk: Buffer) => response.write(chunk.toString().toUpperCase()));
    request.on('end', () => response.end());
  });
  server.on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url}`);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  });
  servers.push(server);
  return listen(server);
}

const istio = (kind: string, name: string, spec: Document): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});
const entry = (name: string, host: string, port: number, apps: number[], more: Document = {}): Document =>
  istio('ServiceEntry', name, {
    hosts: [host],
    location: 'MESH_EXTERNAL',
    resolution: 'STATIC',
    ports: [{ number: port, name: 'tcp', protocol: 'TCP' }],
    endpoints: apps.map((app, n) => ({ address: '127.0.0.1', ports: { tcp: app }, labels: { version: `v${n + 1}` } })),
    ...more,
  });
const subsets = (name: string, host: string): Document =>
  istio('DestinationRule', name, { host, subsets: ['v1', 'v2', 'v3'].map((v) => ({ name: v, labels: { version: v } })) });
const to = (host: string, subset: string): Document => ({ route: [{ destination: { host, subset } }] });

beforeAll(async () => {
  const apps = [await app('one'), await app('two'), await app('three')];
  const tlsApps = [await tlsApp('one'), await tlsApp('two'), await tlsApp('three')];
  const tunnel = await tunnelApp();
  const tunnelled = (name: string, settings: Document): Document[] => [
    entry(name, `${name}.example`, 7100, [tunnel]),
    istio('DestinationRule', name, { host: `${name}.example`, trafficPolicy: { tunnel: { targetPort: 5432, ...settings } } }),
  ];
  mesh = await startMesh(
    meshText(
      {
        outboundTrafficPolicy: 'REGISTRY_ONLY',
        services: [
          { name: 'client', port: 9080, workloads: [{ address: '127.0.0.1:9' }] },
          { name: 'stranger', namespace: 'other', port: 9080, workloads: [{ address: '127.0.0.1:9' }] },
        ],
      },
      [
        entry('db', 'db.example', 5432, apps, { addresses: ['10.9.0.0/16', '10.8.0.1'] }),
        subsets('db', 'db.example'),
        istio('VirtualService', 'db', {
          hosts: ['db.example'],
          tcp: [
            { match: [{ destinationSubnets: ['10.9.1.0/24', '10.8.0.0/24'], port: 5432 }], ...to('db.example', 'v1') },
            { match: [{ sourceNamespace: 'other' }], ...to('db.example', 'v3') },
            { match: [{ port: 5432 }], ...to('db.example', 'v2') },
          ],
        }),
        entry('narrow', 'narrow.example', 5432, [apps[2]!], { addresses: ['10.9.7.0/24'] }),
        entry('by-name', '*.names.example', 6000, [apps[0]!]),
        ...tunnelled('by-post', { protocol: 'POST', targetHost: 'inner.example' }),
        ...tunnelled('by-connect', { protocol: 'CONNECT', targetHost: 'inner.example' }),
        ...tunnelled('refused', { protocol: 'POST', targetHost: 'other.example' }),
        entry('secure', 'secure.example', 443, tlsApps),
        subsets('secure', 'secure.example'),
        entry('other', 'other.example', 443, [tlsApps[2]!]),
        istio('VirtualService', 'secure', {
          hosts: ['secure.example', '*.secure.example'],
          tls: [
            { match: [{ port: 443, sniHosts: ['Secure.example'] }], ...to('secure.example', 'v1') },
            { match: [{ port: 443, sniHosts: ['*.secure.example'] }], ...to('secure.example', 'v2') },
          ],
          tcp: [{ match: [{ port: 443 }], ...to('secure.example', 'v3') }],
        }),
      ],
    ),
  );
});
afterAll(async () => {
  await mesh?.close();
  for (const server of servers) server.close();
});

/** A connection to an authority through a sidecar; the status of CONNECT when it is refused. */
async function connect(authority: string, workload = 'client-x-0'): Promise<RawClient | number> {
  const client = new RawClient(mesh.outbound(workload).port);
  client.socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
  await client.until(({ text }) => text.includes('\r\n\r\n'));
  const status = Number(client.text.split(' ')[1]);
  return status === 200 ? client : status;
}

/** Who answers a plain connection; the status when CONNECT is refused. */
async function who(authority: string, workload?: string): Promise<string | number> {
  const client = await connect(authority, workload);
  if (typeof client === 'number') return client;
  client.socket.write('hi');
  await client.until(({ ended, closed }) => ended || closed);
  client.socket.destroy();
  return client.text.slice(client.text.indexOf('\r\n\r\n') + 4);
}

/** Who ends the TLS of a client with a server name. */
async function whoTls(authority: string, servername: string): Promise<string> {
  const client = await connect(authority);
  if (typeof client === 'number') return String(client);
  client.socket.removeAllListeners('data');
  return new Promise((resolve, reject) => {
    let text = '';
    const secure = tls.connect({ socket: client.socket, servername, rejectUnauthorized: false });
    secure.on('data', (chunk) => (text += chunk));
    secure.on('end', () => resolve(text));
    secure.on('error', reject);
  });
}

describe('TCP routes', () => {
  test('destinationSubnets: the address a client connects to picks the route', async () => {
    expect(await who('10.9.1.7:5432')).toBe('one');
    expect(await who('10.9.2.7:5432')).toBe('two');
    expect(await who('10.9.2.7:5432', 'stranger-x-0')).toBe('three');
  });

  test('a name stands for the address its ServiceEntry lists', async () => {
    expect(await who('db.example:5432')).toBe('one');
    expect(await who('10.8.0.1:5432')).toBe('one');
  });

  test('of several ServiceEntries the narrowest subnet is meant; another port or address is nobody’s', async () => {
    expect(await who('10.9.7.1:5432')).toBe('three');
    expect(await who('10.9.1.7:5433')).toBe(502);
    expect(await who('10.10.1.7:5432')).toBe(502);
  });

  test('a name below a wildcard host is that service’s', async () => {
    expect(await who('a.names.example:6000')).toBe('one');
  });

  test('the record names the service', async () => {
    const records = await exchangesOf(mesh, 'to=db.example&reporter=source', 1);
    expect(records[0]).toMatchObject({ protocol: 'TCP', destination: 'db.example', cluster: 'outbound|5432|v1|db.example' });
  });
});

describe('TLS routes', () => {
  test('sniHosts: the client’s server name picks the route, exactly or by suffix, in whatever case', async () => {
    expect(await whoTls('secure.example:443', 'secure.example')).toBe('one');
    expect(await whoTls('secure.example:443', 'a.b.secure.example')).toBe('two');
  });

  test('another name, or none, takes the TCP route behind them', async () => {
    expect(await whoTls('secure.example:443', 'nobody.example')).toBe('three');
    expect(await whoTls('secure.example:443', '')).toBe('three');
  });

  test('where no route asks for a name nothing is waited for', async () => {
    expect(await whoTls('other.example:443', 'whatever.example')).toBe('three');
  });
});

describe('DestinationRule tunnel', () => {
  test.each([
    ['by-post', 'POST inner.example:5432 chunked'],
    ['by-connect', 'CONNECT inner.example:5432'],
  ])('%s: bytes pass both ways, and an end of one side leaves the other', async (name, request) => {
    const client = await connect(`${name}.example:7100`);
    if (typeof client === 'number') throw new Error(String(client));
    client.socket.write('one ');
    await client.until(({ text }) => text.endsWith('ONE '));
    client.socket.end('two');
    await client.until(({ ended }) => ended);
    expect(client.text.endsWith('ONE TWO')).toBe(true);
    expect(asked).toContain(request);
    client.socket.destroy();
  });

  test('an upstream that refuses it: the connection is cut, and the record says with what', async () => {
    const client = await connect('refused.example:7100');
    if (typeof client === 'number') throw new Error(String(client));
    client.socket.write('hello');
    await client.until(({ closed, ended, error }) => closed || ended || error !== '');
    const [record] = await exchangesOf(mesh, 'to=refused.example&reporter=source', 1);
    expect(record).toMatchObject({ flags: 'UF,URX', details: 'upstream_reset_before_response_started{tunnel_response:403}' });
  });
});
