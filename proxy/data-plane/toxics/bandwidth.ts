import { QueuedStage } from './queued-stage.ts';
import type { ToxicAttributes, ToxicType } from './toxic.ts';

const STEP_MS = 100;

/** At most `rate` KB/s (KB = 1000 bytes), in steps of 100 ms. Rate 0 stalls until it is raised or removed; then the data flows. */
export const bandwidth: ToxicType = {
  type: 'bandwidth',
  summary: 'Limits the throughput',
  attributes: [{ name: 'rate', default: 0, min: 0, max: 10_000_000, integer: true, unit: 'KB/s' }],
  create: (attributes, context) => new BandwidthStage(attributes, context),
};

class BandwidthStage extends QueuedStage {
  push(chunk: Buffer): void {
    this.queue.add(chunk);
    this.#schedule();
  }

  finish(): void {
    this.queue.finished = true;
    this.#schedule();
  }

  override update(attributes: ToxicAttributes): void {
    super.update(attributes);
    this.dispose();
    this.#schedule();
  }

  #schedule(): void {
    if (this.isWaiting) return;
    if (this.queue.empty) {
      this.drain();
      return;
    }
    const { rate = 0 } = this.attributes;
    if (rate <= 0) return;
    const stepBytes = rate * STEP_MS;
    const next = Math.min(stepBytes, this.queue.bytes);
    this.wait(Math.max(1, Math.round((next / stepBytes) * STEP_MS)), () => {
      this.#give(next);
      this.#schedule();
    });
  }

  #give(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const chunk = this.queue.take();
      if (chunk === undefined) return;
      if (chunk.length <= left) {
        left -= chunk.length;
        this.context.out.push(chunk);
        continue;
      }
      this.queue.putBack(chunk.subarray(left));
      this.context.out.push(chunk.subarray(0, left));
      left = 0;
    }
  }
}
