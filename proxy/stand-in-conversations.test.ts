import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { ExchangeDetail } from './api/exchange.schema.ts';
import type { Simulation } from './api/simulation.schema.ts';
import { Engine } from './engine.ts';
import { demandOfEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';
import { patienceMs } from './testing/patience.ts';

/*
 * Conversations that a stand-in holds in the service's place, with the clients people use: @grpc/grpc-js and ws. Both services are recorded once through
 * a whole engine; whoever answers afterwards says so by its words, which the real services would not say twice.
 */

let home: string;
let engine: Engine;
let web: URL;
let grpcService: grpc.Server;
let socketService: http.Server;
/** How often the real services were asked. */
let asked = 0;

const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const kinds = {
  unary: { ...text, path: '/shop.Talk/Unary', requestStream: false, responseStream: false },
  gather: { ...text, path: '/shop.Talk/Gather', requestStream: true, responseStream: false },
  list: { ...text, path: '/shop.Talk/List', requestStream: false, responseStream: true },
  chat: { ...text, path: '/shop.Talk/Chat', requestStream: true, responseStream: true },
};
type Chat = grpc.ServerDuplexStream<string, string>;

async function startGrpc(): Promise<string> {
  grpcService = new grpc.Server();
  grpcService.addService(kinds as never, {
    unary: (call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) =>
      done(null, `${++asked} ${call.request}`),
    gather: (call: grpc.ServerReadableStream<string, string>, done: grpc.sendUnaryData<string>) => {
      const all: string[] = [];
      call.on('data', (one: string) => all.push(one));
      call.on('end', () => done(null, `${++asked} ${all.join('+')}`));
    },
    list: (call: grpc.ServerWritableStream<string, string>) => {
      asked++;
      for (const one of ['a', 'b', 'c']) call.write(`${call.request} ${one}`);
      call.end();
    },
    chat: (call: Chat) => {
      asked++;
      call.write('who is there');
      call.on('data', (one: string) => {
        call.write(`you said ${one}`);
        if (one === 'bye') {
          const trailers = new grpc.Metadata();
          trailers.set('x-words', '2');
          call.end(trailers);
        }
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    grpcService.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return `127.0.0.1:${port}`;
}

async function startSockets(): Promise<string> {
  socketService = http.createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({
    verifyClient: (info, done) => done(info.req.url !== '/nowhere', 404),
    server: socketService,
    handleProtocols: (offered) => (offered.has('shop.v1') ? 'shop.v1' : false),
  });
  sockets.on('headers', (lines) => lines.push('x-room: 7'));
  sockets.on('connection', (socket) => {
    asked++;
    socket.send('welcome');
    socket.on('message', (data: Buffer, binary) => {
      if (binary) socket.send(Buffer.from([...data].reverse()));
      else if (data.toString() === '"bye"') socket.close(4001, 'enough');
      else for (const part of [1, 2]) socket.send(JSON.stringify({ part, of: JSON.parse(data.toString()) as unknown }));
    });
  });
  return `127.0.0.1:${await listen(socketService)}`;
}

async function api<T>(method: string, route: string, body?: unknown): Promise<T> {
  return demandOfEngine<T>(engine.ready().control, method, route, body);
}

const eventually = <T>(check: () => T) => vi.waitFor(check, patienceMs);

interface Heard {
  messages: string[];
  code: number;
  details: string;
  trailers: Record<string, unknown>;
}
/** `lines`: each is said when as many answers have come as its place says. */
function callGrpc(kind: keyof typeof kinds, ...lines: [after: number, text: string][]): Promise<Heard> {
  const Client = grpc.makeGenericClientConstructor(kinds as never, 'Talk');
  const client = new Client(`${web.hostname}:${web.port}`, grpc.credentials.createInsecure(), {
    'grpc.default_authority': 'talk:50051',
  });
  const { path: at, requestSerialize, responseDeserialize } = kinds[kind];
  const call = client.makeBidiStreamRequest(at, requestSerialize, responseDeserialize);
  const messages: string[] = [];
  const left = [...lines];
  const speak = () => {
    while (left[0] !== undefined && left[0][0] <= messages.length) call.write(left.shift()![1]);
    if (left.length === 0) call.end();
  };
  return new Promise((resolve) => {
    call.on('data', (one: string) => {
      messages.push(one);
      speak();
    });
    call.on('error', () => undefined);
    call.on('status', ({ code, details, metadata }: grpc.StatusObject) => {
      client.close();
      resolve({ messages, code, details, trailers: metadata.getMap() });
    });
    speak();
  });
}

interface Socket {
  socket: WebSocket;
  status: number;
  headers: http.IncomingHttpHeaders;
  /** What comes until there are as many messages. */
  messages(count: number): Promise<string[]>;
  closed: Promise<[code: number, reason: string]>;
}
function openSocket(route: string, protocols: string[] = []): Promise<Socket> {
  const socket = new WebSocket(`ws://${web.host}${route}`, protocols, { headers: { host: 'room:9080' } });
  const all: string[] = [];
  const closed = new Promise<[number, string]>((resolve) =>
    socket.on('close', (code, reason) => resolve([code, reason.toString()])),
  );
  const messages = async (count: number) => {
    await eventually(() => expect(all.length).toBeGreaterThanOrEqual(count));
    return all.splice(0, count);
  };
  socket.on('message', (data: Buffer, binary) => all.push(binary ? data.toString('hex') : data.toString()));
  return new Promise((resolve, reject) => {
    let headers: http.IncomingHttpHeaders = {};
    socket.on('upgrade', (response) => {
      headers = response.headers;
    });
    socket.on('open', () => resolve({ socket, status: 101, headers, messages, closed }));
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve({ socket, status: response.statusCode ?? 0, headers: response.headers, messages, closed });
    });
    socket.on('error', reject);
  });
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-conversations-'));
  const addresses = { talk: await startGrpc(), room: await startSockets() };
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: talks}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '127.0.0.1:9'}]}
    - {name: talk, port: 50051, protocol: grpc, workloads: [{address: '${addresses.talk}'}]}
    - {name: room, port: 9080, workloads: [{address: '${addresses.room}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
  web = new URL(engine.ready().workloads[0]!.outbound);
  await api('POST', '/recordings', { name: 'all' });
  await callGrpc('unary', [0, 'rope']);
  await callGrpc('gather', [0, 'rope'], [0, 'nail']);
  await callGrpc('list', [0, 'rope']);
  await callGrpc('chat', [1, 'kim'], [2, 'bye']);
  await callGrpc('chat', [1, 'lee'], [2, 'bye']);
  const { socket, messages, closed } = await openSocket('/room?at=2026-01-01', ['shop.v1']);
  await messages(1);
  socket.send('{"n":1,"id":"3f2c1e9a-0000-4000-8000-0123456789ab"}');
  await messages(2);
  socket.send(Buffer.from([1, 2, 255]));
  await messages(1);
  socket.send('"bye"');
  await closed;
  const refused = await openSocket('/nowhere');
  expect(refused.status).toBe(404);
  await api('POST', '/recordings/all/stop');
}, 60_000);
afterAll(async () => {
  await engine.stop();
  grpcService.forceShutdown();
  socketService.close();
  socketService.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

async function during<T>(request: Record<string, unknown>, run: (simulation: Simulation) => Promise<T>): Promise<T> {
  const simulation = await api<Simulation>('POST', '/simulations', { recording: 'all', ...request });
  try {
    return await run(simulation);
  } finally {
    await api('DELETE', `/simulations/${simulation.id}`);
  }
}
const see = (id: string) => api<Simulation>('GET', `/simulations/${id}`);
/** The record of the call that the callee's sidecar made. */
async function lastExchange(route: string): Promise<ExchangeDetail> {
  const query = `path=${encodeURIComponent(route)}&reporter=destination&open=false&limit=1`;
  const { exchanges } = await api<{ exchanges: { id: string }[] }>('GET', `/exchanges?${query}`);
  return api('GET', `/exchanges/${exchanges[0]?.id}`);
}

describe('gRPC in all four kinds', () => {
  test('is answered without the service, each message after what it followed', async () => {
    const before = asked;
    await during({ service: 'talk' }, async ({ id, answers, notes }) => {
      expect([answers, notes]).toEqual([5, []]);
      expect(await callGrpc('unary', [0, 'rope'])).toMatchObject({ code: 0, messages: ['1 rope'] });
      expect(await callGrpc('gather', [0, 'rope'], [0, 'nail'])).toMatchObject({ code: 0, messages: ['2 rope+nail'] });
      expect(await callGrpc('list', [0, 'rope'])).toMatchObject({ messages: ['rope a', 'rope b', 'rope c'] });
      const chat = await callGrpc('chat', [1, 'kim'], [2, 'bye']);
      expect(chat).toMatchObject({ code: 0, messages: ['who is there', 'you said kim', 'you said bye'] });
      expect(chat.trailers['x-words']).toBe('2');
      expect((await see(id)).hits).toMatchObject({ exact: 4, masked: 0, template: 0 });
    });
    expect(asked).toBe(before);
  });

  test('follows the recorded conversation in which the same was said, and tells what was said otherwise', async () => {
    await during({ service: 'talk' }, async ({ id }) => {
      const lee = await callGrpc('chat', [1, 'lee'], [2, 'bye']);
      expect(lee.messages).toEqual(['who is there', 'you said lee', 'you said bye']);
      const ann = await callGrpc('chat', [1, 'ann'], [2, 'bye']);
      expect([ann.code, ann.messages.length]).toEqual([0, 3]);
      const { recent, hits } = await see(id);
      expect(hits).toMatchObject({ exact: 1, template: 1 });
      expect(recent?.[0]).toMatchObject({
        outcome: 'template',
        caller: 'web',
        differs: [expect.stringMatching(/^message 1 ann, recorded /)],
      });
      await eventually(async () =>
        expect((await lastExchange('/shop.Talk/Chat')).standIn).toMatchObject({
          outcome: 'template',
          differs: recent![0]!.differs,
        }),
      );
    });
  });

  test('a conversation that was not recorded is refused at once, goes to the service, or is remembered', async () => {
    const { messages } = await api<{ messages?: unknown }>('POST', '/recordings', { name: 'half' }).then(async () => {
      await callGrpc('unary', [0, 'x']);
      return api<{ messages?: unknown }>('POST', '/recordings/half/stop');
    });
    expect(messages).toBeUndefined();
    const half = { recording: 'half', service: 'talk' };
    await during(half, async () => {
      // Answered while the caller could go on talking: status and trailers arrive all the same.
      const refused = await callGrpc('chat', [1, 'kim']);
      expect([refused.code, refused.details]).toEqual([12, expect.stringContaining('no answer of talk to POST /shop.Talk/Chat')]);
    });
    await during({ ...half, mode: 'spy' }, async () => {
      expect((await callGrpc('chat', [1, 'new'], [2, 'bye'])).messages).toEqual(['who is there', 'you said new', 'you said bye']);
    });
    await during({ ...half, mode: 'record' }, async ({ id }) => {
      await callGrpc('chat', [1, 'new'], [2, 'bye']);
      await eventually(async () => expect((await see(id)).answers).toBe(2));
      const before = asked;
      expect((await callGrpc('chat', [1, 'new'], [2, 'bye'])).messages).toEqual(['who is there', 'you said new', 'you said bye']);
      expect([asked, (await see(id)).hits.exact]).toEqual([before, 1]);
    });
  });
});

describe('a WebSocket', () => {
  test('is opened as it was recorded, and answered frame by frame', async () => {
    const before = asked;
    await during({ service: 'room' }, async ({ id }) => {
      const { socket, headers, messages, closed } = await openSocket('/room?at=2031-12-31', ['other', 'shop.v1']);
      expect([socket.protocol, headers['x-room']]).toEqual(['shop.v1', '7']);
      expect(headers['x-drydock-simulated']).toMatch(/^masked; recording=all; exchange=/);
      expect(await messages(1)).toEqual(['welcome']);
      socket.send('{"id":"11111111-2222-4333-8444-555555555555","n":1}');
      expect((await messages(2)).map((one) => (JSON.parse(one) as { part: number }).part)).toEqual([1, 2]);
      socket.send(Buffer.from([1, 2, 255]));
      expect(await messages(1)).toEqual(['ff0201']);
      socket.send('"bye"');
      expect(await closed).toEqual([4001, 'enough']);
      const { hits, recent } = await see(id);
      expect([hits.masked, recent?.[0]?.differs]).toEqual([1, []]);
    });
    expect(asked).toBe(before);
  });

  test('goes on when the client says something else, which is told with the field', async () => {
    await during({ service: 'room' }, async ({ id }) => {
      const { socket, messages } = await openSocket('/room?at=2026-01-01');
      await messages(1);
      socket.send('{"n":2,"id":"x"}');
      expect(await messages(2)).toHaveLength(2);
      socket.close(1000);
      await eventually(async () => {
        const { differs } = (await see(id)).recent![0]!;
        expect(differs).toContain('frame 1 $.n 2, recorded 1');
        expect(differs.at(-1)).toBe('ended after 1 of 3 recorded frames');
      });
      await eventually(async () => expect((await lastExchange('/room')).standIn?.differs).toContain('frame 1 $.n 2, recorded 1'));
    });
  });

  test('comes at recorded times when asked to, whatever the client says', async () => {
    await during({ service: 'room', streams: 'timed', latencyScale: 0.1 }, async () => {
      const { messages, closed } = await openSocket('/room?at=2026-01-01');
      expect(await messages(4)).toEqual(['welcome', expect.any(String), expect.any(String), 'ff0201']);
      expect((await closed)[0]).toBe(4001);
    });
  });

  test('that was refused is refused again; one that was never asked for is a miss, by its mode', async () => {
    await during({ service: 'room' }, async ({ id }) => {
      expect((await openSocket('/nowhere')).status).toBe(404);
      expect((await openSocket('/lobby')).status).toBe(501);
      expect((await see(id)).recentMisses[0]).toMatchObject({ path: '/lobby' });
    });
    await during({ service: 'room', mode: 'spy' }, async () => {
      const { socket, messages } = await openSocket('/lobby');
      expect(await messages(1)).toEqual(['welcome']);
      socket.terminate();
    });
    await during({ service: 'room', mode: 'record' }, async ({ id, answers }) => {
      const talk = async () => {
        const { socket, messages, closed } = await openSocket('/lobby', ['shop.v1']);
        const heard = await messages(1);
        socket.send('{"n":5}');
        heard.push(...(await messages(2)));
        socket.send('"bye"');
        return [...heard, socket.protocol, ...(await closed)];
      };
      const real = await talk();
      await eventually(async () => expect((await see(id)).answers).toBe(answers + 1));
      const before = asked;
      expect(await talk()).toEqual(real);
      expect([asked, (await see(id)).hits.exact]).toEqual([before, 1]);
    });
  });
});
