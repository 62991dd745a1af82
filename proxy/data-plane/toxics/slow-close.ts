import type { Timer } from '../clock.ts';
import type { ToxicAttributes, ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

/** Data passes; only the end of this direction is held for `delay`. */
export const slowClose: ToxicType = {
  type: 'slow_close',
  summary: 'Holds back the closing of the connection',
  attributes: [{ name: 'delay', default: 0, min: 0, max: 86_400_000, integer: true, unit: 'ms' }],
  create: (attributes, context) => new SlowCloseStage(attributes, context),
};

class SlowCloseStage implements ToxicStage {
  readonly heldBytes = 0;
  #delayMs: number;
  readonly #context: ToxicContext;
  #timer: Timer | null = null;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#delayMs = attributes.delay ?? 0;
    this.#context = context;
  }

  push(chunk: Buffer): void {
    this.#context.out.push(chunk);
  }

  finish(): void {
    this.#timer = this.#context.clock.setTimer(() => {
      this.#timer = null;
      this.#context.out.finish();
    }, this.#delayMs);
  }

  update(attributes: ToxicAttributes): void {
    this.#delayMs = attributes.delay ?? 0;
  }

  release(): void {
    if (this.#timer === null) return;
    this.dispose();
    this.#context.out.finish();
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
