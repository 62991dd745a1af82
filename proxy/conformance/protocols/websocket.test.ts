import http from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../../testing/listen.ts';
import { patienceMs } from '../../testing/patience.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, poll, RawClient } from './kit.ts';

/* WebSocket with the real library at both ends, through the ingress (two hops) and through an app's own sidecar (two hops). */

let mesh: TestMesh;
let app: http.Server;
let wss: WebSocketServer;
/** The newest upgraded connection at the app. */
let accepted: { socket: WebSocket; raw: Duplex; closeCode: number; closed: boolean; headers: http.IncomingHttpHeaders } | null =
  null;
const sockets = new Set<Socket>();
let badAcceptClosed = false;

beforeAll(async () => {
  app = http.createServer((_request, response) => response.end('plain'));
  wss = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false) });
  app.on('upgrade', (request: http.IncomingMessage, socket, head) => {
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 6\r\nx-why: origin\r\n\r\nnot so');
      return;
    }
    if (request.url === '/bad-accept') {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: no\r\n\r\n',
      );
      socket.on('end', () => (badAcceptClosed = true)).resume();
      return;
    }
    if (request.url === '/hangs-up') {
      socket.destroy();
      return;
    }
    if (request.url === '/talkative') {
      // Bytes of the first frame leave together with the 101.
      const key = String(request.headers['sec-websocket-key']);
      void import('node:crypto').then(({ createHash }) => {
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        const headText = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`;
        socket.write(Buffer.concat([Buffer.from(headText), Buffer.from([0x81, 5]), Buffer.from('first')]));
      });
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      const entry = { socket: ws, raw: socket, closeCode: 0, closed: false, headers: request.headers };
      accepted = entry;
      ws.on('message', (data, isBinary) => ws.send(isBinary ? data : `echo:${String(data)}`, { binary: isBinary }));
      ws.on('close', (code) => {
        entry.closeCode = code;
        entry.closed = true;
      });
      ws.on('error', () => undefined);
    });
  });
  app.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(app);
  const service = (name: string) => ({ name, port: 8000, workloads: [{ address: `127.0.0.1:${port}` }] });
  mesh = await startMesh(meshText({ services: [service('caller'), service('chat')] }, []));
});
afterAll(async () => {
  await mesh?.close();
  wss?.close();
  app?.close();
  for (const socket of sockets) socket.destroy();
});

const ways = [
  ['the ingress', () => mesh.ingress().port, 'chat.localhost', 'gateway'],
  ['an app’s sidecar', () => mesh.outbound('caller-x-0').port, 'chat:8000', 'source'],
] as const;

function open(port: number, host: string, path: string, protocol?: string): WebSocket {
  const options = { headers: { host }, perMessageDeflate: false };
  const ws =
    protocol === undefined
      ? new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
      : new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol, options);
  ws.on('error', () => undefined);
  return ws;
}
const opened = (ws: WebSocket) => new Promise<void>((resolve, reject) => ws.once('open', resolve).once('error', reject));
const message = (ws: WebSocket) =>
  new Promise<{ data: Buffer; isBinary: boolean }>((resolve) =>
    ws.once('message', (data, isBinary) => resolve({ data: data as Buffer, isBinary })),
  );
const closed = (ws: WebSocket) => new Promise<number>((resolve) => ws.once('close', (code) => resolve(code)));

for (const [way, portOfWay, host, reporter] of ways) {
  describe(`WebSocket through ${way}`, () => {
    test('text and binary both ways, subprotocol, close code from the client', async () => {
      const path = `/both-${reporter}`;
      const ws = open(portOfWay(), host, path, 'chat');
      await opened(ws);
      expect(ws.protocol).toBe('chat');
      ws.send('hello');
      expect(String((await message(ws)).data)).toBe('echo:hello');
      const binary = Buffer.alloc(300_000, 7);
      ws.send(binary);
      const back = await message(ws);
      expect(back.isBinary && back.data.equals(binary)).toBe(true);
      accepted!.socket.send('unasked');
      expect(String((await message(ws)).data)).toBe('unasked');
      ws.close(4001, 'done');
      expect(await closed(ws)).toBe(4001);
      expect(
        await poll(
          () => accepted!.closeCode,
          (code) => code !== 0,
        ),
      ).toBe(4001);
      const records = await exchangesOf(mesh, `path=${path}`, 2);
      expect(records.map((record) => record.reporter).sort()).toEqual(['destination', reporter].sort());
      for (const record of records) {
        expect(record).toMatchObject({ status: 101, protocol: 'WebSocket', mtls: true });
        expect(record.decision!.notes).toContain('WebSocket: 1 text, 1 binary, close 4001 up; 2 text, 1 binary, close 4001 down');
        expect(record.requestBytes).toBeGreaterThan(300_000);
        expect(record.responseBytes).toBeGreaterThan(300_000);
      }
    });

    test('close code from the app', async () => {
      const ws = open(portOfWay(), host, '/close');
      await opened(ws);
      accepted!.socket.close(1012, 'restart');
      expect(await closed(ws)).toBe(1012);
    });

    test('a refused upgrade is relayed as it is', async () => {
      const ws = open(portOfWay(), host, '/refused');
      const response = await new Promise<http.IncomingMessage>((resolve) =>
        ws.once('unexpected-response', (_request, answer) => resolve(answer)),
      );
      expect([response.statusCode, response.headers['x-why']]).toEqual([403, 'origin']);
      let text = '';
      for await (const chunk of response) text += chunk;
      expect(text).toBe('not so');
    });

    test('bytes right behind the 101 come first', async () => {
      const ws = open(portOfWay(), host, '/talkative');
      expect(String((await message(ws)).data)).toBe('first');
      ws.terminate();
    });

    test('a reset on one side closes the other within a second', async () => {
      const ws = open(portOfWay(), host, '/reset');
      await opened(ws);
      let startedAt = performance.now();
      const end = closed(ws);
      (accepted!.raw as Socket).resetAndDestroy();
      expect(await end).toBe(1006);
      expect(performance.now() - startedAt).toBeLessThan(patienceMs);

      const other = open(portOfWay(), host, '/reset');
      await opened(other);
      const entry = accepted!;
      startedAt = performance.now();
      other.terminate();
      await poll(() => entry.closed, Boolean);
      expect(entry.closed).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(patienceMs);
    });
  });
}

describe('upgrades', () => {
  test('a handshake the app does not understand is answered by the app, not by us', async () => {
    const client = new RawClient(mesh.outbound('caller-x-0').port);
    client.socket.write(
      'GET /bad HTTP/1.1\r\nhost: chat:8000\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 8\r\n\r\n',
    );
    await client.until(({ text }) => /^HTTP\/1\.1 4\d\d/.test(text));
    client.socket.destroy();
  });

  test('68 a key that is no key is the app’s to refuse: its 400 is relayed', async () => {
    const client = new RawClient(mesh.outbound('caller-x-0').port);
    client.socket.write(
      'GET /key HTTP/1.1\r\nhost: chat:8000\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: short\r\n\r\n',
    );
    await client.until(({ text }) => text.startsWith('HTTP/1.1 400'));
    client.socket.destroy();
  });

  test('68 a 101 with a wrong Accept passes, as Envoy passes it; the client refuses it and the app’s side is closed', async () => {
    const ws = open(mesh.outbound('caller-x-0').port, 'chat:8000', '/bad-accept');
    const error = await new Promise<Error>((resolve) => ws.once('error', resolve));
    expect(error.message).toContain('Sec-WebSocket-Accept');
    expect(await poll(() => badAcceptClosed, Boolean)).toBe(true);
  });

  test('67 an app that hangs up instead of answering is a 503 UC', async () => {
    const ws = open(mesh.outbound('caller-x-0').port, 'chat:8000', '/hangs-up');
    const status = await new Promise((resolve) =>
      ws.once('unexpected-response', (_request, answer) => resolve(answer.statusCode)),
    );
    expect(status).toBe(503);
    const records = await exchangesOf(mesh, 'path=/hangs-up&reporter=destination', 1);
    expect(records[0]!.flags).toMatch(/UC/);
  });

  test('any other upgrade is 403, and the app never sees it', async () => {
    const client = new RawClient(mesh.outbound('caller-x-0').port);
    client.socket.write('GET /other HTTP/1.1\r\nhost: chat:8000\r\nupgrade: spdy/3\r\nconnection: upgrade\r\n\r\n');
    await client.until(({ text }) => text.startsWith('HTTP/1.1 403'));
    client.socket.destroy();
  });

  test('what is not UTF-8 passes as it came: the bytes are the apps’ affair', async () => {
    const ws = open(mesh.outbound('caller-x-0').port, 'chat:8000', '/bytes');
    await opened(ws);
    const raw = (ws as unknown as { _socket: Socket })._socket;
    // A masked text frame (mask 0) with an invalid byte: the app closes with 1007.
    raw.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
    expect(await closed(ws)).toBe(1007);
  });
});
