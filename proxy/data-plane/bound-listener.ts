import net from 'node:net';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import type { ListenerSnapshot } from './snapshot.ts';

/** A listener of a proxy with its port bound. The config behind it is swapped on apply; the port stays open. */
export class BoundListener {
  readonly proxyId: string;
  readonly listenerId: string;
  readonly server: net.Server;
  readonly host: string;
  readonly port: number;
  /** What was asked for, to tell whether a new snapshot asks for another port. */
  readonly askedPort: number;
  readonly sockets = new Set<net.Socket>();
  draining = false;
  #onConnection: ((socket: net.Socket) => void) | null = null;
  /** Accepted before the snapshot that asks for this port was in force here: another worker may have been quicker. */
  #early: net.Socket[] = [];

  private constructor(proxyId: string, listener: ListenerSnapshot, server: net.Server, port: number) {
    this.proxyId = proxyId;
    this.listenerId = listener.id;
    this.server = server;
    this.host = listener.host;
    this.port = port;
    this.askedPort = listener.port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /**
   * Binds; a port that is not fixed gives way to any free one when it is taken. A fixed port that is taken is a diagnostic `DD1204`
   * (the control plane adds who owns it).
   */
  static async open(proxyId: string, listener: ListenerSnapshot): Promise<BoundListener | Diagnostic> {
    const first = await listen(listener.host, listener.port);
    if (first instanceof net.Server) return BoundListener.#of(proxyId, listener, first);
    if (!listener.fixed && listener.port !== 0) {
      const other = await listen(listener.host, 0);
      if (other instanceof net.Server) return BoundListener.#of(proxyId, listener, other);
    }
    return {
      severity: 'error',
      code: first.code === 'EADDRINUSE' ? 'DD1204' : 'DD1205',
      message:
        first.code === 'EADDRINUSE'
          ? `${listener.host}:${listener.port} is taken, and ${proxyId}'s ${listener.id} listener was told to use exactly this port`
          : `${proxyId}'s ${listener.id} listener cannot listen on ${listener.host}:${listener.port}: ${first.message}`,
      resource: `Listener/${proxyId}/${listener.id}`,
      path: `${listener.host}:${listener.port}`,
      suggestion: 'stop the program that holds the port, or use port 0 and let Drydock choose',
    };
  }

  static #of(proxyId: string, listener: ListenerSnapshot, server: net.Server): BoundListener {
    return new BoundListener(proxyId, listener, server, (server.address() as net.AddressInfo).port);
  }

  /** From now on connections are served, those that waited first. */
  serve(onConnection: (socket: net.Socket) => void): void {
    this.#onConnection = onConnection;
    for (const socket of this.#early.splice(0)) if (!socket.destroyed) onConnection(socket);
  }

  /** Stops accepting; open connections go on. */
  stopAccepting(): void {
    this.draining = true;
    this.server.close();
  }

  /** Cuts what is left. Returns how many connections that were. */
  cut(): number {
    const left = this.sockets.size;
    for (const socket of this.sockets) socket.destroy();
    return left;
  }

  #accept(socket: net.Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    // Whoever reads the socket handles its errors; this listener only keeps an early one from ending the process.
    socket.on('error', () => socket.destroy());
    if (this.#onConnection === null) this.#early.push(socket);
    else this.#onConnection(socket);
  }
}

function listen(host: string, port: number): Promise<net.Server | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false });
    const onError = (error: NodeJS.ErrnoException) => resolve(error);
    server.once('error', onError);
    server.listen({ host, port, exclusive: true, backlog: 1024 }, () => {
      server.off('error', onError);
      // EMFILE and the like: accepting pauses, what is open goes on.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}
