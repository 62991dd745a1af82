import net, { type AddressInfo } from 'node:net';

/** One connection to an echo. */
export class Pinger {
  readonly #socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  static open(port: number): Promise<Pinger> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(new Pinger(socket)));
      socket.on('error', reject);
    });
  }

  /** Milliseconds for one word there and back. */
  ping(): Promise<number> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      this.#socket.once('data', () => {
        this.#socket.off('close', reject);
        resolve(performance.now() - startedAt);
      });
      this.#socket.once('close', reject);
      this.#socket.write('ping');
    });
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }
}

/** An app that says back what it hears. */
export async function startEcho(): Promise<{ port: number; close: () => void }> {
  const server = net.createServer({ noDelay: true }, (socket) => socket.on('error', () => undefined).pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
