import net, { type Socket } from 'node:net';
import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { TestMesh } from '../mesh.ts';

/* What the protocol tests share: bytes in and out of real sockets, and the records of what passed. */

/** A raw connection that keeps what it got. */
export class RawClient {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  /** The other side sent FIN. */
  ended = false;
  /** `ECONNRESET` …; '' while all is well. */
  error = '';
  closed = false;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (chunk) => this.#note(() => this.#chunks.push(chunk)));
    this.socket.on('end', () => this.#note(() => (this.ended = true)));
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.#note(() => (this.error = error.code ?? error.message)));
    this.socket.on('close', () => this.#note(() => (this.closed = true)));
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Resolves once `met` holds; looks again whenever something happened. Rejects after twenty seconds. */
  async until(met: (client: RawClient) => boolean, what = String(met)): Promise<this> {
    const deadline = Date.now() + 20_000;
    while (!met(this)) {
      if (Date.now() > deadline) throw new Error(`never: ${what}; got ${JSON.stringify(this.text.slice(0, 400))} ${this.error}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this;
  }

  #note(change: () => unknown): void {
    change();
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Asks again until `met` holds, every 20 ms for at most twenty seconds. Returns the last answer. */
export async function poll<T>(ask: () => T | Promise<T>, met: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000;
  let answer = await ask();
  while (!met(answer) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer = await ask();
  }
  return answer;
}

/** Full records of what matches `query` (`path=/x&…`), once there are at least `count`; oldest first. */
export async function exchangesOf(mesh: TestMesh, query: string, count: number): Promise<ExchangeDetail[]> {
  const list = await poll(
    async () => ((await mesh.api(`/exchanges?limit=200&${query}`)) as { exchanges: { id: string }[] }).exchanges,
    (found) => found.length >= count,
  );
  const details = await Promise.all(list.map(({ id }) => mesh.api(`/exchanges/${id}`)));
  return (details as ExchangeDetail[]).reverse();
}

export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1).replace(/\/$/, ''));
