import type { ToxicAttributes, ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

/** Ours: changes bytes, each with `percent` chance; lengths and order stay. */
export const corrupt: ToxicType = {
  type: 'corrupt',
  summary: 'Changes bytes at random',
  attributes: [{ name: 'percent', default: 1, min: 0, max: 100, integer: false, unit: '%' }],
  create: (attributes, context) => new CorruptStage(attributes, context),
};

class CorruptStage implements ToxicStage {
  readonly heldBytes = 0;
  #percent: number;
  readonly #context: ToxicContext;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#percent = attributes.percent ?? 1;
    this.#context = context;
  }

  push(chunk: Buffer): void {
    const chance = this.#percent / 100;
    const copy = Buffer.from(chunk);
    for (let i = 0; i < copy.length; i++) {
      // Flip at least one bit, so that a corrupted byte is never the same byte.
      if (this.#context.random() < chance) copy[i] = copy[i]! ^ (1 + Math.floor(this.#context.random() * 255));
    }
    this.#context.out.push(copy);
  }

  finish(): void {
    this.#context.out.finish();
  }
  update(attributes: ToxicAttributes): void {
    this.#percent = attributes.percent ?? 1;
  }
  release(): void {}
  dispose(): void {}
}
