import http, { type IncomingMessage } from 'node:http';
import type http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isSendableCode } from '../close-code.ts';
import { frame, readInflated } from '../grpc-frames.ts';
import { framing, headerOf, type StandInAnswer, type StandInTalk } from './answer.ts';
import { toHeaderValue, toHttp2Headers, writeHttp1 } from './write-answer.ts';

/* Conversations on the wire: gRPC over HTTP/2, and WebSockets. Each message goes out when the recording says, not when the request has ended. */

const maxFrameBytes = 16 * 1024 * 1024;

/** Answers a gRPC call message by message. */
export function converseHttp2(stream: http2.ServerHttp2Stream, talk: StandInTalk): void {
  const messages = readInflated((data) => talk.heard(Buffer.from(data)));
  const respond = (endStream: boolean) => {
    if (stream.headersSent || stream.destroyed) return;
    stream.respond({ ':status': talk.status, ...toHttp2Headers(talk.headers) }, { waitForTrailers: !endStream, endStream });
  };
  stream.once('wantTrailers', () => {
    if (talk.trailers.length > 0) stream.sendTrailers(toHttp2Headers(talk.trailers));
    else stream.close();
  });
  stream.on('data', (chunk: Buffer) => messages.add(chunk));
  stream.once('end', () => talk.ended());
  stream.once('close', () => talk.left());
  // Some clients wait for the head before they say anything.
  if (!talk.isHeadOnly) respond(false);
  talk.play(({ kind, data }) => {
    if (stream.destroyed) return;
    if (kind !== 'end') {
      respond(false);
      stream.write(frame(data));
    } else if (!stream.headersSent) respond(talk.isHeadOnly);
    if (kind === 'end' && !stream.writableEnded) stream.end();
  });
}

/** Answers WebSockets' handshakes and plays what follows. */
export class WebSocketAnswers {
  readonly #talks = new WeakMap<IncomingMessage, StandInTalk>();
  readonly #server: WebSocketServer;

  constructor() {
    this.#server = new WebSocketServer({
      ...{ noServer: true, perMessageDeflate: false, clientTracking: false, maxPayload: maxFrameBytes },
      handleProtocols: (offered, request) => {
        const recorded = headerOf(this.#talks.get(request)?.headers ?? [], 'sec-websocket-protocol');
        return offered.has(recorded) ? recorded : false;
      },
    });
    this.#server.on('headers', (lines, request) => {
      for (const [name, value] of this.#talks.get(request)?.headers ?? [])
        if (!framing.has(name) && !name.startsWith('sec-websocket-')) lines.push(`${name}: ${toHeaderValue(value)}`);
    });
  }

  answer(request: IncomingMessage, socket: Duplex, head: Buffer, talk: StandInTalk): void {
    this.#talks.set(request, talk);
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      // It ends by `close`, whatever went wrong.
      opened.on('error', () => undefined);
      opened.on('message', (data: Buffer) => talk.heard(data));
      opened.on('close', (code) => {
        // 1006: it did not say that it ends.
        if (code !== 1006) talk.ended();
        talk.left();
      });
      talk.play(({ kind, data, closeCode }) => {
        if (opened.readyState !== opened.OPEN) return;
        if (kind === 'end') closeWith(opened, closeCode, data);
        else if (kind === 'ping') opened.ping(data);
        else opened.send(data, { binary: kind === 'binary' });
      });
    });
  }
}

function closeWith(socket: WebSocket, code: number | undefined, reason: Buffer): void {
  if (code !== undefined && isSendableCode(code)) socket.close(code, reason);
  else socket.close();
}

/** An answer to a handshake that is none: the connection is over after it. */
export async function refuseUpgrade(request: IncomingMessage, socket: Duplex, answer: StandInAnswer): Promise<void> {
  const response = new http.ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as never);
  response.once('finish', () => socket.end());
  await writeHttp1(response, answer, request.method ?? 'GET');
}
