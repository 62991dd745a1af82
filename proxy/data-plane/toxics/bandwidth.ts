import type { Timer } from '../clock.ts';
import { ChunkQueue, type ToxicAttributes, type ToxicContext, type ToxicStage, type ToxicType } from './toxic.ts';

const STEP_MS = 100;

/** At most `rate` KB/s (KB = 1000 bytes), in steps of 100 ms. Rate 0 stalls until it is raised or removed; then the data flows. */
export const bandwidth: ToxicType = {
  type: 'bandwidth',
  summary: 'Limits the throughput',
  attributes: [{ name: 'rate', default: 0, min: 0, max: 10_000_000, integer: true, unit: 'KB/s' }],
  create: (attributes, context) => new BandwidthStage(attributes, context),
};

class BandwidthStage implements ToxicStage {
  #rate: number;
  readonly #context: ToxicContext;
  readonly #queue = new ChunkQueue();
  #timer: Timer | null = null;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#rate = attributes.rate ?? 0;
    this.#context = context;
  }

  get heldBytes(): number {
    return this.#queue.bytes;
  }

  push(chunk: Buffer): void {
    this.#queue.add(chunk);
    this.#schedule();
  }

  finish(): void {
    this.#queue.finished = true;
    this.#schedule();
  }

  update(attributes: ToxicAttributes): void {
    this.#rate = attributes.rate ?? 0;
    this.#timer?.cancel();
    this.#timer = null;
    this.#schedule();
  }

  release(): void {
    this.dispose();
    this.#queue.drainTo(this.#context.out);
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    if (this.#queue.empty) {
      this.#queue.drainTo(this.#context.out);
      return;
    }
    if (this.#rate <= 0) return;
    const stepBytes = this.#rate * STEP_MS;
    const next = Math.min(stepBytes, this.#queue.bytes);
    this.#timer = this.#context.clock.setTimer(
      () => {
        this.#timer = null;
        this.#give(next);
        this.#schedule();
      },
      Math.max(1, Math.round((next / stepBytes) * STEP_MS)),
    );
  }

  #give(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const chunk = this.#queue.take();
      if (chunk === undefined) return;
      if (chunk.length <= left) {
        left -= chunk.length;
        this.#context.out.push(chunk);
        continue;
      }
      this.#queue.putBack(chunk.subarray(left));
      this.#context.out.push(chunk.subarray(0, left));
      left = 0;
    }
  }
}
