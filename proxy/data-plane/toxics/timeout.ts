import type { Timer } from '../clock.ts';
import type { ToxicAttributes, ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

/**
 * Drops all data and closes the connection after `timeout` without data: each chunk starts the wait anew. 0 never closes. Taking the toxic
 * away closes the connection, since bytes are missing from it.
 */
export const timeout: ToxicType = {
  type: 'timeout',
  summary: 'Swallows all data, then closes the connection',
  attributes: [{ name: 'timeout', default: 0, min: 0, max: 86_400_000, integer: true, unit: 'ms' }],
  create: (attributes, context) => new TimeoutStage(attributes, context),
};

class TimeoutStage implements ToxicStage {
  readonly heldBytes = 0;
  #timeoutMs: number;
  readonly #context: ToxicContext;
  #timer: Timer | null = null;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#timeoutMs = attributes.timeout ?? 0;
    this.#context = context;
    this.#restart();
  }

  push(_chunk: Buffer): void {
    this.#restart();
  }

  finish(): void {
    this.dispose();
    this.#context.out.close('fin');
  }

  update(attributes: ToxicAttributes): void {
    this.#timeoutMs = attributes.timeout ?? 0;
    this.#restart();
  }

  release(): void {
    this.dispose();
    this.#context.out.close('fin');
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #restart(): void {
    this.dispose();
    if (this.#timeoutMs <= 0) return;
    this.#timer = this.#context.clock.setTimer(() => {
      this.#timer = null;
      this.#context.out.close('fin');
    }, this.#timeoutMs);
  }
}
