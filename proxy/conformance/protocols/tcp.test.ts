import { spawn, spawnSync } from 'node:child_process';
import net, { type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Exchange } from '../../api/exchange.schema.ts';
import type { ClusterStatus } from '../../api/observability.schema.ts';
import { listen } from '../../testing/listen.ts';
import { patienceMs } from '../../testing/patience.ts';
import { unusedPort } from '../../testing/unused-port.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, poll, portOf, RawClient } from './kit.ts';

/*
 * Opaque bytes over two sidecars: client → upstream port or CONNECT → mutual TLS → app. What the app does to its socket, the client sees:
 * FIN stays FIN in one direction, RST stays RST.
 */

let mesh: TestMesh;
const servers: net.Server[] = [];
const sockets = new Set<Socket>();
const redisServer = spawnSync('redis-server', ['--version']).status === 0;

interface SeenConnection {
  socket: Socket;
  text: string;
  ended: boolean;
  error: string;
  closed: boolean;
}
const seen = new Map<string, SeenConnection[]>();

/** Starts an app; `serve` acts on each connection, and what arrives is kept. */
async function app(name: string, serve: (socket: Socket, connection: SeenConnection) => void): Promise<number> {
  const connections: SeenConnection[] = [];
  seen.set(name, connections);
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const connection: SeenConnection = { socket, text: '', ended: false, error: '', closed: false };
    connections.push(connection);
    socket.on('data', (chunk) => (connection.text += chunk));
    socket.on('end', () => (connection.ended = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (connection.error = error.code ?? ''));
    socket.on('close', () => (connection.closed = true));
    serve(socket, connection);
  });
  servers.push(server);
  return listen(server);
}

/** The connection on which `text` came first: readiness checks connect too, and say nothing. */
const saying = (name: string, text: string): Promise<SeenConnection> =>
  poll(
    () => seen.get(name)!.find((connection) => connection.text.startsWith(text)),
    (found) => found !== undefined,
  ).then((found) => found!);

beforeAll(async () => {
  const named = (name: string) =>
    app(name, (socket) => {
      socket.on('data', (chunk) => socket.write(`${name}:${chunk}`));
      socket.on('end', () => socket.end());
    });
  const ports = {
    echo: await named('echo'),
    denied: await named('denied'),
    greeter: await app('greeter', (socket) => {
      socket.write('220 ready\r\n');
      socket.on('end', () => socket.end('221 bye\r\n'));
    }),
    sorter: await app('sorter', (socket, connection) =>
      // Answers only when all has been said: needs half-close.
      socket.on('end', () => socket.end(connection.text.split('').sort().join(''))),
    ),
    resetter: await app('resetter', (socket) => socket.on('data', () => socket.resetAndDestroy())),
    sink: await app('sink', () => undefined),
  };
  const gone = await unusedPort();
  const service = (name: string, ...apps: number[]) => ({
    name,
    port: 7000,
    protocol: 'tcp',
    workloads: apps.map((port, n) => ({ version: `v${n + 1}`, address: `127.0.0.1:${port}` })),
  });
  const services = [
    ...Object.entries(ports).map(([name, port]) => service(name, port)),
    service('gone', gone),
    service('split', ports.echo, ports.denied),
    service('redis', gone),
    service('limited', ports.echo),
    service('dozing', ports.echo),
  ];
  mesh = await startMesh(
    meshText(
      {
        services: [
          {
            name: 'caller',
            port: 8080,
            workloads: [{ address: '127.0.0.1:9', upstreams: services.map(({ name }) => ({ service: name, port: 0 })) }],
          },
          ...services,
        ],
      },
      documents(gone),
    ),
  );
});
afterAll(async () => {
  await mesh?.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

function documents(gone: number): Record<string, unknown>[] {
  const networking = (kind: string, name: string, spec: object) => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name, namespace: 'default' },
    spec,
  });
  const subset = (version: string, weight: number) => ({ destination: { host: 'split', subset: version }, weight });
  return [
    networking('DestinationRule', 'split', {
      host: 'split',
      subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })),
    }),
    networking('DestinationRule', 'limited', {
      host: 'limited',
      trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 } } },
    }),
    networking('DestinationRule', 'dozing', {
      host: 'dozing',
      trafficPolicy: { connectionPool: { tcp: { idleTimeout: '300ms' } } },
    }),
    networking('VirtualService', 'split', { hosts: ['split'], tcp: [{ route: [subset('v1', 75), subset('v2', 25)] }] }),
    // Reached without a sidecar, so that a connect failure is the caller's to see.
    networking('ServiceEntry', 'fragile', {
      hosts: ['fragile.example'],
      location: 'MESH_EXTERNAL',
      resolution: 'STATIC',
      ports: [{ number: 7001, name: 'tcp', protocol: 'TCP' }],
      endpoints: [{ address: '127.0.0.1', ports: { tcp: gone } }],
    }),
    networking('DestinationRule', 'fragile', {
      host: 'fragile.example',
      trafficPolicy: {
        outlierDetection: { consecutive5xxErrors: 2, interval: '1h', baseEjectionTime: '1h', maxEjectionPercent: 100 },
      },
    }),
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'denied', namespace: 'default' },
      spec: {
        selector: { matchLabels: { app: 'denied' } },
        action: 'DENY',
        rules: [{ from: [{ source: { principals: ['cluster.local/ns/default/sa/caller'] } }] }],
      },
    },
  ];
}

