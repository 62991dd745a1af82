import { QueuedStage } from './queued-stage.ts';
import type { ToxicType } from './toxic.ts';

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

class StallStage extends QueuedStage {
  push(chunk: Buffer): void {
    const { percent = 5, delay = 200 } = this.attributes;
    if (!this.isWaiting && this.context.random() * 100 >= percent) {
      this.context.out.push(chunk);
      return;
    }
    this.queue.add(chunk);
    if (!this.isWaiting) this.wait(delay, () => this.drain());
  }

  finish(): void {
    if (this.isWaiting) this.queue.finished = true;
    else this.context.out.finish();
  }
}
