import type { Timer } from '../clock.ts';
import type { ToxicAttributes, ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

/**
 * Ours: a link that goes down and comes back. It is up for `up`, then down for `down`, and so on; while it is down connections are refused,
 * and those that were open are reset. The phase is a matter of the clock alone, so all connections go down together.
 */
export const flap: ToxicType = {
  type: 'flap',
  summary: 'Goes down and comes back, again and again',
  attributes: [
    { name: 'up', default: 5000, min: 1, max: 86_400_000, integer: true, unit: 'ms' },
    { name: 'down', default: 5000, min: 1, max: 86_400_000, integer: true, unit: 'ms' },
  ],
  admits: (attributes, now) => untilDownMs(attributes, now) > 0,
  create: (attributes, context) => new FlapStage(attributes, context),
};

/** How long it stays up from now on; 0 while it is down. */
function untilDownMs({ up = 5000, down = 5000 }: ToxicAttributes, now: number): number {
  return Math.max(0, up - (now % (up + down)));
}

class FlapStage implements ToxicStage {
  readonly heldBytes = 0;
  readonly #context: ToxicContext;
  #timer: Timer | null = null;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#context = context;
    this.update(attributes);
  }

  push(chunk: Buffer): void {
    this.#context.out.push(chunk);
  }

  finish(): void {
    this.#context.out.finish();
  }

  update(attributes: ToxicAttributes): void {
    this.dispose();
    const { clock, out } = this.#context;
    const left = untilDownMs(attributes, clock.now());
    if (left === 0) out.close('rst');
    else this.#timer = clock.setTimer(() => out.close('rst'), Math.ceil(left));
  }

  release(): void {
    this.dispose();
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
