import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../shared/message-of.ts';
import { asRecord, type ProxyState, ToxiproxyError, type ToxiproxyState, toxicsInOrder } from './toxiproxy-state.ts';

const BODY_LIMIT_BYTES = 2 * 1024 * 1024;
/** The API level we speak; clients only compare it. */
const VERSION = '2.12.0';

type Answer = { status: number; json?: unknown; text?: string; contentType?: string };
type Handler = (state: ToxiproxyState, names: string[], body: unknown) => Promise<Answer> | Answer;

/** Method and path of every call, as in Toxiproxy's own documentation. PATCH and POST both update. */
const routes: { methods: string[]; path: RegExp; handle: Handler }[] = [
  {
    methods: ['GET'],
    path: /^\/proxies$/,
    handle: (s) => json(200, Object.fromEntries(s.list().map((p) => [p.name, proxyJson(p)]))),
  },
  { methods: ['POST'], path: /^\/proxies$/, handle: async (s, _n, body) => json(201, proxyJson(await s.create(asRecord(body)))) },
  { methods: ['POST'], path: /^\/populate$/, handle: populate },
  { methods: ['POST'], path: /^\/reset$/, handle: (s) => s.reset().then(noContent) },
  {
    methods: ['GET'],
    path: /^\/version$/,
    handle: () => ({ status: 200, text: `{"version": "${VERSION}"}\n`, contentType: 'application/json;charset=utf-8' }),
  },
  { methods: ['GET'], path: /^\/proxies\/([^/]+)$/, handle: (s, [p]) => json(200, proxyJson(s.get(p!))) },
  {
    methods: ['POST', 'PATCH'],
    path: /^\/proxies\/([^/]+)$/,
    handle: async (s, [p], body) => json(200, proxyJson(await s.update(p!, asRecord(body)))),
  },
  { methods: ['DELETE'], path: /^\/proxies\/([^/]+)$/, handle: (s, [p]) => s.remove(p!).then(noContent) },
  {
    methods: ['GET'],
    path: /^\/proxies\/([^/]+)\/toxics$/,
    handle: (s, [p]) => json(200, toxicsInOrder(s.get(p!)).map(toxicJson)),
  },
  {
    methods: ['POST'],
    path: /^\/proxies\/([^/]+)\/toxics$/,
    handle: async (s, [p], body) => json(200, toxicJson(await s.addToxic(p!, asRecord(body)))),
  },
  {
    methods: ['GET'],
    path: /^\/proxies\/([^/]+)\/toxics\/([^/]+)$/,
    handle: (s, [p, t]) => json(200, toxicJson(s.getToxic(p!, t!))),
  },
  {
    methods: ['POST', 'PATCH'],
    path: /^\/proxies\/([^/]+)\/toxics\/([^/]+)$/,
    handle: async (s, [p, t], body) => json(200, toxicJson(await s.updateToxic(p!, t!, asRecord(body)))),
  },
  {
    methods: ['DELETE'],
    path: /^\/proxies\/([^/]+)\/toxics\/([^/]+)$/,
    handle: (s, [p, t]) => s.removeToxic(p!, t!).then(noContent),
  },
];

/** Toxiproxy's HTTP API on loopback. Web pages are kept out: browsers by user agent (as the original), any foreign Origin or Host by us. */
export class ToxiproxyApi {
  readonly url: string;
  readonly #server: http.Server;

  private constructor(server: http.Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Takes `port`, or any free one when it is taken and not fixed. */
  static async listen(state: ToxiproxyState, options: { port: number; fixed: boolean }): Promise<ToxiproxyApi> {
    const server = http.createServer((request, response) => void handle(state, request, response));
    const bound = await bind(server, options.port).catch((error: NodeJS.ErrnoException) => {
      if (options.fixed || error.code !== 'EADDRINUSE') throw error;
      return bind(server, 0);
    });
    return new ToxiproxyApi(server, `http://127.0.0.1:${bound}`);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function bind(server: http.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function handle(state: ToxiproxyState, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  response.setHeader('X-Toxiproxy-Request-Id', randomUUID());
  const path = decodeURI((request.url ?? '/').split('?')[0]!);
  try {
    if ((request.headers['user-agent'] ?? '').startsWith('Mozilla/') || !isLocal(request)) {
      return send(response, { status: 403, text: 'User agent not allowed\n', contentType: 'text/plain; charset=utf-8' });
    }
    const matching = routes.filter((r) => r.path.test(path));
    if (matching.length === 0)
      return send(response, { status: 404, text: '404 page not found\n', contentType: 'text/plain; charset=utf-8' });
    const route = matching.find((r) => r.methods.includes(request.method ?? ''));
    if (route === undefined) return send(response, { status: 405 });
    const needsBody = request.method === 'POST' || request.method === 'PATCH';
    const body = needsBody && path !== '/reset' ? parseJson(await readBody(request)) : undefined;
    send(response, await route.handle(state, (route.path.exec(path) ?? []).slice(1), body));
  } catch (error) {
    if (error instanceof ToxiproxyError && path === '/populate') {
      return send(response, json(error.status, { error: error.message, status: error.status, proxies: null }));
    }
    if (error instanceof ToxiproxyError) {
      const text = `${JSON.stringify({ error: error.message, status: error.status })}\n`;
      return send(response, { status: error.status, text, contentType: 'text/plain; charset=utf-8' });
    }
    const message = messageOf(error);
    send(response, {
      status: 500,
      text: `${JSON.stringify({ error: message, status: 500 })}\n`,
      contentType: 'text/plain; charset=utf-8',
    });
  }
}

/** A page on another origin, or a rebound name, must not steer this API. */
function isLocal(request: http.IncomingMessage): boolean {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  return request.headers.origin === undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(host);
}

async function populate(state: ToxiproxyState, _names: string[], body: unknown): Promise<Answer> {
  if (!Array.isArray(body))
    return json(400, {
      error: 'bad request body: json: cannot unmarshal object into a list of proxies',
      status: 400,
      proxies: null,
    });
  try {
    const { proxies, error } = await state.populate(body.map(asRecord));
    if (error === null) return json(201, { proxies: proxies.map(proxyJson) });
    return json(error.status, { error: error.message, status: error.status, proxies: proxies.map(proxyJson) });
  } catch (error) {
    if (!(error instanceof ToxiproxyError)) throw error;
    return json(error.status, { error: error.message, status: error.status, proxies: null });
  }
}

function proxyJson(proxy: ProxyState): Record<string, unknown> {
  const { name, listen, upstream, enabled, toxics } = proxy;
  return { name, listen, upstream, enabled, Logger: {}, toxics: toxicsInOrder({ toxics }).map(toxicJson) };
}
function toxicJson(toxic: ProxyState['toxics'][number]): Record<string, unknown> {
  return { attributes: toxic.attributes, name: toxic.name, type: toxic.type, stream: toxic.streamText, toxicity: toxic.toxicity };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ToxiproxyError(400, `bad request body: ${text === '' ? 'EOF' : (error as Error).message}`);
  }
}

async function readBody(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) throw new ToxiproxyError(400, 'bad request body: too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function noContent(): Answer {
  return { status: 204 };
}

function json(status: number, value: unknown): Answer {
  return { status, json: value };
}

function send(response: http.ServerResponse, answer: Answer): void {
  const text = answer.json === undefined ? (answer.text ?? '') : JSON.stringify(answer.json);
  const contentType = answer.json === undefined ? answer.contentType : 'application/json';
  response.writeHead(answer.status, contentType === undefined ? {} : { 'content-type': contentType }).end(text);
}
