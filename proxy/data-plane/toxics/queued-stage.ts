import type { Timer } from '../clock.ts';
import { ChunkQueue, type ToxicAttributes, type ToxicContext, type ToxicStage } from './toxic.ts';

/** What stages that hold data back have in common: a queue, one timer, and letting go of all of it when the toxic is taken away. */
export abstract class QueuedStage implements ToxicStage {
  protected attributes: ToxicAttributes;
  protected readonly context: ToxicContext;
  protected readonly queue = new ChunkQueue();
  #timer: Timer | null = null;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.attributes = attributes;
    this.context = context;
  }

  get heldBytes(): number {
    return this.queue.bytes;
  }

  abstract push(chunk: Buffer): void;
  abstract finish(): void;

  update(attributes: ToxicAttributes): void {
    this.attributes = attributes;
  }

  release(): void {
    this.dispose();
    this.drain();
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** All that is held goes on, and the end if it has come. */
  protected drain(): void {
    this.queue.drainTo(this.context.out);
  }

  protected get isWaiting(): boolean {
    return this.#timer !== null;
  }

  protected wait(ms: number, then: () => void): void {
    this.#timer = this.context.clock.setTimer(() => {
      this.#timer = null;
      then();
    }, ms);
  }
}
