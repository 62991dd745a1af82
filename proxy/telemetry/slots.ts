import type { Exchange } from '../api/exchange.schema.ts';
import { Histogram } from './histogram.ts';
import { isError } from './judge.ts';

/** What happened on one edge, to one version, in one slot of time. */
export class Slot {
  count = 0;
  errors = 0;
  retries = 0;
  timeouts = 0;
  overflows = 0;
  faultHits = 0;
  /** Calls that reached somebody, and those of them over mutual TLS: one that found no host says nothing about encryption. */
  reached = 0;
  mtls = 0;
  requestBytes = 0;
  responseBytes = 0;
  readonly latency = new Histogram();
  /** A trace worth opening from this slot: the slowest one. */
  exemplar = '';
  #exemplarMs = -1;

  add(exchange: Exchange): void {
    this.count++;
    if (isError(exchange)) this.errors++;
    if (exchange.attempts.length > 1) this.retries += exchange.attempts.length - 1;
    if (exchange.flags.includes('UT')) this.timeouts++;
    if (exchange.flags.includes('UO')) this.overflows++;
    if (exchange.faults.length > 0) this.faultHits++;
    if (exchange.mtls || exchange.endpoint !== '') this.reached++;
    if (exchange.mtls) this.mtls++;
    this.requestBytes += exchange.requestBytes;
    this.responseBytes += exchange.responseBytes;
    this.latency.record(exchange.durationMs);
    if (exchange.durationMs > this.#exemplarMs && exchange.traceId !== '') {
      this.#exemplarMs = exchange.durationMs;
      this.exemplar = exchange.traceId;
    }
  }

  merge(other: Slot): void {
    this.count += other.count;
    this.errors += other.errors;
    this.retries += other.retries;
    this.timeouts += other.timeouts;
    this.overflows += other.overflows;
    this.faultHits += other.faultHits;
    this.reached += other.reached;
    this.mtls += other.mtls;
    this.requestBytes += other.requestBytes;
    this.responseBytes += other.responseBytes;
    this.latency.merge(other.latency);
    if (other.#exemplarMs > this.#exemplarMs) {
      this.#exemplarMs = other.#exemplarMs;
      this.exemplar = other.exemplar;
    }
  }
}

/** Slots of one length, the oldest forgotten: 1 s for 5 minutes, 10 s for an hour. */
export class SlotRing {
  readonly slotMs: number;
  readonly #slots = new Map<number, Slot>();
  readonly #keep: number;

  constructor(slotMs: number, keepMs: number) {
    this.slotMs = slotMs;
    this.#keep = Math.ceil(keepMs / slotMs) + 1;
  }

  add(atMs: number, exchange: Exchange): void {
    const index = Math.floor(atMs / this.slotMs);
    let slot = this.#slots.get(index);
    if (slot === undefined) {
      slot = new Slot();
      this.#slots.set(index, slot);
      for (const old of this.#slots.keys()) if (old <= index - this.#keep) this.#slots.delete(old);
    }
    slot.add(exchange);
  }

  /** Slots that begin within [fromMs, toMs), with their start. */
  *between(fromMs: number, toMs: number): Generator<[number, Slot]> {
    const first = Math.floor(fromMs / this.slotMs);
    const last = Math.ceil(toMs / this.slotMs);
    for (const [index, slot] of this.#slots) if (index >= first && index < last) yield [index * this.slotMs, slot];
  }
}
