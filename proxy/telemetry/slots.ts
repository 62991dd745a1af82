import type { Exchange } from '../api/exchange.schema.ts';
import { Histogram } from './histogram.ts';
import { type CodeClass, codeClasses, codeClassOf, isError } from './judge.ts';

/** The trace of the slowest request offered; '' before there is one with a trace. */
class Exemplar {
  traceId = '';
  ms = -1;

  offer(traceId: string, ms: number): void {
    if (traceId === '' || ms <= this.ms) return;
    this.traceId = traceId;
    this.ms = ms;
  }
}

/** What happened on one edge, to one version, in one slot of time. */
export class Slot {
  count = 0;
  errors = 0;
  readonly classes: Record<CodeClass, number> = { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, other: 0 };
  retries = 0;
  timeouts = 0;
  overflows = 0;
  faultHits = 0;
  /** Calls that reached somebody, and those of them over mutual TLS: one that found no host says nothing about encryption. */
  reached = 0;
  mtls = 0;
  requestBytes = 0;
  responseBytes = 0;
  /** Time that requests were in flight within this slot, all together: those that ended later, and began earlier, too. */
  inFlightMs = 0;
  readonly latency = new Histogram();
  /** Traces worth opening from this slot: the slowest one, and the slowest of those that failed. */
  readonly slowest = new Exemplar();
  readonly slowestError = new Exemplar();

  add(exchange: Exchange): void {
    const failed = isError(exchange);
    this.count++;
    this.classes[codeClassOf(exchange)]++;
    if (failed) this.errors++;
    if (exchange.attempts.length > 1) this.retries += exchange.attempts.length - 1;
    if (exchange.flags.includes('UT')) this.timeouts++;
    if (exchange.flags.includes('UO')) this.overflows++;
    if (exchange.faults.length > 0) this.faultHits++;
    if (exchange.mtls || exchange.endpoint !== '') this.reached++;
    if (exchange.mtls) this.mtls++;
    this.requestBytes += exchange.requestBytes;
    this.responseBytes += exchange.responseBytes;
    this.latency.record(exchange.durationMs);
    this.slowest.offer(exchange.traceId, exchange.durationMs);
    if (failed) this.slowestError.offer(exchange.traceId, exchange.durationMs);
  }

  merge(other: Slot): void {
    this.count += other.count;
    this.errors += other.errors;
    for (const name of codeClasses) this.classes[name] += other.classes[name];
    this.retries += other.retries;
    this.timeouts += other.timeouts;
    this.overflows += other.overflows;
    this.faultHits += other.faultHits;
    this.reached += other.reached;
    this.mtls += other.mtls;
    this.requestBytes += other.requestBytes;
    this.responseBytes += other.responseBytes;
    this.inFlightMs += other.inFlightMs;
    this.latency.merge(other.latency);
    this.slowest.offer(other.slowest.traceId, other.slowest.ms);
    this.slowestError.offer(other.slowestError.traceId, other.slowestError.ms);
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

  /** It ended at `atMs`. */
  add(atMs: number, exchange: Exchange): void {
    const index = Math.floor(atMs / this.slotMs);
    this.#slotAt(index).add(exchange);
    const fromMs = Math.max(atMs - exchange.durationMs, (index - this.#keep + 1) * this.slotMs);
    for (const [at, ms] of overlaps(fromMs, atMs, this.slotMs)) this.#slotAt(at).inFlightMs += ms;
  }

  #slotAt(index: number): Slot {
    let slot = this.#slots.get(index);
    if (slot === undefined) {
      slot = new Slot();
      this.#slots.set(index, slot);
      for (const old of this.#slots.keys()) if (old <= index - this.#keep) this.#slots.delete(old);
    }
    return slot;
  }

  /** Slots that begin within [fromMs, toMs), with their start. */
  *between(fromMs: number, toMs: number): Generator<[number, Slot]> {
    const first = Math.floor(fromMs / this.slotMs);
    const last = Math.ceil(toMs / this.slotMs);
    for (const [index, slot] of this.#slots) if (index >= first && index < last) yield [index * this.slotMs, slot];
  }
}

/** How much of a stretch of time lies in which slot: slots are numbered since 1970. */
export function* overlaps(fromMs: number, toMs: number, slotMs: number): Generator<[index: number, ms: number]> {
  for (let index = Math.floor(fromMs / slotMs); index * slotMs < toMs; index++)
    yield [index, Math.min(toMs, (index + 1) * slotMs) - Math.max(fromMs, index * slotMs)];
}