const upstreamPort = (service: string): number => {
  const { upstreams } = mesh.engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!;
  return portOf(upstreams[service]!);
};
const open = (service: string): RawClient => new RawClient(upstreamPort(service));
function echoed(client: RawClient, text: string): Promise<RawClient> {
  client.socket.write(text);
  return client.until((got) => got.text.endsWith(text));
}
/** Through the outbound port by CONNECT. */
async function tunnel(authority: string): Promise<RawClient> {
  const client = new RawClient(mesh.outbound('caller-x-0').port);
  client.socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
  return client.until(({ text }) => text.includes('\r\n\r\n'));
}
const tcpRecords = (service: string, count: number) => exchangesOf(mesh, `to=${service}`, count);

describe('TCP', () => {
  test('bytes both ways, recorded at both ends with their number and mutual TLS', async () => {
    const client = open('echo');
    client.socket.write('hello');
    await client.until(({ text }) => text === 'echo:hello');
    client.socket.end();
    await client.until(({ closed }) => closed);
    const records = await tcpRecords('echo', 2);
    expect(records.map(({ reporter }) => reporter).sort()).toEqual(['destination', 'source']);
    for (const record of records) {
      expect(record).toMatchObject({ protocol: 'TCP', status: 0, flags: '', requestBytes: 5, responseBytes: 10, mtls: true });
      expect(record).toMatchObject({ source: 'caller', destination: 'echo', destinationVersion: 'v1' });
    }
  });

  test('a server that speaks first is heard at once', async () => {
    const startedAt = performance.now();
    const client = open('greeter');
    await client.until(({ text }) => text === '220 ready\r\n');
    expect(performance.now() - startedAt).toBeLessThan(patienceMs);
    client.socket.end();
    await client.until(({ text, ended }) => ended && text.endsWith('221 bye\r\n'));
    expect(client.error).toBe('');
  });

  test('the same inside CONNECT', async () => {
    const client = await tunnel('greeter:7000');
    await client.until(({ text }) => text.endsWith('220 ready\r\n'));
    client.socket.destroy();
  });

  test('half-close: the answer comes after the client’s FIN, and ends with the server’s', async () => {
    const client = open('sorter');
    client.socket.write('drydock');
    client.socket.end();
    await client.until(({ ended }) => ended);
    expect([client.text, client.error]).toEqual(['cddkory', '']);
  });

  test('the app’s RST is the client’s RST', async () => {
    const client = open('resetter');
    client.socket.write('x');
    await client.until(({ closed }) => closed);
    expect(client.error).toBe('ECONNRESET');
  });

  test('the client’s RST reaches the app within a second, as RST', async () => {
    const client = open('sink');
    client.socket.write('reset me');
    const connection = await saying('sink', 'reset me');
    const startedAt = performance.now();
    client.socket.resetAndDestroy();
    await poll(() => connection.closed, Boolean);
    expect(performance.now() - startedAt).toBeLessThan(patienceMs);
    expect(connection).toMatchObject({ closed: true, error: 'ECONNRESET', ended: false });
  });

  test('an app that is not there: the connection ends, and both records say why', async () => {
    const client = open('gone');
    client.socket.on('error', () => undefined);
    await client.until(({ closed, ended }) => closed || ended);
    expect(client.bytes).toBe(0);
    client.socket.destroy();
    const records = await tcpRecords('gone', 2);
    const inbound = records.find(({ reporter }) => reporter === 'destination')!;
    expect(inbound.flags).toBe('UF,URX');
    expect(inbound.attempts[0]).toMatchObject({ flag: 'UF', phase: 'connect', reason: expect.stringMatching(/refused/i) });
  });

  test('a slow reader holds the sender back over both hops', async () => {
    const client = open('sink');
    client.socket.write('hold');
    const { socket } = await saying('sink', 'hold');
    socket.pause();
    const chunk = Buffer.alloc(256 * 1024);
    let accepted = 0;
    for (let n = 0; n < 1000; n++) {
      if (!client.socket.write(chunk)) {
        const drained = await Promise.race([
          new Promise((resolve) => client.socket.once('drain', () => resolve(true))),
          new Promise((resolve) => setTimeout(() => resolve(false), 400)),
        ]);
        if (drained !== true) break;
      }
      accepted += chunk.length;
    }
    expect(accepted).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    client.socket.destroy();
  });
});

