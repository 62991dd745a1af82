import http from 'node:http';
import http2 from 'node:http2';
import net, { type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, RawClient } from './kit.ts';

/*
 * What h2UpgradePolicy and useClientProtocol of a DestinationRule make of the protocol: between two sidecars, and towards a host that has
 * none. Source: https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-HTTPSettings
 */

let mesh: TestMesh;
let app: net.Server;
const sessions = new Set<http2.ServerHttp2Session>();
const sockets = new Set<Socket>();
const clients = ['HTTP/1.1', 'HTTP/2'] as const;
type Client = (typeof clients)[number];

/** One port that speaks both: HTTP/2 by its preface, else HTTP/1.1. Says which, and by which connection. */
async function startDual(): Promise<number> {
  const tell = (
    request: http.IncomingMessage | http2.Http2ServerRequest,
    answer: http.ServerResponse | http2.Http2ServerResponse,
  ) => {
    const response = answer as http.ServerResponse;
    request.resume();
    response.end(request.httpVersion === '2.0' ? 'HTTP/2' : `HTTP/${request.httpVersion}`);
  };
  const one = http.createServer(tell).on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nupgraded');
  });
  const two = http2.createServer(tell);
  two.on('session', (session) => sessions.add(session));
  app = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      (first.toString('latin1').startsWith('PRI ') ? two : one).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  return listen(app);
}

const rule = (host: string, settings: object) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: host.split('.')[0], namespace: 'default' },
  spec: { host, trafficPolicy: { connectionPool: { http: settings } } },
});

beforeAll(async () => {
  const port = await startDual();
  const outside = (name: string) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace: 'default' },
    spec: {
      hosts: [`${name}.example`],
      location: 'MESH_EXTERNAL',
      resolution: 'STATIC',
      ports: [{ number: 8000, name: 'http', protocol: 'HTTP' }],
      endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
    },
  });
  const service = (name: string, protocol = 'http') => ({
    name,
    port: 8000,
    protocol,
    workloads: [{ address: `127.0.0.1:${port}` }],
  });
  mesh = await startMesh(
    meshText(
      {
        services: [
          service('caller'),
          service('usual'),
          service('up'),
          service('as-client'),
          service('two', 'http2'),
          service('stays'),
        ],
      },
      [
        rule('up', { h2UpgradePolicy: 'UPGRADE' }),
        rule('stays', { h2UpgradePolicy: 'DO_NOT_UPGRADE' }),
        rule('as-client', { useClientProtocol: true }),
        ...['plain', 'lifted', 'same'].map(outside),
        rule('lifted.example', { h2UpgradePolicy: 'UPGRADE' }),
        rule('same.example', { useClientProtocol: true }),
      ],
    ),
  );
});
afterAll(async () => {
  await mesh?.close();
  for (const session of sessions) session.destroy();
  for (const socket of sockets) socket.destroy();
  app?.close();
});

/** What the app says it was spoken to in. */
function ask(client: Client, authority: string, path: string): Promise<string> {
  const { host, port } = mesh.outbound('caller-x-0');
  return new Promise((resolve, reject) => {
    let text = '';
    if (client === 'HTTP/1.1') {
      http
        .get({ host, port, path, headers: { host: authority }, agent: false }, (response) => {
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => resolve(text));
        })
        .on('error', reject);
      return;
    }
    const session = http2.connect(`http://${host}:${port}`).on('error', reject);
    const stream = session.request({ ':path': path, ':authority': authority });
    stream.on('data', (chunk) => (text += chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve(text);
    });
  });
}

describe('between two sidecars', () => {
  // An upgrade is between the sidecars, the app gets its service's own protocol; useClientProtocol goes all the way (istiod: applyTrafficPolicy,
  // applyConnectionPool).
  const between: Record<string, Record<Client, [between: string, app: string]>> = {
    usual: { 'HTTP/1.1': ['HTTP/1.1', 'HTTP/1.1'], 'HTTP/2': ['HTTP/1.1', 'HTTP/1.1'] },
    stays: { 'HTTP/1.1': ['HTTP/1.1', 'HTTP/1.1'], 'HTTP/2': ['HTTP/1.1', 'HTTP/1.1'] },
    up: { 'HTTP/1.1': ['HTTP/2', 'HTTP/1.1'], 'HTTP/2': ['HTTP/2', 'HTTP/1.1'] },
    'as-client': { 'HTTP/1.1': ['HTTP/1.1', 'HTTP/1.1'], 'HTTP/2': ['HTTP/2', 'HTTP/2'] },
    two: { 'HTTP/1.1': ['HTTP/2', 'HTTP/2'], 'HTTP/2': ['HTTP/2', 'HTTP/2'] },
  };
  for (const [service, expected] of Object.entries(between)) {
    for (const client of clients) {
      const [hop, last] = expected[client];
      test(`${service}: a client of ${client} is carried by ${hop} over mutual TLS, the app gets ${last}`, async () => {
        const path = `/${service}-${client === 'HTTP/2' ? 2 : 1}`;
        expect(await ask(client, `${service}:8000`, path)).toBe(last);
        const records = await exchangesOf(mesh, `path=${path}`, 2);
        const inbound = records.find(({ reporter }) => reporter === 'destination')!;
        expect(inbound).toMatchObject({ protocol: hop, mtls: true, status: 200 });
      });
    }
  }

  test('a WebSocket to an upgraded service takes a connection of its own', async () => {
    const client = new RawClient(mesh.outbound('caller-x-0').port);
    client.socket.write(
      'GET /socket HTTP/1.1\r\nHost: up:8000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await client.until(({ text }) => text.startsWith('HTTP/1.1 101') && text.endsWith('upgraded'));
    client.socket.destroy();
  });
});

describe('a host without a sidecar', () => {
  const direct: Record<string, Record<Client, string>> = {
    plain: { 'HTTP/1.1': 'HTTP/1.1', 'HTTP/2': 'HTTP/1.1' },
    lifted: { 'HTTP/1.1': 'HTTP/2', 'HTTP/2': 'HTTP/2' },
    same: { 'HTTP/1.1': 'HTTP/1.1', 'HTTP/2': 'HTTP/2' },
  };
  for (const [host, expected] of Object.entries(direct)) {
    for (const client of clients) {
      test(`${host}: a client of ${client} reaches it by ${expected[client]}`, async () => {
        expect(await ask(client, `${host}.example:8000`, `/${host}`)).toBe(expected[client]);
      });
    }
  }
});
