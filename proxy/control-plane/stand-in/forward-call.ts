import http from 'node:http';
import http2 from 'node:http2';
import net, { type Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import type { HostPort } from '../../data-plane/snapshot.ts';
import type { Turn } from '../../recorder/conversation/conversation.ts';
import type { GrpcReader } from '../../shared/grpc-message.ts';
import { readInflated } from '../grpc-frames.ts';
import { framing, headerOf, type Learn, pairsOf } from './answer.ts';

/* Calls that a simulation leaves to the service itself. Bodies pass as they come; an answer is kept only where it is to be learned. */

interface Head {
  method: string;
  path: string;
  headers: readonly (readonly [string, string])[];
}

/** An answer that is longer is passed on and not learned. */
const maxLearnedBytes = 4 * 1024 * 1024;
/** What says of itself that it was simulated and came from the service, was not. */
const ownHeader = 'x-drydock-simulated';

/** `read` is what has been taken from the request's body already, `rest` what follows it. Rejects when the service cannot be reached. */
export function forwardHttp1(
  app: HostPort | null,
  { method, path, headers }: Head,
  read: readonly Buffer[],
  rest: Readable | null,
  response: http.ServerResponse,
  learn?: Learn,
): Promise<void> {
  if (app === null) return Promise.reject(new Error('it has no address'));
  return new Promise((resolve, reject) => {
    const sent = headers.filter(([name]) => !framing.has(name) || (rest !== null && name === 'content-length'));
    const hasBody = read.length > 0 || headers.some(([name]) => name === 'content-length' || name === 'transfer-encoding');
    if (rest === null && hasBody) sent.push(['content-length', String(read.reduce((sum, { length }) => sum + length, 0))]);
    else if (rest !== null && headers.some(([name]) => name === 'transfer-encoding')) sent.push(['transfer-encoding', 'chunked']);
    const options = { host: app.host, port: app.port, method, path, headers: sent.flat(), setHost: false, agent: false as const };
    const request = http.request(options, (answer) => {
      const pairs = pairsOf(answer.rawHeaders).filter(([name]) => name !== ownHeader);
      const kept = learn && new Keeper(answer, learn);
      kept?.head(answer.statusCode ?? 502, pairs);
      response.writeHead(answer.statusCode ?? 502, pairs.filter(([name]) => !connectionOnly.has(name)).flat());
      answer.on('data', (chunk: Buffer) => kept?.add(chunk));
      answer.once('end', () => {
        if (answer.rawTrailers.length > 0) response.addTrailers(pairsOf(answer.rawTrailers));
        kept?.end(pairsOf(answer.rawTrailers));
      });
      pipeline(answer, response, () => resolve());
    });
    request.once('error', (error) => (response.headersSent ? resolve() : reject(error)));
    response.once('close', () => request.destroy());
    for (const chunk of read) request.write(chunk);
    if (rest === null) request.end();
    else pipeline(rest, request, (error) => error && request.destroy(error));
  });
}

const connectionOnly = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade']);

/** One connection to a service that speaks HTTP/2, made when it is first needed. */
export class AppSession {
  readonly #app: () => HostPort | null;
  #session: http2.ClientHttp2Session | null = null;
  #authority = '';

  constructor(app: () => HostPort | null) {
    this.#app = app;
  }

  /** Null: the service has no address. A session that cannot connect fails its streams. */
  get(): http2.ClientHttp2Session | null {
    const app = this.#app();
    if (app === null) return null;
    const authority = `http://${app.host}:${app.port}`;
    if (this.#session && !this.#session.closed && !this.#session.destroyed && authority === this.#authority) return this.#session;
    this.#session?.close();
    this.#authority = authority;
    this.#session = http2.connect(authority);
    // Its streams are told themselves.
    this.#session.on('error', () => undefined);
    return this.#session;
  }

  close(): void {
    this.#session?.destroy();
  }
}

export function forwardHttp2(
  app: AppSession,
  { method, path, headers }: Head,
  read: readonly Buffer[],
  rest: Readable | null,
  out: http2.ServerHttp2Stream,
  learn?: Learn,
): Promise<void> {
  const session = app.get();
  if (session === null) return Promise.reject(new Error('it has no address'));
  return new Promise((resolve, reject) => {
    const sent: http2.OutgoingHttpHeaders = { ':method': method, ':path': path, ':scheme': 'http' };
    for (const [name, value] of headers) {
      if (name === 'host') sent[':authority'] = value;
      else if (!framing.has(name) || name === 'te' || name === 'content-length') sent[name] = joined(sent[name], value);
    }
    const request = session.request(sent, { endStream: false });
    const kept = learn && new Keeper(request, learn);
    if (learn && headerOf(headers, 'content-type').startsWith('application/grpc')) kept?.listen(read, rest);
    request.once('response', (answer) => {
      const { ':status': status = 502, ...others } = answer;
      delete others[ownHeader];
      kept?.head(status, flat(others));
      out.respond({ ':status': status, ...others }, { waitForTrailers: true });
      let trailers: http2.IncomingHttpHeaders = {};
      request.once('trailers', (given) => {
        trailers = given;
      });
      out.once('wantTrailers', () => (Object.keys(trailers).length > 0 ? out.sendTrailers(trailers) : out.close()));
      request.on('data', (chunk: Buffer) => kept?.add(chunk));
      request.once('end', () => kept?.end(flat(trailers)));
      pipeline(request, out, () => resolve());
    });
    request.once('error', (error) => (out.headersSent ? resolve() : reject(error)));
    out.once('close', () => request.close());
    for (const chunk of read) request.write(chunk);
    if (rest === null) request.end();
    else pipeline(rest, request, (error) => error && request.close());
  });
}

function joined(before: http2.OutgoingHttpHeaders[string], value: string): string | string[] {
  return before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
}

function flat(headers: http2.IncomingHttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one): [string, string] => [name, one]),
  );
}

