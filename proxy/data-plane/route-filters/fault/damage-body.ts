import type { Clock, Timer } from '../../clock.ts';
import type { BodyTransform } from '../../exchange.ts';
import type { FaultSnapshot } from '../../snapshot.ts';
import type { DrawSequence } from './draw.ts';

/** A throttled body leaves in steps of this length. */
const STEP_MS = 50;
/** Held bytes above which the upstream is paused. */
const HIGH_WATER_BYTES = 256 * 1024;

type Damage = NonNullable<FaultSnapshot['response']>;

/** Cuts, slows and corrupts a response body, in that order of precedence: bytes beyond the cut are never sent. */
export class DamagedBody implements BodyTransform {
  emit: (chunk: Buffer) => void = () => {};
  emitEnd: () => void = () => {};
  emitReset: () => void = () => {};
  onDrain: (() => void) | null = null;
  readonly #damage: Damage;
  readonly #draw: DrawSequence;
  readonly #clock: Clock;
  #passed = 0;
  /** Bytes that may leave; below 1 between steps. */
  #credit = 0;
  #queue: Buffer[] = [];
  #queued = 0;
  #pushedBack = false;
  #ended = false;
  #cut = false;
  #timer: Timer | null = null;
  #closed = false;

  constructor(damage: Damage, draw: DrawSequence, clock: Clock) {
    this.#damage = damage;
    this.#draw = draw;
    this.#clock = clock;
  }

  write(chunk: Buffer): boolean {
    if (this.#cut || this.#closed) return true;
    const limit = this.#damage.truncateAfterBytes;
    let kept = chunk;
    if (limit !== null && this.#passed + chunk.length > limit) {
      kept = chunk.subarray(0, limit - this.#passed);
      this.#cut = true;
    }
    this.#passed += kept.length;
    this.#give(this.#corrupt(kept));
    if (this.#cut && this.#queued === 0) this.emitReset();
    this.#pushedBack = this.#queued > HIGH_WATER_BYTES;
    return !this.#pushedBack;
  }

  end(): void {
    this.#ended = true;
    if (this.#queued === 0 && !this.#cut) this.emitEnd();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#queue = [];
  }

  #corrupt(chunk: Buffer): Buffer {
    const chance = this.#damage.corruptPercent / 100;
    if (chance <= 0) return chunk;
    const copy = Buffer.from(chunk);
    // At least one bit flips, so that a corrupted byte is never the same byte.
    for (let i = 0; i < copy.length; i++) if (this.#draw() < chance) copy[i] = copy[i]! ^ (1 + Math.floor(this.#draw() * 255));
    return copy;
  }

  #give(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#damage.bytesPerSecond === null) {
      this.emit(chunk);
      return;
    }
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    this.#timer ??= this.#clock.setTimer(() => this.#step(), STEP_MS);
  }

  /** One step's worth of bytes. What a step may not send as a whole byte is kept for the next, so slow and odd rates come out right too. */
  #step(): void {
    this.#timer = null;
    if (this.#closed) return;
    this.#credit += (this.#damage.bytesPerSecond! * STEP_MS) / 1000;
    let room = Math.floor(this.#credit);
    this.#credit -= room;
    while (room > 0 && this.#queue.length > 0) {
      const chunk = this.#queue[0]!;
      const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
      if (part === chunk) this.#queue.shift();
      else this.#queue[0] = chunk.subarray(room);
      room -= part.length;
      this.#queued -= part.length;
      this.emit(part);
    }
    if (this.#pushedBack && this.#queued <= HIGH_WATER_BYTES / 2) {
      this.#pushedBack = false;
      this.onDrain?.();
    }
    if (this.#queued > 0) {
      this.#timer = this.#clock.setTimer(() => this.#step(), STEP_MS);
    } else if (this.#cut) this.emitReset();
    else if (this.#ended) this.emitEnd();
  }
}
