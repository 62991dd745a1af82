import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ApiRouteName } from '../../api/routes.ts';
import { contentTypes, formatFor, type MetricsFormat } from '../../telemetry/prometheus-text.ts';
import { ApiError, Reply } from './api-error.ts';
import { FileReply, sendFile } from './file-reply.ts';
import { appOrigin, createGuard, type Guard } from './guard.ts';
import { firstIssue, readBody } from './request-body.ts';
import { type ApiHandlers, type MatchedRoute, matchRoute } from './route-table.ts';
import { serveStatic } from './static-files.ts';
import type { StreamHub } from './stream-hub.ts';

const prefix = '/api/v1';
const bodyLimitBytes = 2 * 1024 * 1024;
/** Whole files come here: browsers' HARs carry bodies. */
const uploadLimitBytes = 64 * 1024 * 1024;
const uploads: readonly ApiRouteName[] = ['importRecording', 'addProtos'];
const maxParallelRequests = 128;

export interface ControlServerOptions {
  /** 0 = any free port. */
  port: number;
  token: string;
  handlers: ApiHandlers;
  metricsText: (format: MetricsFormat) => string;
  stream: StreamHub;
  /** Folder of the built user interface. */
  uiRoot: string;
  onError: (message: string, stack: string) => void;
}

export interface ControlServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on loopback only. Rejects with the socket's error when the port is taken. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const context: Context = {
    options,
    port: 0,
    running: 0,
    guard: createGuard({ token: options.token, port: () => context.port }),
  };
  const first = createListener(context);
  await listen(first, options.port, '127.0.0.1');
  context.port = (first.address() as AddressInfo).port;
  const second = createListener(context);
  // `localhost` may mean ::1 first. Where IPv6 is off or its port is taken, the printed URL (127.0.0.1) still works.
  const servers = [
    first,
    ...(await listen(second, context.port, '::1').then(
      () => [second],
      () => [],
    )),
  ];
  return {
    url: `http://127.0.0.1:${context.port}`,
    port: context.port,
    close: async () => {
      options.stream.close();
      await Promise.all(servers.map(closeServer));
    },
  };
}

interface Context {
  options: ControlServerOptions;
  port: number;
  running: number;
  guard: Guard;
}

function createListener(context: Context): Server {
  const server = createServer({
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 30_000,
    maxHeaderSize: 16 * 1024,
  });
  server.maxConnections = 1024;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => void answer(context, request, response));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => upgrade(context, request, socket, head));
  // Nothing tunnels through the control port.
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => socket.destroy());
  return server;
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => response.destroy());
  try {
    context.guard.checkCaller(request);
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (request.headers.origin === appOrigin) allowApp(response);
    if (path !== prefix && !path.startsWith(`${prefix}/`)) {
      await serveStatic(request, response, context.options.uiRoot, context.port);
    } else if (request.method === 'OPTIONS' && request.headers.origin === appOrigin) {
      response.writeHead(204).end();
    } else {
      await answerApi(context, request, response, path.slice(prefix.length));
    }
  } catch (error) {
    sendError(context, request, response, error);
  }
}

async function answerApi(context: Context, request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  context.guard.checkToken(request);
  if (path === '/metrics' && request.method === 'GET') {
    const format = formatFor(request.headers.accept);
    response.writeHead(200, { 'content-type': contentTypes[format], vary: 'accept' }).end(context.options.metricsText(format));
    return;
  }
  const match = matchRoute(request.method ?? '', path);
  if (!('found' in match)) {
    if (match.allowed.length === 0) throw new ApiError('not_found', `There is no ${path} in this API`);
    response.setHeader('allow', match.allowed.join(', '));
    throw new ApiError('method_not_allowed', `${path} takes ${match.allowed.join(', ')}`);
  }
  if (context.running >= maxParallelRequests) {
    response.setHeader('retry-after', '1');
    throw new ApiError('too_many_requests', `More than ${maxParallelRequests} requests at a time`);
  }
  context.running++;
  try {
    const result = await callHandler(context, request, match.found);
    if (result instanceof FileReply) return await sendFile(response, result);
    const [status, body] = result instanceof Reply ? [result.status, result.body] : [200, result];
    sendJson(response, status, body);
  } finally {
    context.running--;
  }
}

async function callHandler(context: Context, request: IncomingMessage, { name, route, params }: MatchedRoute): Promise<unknown> {
  const body = await readBody(request, route, uploads.includes(name) ? uploadLimitBytes : bodyLimitBytes);
  const query = parseQuery(request, route.query);
  // The table's types say that these belong together; TypeScript cannot follow the pairing through a lookup.
  const handler = context.options.handlers[name] as (input: unknown) => unknown;
  return handler({ params, query, body });
}

function parseQuery(request: IncomingMessage, schema: MatchedRoute['route']['query']): unknown {
  if (!schema) return {};
  const search = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
  const parsed = schema.safeParse(Object.fromEntries([...search].filter(([, value]) => value !== '')));
  if (parsed.success) return parsed.data;
  throw new ApiError('invalid_request', `The query is not valid: ${firstIssue(parsed.error)}`, parsed.error.issues);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function sendError(context: Context, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const known = error instanceof ApiError ? error : null;
  if (!known) context.options.onError(String((error as Error)?.message ?? error), String((error as Error)?.stack ?? ''));
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const shown = known ?? new ApiError('internal', 'The engine failed to answer this; its log has the reason');
  // What the body still holds is not read, so the connection cannot be used again.
  if (!request.complete) response.setHeader('connection', 'close');
  if (shown.code === 'unauthorized') response.setHeader('www-authenticate', 'Bearer realm="drydock"');
  sendJson(response, shown.status, shown.body);
}

function allowApp(response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', appOrigin);
  response.setHeader('access-control-allow-headers', 'authorization, content-type');
  response.setHeader('access-control-allow-methods', 'GET, POST, DELETE');
  response.setHeader('vary', 'origin');
}

function upgrade(context: Context, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  try {
    context.guard.checkCaller(request);
    if ((request.url ?? '') !== `${prefix}/stream`) throw new ApiError('not_found', `The stream is at ${prefix}/stream`);
    context.guard.checkStreamToken(request);
    context.options.stream.accept(request, socket, head);
  } catch (error) {
    const shown = error instanceof ApiError ? error : new ApiError('internal', 'The engine failed to answer this');
    const body = JSON.stringify(shown.body);
    socket.end(
      `HTTP/1.1 ${shown.status} ${shown.code}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `Connection: close\r\n\r\n${body}`,
    );
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: host === '::1' }, () => {
      server.off('error', reject);
      server.on('error', () => {}); // accept errors (EMFILE): the server keeps listening and recovers
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 500).unref();
  });
}
