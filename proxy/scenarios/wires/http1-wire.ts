import http from 'node:http';
import type { LoadCall, LoadEntry, LoadWire, Sendable } from './load-wire.ts';

/** HTTP/1.1: a connection for each request under way, kept for the next. */
export class Http1Wire implements LoadWire {
  readonly #entry: LoadEntry;
  readonly #agent: http.Agent;

  constructor(entry: LoadEntry, maxInFlight: number) {
    this.#entry = entry;
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: maxInFlight, maxFreeSockets: maxInFlight, scheduling: 'lifo' });
  }

  send(sent: Sendable, traceparent: string, onEnd: (status: number, error: string) => void): LoadCall {
    const { host, port } = this.#entry;
    const { method, path, authority, headers, body } = sent;
    const request = http.request({
      ...{ host, port, agent: this.#agent, method, path },
      headers: { ...headers, host: authority, traceparent },
    });
    let isOver = false;
    const finish = (status: number, error: string) => {
      if (isOver) return;
      isOver = true;
      onEnd(status, error);
    };
    request.on('response', (response) => {
      response.on('end', () => finish(response.statusCode ?? 0, ''));
      response.on('error', (error) => finish(0, error.message));
      response.on('close', () => finish(0, 'the answer broke off'));
      response.resume();
    });
    // A protocol switch nobody asked for would leave the socket with us.
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      finish(0, 'the answer switched protocols');
    });
    request.on('error', (error) => finish(0, error.message));
    request.on('close', () => finish(0, 'no answer'));
    request.end(body ?? undefined);
    return { cut: (why) => void request.destroy(new Error(why)) };
  }

  close(): void {
    this.#agent.destroy();
  }
}
