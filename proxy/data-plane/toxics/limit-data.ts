import type { ToxicAttributes, ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

/** Passes exactly `bytes` bytes per connection, then closes it. The count goes on when the limit is changed. */
export const limitData: ToxicType = {
  type: 'limit_data',
  summary: 'Closes the connection after a number of bytes',
  attributes: [{ name: 'bytes', default: 0, min: 0, max: Number.MAX_SAFE_INTEGER, integer: true, unit: 'bytes' }],
  create: (attributes, context) => new LimitDataStage(attributes, context),
};

class LimitDataStage implements ToxicStage {
  readonly heldBytes = 0;
  #limit: number;
  #passed = 0;
  readonly #context: ToxicContext;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#limit = attributes.bytes ?? 0;
    this.#context = context;
  }

  push(chunk: Buffer): void {
    const room = this.#limit - this.#passed;
    if (room <= 0) {
      this.#context.out.close('fin');
      return;
    }
    const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
    this.#passed += part.length;
    this.#context.out.push(part);
    if (this.#passed >= this.#limit) this.#context.out.close('fin');
  }

  finish(): void {
    this.#context.out.finish();
  }

  update(attributes: ToxicAttributes): void {
    this.#limit = attributes.bytes ?? 0;
  }

  release(): void {}
  dispose(): void {}
}
