import type { Clock, Random, Timer } from '../../clock.ts';
import type { BodyTransform } from '../../exchange.ts';
import type { FaultSnapshot } from '../../snapshot.ts';

/*
 * Response bodies: corrupt → truncate → throttle, in this order, chunk by chunk.
 *
 *   app ──write──▶ [flip bytes] ──▶ [cut after n bytes] ──▶ [queue, n bytes per second] ──emit──▶ client
 *                                        └─ emitReset            └─ false / onDrain when full
 */

/** Slices of a throttled body: Envoy's rate limiter fills 16 times a second too. */
const slicesPerSecond = 16;
/** Above this the sender is told to wait. */
const highWaterBytes = 65_536;

type ResponseFault = NonNullable<FaultSnapshot['response']>;

export class ResponseTransform implements BodyTransform {
  emit: (chunk: Buffer) => void = () => {};
  emitEnd: () => void = () => {};
  emitReset: () => void = () => {};
  onDrain: (() => void) | null = null;

  readonly #fault: ResponseFault;
  readonly #clock: Clock;
  readonly #random: Random;
  #passed = 0;
  #untilNextFlip: number;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #blocked = false;
  /** What follows the queue: the end, or the cut. */
  #after: 'end' | 'reset' | null = null;
  #timer: Timer | null = null;
  #closed = false;
  /** Bytes that could not be spent in earlier slices of a rate below 16 bytes per second. */
  #credit = 0;

  constructor(fault: ResponseFault, deps: { clock: Clock; random: Random }) {
    this.#fault = fault;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#untilNextFlip = this.#drawGap();
  }

  write(chunk: Buffer): boolean {
    if (this.#closed || this.#after !== null) return true;
    let data = this.#corrupt(chunk);
    const limit = this.#fault.truncateAfterBytes;
    const cut = limit !== null && this.#passed + data.length > limit;
    if (cut) data = data.subarray(0, limit - this.#passed);
    this.#passed += data.length;
    const ready = this.#forward(data);
    if (cut) this.#finish('reset');
    return ready;
  }

  end(): void {
    if (!this.#closed && this.#after === null) this.#finish('end');
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** Flips one bit in the given share of bytes. Gaps are drawn instead of every byte: the same distribution, far fewer draws. */
  #corrupt(chunk: Buffer): Buffer {
    if (this.#untilNextFlip >= chunk.length) {
      this.#untilNextFlip -= chunk.length;
      return chunk;
    }
    const copy = Buffer.from(chunk);
    let position = this.#untilNextFlip;
    while (position < copy.length) {
      copy[position]! ^= 1 << Math.floor(this.#random() * 8);
      position += 1 + this.#drawGap();
    }
    this.#untilNextFlip = position - copy.length;
    return copy;
  }

  #drawGap(): number {
    const share = this.#fault.corruptPercent / 100;
    if (share <= 0) return Number.POSITIVE_INFINITY;
    if (share >= 1) return 0;
    return Math.floor(Math.log(1 - this.#random()) / Math.log(1 - share));
  }

  #forward(data: Buffer): boolean {
    if (this.#fault.bytesPerSecond === null) {
      if (data.length > 0) this.emit(data);
      return true;
    }
    if (data.length > 0) {
      this.#queue.push(data);
      this.#queuedBytes += data.length;
    }
    this.#schedule();
    this.#blocked = this.#queuedBytes > highWaterBytes;
    return !this.#blocked;
  }

  #finish(how: 'end' | 'reset'): void {
    this.#after = how;
    if (this.#queuedBytes === 0) this.#complete();
  }

  #complete(): void {
    const how = this.#after;
    this.close();
    if (how === 'reset') this.emitReset();
    else this.emitEnd();
  }

  #schedule(): void {
    if (this.#timer !== null || this.#queuedBytes === 0) return;
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = null;
      this.#emitSlice();
    }, 1000 / slicesPerSecond);
  }

  #emitSlice(): void {
    this.#credit += (this.#fault.bytesPerSecond ?? 0) / slicesPerSecond;
    let budget = Math.floor(this.#credit);
    this.#credit -= budget;
    while (budget > 0 && this.#queue.length > 0) {
      const head = this.#queue[0]!;
      const part = head.subarray(0, budget);
      if (part.length === head.length) this.#queue.shift();
      else this.#queue[0] = head.subarray(part.length);
      budget -= part.length;
      this.#queuedBytes -= part.length;
      this.emit(part);
      if (this.#closed) return;
    }
    if (this.#queuedBytes === 0 && this.#after !== null) {
      this.#complete();
      return;
    }
    if (this.#blocked && this.#queuedBytes <= highWaterBytes / 2) {
      this.#blocked = false;
      this.onDrain?.();
    }
    this.#schedule();
  }
}

/** Two transforms in a row; `second` is nearer to the client. Flow control of the slower one reaches the sender. */
export function chainTransforms(first: BodyTransform, second: BodyTransform): BodyTransform {
  let secondReady = true;
  first.emit = (chunk) => {
    if (!second.write(chunk)) secondReady = false;
  };
  first.emitEnd = () => second.end();
  first.emitReset = () => second.emitReset();
  const chain: BodyTransform = {
    write: (chunk) => first.write(chunk) && secondReady,
    end: () => first.end(),
    close: () => {
      first.close();
      second.close();
    },
    get emit() {
      return second.emit;
    },
    set emit(emit) {
      second.emit = emit;
    },
    get emitEnd() {
      return second.emitEnd;
    },
    set emitEnd(emitEnd) {
      second.emitEnd = emitEnd;
    },
    get emitReset() {
      return second.emitReset;
    },
    set emitReset(emitReset) {
      second.emitReset = emitReset;
    },
    onDrain: null,
  };
  first.onDrain = () => {
    if (secondReady) chain.onDrain?.();
  };
  second.onDrain = () => {
    secondReady = true;
    chain.onDrain?.();
  };
  return chain;
}