/** An answer that passes, remembered until it is whole; given up when it is long or does not end. */
class Keeper {
  readonly #learn: Learn;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: readonly (readonly [string, string])[] = [];
  /** Of gRPC. */
  #turns: Turn[] | null = null;
  #down: GrpcReader | null = null;
  readonly #startedAt = performance.now();

  constructor(answer: Readable, learn: Learn) {
    this.#learn = learn;
    answer.once('aborted', () => {
      this.#bytes = Number.POSITIVE_INFINITY;
    });
  }

  head(status: number, headers: readonly (readonly [string, string])[]): void {
    this.#status = status;
    this.#headers = headers;
  }

  /** What both sides say is kept in its order too. `rest` is listened to beside whoever sends it on. */
  listen(read: readonly Buffer[], rest: Readable | null): void {
    this.#turns = [];
    const up = readInflated((data) => this.#turn('up', 'message', data));
    this.#down = readInflated((data) => this.#turn('down', 'message', data));
    for (const chunk of read) up.add(chunk);
    if (rest === null) this.#turn('up', 'end');
    rest?.on('data', (chunk: Buffer) => up.add(chunk));
    rest?.once('end', () => this.#turn('up', 'end'));
  }

  #turn(dir: Turn['dir'], kind: 'message' | 'end', data: Uint8Array = new Uint8Array(0)): void {
    if (this.#bytes > maxLearnedBytes || this.#turns === null) return;
    // A client's messages count too, so that an endless upload is given up.
    if (dir === 'up') this.#bytes += data.length;
    this.#turns.push({ dir, kind, data: Buffer.from(data), offsetMs: performance.now() - this.#startedAt, isCut: false });
  }

  add(chunk: Buffer): void {
    this.#down?.add(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes <= maxLearnedBytes) this.#chunks.push(chunk);
    else this.#chunks.length = 0;
  }

  end(trailers: readonly (readonly [string, string])[]): void {
    if (this.#bytes > maxLearnedBytes) return;
    const body = Buffer.concat(this.#chunks);
    this.#turn('down', 'end');
    const answer = { status: this.#status, headers: this.#headers, trailers, body, delayMs: 0, pieces: null, fault: null };
    this.#learn(answer, this.#turns ?? undefined);
  }
}

/** A WebSocket, or whatever else leaves HTTP behind: the service's own, byte by byte. */
export function tunnelUpgrade(app: HostPort | null, request: http.IncomingMessage, socket: Socket, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  const refuse = () => socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  if (app === null) {
    refuse();
    return;
  }
  let isConnected = false;
  const upstream = net.connect(app.port, app.host, () => {
    isConnected = true;
    const lines = pairsOf(request.rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });
  upstream.once('error', () => (isConnected ? socket.destroy() : refuse()));
  upstream.once('close', () => isConnected && socket.destroy());
  socket.once('close', () => upstream.destroy());
}
