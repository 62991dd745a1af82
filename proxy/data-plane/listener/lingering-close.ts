import type { Duplex } from 'node:stream';
import type { Http1Limits } from '../http1/limits.ts';

/**
 * FIN after what is written; the client's bytes are read and dropped meanwhile, so that our answer is not lost to a reset. A client that
 * takes nothing of what is left for a while is cut.
 */
export class LingeringClose {
  readonly #socket: Duplex;
  readonly #limits: Http1Limits;
  #unsentBefore: number;

  constructor(socket: Duplex, limits: Http1Limits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#unsentBefore = socket.writableLength;
    socket.end();
    socket.resume();
  }

  /** To be asked after `limits.lingerMs`; says in how many milliseconds again, null = the socket is destroyed. */
  check(): number | null {
    const unsent = this.#socket.writableLength;
    if (unsent === 0 || unsent === this.#unsentBefore) {
      this.#socket.destroy();
      return null;
    }
    // The client is still taking its response.
    this.#unsentBefore = unsent;
    return Math.max(this.#limits.lingerMs, this.#limits.bodyIdleTimeoutMs);
  }
}
