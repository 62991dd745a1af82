import net from 'node:net';
import type { Clock, Random } from '../clock.ts';
import type { ToxicProxySpec, ToxicSpec } from '../messages.ts';
import { type Admission, admitConnection } from './admit.ts';
import { ToxicChain } from './toxic-chain.ts';

interface Connection {
  client: net.Socket;
  upstream: net.Socket;
  up: ToxicChain;
  down: ToxicChain;
}

/**
 * One listening port, one upstream. Unlike the original it keeps half-closed connections alive in the other direction, binds loopback
 * when no host is given, and resets connections that were open before the toxic came just as well.
 */
export class ToxicProxy {
  spec: ToxicProxySpec;
  /** With the port that was really bound. */
  listen: string;
  #server: net.Server | null = null;
  readonly #connections = new Set<Connection>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #forbidden: () => ReadonlySet<string>;

  constructor(spec: ToxicProxySpec, deps: { clock: Clock; random: Random; forbidden: () => ReadonlySet<string> }) {
    this.spec = spec;
    this.listen = spec.listen;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#forbidden = deps.forbidden;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Listens. Resolves with an error's text (in the words of Go's net package, which clients match on) or ''. */
  async start(): Promise<string> {
    if (this.#server !== null) return '';
    const { host, port } = splitAddress(this.listen);
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    return new Promise((resolve) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'bind: address already in use' : `bind: ${error.message}`;
        resolve(`listen tcp ${host}:${port}: ${reason}`);
      });
      server.listen({ host, port, exclusive: true }, () => {
        this.#server = server;
        const bound = server.address() as net.AddressInfo;
        this.listen = `${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
        resolve('');
      });
    });
  }

  /** Refuses new connections and cuts the open ones. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const connection of [...this.#connections]) this.#cut(connection, 'fin');
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** From now on connecting is refused by the kernel; open connections stay. The port may be taken by others meanwhile. */
  stopListening(): void {
    this.#server?.close();
    this.#server = null;
  }

  /** Brings toxics in line with `toxics` on every open connection; keeps those that did not change. */
  setToxics(toxics: ToxicSpec[]): void {
    const before = new Map(this.spec.toxics.map((t) => [t.name, t]));
    this.spec = { ...this.spec, toxics };
    const wanted = new Set(toxics.map((t) => t.name));
    for (const connection of this.#connections) {
      for (const old of before.values()) if (!wanted.has(old.name)) this.#chain(connection, old).remove(old.name);
      for (const toxic of toxics) {
        const known = before.get(toxic.name);
        const chain = this.#chain(connection, toxic);
        if (known === undefined) chain.add(toxic);
        else if (JSON.stringify(known) !== JSON.stringify(toxic)) chain.update(toxic);
      }
    }
  }

  #chain(connection: Connection, toxic: ToxicSpec): ToxicChain {
    return toxic.stream === 'upstream' ? connection.up : connection.down;
  }

  #accept(client: net.Socket): void {
    client.on('error', () => client.destroy());
    const { host, port } = splitAddress(this.spec.upstream);
    if (this.#forbidden().has(`${host}:${port}`)) {
      client.destroy();
      return;
    }
    const admission = admitConnection(this.spec.toxics, { clock: this.#clock, randomOf: () => this.#random });
    if (!admission.admitted) {
      client.resetAndDestroy();
      return;
    }
    client.pause();
    const upstream = net.connect({ host, port, allowHalfOpen: true, noDelay: true });
    upstream.once('error', () => client.destroy());
    client.once('close', () => upstream.destroy());
    upstream.once('connect', () => {
      if (client.destroyed || this.#forbidden().has(`${upstream.remoteAddress}:${upstream.remotePort}`)) {
        upstream.destroy();
        client.destroy();
        return;
      }
      this.#join(client, upstream, admission);
    });
  }

  #join(client: net.Socket, upstream: net.Socket, { draws }: Admission): void {
    const deps = {
      clock: this.#clock,
      random: this.#random,
      draws,
      closeConnection: (kind: 'fin' | 'rst') => this.#cut(connection, kind),
    };
    const of = (stream: ToxicSpec['stream']) => this.spec.toxics.filter((t) => t.stream === stream);
    const connection: Connection = {
      client,
      upstream,
      up: new ToxicChain(client, upstream, of('upstream'), deps),
      down: new ToxicChain(upstream, client, of('downstream'), deps),
    };
    this.#connections.add(connection);
    upstream.on('error', () => this.#cut(connection, 'rst'));
    client.on('error', () => this.#cut(connection, 'rst'));
    const closed = () => {
      // Both ways ended in order: each socket closes by itself; forget the pair when the last one has.
      if (client.destroyed && upstream.destroyed) this.#forget(connection);
      else if (client.destroyed && !client.readableEnded) upstream.destroy();
      else if (upstream.destroyed && !upstream.readableEnded) client.destroy();
    };
    client.on('close', closed);
    upstream.on('close', closed);
    client.resume();
  }

  #cut(connection: Connection, kind: 'fin' | 'rst'): void {
    this.#forget(connection);
    for (const socket of [connection.client, connection.upstream]) {
      if (socket.destroyed) continue;
      if (kind === 'rst') socket.resetAndDestroy();
      else {
        // Orderly: what was already given to the socket still arrives.
        socket.end();
        socket.destroySoon();
      }
    }
  }

  #forget(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    connection.up.dispose();
    connection.down.dispose();
  }
}

/** `:8080` and `8080` mean loopback; brackets of IPv6 are taken off. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, '');
  return { host: host === '' ? '127.0.0.1' : host, port: Number(address.slice(colon + 1)) };
}
