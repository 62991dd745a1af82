import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { HostPort } from '../../data-plane/snapshot.ts';
import type { Turn } from '../../recorder/conversation/conversation.ts';
import { isSendableCode } from '../close-code.ts';
import { type Learn, pairsOf, plain } from './answer.ts';
import { refuseUpgrade } from './serve-talk.ts';

const maxTurns = 10_000;
const maxBytes = 4 * 1024 * 1024;
const handshakeMs = 15_000;

/** Passes a WebSocket to the service message by message, so that what both said can be remembered; `learn` gets it when it is over. */
export function relayWebSocket(app: HostPort | null, request: IncomingMessage, socket: Duplex, rest: Buffer, learn: Learn): void {
  const fail = (words: string): void => {
    void refuseUpgrade(
      request,
      socket,
      plain(503, `The stand-in left this to the service, which cannot be reached: ${words}\n`),
    ).catch(() => socket.destroy());
  };
  if (app === null) {
    fail('it has no address');
    return;
  }
  const upstream = dial(app, request);
  let headers: [string, string][] = [];
  let isSettled = false;
  upstream.once('upgrade', (response) => {
    headers = pairsOf(response.rawHeaders).filter(
      ([name]) => !/^(connection|upgrade|sec-websocket-(accept|extensions))$/.test(name),
    );
  });
  upstream.once('unexpected-response', (own, response) => {
    isSettled = true;
    own.destroy();
    const answer = { ...plain(response.statusCode ?? 502, ''), headers: pairsOf(response.rawHeaders) };
    void refuseUpgrade(request, socket, answer).catch(() => socket.destroy());
  });
  upstream.on('error', (error) => {
    if (!isSettled) fail(error.message);
    isSettled = true;
  });
  upstream.once('open', () => {
    isSettled = true;
    const server = new WebSocketServer({
      ...{ noServer: true, perMessageDeflate: false, clientTracking: false },
      handleProtocols: () => (upstream.protocol === '' ? false : upstream.protocol),
    });
    server.on('headers', (lines) => {
      for (const [name, value] of headers) if (!name.startsWith('sec-websocket-')) lines.push(`${name}: ${value}`);
    });
    const over = (turns: Turn[]) => learn({ ...plain(101, ''), headers }, turns);
    server.handleUpgrade(request, socket, rest, (caller) => relay(caller, upstream, over));
  });
  socket.once('close', () => upstream.terminate());
}

function dial(app: HostPort, request: IncomingMessage): WebSocket {
  const headers = pairsOf(request.rawHeaders);
  const protocols = headers.flatMap(([name, value]) => (name === 'sec-websocket-protocol' ? value.split(/\s*,\s*/) : []));
  const sent = Object.fromEntries(headers.filter(([name]) => !/^(connection|upgrade|sec-websocket-.*)$/.test(name)));
  const host = app.host.includes(':') ? `[${app.host}]` : app.host;
  const options = { headers: sent, perMessageDeflate: false, handshakeTimeout: handshakeMs };
  return new WebSocket(`ws://${host}:${app.port}${request.url ?? '/'}`, protocols, options);
}

/** Both directions until both have ended. */
function relay(caller: WebSocket, upstream: WebSocket, over: (turns: Turn[]) => void): void {
  const turns: Turn[] = [];
  const startedAt = performance.now();
  let bytes = 0;
  let closed = 0;
  const keep = (dir: Turn['dir'], kind: Turn['kind'], data: Buffer, closeCode?: number) => {
    bytes += data.length;
    const offsetMs = performance.now() - startedAt;
    if (bytes <= maxBytes && turns.length < maxTurns)
      turns.push({ dir, kind, data, offsetMs, isCut: false, ...(closeCode === undefined ? {} : { closeCode }) });
  };
  const pass = (from: WebSocket, to: WebSocket, dir: Turn['dir']) => {
    from.on('error', () => undefined);
    from.on('message', (data: RawData, binary) => {
      const message = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
      keep(dir, binary ? 'binary' : 'text', message);
      if (to.readyState === WebSocket.OPEN) to.send(message, { binary });
    });
    from.on('close', (code, reason) => {
      if (code !== 1006) keep(dir, 'end', reason, code);
      if (isSendableCode(code)) to.close(code, reason);
      else if (code === 1005) to.close();
      else to.terminate();
      if (++closed === 2 && bytes <= maxBytes && turns.length < maxTurns) over(turns);
    });
  };
  pass(upstream, caller, 'down');
  pass(caller, upstream, 'up');
}
