import type { Clock, Timer } from '../shared/clock.ts';

export interface WriteQueueOptions<T> {
  clock: Clock;
  maxItems: number;
  maxBytes: number;
  /** Approximate memory of one item. */
  sizeOf: (item: T) => number;
  /** Writes a batch; false when it was not written. Never rejects. */
  write: (batch: T[]) => Promise<boolean>;
  onDropped: (count: number) => void;
}

const flushAfterMs = 25;
const batchSize = 400;

/**
 * Best-effort rows on their way to the worker: one batch in flight, the rest waits here, bounded.
 *
 *   add ──▶ [ waiting … ] ──25 ms or a full batch──▶ write (one at a time) ──▶ kept, or dropped and counted
 *             └─ over the bound: the oldest is dropped
 */
export class WriteQueue<T> {
  readonly #options: WriteQueueOptions<T>;
  #waiting: T[] = [];
  #waitingBytes = 0;
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;

  constructor(options: WriteQueueOptions<T>) {
    this.#options = options;
  }

  get pending(): number {
    return this.#waiting.length;
  }

  add(items: readonly T[]): void {
    const { maxItems, maxBytes, sizeOf, onDropped } = this.#options;
    for (const item of items) {
      this.#waiting.push(item);
      this.#waitingBytes += sizeOf(item);
    }
    let over = 0;
    while (this.#waiting.length - over > maxItems || (this.#waitingBytes > maxBytes && this.#waiting.length - over > 1)) {
      this.#waitingBytes -= sizeOf(this.#waiting[over++]!);
    }
    if (over > 0) {
      this.#waiting.splice(0, over);
      onDropped(over);
    }
    if (this.#waiting.length >= batchSize) this.#start();
    else if (this.#waiting.length > 0) this.#timer ??= this.#options.clock.setTimer(() => this.#start(), flushAfterMs);
  }

  /** Resolves when everything added before was written or dropped. */
  async flush(): Promise<void> {
    for (let rounds = 0; rounds < 10_000 && (this.#running || this.#waiting.length > 0); rounds++) {
      this.#start();
      await this.#running;
    }
  }

  #start(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#running ??= this.#drain().finally(() => {
      this.#running = null;
      if (this.#waiting.length > 0) this.#timer ??= this.#options.clock.setTimer(() => this.#start(), flushAfterMs);
    });
  }

  async #drain(): Promise<void> {
    const { write, sizeOf, onDropped } = this.#options;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchSize);
      for (const item of batch) this.#waitingBytes -= sizeOf(item);
      if (!(await write(batch))) onDropped(batch.length);
    }
  }
}
