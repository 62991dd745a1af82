import { QueuedStage } from './queued-stage.ts';
import type { ToxicType } from './toxic.ts';

/** Cuts data into pieces of about `average_size` ± `size_variation` bytes, `delay` microseconds apart. */
export const slicer: ToxicType = {
  type: 'slicer',
  summary: 'Slices data into small pieces with a pause between them',
  attributes: [
    { name: 'average_size', default: 1024, min: 1, max: 1_073_741_824, integer: true, unit: 'bytes' },
    { name: 'size_variation', default: 0, min: 0, max: 1_073_741_824, integer: true, unit: 'bytes' },
    { name: 'delay', default: 0, min: 0, max: 60_000_000, integer: true, unit: 'µs' },
  ],
  create: (attributes, context) => new SlicerStage(attributes, context),
};

class SlicerStage extends QueuedStage {
  push(chunk: Buffer): void {
    for (const [start, end] of this.#cuts(0, chunk.length)) this.queue.add(chunk.subarray(start, end));
    this.#next();
  }

  finish(): void {
    this.queue.finished = true;
    this.#next();
  }

  /** Halves again and again until a piece is no longer than the average; the split point swings by the variation. */
  #cuts(start: number, end: number): [number, number][] {
    const average = Math.max(1, this.attributes.average_size ?? 1);
    const variation = Math.min(this.attributes.size_variation ?? 0, average - 1);
    const pieces: [number, number][] = [];
    const pending: [number, number][] = [[start, end]];
    for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
      const [from, to] = range;
      if (to - from - average <= variation || to - from < 2) {
        pieces.push(range);
        continue;
      }
      const swing = variation === 0 ? 0 : Math.floor(this.context.random() * 2 * variation) - variation;
      const middle = Math.min(to - 1, Math.max(from + 1, from + Math.floor((to - from) / 2) + swing));
      pending.push([middle, to], [from, middle]);
    }
    return pieces;
  }

  #next(): void {
    if (this.isWaiting) return;
    const delayMs = (this.attributes.delay ?? 0) / 1000;
    const chunk = delayMs > 0 ? this.queue.take() : undefined;
    if (chunk === undefined) {
      this.drain();
      return;
    }
    this.context.out.push(chunk);
    this.wait(delayMs, () => this.#next());
  }
}
