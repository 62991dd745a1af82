import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostPort } from '../data-plane/snapshot.ts';

/** An answer to write: as recorded, without framing and connection headers. */
export interface StandInAnswer {
  status: number;
  headers: readonly (readonly [string, string])[];
  body: Buffer;
  /** Milliseconds before it is sent. */
  delayMs: number;
}

export interface StandInCall {
  method: string;
  path: string;
  /** Lower-case names. */
  headers: [string, string][];
  body: Buffer;
}

export interface StandInServerOptions {
  /** What to do with a request: answer it, or pass it on. `learn` gets the service's own answer. */
  decide(call: StandInCall): StandInAnswer | { forward: true; learn?: (answer: StandInAnswer) => void };
  /** Where the service itself listens. */
  app(): HostPort | null;
}

const maxBodyBytes = 4 * 1024 * 1024;
const framing = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'te', 'proxy-connection']);

/** Stands where the service's process would: the callee's sidecar sends its requests here, so that all of the mesh is as ever. */
export class StandInServer {
  readonly address: HostPort;
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
    this.address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }

  static async listen(options: StandInServerOptions): Promise<StandInServer> {
    const server = http.createServer((request, response) => void serve(options, request, response));
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new StandInServer(server);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

async function serve(options: StandInServerOptions, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  try {
    const call: StandInCall = {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: pairsOf(request.rawHeaders),
      body: await readBody(request),
    };
    const decided = options.decide(call);
    const answer = 'forward' in decided ? await forward(options.app(), call) : decided;
    if ('forward' in decided) decided.learn?.(answer);
    if (answer.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    write(response, answer, call.method);
  } catch (error) {
    write(response, plain(502, `The service behind the stand-in: ${(error as Error).message}\n`), request.method ?? '');
  }
}

export const plain = (status: number, text: string): StandInAnswer => ({
  ...{ status, headers: [['content-type', 'text/plain; charset=utf-8']], body: Buffer.from(text), delayMs: 0 },
});

function write(response: http.ServerResponse, answer: StandInAnswer, method: string): void {
  if (response.destroyed) return;
  const headers = answer.headers.filter(([name]) => !framing.has(name) && !name.startsWith(':'));
  if (method !== 'HEAD' && answer.status !== 204 && answer.status !== 304)
    headers.push(['content-length', String(answer.body.length)]);
  response.writeHead(answer.status, headers.flat());
  response.end(method === 'HEAD' ? undefined : answer.body);
}

function readBody(stream: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) reject(new Error(`a body of more than ${maxBodyBytes} bytes is not looked at`));
      else chunks.push(chunk);
    });
    stream.on('end', () => resolve(Buffer.concat(chunks)));
    stream.on('error', reject);
  });
}

/** The service's own answer; rejects when it cannot be had. */
async function forward(app: HostPort | null, call: StandInCall): Promise<StandInAnswer> {
  if (app === null) throw new Error('it has no address');
  return new Promise((resolve, reject) => {
    const headers = call.headers.filter(([name]) => !framing.has(name));
    if (call.body.length > 0) headers.push(['content-length', String(call.body.length)]);
    const request = http.request(
      {
        host: app.host,
        port: app.port,
        method: call.method,
        path: call.path,
        headers: headers.flat(),
        setHost: false,
        agent: false,
      },
      (response) => {
        readBody(response).then(
          (body) => resolve({ status: response.statusCode ?? 502, headers: pairsOf(response.rawHeaders), body, delayMs: 0 }),
          reject,
        );
      },
    );
    request.on('error', reject);
    request.end(call.body);
  });
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i]!.toLowerCase(), raw[i + 1]!]);
  return pairs;
}
