import type { Timer } from '../clock.ts';
import { ChunkQueue, type ToxicAttributes, type ToxicContext, type ToxicStage, type ToxicType } from './toxic.ts';

/** Ours: what packet loss looks like to an application. A chunk stalls with `percent` chance for `delay`, and all behind it wait. */
export const stall: ToxicType = {
  type: 'stall',
  summary: 'Stalls now and then, as lost packets do',
  attributes: [
    { name: 'percent', default: 5, min: 0, max: 100, integer: false, unit: '%' },
    { name: 'delay', default: 200, min: 0, max: 3_600_000, integer: true, unit: 'ms' },
  ],
  create: (attributes, context) => new StallStage(attributes, context),
};

class StallStage implements ToxicStage {
  #attributes: ToxicAttributes;
  readonly #context: ToxicContext;
  readonly #queue = new ChunkQueue();
  #timer: Timer | null = null;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#attributes = attributes;
    this.#context = context;
  }

  get heldBytes(): number {
    return this.#queue.bytes;
  }

  push(chunk: Buffer): void {
    if (this.#timer === null && this.#context.random() * 100 >= (this.#attributes.percent ?? 5)) {
      this.#context.out.push(chunk);
      return;
    }
    this.#queue.add(chunk);
    this.#timer ??= this.#context.clock.setTimer(() => {
      this.#timer = null;
      this.#queue.drainTo(this.#context.out);
    }, this.#attributes.delay ?? 200);
  }

  finish(): void {
    if (this.#timer === null) this.#context.out.finish();
    else this.#queue.finished = true;
  }

  update(attributes: ToxicAttributes): void {
    this.#attributes = attributes;
  }

  release(): void {
    this.dispose();
    this.#queue.drainTo(this.#context.out);
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
