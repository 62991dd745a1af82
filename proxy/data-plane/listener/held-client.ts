import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PeerProbe } from './peer-state.ts';
import type { Sweepable, Sweeper } from './sweeper.ts';

/**
 * Watches a client whose bytes are held back. Its leaving is not seen by reading then, because nothing is read: at every tick the kernel is
 * asked instead. `onGone` is called when it says so and the client is still held back.
 */
export class HeldClient implements Sweepable {
  deadline = Number.POSITIVE_INFINITY;
  readonly #socket: Duplex;
  readonly #sweeper: Sweeper;
  readonly #probe: PeerProbe;
  readonly #onGone: () => void;
  #watching = false;

  constructor(socket: Duplex, sweeper: Sweeper, probe: PeerProbe, onGone: () => void) {
    this.#socket = socket;
    this.#sweeper = sweeper;
    this.#probe = probe;
    this.#onGone = onGone;
  }

  watch(on: boolean): void {
    if (on === this.#watching) return;
    this.#watching = on;
    if (on) {
      this.deadline = this.#sweeper.now;
      this.#sweeper.add(this);
    } else this.#sweeper.remove(this);
  }

  onDeadline(): void {
    // Of a TLS socket the addresses are those of the connection under it.
    void this.#probe(this.#socket as Socket).then((state) => {
      if (state === 'gone' && this.#watching) this.#onGone();
    });
  }
}
