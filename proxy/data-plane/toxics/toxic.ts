import type { Clock, Random } from '../clock.ts';

/*
 * A toxic disturbs one direction of a byte stream. Per connection and direction there is one chain:
 *
 *   source ──▶ [stage] ──▶ [stage] ──▶ … ──▶ sink
 *
 * A stage takes chunks in order and gives chunks on in order; what it holds back it owes: on removal it hands everything on at once.
 * Semantics of the standard toxics follow Toxiproxy 2.x as measured in its behaviour table; what the original gets wrong (crashes on odd
 * attributes, no half-close) is not copied.
 */

/** Where a stage's bytes go: the next stage, or the sink. */
export interface ToxicOutput {
  push(chunk: Buffer): void;
  /** Orderly end of this direction (FIN), after all data. */
  finish(): void;
  /** Close the whole connection: `fin` orderly, `rst` with a reset. */
  close(kind: 'fin' | 'rst'): void;
}

export interface ToxicStage {
  push(chunk: Buffer): void;
  finish(): void;
  /** Bytes held back now, for backpressure. */
  readonly heldBytes: number;
  /** Live change of attributes. */
  update(attributes: ToxicAttributes): void;
  /** The toxic is taken away: give everything held on, in order. After this the stage is not called again. */
  release(): void;
  /** The connection is gone: forget timers. */
  dispose(): void;
}

export type ToxicAttributes = Record<string, number>;

export interface ToxicContext {
  clock: Clock;
  random: Random;
  out: ToxicOutput;
}

export interface ToxicAttribute {
  name: string;
  default: number;
  min: number;
  max: number;
  integer: boolean;
  /** For the app's form: `ms`, `KB/s`, `bytes`, `µs`, `%`. */
  unit: string;
}

/** One toxic, one file. `CREATING_TOXICS.md` says how to add one. */
export interface ToxicType {
  type: string;
  /** One sentence for the app. */
  summary: string;
  attributes: readonly ToxicAttribute[];
  /** May a new connection come in at `now` (the clock's)? Asked before the upstream is dialled; absent = always. */
  admits?(attributes: ToxicAttributes, now: number): boolean;
  create(attributes: ToxicAttributes, context: ToxicContext): ToxicStage;
}

/** A stage that changes nothing. */
export function passThrough(out: ToxicOutput): ToxicStage {
  const nothing = () => undefined;
  return {
    heldBytes: 0,
    push: (chunk) => out.push(chunk),
    finish: () => out.finish(),
    update: nothing,
    release: nothing,
    dispose: nothing,
  };
}

/** Keeps chunks in order behind something that waits. */
export class ChunkQueue {
  readonly #chunks: Buffer[] = [];
  bytes = 0;
  finished = false;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }
  take(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.bytes -= chunk.length;
    return chunk;
  }
  /** Puts a rest back in front. */
  putBack(chunk: Buffer): void {
    this.#chunks.unshift(chunk);
    this.bytes += chunk.length;
  }
  get empty(): boolean {
    return this.#chunks.length === 0;
  }
  drainTo(out: ToxicOutput): void {
    for (let chunk = this.take(); chunk !== undefined; chunk = this.take()) out.push(chunk);
    if (this.finished) {
      this.finished = false;
      out.finish();
    }
  }
}
