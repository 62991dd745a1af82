import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Replay, replaySchema } from './api/replay.schema.ts';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* Streams through a whole mesh, replayed: server-sent events, WebSockets, gRPC. */

let home: string;
let engine: Engine;
let app: Server;
let sockets: WebSocketServer;
let calls: grpc.Server;
/** What the services say differently the second time. */
let price: number;
let heard: { text: string; at: number }[];

const plainText = (value: string) => Buffer.from(value);
const method = (name: string, responseStream: boolean) => ({
  path: `/shop.Stock/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: plainText,
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: plainText,
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
});
const stock = { Get: method('Get', false), Watch: method('Watch', true) };

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-replay-streams-'));
  price = 3;
  heard = [];
  app = http.createServer(events);
  sockets = new WebSocketServer({ server: app });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      heard.push({ text: String(data), at: performance.now() });
      socket.send(isBinary ? data : JSON.stringify({ echo: String(data), price }), { binary: isBinary });
    });
  });
  await listen(app);
  calls = new grpc.Server();
  calls.addService(stock, {
    Get: (call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) =>
      done(null, `${call.request} costs ${price}`),
    Watch: watch,
  });
  const grpcPort = await new Promise<number>((resolve, reject) =>
    calls.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  const file = path.join(home, 'mesh.yaml');
  const address = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: streams}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${address}'}]}
    - {name: shop, port: 9080, workloads: [{version: v1, address: '${address}'}]}
    - {name: stock, port: 9090, protocol: grpc, workloads: [{version: v1, address: '127.0.0.1:${grpcPort}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine.stop();
  calls.forceShutdown();
  sockets.close();
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

function watch(call: grpc.ServerWritableStream<string, string>): void {
  for (let i = 0; i < 3; i++) call.write(`{"item":"${call.request}","price":${price + i}}`);
  call.end();
}

/** Three prices, then silence: the client is the one who leaves. */
function events(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let i = 0; i < 3; i++)
    response.write(`event: sale\nid: ${i}\ndata: {"price":${price + i},"password":"hunter${price}"}\n\n`);
  request.socket.once('close', () => response.end());
}

const outbound = () => new URL(engine.ready().workloads.find(({ id }) => id.startsWith('web-'))!.outbound);

async function api(method: string, route: string, body?: unknown) {
  return askEngine<Record<string, unknown>>(engine.ready().control, method, route, body);
}
async function record(exchanges: number, traffic: () => Promise<unknown>): Promise<void> {
  const { json } = await api('POST', '/recordings', { name: 'monday' });
  await traffic();
  // The sidecar learns a little later that a client has left.
  const known = async () => ((await api('GET', '/exchanges?reporter=source&open=false')).json.exchanges as unknown[]).length;
  await expect.poll(known).toBe(exchanges);
  await api('POST', `/recordings/${json.id}/stop`);
  heard.length = 0;
}
async function replay(body: Record<string, unknown> = {}): Promise<Replay> {
  const started = await api('POST', '/recordings/monday/replay', { speed: 1, ...body });
  expect(started.status, JSON.stringify(started.json)).toBe(200);
  const route = `/replays/${started.json.id}`;
  await expect.poll(async () => (await api('GET', route)).json.state).toBe('finished');
  return replaySchema.parse((await api('GET', route)).json);
}
const fieldsOf = (run: Replay) => run.differences.flatMap(({ fields }) => fields.map((f) => [f.path, f.recorded, f.replayed]));

test('server-sent events are compared event by event, and as many as were recorded are enough', async () => {
  const at = outbound();
  await record(
    1,
    () =>
      new Promise((resolve) => {
        http.get(
          { host: at.hostname, port: at.port, path: '/events', headers: { host: 'shop:9080' }, agent: false },
          (response) => {
            let text = '';
            response.on('data', (chunk) => {
              text += chunk;
              // Kept open for a while, as a browser does.
              if (text.split('\n\n').length === 4) setTimeout(() => response.destroy(), 300);
            });
            response.on('close', resolve);
          },
        );
      }),
  );
  expect(await replay({ ignore: ['header'] })).toMatchObject({ sent: 1, same: 1, failed: 0 });
  price = 4;
  const run = await replay({ ignore: ['header', 'messages[*].data.password'] });
  expect(fieldsOf(run)).toEqual([
    ['messages[0].data.price', '3', '4'],
    ['messages[1].data.price', '4', '5'],
    ['messages[2].data.price', '5', '6'],
  ]);
  expect(JSON.stringify(run)).not.toContain('hunter');
});

async function talk(): Promise<void> {
  const at = outbound();
  const socket = new WebSocket(`ws://${at.host}/chat`, { headers: { host: 'shop:9080' } });
  await new Promise((resolve) => socket.once('open', resolve));
  for (const text of ['hello', 'again']) {
    socket.send(text);
    await new Promise((resolve) => socket.once('message', resolve));
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  socket.send(Buffer.from([1, 2, 3]));
  await new Promise((resolve) => socket.once('message', resolve));
  socket.close(1000);
  await new Promise((resolve) => socket.once('close', resolve));
}

test('a WebSocket’s messages go up one after the other’s answer, or at their recorded times, and come back compared', async () => {
  await record(1, talk);
  const spanMs = () => heard[2]!.at - heard[0]!.at;
  /** Once more while the machine is late with a message. */
  const replayUntil = async (met: () => boolean, body = {}) => {
    for (let tries = 1; ; tries++) {
      heard.length = 0;
      const run = await replay(body);
      if (met() || tries === 5) return run;
    }
  };
  const lockStep = await replayUntil(() => spanMs() < 200);
  expect(lockStep).toMatchObject({ sent: 1, same: 1, failed: 0, verdict: 'same' });
  expect(heard.map(({ text }) => text)).toEqual(['hello', 'again', '\u0001\u0002\u0003']);
  expect(spanMs()).toBeLessThan(200);
  price = 9;
  const timed = await replayUntil(() => spanMs() > 280, { streams: 'timed' });
  expect(spanMs()).toBeGreaterThan(280);
  expect(fieldsOf(timed)).toEqual([
    ['messages[0].price', '3', '9'],
    ['messages[1].price', '3', '9'],
  ]);
});

test('gRPC calls, unary and streaming, are sent as gRPC and compared message by message, status included', async () => {
  const client = new grpc.Client(`127.0.0.1:${outbound().port}`, grpc.credentials.createInsecure(), {
    'grpc.default_authority': 'stock:9090',
  });
  await record(2, async () => {
    await new Promise((resolve, reject) => {
      const { path: to, requestSerialize, responseDeserialize } = stock.Get;
      client.makeUnaryRequest(to, requestSerialize, responseDeserialize, 'lamp', (error, value) =>
        error ? reject(error) : resolve(value),
      );
    });
    await new Promise((resolve, reject) => {
      const { path: to, requestSerialize, responseDeserialize } = stock.Watch;
      const stream = client.makeServerStreamRequest(to, requestSerialize, responseDeserialize, 'lamp');
      stream.on('data', () => {});
      stream.on('error', reject);
      stream.on('end', resolve);
    });
  });
  client.close();
  expect(await replay()).toMatchObject({ sent: 2, same: 2, failed: 0, verdict: 'same' });
  price = 5;
  expect(fieldsOf(await replay())).toEqual([
    ['messages[0]', 'lamp costs 3', 'lamp costs 5'],
    ['messages[0].price', '3', '5'],
    ['messages[1].price', '4', '6'],
    ['messages[2].price', '5', '7'],
  ]);
});