describe('TCP policies', () => {
  test('weights of a VirtualService’s tcp route are drawn per connection', async () => {
    const names: string[] = [];
    for (let n = 0; n < 60; n++) {
      const client = open('split');
      client.socket.write('x');
      // `denied` is also an app of its own; here it is only the second version behind another identity.
      await client.until(({ text }) => text.endsWith(':x'));
      client.socket.write('y');
      await client.until(({ text }) => text.endsWith(':y'));
      names.push(client.text.split(':')[0]!);
      client.socket.destroy();
    }
    const share = names.filter((name) => name === 'echo').length / names.length;
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.95);
    const [record] = await exchangesOf(mesh, 'to=split&reporter=source', 1);
    expect(record!.cluster).toMatch(/^outbound\|7000\|v[12]\|split\.default/);
  });

  test('a denied peer is cut off before the app hears of it', async () => {
    const client = open('denied');
    client.socket.on('error', () => undefined);
    client.socket.write('let me in');
    await client.until(({ closed, ended }) => closed || ended);
    expect(client.bytes).toBe(0);
    expect(seen.get('denied')!.every(({ text }) => !text.includes('let me in'))).toBe(true);
    client.socket.destroy();
    const records = await exchangesOf(mesh, 'to=denied&reporter=destination', 1);
    expect(records[0]!.details).toContain('rbac_access_denied_matched_policy[ns[default]-policy[denied]-rule[0]]');
  });

  test('maxConnections: one more is closed at once with UO, and fits again when another has gone', async () => {
    const first = open('limited');
    expect((await echoed(first, 'a')).text).toBe('echo:a');
    const clusters = (await mesh.api('/clusters')) as { clusters: ClusterStatus[] };
    const limited = clusters.clusters.find(({ cluster }) => cluster.startsWith('outbound|7000||limited.'))!;
    expect(limited).toMatchObject({ connections: 1, endpoints: [{ connections: 1 }] });
    const second = open('limited');
    await second.until(({ closed, ended }) => closed || ended);
    expect(second.bytes).toBe(0);
    second.socket.destroy();
    const [refused] = await exchangesOf(mesh, 'to=limited&flag=UO', 1);
    expect(refused).toMatchObject({ reporter: 'source', flags: 'UO', attempts: [] });
    first.socket.destroy();
    await exchangesOf(mesh, 'to=limited&reporter=destination', 1);
    const third = open('limited');
    expect((await echoed(third, 'b')).text).toBe('echo:b');
    third.socket.destroy();
  });

  test('idleTimeout: a connection on which nothing passes is closed, one that is used is not', async () => {
    const client = open('dozing');
    for (let n = 1; n <= 4; n++) {
      await new Promise((resolve) => setTimeout(resolve, 120));
      await echoed(client, String(n));
    }
    const startedAt = performance.now();
    await client.until(({ closed, ended, error }) => closed || ended || error !== '');
    expect(performance.now() - startedAt).toBeGreaterThan(200);
    client.socket.destroy();
    const [record] = await exchangesOf(mesh, 'to=dozing&reporter=source', 1);
    expect(record).toMatchObject({ details: 'idle_timeout', requestBytes: 4 });
  });

  test('connect failures eject a host; then there is no healthy upstream', async () => {
    for (let n = 0; n < 3; n++) {
      const client = await tunnel('fragile.example:7001');
      await client.until(({ closed, ended }) => closed || ended);
      client.socket.destroy();
    }
    const records = await exchangesOf(mesh, 'to=fragile.example', 3);
    expect(records.map((record: Exchange) => record.flags)).toEqual(['UF,URX', 'UF,URX', 'UH']);
  });
});

describe('a real Redis', () => {
  test.skipIf(!redisServer)(
    `answers through the mesh${redisServer ? '' : ' (skipped: redis-server is not installed)'}`,
    async () => {
      const port = await unusedPort();
      const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
      try {
        await mesh.apply(
          JSON.stringify({
            apiVersion: 'networking.istio.io/v1',
            kind: 'ServiceEntry',
            metadata: { name: 'real-redis', namespace: 'default' },
            spec: {
              hosts: ['redis.example'],
              resolution: 'STATIC',
              ports: [{ number: 6379, name: 'tcp-redis', protocol: 'TCP' }],
              endpoints: [{ address: '127.0.0.1', ports: { 'tcp-redis': port } }],
            },
          }),
        );
        await poll(
          () =>
            new Promise<boolean>((resolve) => {
              const probe = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
              probe.once('connect', () => probe.destroy());
            }),
          Boolean,
        );
        const client = await tunnel('redis.example:6379');
        client.socket.write('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n');
        await client.until(({ text }) => text.endsWith('+OK\r\n$5\r\nvalue\r\n'));
        client.socket.destroy();
      } finally {
        redis.kill();
      }
    },
  );
});
