import type http from 'node:http';
import { WebSocket } from 'ws';
import type { StreamMessage } from '../../recorder/replay/call.ts';
import { messageOf } from '../../shared/message-of.ts';
import { isSendableCode } from '../close-code.ts';
import { ScriptPlayer } from './script-player.ts';
import { failure, headersOf, type Prepared, pairs, timeoutMs, type WireAnswer, type WireCall, type WireMessage } from './wire.ts';

/** One WebSocket: opened, its messages sent as the script says, closed when both sides said what they had said. */
export function prepareWebSocket(call: WireCall): Prepared {
  let settle: (answer: WireAnswer) => void = () => {};
  const answer = new Promise<WireAnswer>((resolve) => {
    settle = resolve;
  });
  let socket: WebSocket | null = null;
  const start = () => {
    const startedAt = performance.now();
    const messages: WireMessage[] = [];
    const told = (kind: WireMessage['kind'], data: Buffer, closeCode?: number) =>
      messages.push({
        dir: 'down',
        kind,
        data: new Uint8Array(data),
        offsetMs: performance.now() - startedAt,
        ...(closeCode === undefined ? {} : { closeCode }),
      });
    const opened = open(call);
    socket = opened;
    const script = call.script!;
    const player = new ScriptPlayer(
      script,
      (message) => passUp(opened, message),
      () => closeWhenOver(),
    );
    const closeWhenOver = () => {
      if (player.isOver && opened.readyState === WebSocket.OPEN) opened.close(1000);
    };
    const timer = setTimeout(() => opened.terminate(), script.endAfterMs);
    let [status, headers, error] = [0, [] as [string, string][], ''];
    opened.on('upgrade', (response) => {
      status = response.statusCode ?? 0;
      headers = pairs(response.rawHeaders);
    });
    opened.on('unexpected-response', (request, response) => {
      status = response.statusCode ?? 0;
      headers = pairs(response.rawHeaders);
      request.destroy();
    });
    opened.on('open', () => player.start());
    opened.on('message', (data: Buffer, isBinary) => {
      told(isBinary ? 'binary' : 'text', data);
      player.received();
      closeWhenOver();
    });
    opened.on('error', (reason: NodeJS.ErrnoException) => {
      error = reason.code ?? reason.message;
    });
    opened.on('close', (code, reason) => {
      clearTimeout(timer);
      player.stop();
      if (status === 101) told('close', reason, code);
      const durationMs = performance.now() - startedAt;
      settle({
        status,
        headers,
        messages: status === 101 ? messages : null,
        body: new Uint8Array(0),
        trailers: [],
        durationMs,
        error: status === 0 ? error || 'closed' : '',
        lagMs: null,
      });
    });
  };
  return {
    start: () => {
      try {
        start();
      } catch (error) {
        settle(failure(messageOf(error), 0));
      }
    },
    answer,
    cancel: () => {
      if (socket === null) settle(failure('cancelled', 0));
      else socket.terminate();
    },
  };
}

function open(call: WireCall): WebSocket {
  const own = headersOf(call);
  const protocols = own.flatMap(([name, value]) =>
    name.toLowerCase() === 'sec-websocket-protocol' ? value.split(/\s*,\s*/) : [],
  );
  const headers: http.OutgoingHttpHeaders = { host: call.authority };
  for (const [name, value] of own) if (!name.toLowerCase().startsWith('sec-websocket-')) headers[name] = value;
  const host = call.host.includes(':') ? `[${call.host}]` : call.host;
  return new WebSocket(`ws://${host}:${call.port}${call.path}`, protocols, { headers, handshakeTimeout: timeoutMs });
}

function passUp(socket: WebSocket, { kind, data, closeCode }: StreamMessage): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (kind === 'ping') socket.ping(data);
  else if (kind === 'close')
    socket.close(
      closeCode !== undefined && isSendableCode(closeCode) ? closeCode : undefined,
      closeCode === undefined ? undefined : Buffer.from(data),
    );
  else socket.send(data, { binary: kind === 'binary' });
}
