import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ExchangeDetail } from './api/exchange.schema.ts';
import type { Simulation } from './api/simulation.schema.ts';
import { Engine } from './engine.ts';
import { demandOfEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';
import { patienceMs } from './testing/patience.ts';

/*
 * What a stand-in puts on the wire: recorded from real services through a whole engine, which are then gone. Everything is recorded once; each
 * test starts its simulation of it.
 */

let home: string;
let engine: Engine;
let web: URL;
const servers: { close(): void }[] = [];

const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const large = Buffer.alloc(40_000, 'abcdefghij');
const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/bytes': (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(binary),
  '/gzip': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip', 'x-was': 'gzip' }).end(gzipSync('zipped')),
  '/br': (_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync('brotli')),
  '/odd': (_, response) => response.writeHead(200, { 'content-encoding': 'odd' }).end(binary),
  '/large': (_, response) => response.writeHead(200, { 'content-length': large.length }).end(large),
  '/cut': (_, response) => response.writeHead(200).end(Buffer.alloc(100_000, 'x')),
  '/none': (_, response) => response.writeHead(204, { 'x-a': 'b' }).end(),
  '/same': (_, response) => response.writeHead(304, { etag: '"1"' }).end(),
  '/head': (_, response) => response.writeHead(200, { 'content-length': '12345', etag: '"2"' }).end(),
  '/cookies': (_, response) =>
    response
      .writeHead(
        200,
        [
          ['x-n', '1'],
          ['x-n', '2'],
          ['vary', 'a'],
        ].flat(),
      )
      .end('c'),
  '/chunked': (_, response) => {
    response.writeHead(200, { trailer: 'x-sum' });
    response.write('one ');
    response.addTrailers({ 'x-sum': '42' });
    response.end('two');
  },
  '/events': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
    setTimeout(() => response.write('data: two\n\n'), 150);
    setTimeout(() => response.end('data: three\n\n'), 300);
  },
  '/template': (_, response) => response.writeHead(200, { 'x-echo': '{{request.query.a}}' }).end('hello {{request.path.[0]}}'),
};

