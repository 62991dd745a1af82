import type { Exchange } from '../api/exchange.schema.ts';
import { isError } from './judge.ts';
import { overlaps, Slot } from './slots.ts';

/** The parts that a spike is still seen in, however long the run. */
const BASE_MS = 10_000;
/** A day of ten-second parts; then parts grow as well. */
const MAX_PARTS = 8640;
const MAX_SLOTS = 256;

/** How many requests ended in one short part of a run, and how many of them failed. */
export interface Part {
  count: number;
  errors: number;
}

/**
 * A whole run of one edge in bounded memory, however long it gets:
 *
 *   slots  ▏▏▏▏▏▏▏▏  at most 256, histograms and all; when there are more, neighbours become one and the slot's length doubles
 *   parts  ·········  counts of every 10 s, so that the highest and lowest rate within a merged slot stay known
 *
 * Slots begin at whole multiples of their length since 1970, so that edges of different age still add up.
 */
export class RunHistory {
  slotMs = BASE_MS;
  partMs = BASE_MS;
  #slots = new Map<number, Slot>();
  #parts = new Map<number, Part>();

  add(atMs: number, exchange: Exchange): void {
    this.#slotAt(Math.floor(atMs / this.slotMs)).add(exchange);
    const fromMs = Math.max(atMs - exchange.durationMs, atMs - MAX_SLOTS * this.slotMs);
    for (const [index, ms] of overlaps(fromMs, atMs, this.slotMs)) this.#slotAt(index).inFlightMs += ms;
    const part = Math.floor(atMs / this.partMs);
    const counted = this.#parts.get(part) ?? { count: 0, errors: 0 };
    counted.count++;
    if (isError(exchange)) counted.errors++;
    this.#parts.set(part, counted);
    while (this.#slots.size > MAX_SLOTS) this.#mergeSlots();
    if (this.#parts.size > MAX_PARTS) this.#mergeParts();
  }

  #slotAt(index: number): Slot {
    let slot = this.#slots.get(index);
    if (slot === undefined) {
      slot = new Slot();
      this.#slots.set(index, slot);
    }
    return slot;
  }

  /** Slots that begin within [fromMs, toMs), with their start. */
  *between(fromMs: number, toMs: number): Generator<[number, Slot]> {
    for (const [index, slot] of this.#slots) {
      const at = index * this.slotMs;
      if (at >= fromMs && at < toMs) yield [at, slot];
    }
  }

  *partsBetween(fromMs: number, toMs: number): Generator<[number, Part]> {
    for (const [index, part] of this.#parts) {
      const at = index * this.partMs;
      if (at >= fromMs && at < toMs) yield [at, part];
    }
  }

  #mergeSlots(): void {
    this.slotMs *= 2;
    this.#slots = joinNeighbours(this.#slots, (into, slot) => into.merge(slot));
  }

  #mergeParts(): void {
    this.partMs *= 2;
    this.#parts = joinNeighbours(this.#parts, (into, { count, errors }) => {
      into.count += count;
      into.errors += errors;
    });
  }
}

/** Two of one length become one of twice that length. */
function joinNeighbours<T>(all: ReadonlyMap<number, T>, merge: (into: T, other: T) => void): Map<number, T> {
  const joined = new Map<number, T>();
  for (const [index, one] of all) {
    const before = joined.get(Math.floor(index / 2));
    if (before === undefined) joined.set(Math.floor(index / 2), one);
    else merge(before, one);
  }
  return joined;
}

/** 10 s doubled until a run of this length has at most `points` of them. */
export function runStepMs(runMs: number, points: number): number {
  let step = BASE_MS;
  while (runMs / step > points) step *= 2;
  return step;
}
