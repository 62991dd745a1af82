import type { Timer } from '../clock.ts';
import type { ToxicAttributes, ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

interface Held {
  chunk: Buffer | null;
  dueAt: number;
}

/** Each chunk leaves latency + uniform[−jitter, jitter) after it came; chunks pipeline and stay in order. Connecting is not delayed. */
export const latency: ToxicType = {
  type: 'latency',
  summary: 'Delays all data by a time, give or take a jitter',
  attributes: [
    { name: 'latency', default: 0, min: 0, max: 86_400_000, integer: true, unit: 'ms' },
    { name: 'jitter', default: 0, min: 0, max: 86_400_000, integer: true, unit: 'ms' },
  ],
  create: (attributes, context) => new LatencyStage(attributes, context),
};

class LatencyStage implements ToxicStage {
  #attributes: ToxicAttributes;
  readonly #context: ToxicContext;
  readonly #held: Held[] = [];
  #timer: Timer | null = null;
  heldBytes = 0;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#attributes = attributes;
    this.#context = context;
  }

  push(chunk: Buffer): void {
    const { latency = 0, jitter = 0 } = this.#attributes;
    const swing = jitter === 0 ? 0 : Math.floor(this.#context.random() * 2 * jitter) - jitter;
    this.#hold({ chunk, dueAt: this.#context.clock.now() + Math.max(0, latency + swing) });
    this.heldBytes += chunk.length;
  }

  finish(): void {
    // The end follows the last byte; it is not delayed on its own.
    this.#hold({ chunk: null, dueAt: this.#context.clock.now() });
  }

  update(attributes: ToxicAttributes): void {
    this.#attributes = attributes;
  }

  release(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const held of this.#held.splice(0)) this.#give(held);
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#held.length = 0;
    this.heldBytes = 0;
  }

  #hold(held: Held): void {
    const last = this.#held[this.#held.length - 1];
    // A smaller jitter draw must not overtake.
    if (last !== undefined && held.dueAt < last.dueAt) held.dueAt = last.dueAt;
    this.#held.push(held);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    const first = this.#held[0];
    if (first === undefined) return;
    const wait = first.dueAt - this.#context.clock.now();
    if (wait <= 0) {
      this.#giveDue();
      return;
    }
    // Timers fire up to a millisecond early or late; rounding up keeps "at least this long".
    this.#timer = this.#context.clock.setTimer(() => {
      this.#timer = null;
      this.#giveDue();
    }, Math.ceil(wait));
  }

  #giveDue(): void {
    const now = this.#context.clock.now();
    while (this.#held.length > 0 && this.#held[0]!.dueAt <= now) this.#give(this.#held.shift()!);
    this.#schedule();
  }

  #give(held: Held): void {
    if (held.chunk === null) {
      this.#context.out.finish();
      return;
    }
    this.heldBytes -= held.chunk.length;
    this.#context.out.push(held.chunk);
  }
}