const addressOf = async (server: Server): Promise<string> => `127.0.0.1:${await listen(server)}`;
function plainServer(name: string): http.Server {
  const server = http.createServer((request, response) => {
    response.setHeader('x-app', name);
    request.resume();
    request.on('end', () =>
      (routes[request.url!.split('?')[0]!] ?? ((_, r) => r.end(`${name} ${request.url}`)))(request, response),
    );
  });
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  servers.push({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return server;
}

const raw = {
  requestSerialize: (b: Buffer) => b,
  requestDeserialize: (b: Buffer) => b,
  responseSerialize: (b: Buffer) => b,
  responseDeserialize: (b: Buffer) => b,
};
const greeter = {
  hello: { ...raw, path: '/shop.Greeter/Hello', requestStream: false, responseStream: false },
  count: { ...raw, path: '/shop.Greeter/Count', requestStream: false, responseStream: true },
  deny: { ...raw, path: '/shop.Greeter/Deny', requestStream: false, responseStream: false },
  other: { ...raw, path: '/shop.Greeter/Other', requestStream: false, responseStream: false },
};
async function grpcServer(): Promise<string> {
  const server = new grpc.Server();
  server.addService(greeter as never, {
    hello: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      const trailers = new grpc.Metadata();
      trailers.set('x-cost', '7');
      done(null, Buffer.concat([Buffer.from([255, 0]), call.request]), trailers);
    },
    count: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
      for (let i = 0; i < 5; i++) call.write(Buffer.from([i]));
      call.end();
    },
    deny: (_call: unknown, done: grpc.sendUnaryData<Buffer>) => done({ code: grpc.status.PERMISSION_DENIED, details: 'not you' }),
    other: (_call: unknown, done: grpc.sendUnaryData<Buffer>) => done(null, Buffer.from('real')),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  servers.push({ close: () => server.forceShutdown() });
  return `127.0.0.1:${port}`;
}

async function api<T>(method: string, route: string, body?: unknown): Promise<T> {
  return demandOfEngine<T>(engine.ready().control, method, route, body);
}

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  trailers: NodeJS.Dict<string>;
  /** When each piece came, milliseconds after the first. */
  at: number[];
}
interface Asked {
  method?: string;
  host?: string;
  body?: Buffer;
  headers?: Record<string, string>;
}
function ask(route: string, options: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', host = 'shop:9080', body, headers = {} } = options;
    const request = http.request(
      { host: web.hostname, port: web.port, path: route, method, headers: { host, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        const at: number[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          at.push(performance.now());
        });
        response.on('end', () => {
          const { statusCode = 0, headers, trailers } = response;
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks), trailers, at: at.map((time) => time - at[0]!) });
        });
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
const told = (answer: Answer) => String(answer.headers['x-drydock-simulated'] ?? '');

function callGrpc(
  name: keyof typeof greeter,
  message: Buffer,
): Promise<{ messages: Buffer[]; code: number; details: string; trailers: Record<string, unknown> }> {
  const Client = grpc.makeGenericClientConstructor(greeter as never, 'Greeter');
  const client = new Client(`${web.hostname}:${web.port}`, grpc.credentials.createInsecure(), {
    'grpc.default_authority': 'greeter:50051',
  });
  return new Promise((resolve) => {
    const { path: at, requestSerialize, responseDeserialize } = greeter[name];
    const call = client.makeServerStreamRequest(at, requestSerialize, responseDeserialize, message);
    const messages: Buffer[] = [];
    call.on('data', (one: Buffer) => messages.push(one));
    call.on('error', () => undefined);
    call.on('status', ({ code, details, metadata }: grpc.StatusObject) => {
      client.close();
      resolve({ messages, code, details, trailers: metadata.getMap() });
    });
  });
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-stand-in-'));
  const [shop, admin] = [plainServer('shop'), plainServer('admin')];
  const database = net.createServer((socket) => socket.end('tcp'));
  servers.push(database);
  const addresses = { http: await addressOf(shop), admin: await addressOf(admin), db: await addressOf(database) };
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '127.0.0.1:9'}]}
    - name: shop
      ports: [{name: http, port: 9080}, {name: admin, port: 9081}, {name: db, port: 5432, protocol: tcp}]
      workloads: [{addresses: {http: '${addresses.http}', admin: '${addresses.admin}', db: '${addresses.db}'}}]
    - {name: greeter, port: 50051, protocol: grpc, workloads: [{address: '${await grpcServer()}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
  web = new URL(engine.ready().workloads[0]!.outbound);
  await api('POST', '/recordings', { name: 'all' });
  for (const route of Object.keys(routes)) await ask(route, { method: route === '/head' ? 'HEAD' : 'GET' });
  await ask('/who', { host: 'shop:9081' });
  await ask('/upload', { method: 'PUT', body: binary });
  await api('POST', '/faults', { name: 'off', spec: { to: { service: 'shop' }, side: 'server', abort: { httpStatus: 500 } } });
  await ask('/bytes');
  await api('DELETE', '/faults/off');
  await ask('/upload', { method: 'PUT', body: Buffer.from([...binary].reverse()) });
  for (const name of ['hello', 'count', 'deny'] as const) await callGrpc(name, Buffer.from([1, 2, 255]));
  await api('POST', '/recordings/all/stop');
}, 60_000);
afterAll(async () => {
  await engine.stop();
  for (const server of servers) server.close();
  await rm(home, { recursive: true, force: true });
});

async function during<T>(request: Record<string, unknown>, run: (simulation: Simulation) => Promise<T>): Promise<T> {
  const simulation = await api<Simulation>('POST', '/simulations', { recording: 'all', service: 'shop', ...request });
  try {
    return await run(simulation);
  } finally {
    await api('DELETE', `/simulations/${simulation.id}`);
  }
}
async function exchangesTo(route: string): Promise<ExchangeDetail[]> {
  const { exchanges } = await api<{ exchanges: { id: string }[] }>('GET', `/exchanges?path=${encodeURIComponent(route)}&limit=2`);
  return Promise.all(exchanges.map(({ id }) => api<ExchangeDetail>('GET', `/exchanges/${id}`)));
}

describe('a stand-in over HTTP/1.1', () => {
  test('gives back bytes as they were: no text, decoded where the encoding is known, large', async () => {
    await during({}, async () => {
      expect((await ask('/bytes')).body).toEqual(binary);
      const zipped = await ask('/gzip');
      expect([zipped.body.toString(), zipped.headers['content-encoding'], zipped.headers['x-was']]).toEqual([
        'zipped',
        undefined,
        'gzip',
      ]);
      expect((await ask('/br')).body.toString()).toBe('brotli');
      const odd = await ask('/odd');
      expect([odd.body, odd.headers['content-encoding']]).toEqual([binary, 'odd']);
      const whole = await ask('/large');
      expect([whole.body.equals(large), whole.headers['content-length']]).toEqual([true, String(large.length)]);
    });
  });

  test('keeps 204, 304, HEAD, repeated headers, chunks and trailers what they are', async () => {
    await during({}, async () => {
      expect(await ask('/none')).toMatchObject({ status: 204, headers: { 'x-a': 'b' }, body: Buffer.alloc(0) });
      expect(await ask('/same')).toMatchObject({ status: 304, headers: { etag: '"1"' }, body: Buffer.alloc(0) });
      const head = await ask('/head', { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, headers: { 'content-length': '12345', etag: '"2"' } });
      expect((await ask('/cookies')).headers['x-n']).toBe('1, 2');
      const chunked = await ask('/chunked');
      expect(chunked.body.toString()).toBe('one two');
      expect(chunked.trailers).toEqual({ 'x-sum': '42' });
      expect(chunked.headers['content-length']).toBeUndefined();
    });
  });

  test('tells bodies apart that are no text', async () => {
    await during({}, async ({ hits }) => {
      expect(hits.exact).toBe(0);
      expect(told(await ask('/upload', { method: 'PUT', body: binary }))).toMatch(/^exact/);
      expect(told(await ask('/upload', { method: 'PUT', body: Buffer.from([...binary].reverse()) }))).toMatch(/^exact/);
      const other = Buffer.from(binary);
      other[200] = 1;
      expect(told(await ask('/upload', { method: 'PUT', body: other }))).toMatch(/^template/);
    });
  });

  test('an answer that was cut off is not given: it says so, and in mode spy the service is asked', async () => {
    await during({}, async ({ id, notes }) => {
      expect(notes).toEqual([
        'Port 5432 speaks tcp: its connections go to the service',
        "Left out as a proxy's own or broken off: 1 recorded",
        'Cannot be answered: GET /cut: its body was cut off at 65536 of 100000 bytes when it was recorded',
      ]);
      const refused = await ask('/cut');
      expect(refused.status).toBe(501);
      expect(refused.body.toString()).toContain('cut off at 65536 of 100000 bytes');
      const { recentMisses } = await api<Simulation>('GET', `/simulations/${id}`);
      expect(recentMisses[0]?.nearest?.differs[0]).toContain('cut off');
    });
    await during({ mode: 'spy' }, async () => expect((await ask('/cut')).body).toHaveLength(100_000));
  });

  test('a body too long to compare is found by its path, and reaches the service whole', async () => {
    const huge = Buffer.alloc(6 * 1024 * 1024, 'y');
    await during({}, async () => expect(told(await ask('/upload', { method: 'PUT', body: huge }))).toMatch(/^template/));
    await during({ mode: 'spy' }, async () => {
      const answer = await ask('/new', { method: 'PUT', body: huge });
      expect([answer.status, answer.body.toString()]).toEqual([200, 'shop /new']);
    });
  });

  test('streams have the pauses they had, when it is asked to be as late', async () => {
    // Asked again where this machine was late with a piece.
    const lastPieceMs = async () => (await ask('/events')).at.at(-1);
    await during({ latency: true }, async () => {
      expect((await ask('/events')).body.toString()).toBe('data: one\n\ndata: two\n\ndata: three\n\n');
      await expect.poll(lastPieceMs).toBeGreaterThan(200);
    });
    await during({ latency: true, latencyScale: 3 }, () => expect.poll(lastPieceMs).toBeGreaterThan(600));
    await during({}, () => expect.poll(lastPieceMs).toBeLessThan(100));
  });

  test('answers are templates when it is asked for', async () => {
    await during({}, async () => expect((await ask('/template?a=1')).body.toString()).toBe('hello {{request.path.[0]}}'));
    await during({ templated: true }, async () => {
      const answer = await ask('/template?a=1');
      expect([answer.body.toString(), answer.headers['x-echo']]).toEqual(['hello template', '1']);
    });
  });

  test('every port of a service answers for itself; a WebSocket goes to the service in mode spy', async () => {
    await during({}, async () => {
      expect((await ask('/who', { host: 'shop:9081' })).body.toString()).toBe('admin /who');
      expect((await ask('/who')).status, 'only the other port was asked this').toBe(501);
      expect((await ask('/bytes', { host: 'shop:9081' })).status).toBe(501);
      expect(
        (await ask('/ws', { headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' } })).status,
        'a WebSocket that was not recorded',
      ).toBe(501);
    });
    await during({ mode: 'spy' }, async () => {
      const socket = net.connect(Number(web.port), web.hostname);
      socket.write(
        'GET /ws HTTP/1.1\r\nhost: shop:9080\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      const head = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
      expect(head).toMatch(/^HTTP\/1\.1 101/);
      socket.write('ping');
      expect(await new Promise((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())))).toBe('ping');
      socket.destroy();
    });
  });
});

describe('a stand-in over HTTP/2', () => {
  test('gives gRPC back: messages, streams, status and trailers; a miss is UNIMPLEMENTED', async () => {
    await during({ service: 'greeter' }, async () => {
      const hello = await callGrpc('hello', Buffer.from([1, 2, 255]));
      expect(hello).toMatchObject({ code: 0, messages: [Buffer.from([255, 0, 1, 2, 255])], trailers: { 'x-cost': '7' } });
      expect((await callGrpc('count', Buffer.from([1, 2, 255]))).messages.map((one) => one[0])).toEqual([0, 1, 2, 3, 4]);
      expect(await callGrpc('deny', Buffer.from([1, 2, 255]))).toMatchObject({
        code: grpc.status.PERMISSION_DENIED,
        details: 'not you',
      });
      const miss = await callGrpc('other', Buffer.from([9]));
      expect(miss.code).toBe(grpc.status.UNIMPLEMENTED);
      expect(miss.details).toContain('has no answer of greeter to POST /shop.Greeter/Other');
    });
    await during({ service: 'greeter', mode: 'spy' }, async () => {
      expect((await callGrpc('other', Buffer.from([9]))).messages.map(String)).toEqual(['real']);
    });
    await during({ service: 'greeter', mode: 'record' }, async ({ id }) => {
      await callGrpc('other', Buffer.from([9]));
      expect((await callGrpc('other', Buffer.from([9]))).messages.map(String)).toEqual(['real']);
      expect((await api<Simulation>('GET', `/simulations/${id}`)).hits.exact).toBe(1);
    });
  });
});

describe('what was answered from a recording', () => {
  test('says so on both hops: simulation, tier, recorded exchange; of a miss the nearest', async () => {
    await during({}, async ({ id }) => {
      await ask('/bytes');
      const hops = await exchangesTo('/bytes');
      expect(hops.map(({ reporter }) => reporter).sort()).toEqual(['destination', 'source']);
      for (const { standIn, simulated } of hops) {
        expect(simulated).toBe(true);
        expect(standIn).toMatchObject({ simulation: id, recording: 'all', outcome: 'exact', nearest: null });
        expect((await api<ExchangeDetail>('GET', `/recordings/all/exchanges/${standIn!.answeredBy}`)).path).toBe('/bytes');
      }
      await ask('/nobody/knows');
      for (const { standIn, status } of await exchangesTo('/nobody/knows')) {
        expect([status, standIn?.outcome, standIn?.answeredBy]).toEqual([501, 'miss', '']);
        expect(standIn?.nearest?.differs[0]).toMatch(/^path \/nobody\/knows, recorded /);
      }
      const explained = await api<{ standIns: unknown }>('POST', '/explain', { from: 'web', to: 'shop:9080', path: '/bytes' });
      expect(explained.standIns).toEqual([
        { simulation: id, recording: 'all', service: 'shop', from: '', mode: 'simulate', enabled: true },
      ]);
    });
    const after = await api<{ standIns?: unknown }>('POST', '/explain', { from: 'web', to: 'shop:9080' });
    expect(after.standIns).toBeUndefined();
  });

  test('is switched off and on, and given to one caller, while it goes on', async () => {
    await during({}, async ({ id }) => {
      const change = (body: object) => api<Simulation>('POST', `/simulations/${id}`, body);
      expect(told(await ask('/bytes'))).toMatch(/^exact/);
      expect(await change({ enabled: false })).toMatchObject({ enabled: false });
      expect(told(await ask('/bytes'))).toBe('');
      const [, hop] = (await exchangesTo('/bytes')).sort((a, b) => (a.reporter < b.reporter ? 1 : -1));
      expect([hop?.reporter, hop?.standIn?.outcome, hop?.simulated]).toEqual(['destination', 'forwarded', undefined]);
      await change({ enabled: true, from: 'nobody' });
      expect(told(await ask('/bytes'))).toBe('');
      await change({ from: 'web' });
      expect(told(await ask('/bytes'))).toMatch(/^exact/);
      const other = await api<Simulation>('POST', '/simulations', { recording: 'all', service: 'shop', from: 'nobody' });
      await expect(change({ from: 'nobody' })).rejects.toThrow('already answers');
      expect(told(await ask('/bytes'))).toContain(`simulation=${id}`);
      await api('DELETE', `/simulations/${other.id}`);
      expect(told(await ask('/bytes')), 'the one that is left goes on').toContain(`simulation=${id}`);
      expect((await api<Simulation>('GET', `/simulations/${id}`)).forwarded).toBe(2);
    });
  });
});

test('a workload that comes while a simulation goes on is stood in for too', async () => {
  await during({ service: 'late', recording: 'all' }, async () => undefined).catch((error: Error) =>
    expect(error.message).toContain('no service late'),
  );
  const meshOf = (workloads: string[]) => ({
    yaml: `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: more}
spec: {services: [{name: late, port: 9080, workloads: [${workloads.map((version) => `{version: ${version}, address: '127.0.0.1:9'}`).join(', ')}]}]}`,
    file: 'more',
  });
  await api('POST', '/apply', meshOf(['v1']));
  const { id } = await api<{ id: string }>('POST', '/recordings/import', [
    { request: { urlPath: '/a' }, response: { body: 'stub' } },
  ]);
  await during({ service: 'late', recording: id }, async () => {
    await api('POST', '/apply', meshOf(['v1', 'v2', 'v3']));
    await vi.waitFor(async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask('/a', { host: 'late:9080' })));
      expect(answers.map(({ body }) => body.toString())).toEqual(answers.map(() => 'stub'));
    }, patienceMs);
  });
});

describe('imported stubs', () => {
  const simulation = {
    data: {
      pairs: [
        {
          request: { path: [{ matcher: 'glob', value: '/pay/*' }], method: [{ matcher: 'exact', value: 'POST' }] },
          response: {
            status: 201,
            templated: true,
            body: '{"paid":"{{Request.Path.[1]}}"}',
            headers: { 'Content-Type': ['application/json'] },
          },
        },
        {
          request: { path: [{ matcher: 'exact', value: '/bytes' }], query: { stub: [{ matcher: 'exact', value: '1' }] } },
          response: { status: 200, body: 'stubbed' },
        },
        { request: { path: [{ matcher: 'nothing', value: '/b' }] }, response: { status: 200, body: 'b' } },
      ],
    },
    meta: { schemaVersion: 'v5.2' },
  };

  test('answer alone or before a recording, in a tier of their own; what was not taken over is told', async () => {
    const imported = await api<{ name: string; stubs: number; notes: unknown[] }>('POST', '/recordings/import', simulation);
    expect(imported).toMatchObject({ stubs: 2, notes: [{ entry: 'pair 3', field: 'request.path[0]' }] });
    await during({ recording: imported.name }, async ({ id, answers }) => {
      expect(answers).toBe(2);
      const paid = await ask('/pay/42', { method: 'POST' });
      expect([paid.status, paid.body.toString(), paid.headers['content-type']]).toEqual([
        201,
        '{"paid":"42"}',
        'application/json',
      ]);
      expect(told(paid)).toBe(`stub; recording=${imported.name}; stub=pair 1; simulation=${id}`);
      const miss = await ask('/pay/42', { method: 'PUT' });
      expect(miss.body.toString()).toContain('differs in method PUT, stub equal POST');
      const [hop] = await exchangesTo('/pay/42');
      expect(hop?.standIn).toMatchObject({ outcome: 'miss', nearest: { exchangeId: 'pair 1', path: '/pay/*' } });
    });
    await during({ stubs: imported.name }, async ({ id }) => {
      expect((await ask('/bytes')).body).toEqual(binary);
      expect((await ask('/bytes?stub=1')).body.toString()).toBe('stubbed');
      expect((await api<Simulation>('GET', `/simulations/${id}`)).hits).toMatchObject({ stub: 1, exact: 1 });
    });
    await expect(during({ stubs: 'all' }, async () => undefined)).rejects.toThrow('all has no stubs');
  });

  test('break connections as WireMock does', async () => {
    const faults = ['EMPTY_RESPONSE', 'MALFORMED_RESPONSE_CHUNK', 'RANDOM_DATA_THEN_CLOSE', 'CONNECTION_RESET_BY_PEER'];
    const mappings = faults.map((fault) => ({ request: { urlPath: `/${fault}` }, response: { fault } }));
    const slow = {
      request: { urlPath: '/dribble' },
      response: { body: 'abcdefgh', chunkedDribbleDelay: { numberOfChunks: 4, totalDuration: 200 } },
    };
    const { id } = await api<{ id: string }>('POST', '/recordings/import', { mappings: [...mappings, slow] });
    await during({ recording: id }, async () => {
      for (const fault of faults) {
        const status = await ask(`/${fault}`).then(
          (answer) => answer.status,
          () => 0,
        );
        expect([0, 502, 503], fault).toContain(status);
      }
      expect((await ask('/dribble')).body.toString()).toBe('abcdefgh');
      await expect.poll(async () => (await ask('/dribble')).at.at(-1)).toBeGreaterThan(100);
    });
  });
});
