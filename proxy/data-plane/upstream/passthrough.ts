import http from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { createProxyServer, type ProxyServer } from 'http-proxy-3';

/*
 * Traffic to hosts outside the mesh is carried by http-proxy-3 (ADR 0001). We connect first, so that a refused connection is told as one and
 * the control API stays out of reach; then the open socket is handed to http-proxy-3 behind an in-memory connection:
 *
 *   Http1UpstreamConnection ── duplex pair ──▶ node:http server ──▶ http-proxy-3 ── the open socket ──▶ foreign host
 */
export class PassthroughCarrier {
  readonly #server: http.Server;
  readonly #proxy: ProxyServer;
  /** Our far end of the pair → an agent whose only socket is the one already open. */
  readonly #agents = new WeakMap<Duplex, http.Agent>();

  constructor() {
    this.#proxy = createProxyServer({ ws: true, xfwd: false, changeOrigin: false });
    this.#proxy.on('error', (_error, request) => request.socket.destroy());
    this.#server = http.createServer((request, response) => this.#serve(request, response));
    this.#server.on('checkContinue', (request, response) => this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      this.#proxy.ws(request, socket as Socket, head, this.#target(request));
    });
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
  }

  /** The stream an upstream connection speaks HTTP/1.1 on; it ends when `socket` does. */
  carry(socket: Socket): Duplex {
    const [near, far] = duplexPair();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => socket;
    this.#agents.set(far, agent);
    socket.once('close', () => far.destroy());
    near.once('close', () => socket.destroy());
    far.on('error', () => near.destroy());
    far.once('close', () => near.destroy());
    this.#server.emit('connection', asSocket(far));
    return near;
  }

  close(): void {
    this.#proxy.close();
    this.#server.close();
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    response.sendDate = false;
    this.#proxy.web(request, response, this.#target(request));
  }

  #target(request: http.IncomingMessage): { target: { protocol: string; host: string; port: number }; agent: http.Agent } {
    const agent = this.#agents.get(request.socket);
    if (agent === undefined) throw new Error('a passthrough request came over a connection that was never opened');
    // The address is only a name here: the agent's one socket is connected already.
    return { target: { protocol: 'http:', host: 'passthrough.invalid', port: 80 }, agent };
  }
}

/**
 * http-proxy-3 calls these on the client's socket when it upgrades. A connection in memory has neither timers nor packets, and its end closes
 * it once the reader has taken everything.
 */
function asSocket(stream: Duplex): Duplex {
  const same = () => stream;
  return Object.assign(stream, { setTimeout: same, setNoDelay: same, setKeepAlive: same, destroySoon: () => stream.end() });
}
