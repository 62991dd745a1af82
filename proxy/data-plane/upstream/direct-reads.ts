import type { OnReadOpts, Socket } from 'node:net';

/** One read of a socket at most. */
const readBytes = 64 * 1024;

/**
 * Reads of upstream sockets into one buffer that all share, copied out at their own size. Node's own way takes a fresh 64 KiB block for each read,
 * cuts it to size and leaves it to the garbage collector: for short answers that costs more than parsing them.
 *
 *   socket ──▶ shared buffer ──▶ copy ──▶ the codec that took the reads, else the stream as usual
 */
export class DirectReads {
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
  readonly #takers = new WeakMap<object, (chunk: Buffer) => void>();

  /** For `net.connect({onread})`; `socketOf` is asked when the first bytes come. */
  options(socketOf: () => Socket | null): OnReadOpts {
    return {
      buffer: this.#buffer,
      callback: (length, buffer) => {
        const socket = socketOf();
        if (socket === null) return true;
        const chunk = Buffer.from(buffer.subarray(0, length));
        const taker = this.#takers.get(socket);
        if (taker === undefined) return socket.push(chunk);
        taker(chunk);
        return true;
      },
    };
  }

  /** From now on the socket's bytes come here and not as `data`; null: as `data` again. */
  take(socket: object, taker: ((chunk: Buffer) => void) | null): void {
    if (taker === null) this.#takers.delete(socket);
    else this.#takers.set(socket, taker);
  }
}
