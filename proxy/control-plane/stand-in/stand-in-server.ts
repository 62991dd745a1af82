import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { HostPort } from '../../data-plane/snapshot.ts';
import { headerOf, pairsOf, refusal, type StandInPort } from './answer.ts';
import { AppSession, forwardHttp1, forwardHttp2, tunnelUpgrade } from './forward-call.ts';
import { relayWebSocket } from './relay-websocket.ts';
import { converseHttp2, refuseUpgrade, WebSocketAnswers } from './serve-talk.ts';
import { writeHttp1, writeHttp2 } from './write-answer.ts';

export interface StandInServerOptions {
  /** The port speaks HTTP/2 (and gRPC), not HTTP/1.1. */
  http2: boolean;
  port: StandInPort;
  /** Where the service itself listens. */
  app(): HostPort | null;
}

/** Of a request's body; what is longer is not compared. */
const maxBodyBytes = 4 * 1024 * 1024;
const drainMs = 5000;

/** Stands where the service's process would: the callee's sidecar sends its requests here, so that all of the mesh is as ever. */
export class StandInServer {
  readonly address: HostPort;
  readonly #server: http.Server | http2.Http2Server;
  readonly #app: AppSession;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();

  private constructor(server: http.Server | http2.Http2Server, app: AppSession) {
    this.#server = server;
    this.#app = app;
    this.address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('session', (session: http2.ServerHttp2Session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
  }

  static async listen(options: StandInServerOptions): Promise<StandInServer> {
    const app = new AppSession(options.app);
    const server = options.http2 ? createHttp2(options, app) : createHttp1(options);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new StandInServer(server, app);
  }

  /** Takes no more connections, lets calls under way end, and closes five seconds later whatever they do. */
  drain(): void {
    this.#server.close();
    if (this.#server instanceof http.Server) this.#server.closeIdleConnections();
    for (const session of this.#sessions) session.close();
    setTimeout(() => this.close(), drainMs).unref();
  }

  close(): void {
    this.#server.close();
    this.#app.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

// ── HTTP/1.1 ──────────────────────────────────────────────────────────────────────────────────────────────────────
function createHttp1(options: StandInServerOptions): http.Server {
  const server = http.createServer((request, response) => {
    void serveHttp1(options, request, response).catch((error: Error) => response.destroy(error));
  });
  server.keepAliveTimeout = 60_000;
  server.requestTimeout = 0;
  const sockets = new WebSocketAnswers();
  server.on('upgrade', (request: http.IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    serveUpgrade(options, sockets, request, socket, head);
  });
  return server;
}

/** A WebSocket may be stood in for; what else leaves HTTP goes to the service. */
function serveUpgrade(
  options: StandInServerOptions,
  sockets: WebSocketAnswers,
  request: http.IncomingMessage,
  socket: Socket,
  rest: Buffer,
): void {
  const headers = pairsOf(request.rawHeaders);
  const head = { method: request.method ?? 'GET', path: request.url ?? '/', headers };
  const isWebSocket = headerOf(headers, 'upgrade').toLowerCase() === 'websocket';
  const { port } = options;
  const isConcerned = isWebSocket && port.concerns(headers);
  const decided = isConcerned
    ? (port.open(head, 'websocket') ?? port.decide({ ...head, body: Buffer.alloc(0), isCut: false }))
    : { forward: true as const };
  if ('talk' in decided) sockets.answer(request, socket, rest, decided.talk);
  else if (!('forward' in decided)) void refuseUpgrade(request, socket, decided).catch(() => socket.destroy());
  else if ('learn' in decided && decided.learn) relayWebSocket(options.app(), request, socket, rest, decided.learn);
  else tunnelUpgrade(options.app(), request, socket, rest);
}

async function serveHttp1(
  options: StandInServerOptions,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const headers = pairsOf(request.rawHeaders);
  const head = { method: request.method ?? 'GET', path: request.url ?? '/', headers };
  const refuse = (error: Error) =>
    writeHttp1(
      response,
      refusal(head, 503, `The stand-in left this to the service, which cannot be reached: ${error.message}`),
      head.method,
    );
  if (!options.port.concerns(headers)) return forwardHttp1(options.app(), head, [], request, response).catch(refuse);
  const { chunks, isCut } = await readSome(request);
  const decided = options.port.decide({ ...head, body: Buffer.concat(chunks), isCut });
  if (!('forward' in decided)) {
    request.resume();
    return writeHttp1(response, decided, head.method);
  }
  return forwardHttp1(options.app(), head, chunks, isCut ? request : null, response, decided.learn).catch(refuse);
}

// ── HTTP/2 ────────────────────────────────────────────────────────────────────────────────────────────────────────
function createHttp2(options: StandInServerOptions, app: AppSession): http2.Http2Server {
  const server = http2.createServer();
  server.on('stream', (stream, headers, _flags, raw) => {
    stream.on('error', ignoreReset);
    void serveHttp2(options, app, stream, headers, pairsOf(raw as unknown as string[])).catch((error: Error) =>
      stream.destroy(error),
    );
  });
  server.on('sessionError', ignoreReset);
  return server;
}

/** The caller went away: its stream has ended, nothing else has happened. */
const ignoreReset = (): void => undefined;

async function serveHttp2(
  options: StandInServerOptions,
  app: AppSession,
  stream: http2.ServerHttp2Stream,
  special: http2.IncomingHttpHeaders,
  raw: [string, string][],
): Promise<void> {
  const pairs = raw.filter(([name]) => !name.startsWith(':'));
  if (!pairs.some(([name]) => name === 'host')) pairs.unshift(['host', special[':authority'] ?? '']);
  const head = { method: special[':method'] ?? 'GET', path: special[':path'] ?? '/', headers: pairs };
  const refuse = (error: Error) =>
    writeHttp2(
      stream,
      refusal(head, 503, `The stand-in left this to the service, which cannot be reached: ${error.message}`),
      head.method,
    );
  const { port } = options;
  if (!port.concerns(pairs)) return forwardHttp2(app, head, [], stream, stream).catch(refuse);
  // Both sides of a gRPC call may wait for each other: what can be decided by its head is.
  const opened = headerOf(pairs, 'content-type').startsWith('application/grpc') ? port.open(head, 'grpc') : null;
  if (opened !== null && 'talk' in opened) return converseHttp2(stream, opened.talk);
  const { chunks, isCut } = opened === null ? await readSome(stream) : { chunks: [], isCut: true };
  const decided = opened ?? port.decide({ ...head, body: Buffer.concat(chunks), isCut });
  if (!('forward' in decided)) {
    stream.resume();
    return writeHttp2(stream, decided, head.method);
  }
  return forwardHttp2(app, head, chunks, isCut ? stream : null, stream, decided.learn).catch(refuse);
}

// ── both ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The whole body, or its first four mebibytes with the rest left unread. Rejects when the caller leaves. */
function readSome(stream: NodeJS.ReadableStream & { destroyed?: boolean }): Promise<{ chunks: Buffer[]; isCut: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (isCut: boolean) => {
      stream.removeListener('data', take);
      stream.removeListener('close', left);
      resolve({ chunks, isCut });
    };
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) return;
      stream.pause();
      settle(true);
    };
    const left = () => reject(new Error('the caller left'));
    stream.on('data', take);
    stream.once('end', () => settle(false));
    stream.once('error', reject);
    stream.once('close', left);
  });
}
