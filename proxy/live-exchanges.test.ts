import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Exchange, MessagePage } from './api/exchange.schema.ts';
import type { Graph } from './api/observability.schema.ts';
import { streamMessageSchema } from './api/stream.schema.ts';
import { Engine } from './engine.ts';
import { demandOfEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';
import { patienceMs } from './testing/patience.ts';

/* Exchanges that go on for long, through a whole mesh: seen while they are open, with what passes, and replaced by the finished one. */

let home: string;
let engine: Engine | null;
let app: Server;
let sockets: WebSocketServer;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-live-'));
  app = http.createServer((request, response) => {
    if (request.url !== '/events') return void response.end('hello');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: sale\nid: 1\ndata: {"amount":3,"password":"hunter2"}\n\n');
    request.socket.once('close', () => response.end());
  });
  sockets = new WebSocketServer({ server: app, perMessageDeflate: { threshold: 0 } });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(isBinary ? data : `echo ${data}`, { binary: isBinary }));
  });
  await listen(app);
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: live}
spec:
  services:
    - {name: shop, port: 9080, workloads: [{version: v1, address: '127.0.0.1:${(app.address() as AddressInfo).port}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine?.stop();
  sockets.close();
  app.close();
  app.closeAllConnections();
  await rm(home, { recursive: true, force: true });
});

const api = <T>(route: string): Promise<T> => demandOfEngine<T>(engine!.ready().control, 'GET', route);
const list = async (query: string) => (await api<{ exchanges: Exchange[] }>(`/exchanges?reporter=gateway&${query}`)).exchanges;
async function firstOpen(): Promise<Exchange> {
  await expect.poll(() => list('open=true')).toHaveLength(1);
  return (await list('open=true'))[0]!;
}
/** What the live stream says of one exchange. */
async function watch(seen: Exchange[]): Promise<WebSocket> {
  const { control } = engine!.ready();
  const socket = new WebSocket(`${control.url.replace('http', 'ws')}/api/v1/stream`, ['drydock.v1', `bearer.${control.token}`]);
  socket.on('message', (data) => {
    const message = streamMessageSchema.parse(JSON.parse(String(data)));
    if (message.type === 'exchanges') seen.push(...message.exchanges);
  });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ type: 'subscribe', topics: ['exchanges'] }));
  return socket;
}

test('a WebSocket shows up while it is open, with its deflated frames readable, and is replaced when it ends', async () => {
  const { ingress } = engine!.ready();
  const seen: Exchange[] = [];
  const stream = await watch(seen);
  const socket = new WebSocket(`${ingress.replace('http', 'ws')}/chat`, {
    headers: { host: 'shop.localhost' },
    perMessageDeflate: true,
  });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send('{"token":"s3cret-token-value","text":"Ahoy"}');
  socket.send(Buffer.from([1, 2, 3]));
  const open = await firstOpen();
  expect(open).toMatchObject({ open: true, protocol: 'WebSocket', status: 101, source: 'ingress', destination: 'shop' });
  const messages = async () => (await api<MessagePage>(`/exchanges/${open.id}/messages`)).messages;
  await expect.poll(async () => (await messages()).length).toBe(4);
  const [sent, bytes, answered] = await messages();
  expect(sent).toMatchObject({ dir: 'up', kind: 'text', compressed: true });
  expect(sent!.content).toMatch(/^\{"token":"redacted-[0-9a-f]{16}","text":"Ahoy"\}$/);
  expect(bytes).toMatchObject({ dir: 'up', kind: 'binary', content: 'AQID', encoding: 'base64' });
  expect(answered).toMatchObject({ dir: 'down', kind: 'text' });
  expect(answered!.content).not.toContain('s3cret');
  expect((await list('open=false')).map(({ id }) => id)).not.toContain(open.id);
  const { edges, nodes } = await api<Graph>('/graph?window=60s');
  expect(edges).toMatchObject([{ id: 'ingress->default/shop', protocol: 'WebSocket', open: 1, count: 0, mtlsShare: 1 }]);
  expect(nodes.find(({ id }) => id === 'default/shop')).toMatchObject({ health: 'ok' });

  socket.close(1000, 'thanks');
  await expect.poll(async () => (await list('open=false')).map(({ id }) => id)).toContain(open.id);
  expect(await list('open=true')).toEqual([]);
  const page = await api<MessagePage>(`/exchanges/${open.id}/messages`);
  expect(page).toMatchObject({ open: false, dropped: 0 });
  expect(page.messages.at(-1)).toMatchObject({ kind: 'close', closeCode: 1000 });
  const told = () => seen.filter(({ id }) => id === open.id).map((exchange) => exchange.open ?? false);
  await expect.poll(() => told().at(-1)).toBe(false);
  expect(told()[0]).toBe(true);
  stream.close();
});

test('an event stream’s first byte passes at once, and its events are listed while it goes on, without secrets', async () => {
  const { ingress } = engine!.ready();
  const startedAt = performance.now();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http.get(`${ingress}/events`, { headers: { host: 'shop.localhost' }, agent: false }, resolve).once('error', reject);
  });
  const first = await new Promise<string>((resolve) => response.once('data', (chunk) => resolve(String(chunk))));
  expect(performance.now() - startedAt).toBeLessThan(patienceMs);
  expect(first).toContain('hunter2');
  response.on('error', () => undefined);
  const open = await firstOpen();
  const page = await api<MessagePage>(`/exchanges/${open.id}/messages?after=-1`);
  expect(page).toMatchObject({ open: true, total: 1 });
  expect(page.messages[0]!.event).toMatchObject({ event: 'sale', id: '1' });
  expect(page.messages[0]!.summary).toContain('"amount":3');
  expect(JSON.stringify(page)).not.toContain('hunter2');
  expect((await api<MessagePage>(`/exchanges/${open.id}/messages?after=0`)).messages).toEqual([]);
  response.destroy();
  await expect.poll(() => list('open=true')).toEqual([]);
});

test('what still goes on can be kept in a recording, as far as it has come', async () => {
  const { ingress, control } = engine!.ready();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http.get(`${ingress}/events`, { headers: { host: 'shop.localhost' }, agent: false }, resolve).once('error', reject);
  });
  response.on('error', () => undefined).resume();
  const { id } = await firstOpen();
  await expect.poll(async () => (await api<MessagePage>(`/exchanges/${id}/messages`)).total).toBe(1);
  const recording = await demandOfEngine<{ id: string; note: string }>(control, 'POST', '/recordings/from-traffic', {
    exchanges: [{ id }],
  });
  expect(recording.note).toContain('still went on');
  const row = JSON.stringify(await api(`/recordings/${recording.id}/exchanges/${id}`));
  expect(row).toContain('amount');
  expect(row).not.toContain('hunter2');
  response.destroy();
});
