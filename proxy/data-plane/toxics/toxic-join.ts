import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Random } from '../clock.ts';
import type { ToxicSpec } from '../messages.ts';
import { resetStream } from '../reset-stream.ts';
import { ToxicChain, type ToxicChainDeps } from './toxic-chain.ts';

const LINGER_MS = 1_000;

export interface ToxicJoinOptions {
  clock: Clock;
  random: Random;
  toxics: readonly ToxicSpec[];
  randomOf?: ToxicChainDeps['randomOf'];
  draws?: ToxicChainDeps['draws'];
  /** Called once, when both sides are closed. */
  onClosed: (join: ToxicJoin) => void;
}

/**
 * Two open byte streams joined through one chain of toxics per direction:
 *
 *   a ──▶ upstream toxics ──▶ b        half-close and RST pass as without toxics, unless a toxic holds or makes them
 *   a ◀── downstream toxics ◀── b
 */
export class ToxicJoin {
  readonly #a: Duplex;
  readonly #b: Duplex;
  readonly #up: ToxicChain;
  readonly #down: ToxicChain;
  readonly #options: ToxicJoinOptions;
  #closedSides = 0;
  #cut = false;

  constructor(a: Duplex, b: Duplex, options: ToxicJoinOptions) {
    this.#a = a;
    this.#b = b;
    this.#options = options;
    const { clock, random, toxics, randomOf, draws } = options;
    const deps: ToxicChainDeps = {
      clock,
      random,
      ...(randomOf && { randomOf }),
      ...(draws && { draws }),
      closeConnection: (kind: 'fin' | 'rst') => this.#close(kind),
    };
    const of = (stream: ToxicSpec['stream']) => toxics.filter((toxic) => toxic.stream === stream);
    this.#up = new ToxicChain(a, b, of('upstream'), deps);
    this.#down = new ToxicChain(b, a, of('downstream'), deps);
    for (const [stream, other] of [
      [a, b],
      [b, a],
    ] as const) {
      stream.on('error', () => this.#close('rst'));
      stream.on('close', () => this.#onClose(stream, other));
    }
    if (a.destroyed || b.destroyed) this.#close('rst');
    a.resume();
    b.resume();
  }

  /** a → b and b → a, as they came in: what a toxic swallowed counts too. */
  get bytesForward(): number {
    return this.#up.bytes;
  }
  get bytesBackward(): number {
    return this.#down.bytes;
  }

  /** Takes toxics away; what they held goes on. */
  release(names: ReadonlySet<string>): void {
    for (const chain of [this.#up, this.#down]) for (const name of chain.names) if (names.has(name)) chain.remove(name);
  }

  get toxics(): string[] {
    return [...this.#up.names, ...this.#down.names];
  }

  #onClose(stream: Duplex, other: Duplex): void {
    // Without having ended: a break, and the other side must learn it as one.
    if (!stream.readableEnded) this.#close('rst');
    else if (other.destroyed) this.#dispose();
    else this.#closeLater(other);
    if (++this.#closedSides === 2) {
      this.#dispose();
      this.#options.onClosed(this);
    }
  }

  /** Nobody is left to read what `socket` still receives: once all is sent that a toxic held, its peer has a moment to close too. */
  #closeLater(socket: Duplex): void {
    if (!(socket instanceof Socket)) return;
    const linger = () => {
      const timer = this.#options.clock.setTimer(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => timer.cancel());
    };
    if (socket.writableFinished) linger();
    else socket.once('finish', linger);
  }

  #close(kind: 'fin' | 'rst'): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#dispose();
    for (const stream of [this.#a, this.#b]) {
      if (stream.destroyed) continue;
      if (kind === 'rst') resetStream(stream);
      // Orderly: what was already written still arrives.
      else stream.end(() => stream.destroy());
    }
  }

  #dispose(): void {
    this.#up.dispose();
    this.#down.dispose();
  }
}
