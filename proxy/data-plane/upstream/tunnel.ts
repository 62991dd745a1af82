import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import { resetStream } from '../reset-stream.ts';

export interface TunnelOptions {
  /** Called once, when both directions are over. */
  onClosed?: (tunnel: Tunnel) => void;
  /** Sees every chunk that passes; `forward` is from the first stream to the second. */
  onBytes?: (direction: 'forward' | 'backward', chunk: Buffer) => void;
  /** No byte either way for this long closes the tunnel; needs `clock`. */
  idleTimeoutMs?: number;
  /** Closes the tunnel after this long, busy or not; needs `clock`. */
  maxDurationMs?: number;
  clock?: Clock;
  /** False: FIN of one side closes both once what was accepted is written, as Envoy treats HTTP upgrades. Default true. */
  halfClose?: boolean;
}

export type TunnelEnd = 'open' | 'finished' | 'reset' | 'idle-timeout' | 'max-duration' | 'closed';

/** One direction: bytes from `from` to `to`. */
interface Flow {
  from: Duplex;
  to: Duplex;
  ended: boolean;
}

function ignore(): void {}

/**
 * Two byte streams joined, exactly:
 *
 *   a ──data──▶ b        FIN of one side becomes FIN of the other, while the opposite direction goes on (half-close)
 *   a ◀──data── b        RST or an error of one side becomes RST of the other, at once
 *
 * A slow reader pauses its writer. Chunks are passed on as they came, never copied. Both streams must allow half-open use and be paused
 * or unread before; bytes put back with unshift() come first.
 */
export class Tunnel {
  /** a → b and b → a. */
  bytesForward = 0;
  bytesBackward = 0;
  end: TunnelEnd = 'open';
  readonly #a: Duplex;
  readonly #b: Duplex;
  readonly #options: TunnelOptions;
  #timer: Timer | null = null;
  #lifeTimer: Timer | null = null;
  #lastActivity = 0;
  #closedSides = 0;

  constructor(a: Duplex, b: Duplex, options: TunnelOptions) {
    this.#a = a;
    this.#b = b;
    this.#options = options;
    const forward: Flow = { from: a, to: b, ended: false };
    const backward: Flow = { from: b, to: a, ended: false };
    const { onBytes } = options;
    this.#connect(forward, backward, (chunk) => {
      this.bytesForward += chunk.length;
      onBytes?.('forward', chunk);
    });
    this.#connect(backward, forward, (chunk) => {
      this.bytesBackward += chunk.length;
      onBytes?.('backward', chunk);
    });
    if (options.maxDurationMs !== undefined && options.clock !== undefined) {
      this.#lifeTimer = options.clock.setTimer(() => this.#expire('max-duration'), options.maxDurationMs);
    }
    if (options.idleTimeoutMs !== undefined && options.clock !== undefined) {
      this.#lastActivity = options.clock.now();
      this.#armIdle(options.clock, options.idleTimeoutMs);
    }
  }

  /** Ends both sides: bytes already accepted are still written. */
  close(): void {
    this.#finish('closed');
    for (const stream of [this.#a, this.#b]) {
      if (stream.writableLength === 0) stream.destroy();
      else stream.end(() => stream.destroy());
    }
  }

  /** Cuts both sides with RST. */
  reset(): void {
    this.#finish('reset');
    resetStream(this.#a);
    resetStream(this.#b);
  }

  #connect(flow: Flow, opposite: Flow, count: (chunk: Buffer) => void): void {
    const { from, to } = flow;
    const { clock } = this.#options;
    from.on('data', (chunk: Buffer) => {
      count(chunk);
      if (clock !== undefined) this.#lastActivity = clock.now();
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    const onEnd = (): void => {
      if (flow.ended) return;
      flow.ended = true;
      if (this.#options.halfClose === false) {
        opposite.ended = true;
        this.close();
      } else to.end();
    };
    from.on('end', onEnd);
    from.on('error', () => {
      // The one that broke is gone; the other must learn it as a break, never as an end.
      if (this.end === 'open') {
        this.#finish('reset');
        resetStream(to);
      }
    });
    const onClose = (): void => {
      if (this.end === 'open' && !(flow.ended && opposite.ended)) {
        // Closed without FIN both ways: a local destroy, or a reset that came without an error.
        this.#finish('reset');
        resetStream(to);
      }
      this.#closedSides++;
      if (this.#closedSides === 2) {
        this.#finish('finished');
        this.#options.onClosed?.(this);
      }
    };
    from.on('close', onClose);
    if (from.readableEnded) onEnd();
    if (from.destroyed) queueMicrotask(onClose);
    else from.resume();
  }

  #finish(end: TunnelEnd): void {
    if (this.end !== 'open') return;
    this.end = end;
    this.#timer?.cancel();
    this.#timer = null;
    this.#lifeTimer?.cancel();
    this.#a.on('error', ignore);
    this.#b.on('error', ignore);
  }

  #expire(end: 'idle-timeout' | 'max-duration'): void {
    if (this.end !== 'open') return;
    this.#finish(end);
    this.#a.destroy();
    this.#b.destroy();
  }

  #armIdle(clock: Clock, idleTimeoutMs: number): void {
    this.#timer = clock.setTimer(
      () => {
        if (this.end !== 'open') return;
        if (clock.now() - this.#lastActivity < idleTimeoutMs) {
          this.#armIdle(clock, idleTimeoutMs);
          return;
        }
        this.#expire('idle-timeout');
      },
      Math.max(1, this.#lastActivity + idleTimeoutMs - clock.now()),
    );
  }
}

/** Joins two duplex streams until both directions are over. */
export function joinTunnel(a: Duplex, b: Duplex, options: TunnelOptions = {}): Tunnel {
  return new Tunnel(a, b, options);
}
