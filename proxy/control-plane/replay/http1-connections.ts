import net from 'node:net';
import { DirectReads } from '../../data-plane/upstream/direct-reads.ts';
import { Http1UpstreamConnection } from '../../data-plane/upstream/http1-connection.ts';

/** A connection to a sidecar: the data plane's own HTTP/1.1 client, which costs a quarter of Node's. */
export interface SidecarConnection {
  http: Http1UpstreamConnection;
  /** It carried a request before: the sidecar may be about to close it. */
  isKept: boolean;
  /** Why it broke, as the system names it: `ECONNREFUSED`; ''. */
  error(): string;
}

const idleAtMost = 1024;

/** Connections to sidecars, kept open from call to call. */
export class Http1Connections {
  readonly #idle = new Map<string, SidecarConnection[]>();
  readonly #all = new Set<SidecarConnection>();
  readonly #reads = new DirectReads();
  #idleCount = 0;

  /** One that is free, else a new one, which need not be open yet: what is written waits for it. */
  take(host: string, port: number): SidecarConnection {
    const idle = this.#idle.get(`${host}:${port}`);
    for (let kept = idle?.pop(); kept !== undefined; kept = idle?.pop()) {
      this.#idleCount--;
      if (kept.http.available > 0) return { ...kept, isKept: true };
    }
    return this.open(host, port);
  }

  open(host: string, port: number): SidecarConnection {
    let failure = '';
    const socket: net.Socket = net.connect({ host, port, noDelay: true, onread: this.#reads.options(() => socket) });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message;
    });
    const http = new Http1UpstreamConnection(socket, undefined, this.#reads);
    const connection: SidecarConnection = { http, isKept: false, error: () => failure };
    this.#all.add(connection);
    http.onClose = () => this.#all.delete(connection);
    return connection;
  }

  /** Its answer came whole, or nothing was sent over it. */
  give(host: string, port: number, connection: SidecarConnection): void {
    if (connection.http.available === 0) return;
    if (this.#idleCount >= idleAtMost) {
      connection.http.close();
      return;
    }
    const key = `${host}:${port}`;
    const idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, [connection]);
    else idle.push(connection);
    this.#idleCount++;
  }

  close(): void {
    for (const { http } of [...this.#all]) http.close();
    this.#idle.clear();
  }
}
