import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from '../../testing/listen.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import type { Http1Error } from '../http1/http1-error.ts';
import { defaultHttp1Limits, type Http1Limits } from '../http1/limits.ts';
import type { ConnectionInfo, DownstreamRequest } from '../stream.ts';
import { Http1Downstream } from './http1.ts';
import type { ConnectRequest } from './http1-options.ts';
import { Sweeper } from './sweeper.ts';

export const plainInfo: ConnectionInfo = {
  id: 1,
  remoteAddress: '',
  localAddress: '',
  peerSpiffeId: '',
  peerCertificate: null,
  mtls: false,
  tls: false,
  sni: '',
  alpn: '',
};

/** A raw client: what came back so far, and promises for more of it. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  ended = false;
  closed = false;
  #waiters: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (data: string) => {
      this.text += data;
      this.#wake();
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(text: string | Buffer): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Resolves when `condition` holds; the test's own timeout bounds it. */
  async until(condition: (text: string) => boolean): Promise<string> {
    while (!condition(this.text)) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    return this.text;
  }

  untilClosed(): Promise<string> {
    return this.until(() => this.ended || this.closed);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

export interface TestServer {
  port: number;
  clock: ManualClock;
  sweeper: Sweeper;
  errors: Http1Error[];
  connections: Http1Downstream[];
  requests: DownstreamRequest[];
  client(): RawClient;
  close(): Promise<void>;
}

/** An HTTP/1.1 listener over real sockets that hands each request to `onRequest`. */
export async function startHttp1(
  onRequest: (request: DownstreamRequest) => void,
  options: { limits?: Partial<Http1Limits>; onConnect?: (request: ConnectRequest) => void } = {},
): Promise<TestServer> {
  const clock = new ManualClock(0, 1000);
  const sweeper = new Sweeper(clock);
  const clients: RawClient[] = [];
  const test: Omit<TestServer, 'port' | 'client' | 'close'> = { clock, sweeper, errors: [], connections: [], requests: [] };
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new Http1Downstream(socket, {
      info: plainInfo,
      scheme: 'http',
      sweeper,
      limits: { ...defaultHttp1Limits, ...options.limits },
      onConnect: options.onConnect ?? null,
      onProtocolError: (error) => test.errors.push(error),
      onClose: () => {},
      onRequest: (request) => {
        test.requests.push(request);
        onRequest(request);
      },
    });
    test.connections.push(connection);
  });
  await listen(server);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    ...test,
    port,
    client: () => {
      const client = new RawClient(port);
      clients.push(client);
      return client;
    },
    close: async () => {
      sweeper.close();
      for (const client of clients) client.socket.destroy();
      for (const connection of test.connections) connection.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads the whole body, then calls back. */
export function readBody(request: DownstreamRequest, done: (body: string) => void): void {
  let body = '';
  request.body.onData = (chunk) => {
    body += chunk.toString('latin1');
  };
  request.body.onEnd = () => done(body);
  request.body.resume();
}
