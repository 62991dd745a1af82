import type { Exchange } from '../api/exchange.schema.ts';

const KEPT = 4096;

/** What a hop adds, measured: an exchange's time outside of its attempts and of delays injected on purpose. Over the last few thousand. */
export class HopOverhead {
  readonly #values: number[] = [];
  #next = 0;

  record(exchange: Exchange): void {
    const first = exchange.attempts[0];
    const last = exchange.attempts.at(-1);
    if (first === undefined || last === undefined || exchange.protocol === 'TCP') return;
    // A caller's record also tells what the callee's sidecar injected: that is inside the attempts already.
    const own = exchange.reporter === 'destination' ? 'server' : 'client';
    const injected = exchange.faults.reduce((sum, fault) => sum + (fault.side === own ? (fault.delayMs ?? 0) : 0), 0);
    const outside = exchange.durationMs - (last.startMs + last.durationMs - first.startMs) - injected;
    this.#values[this.#next] = Math.max(0, outside);
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Milliseconds; null without traffic. */
  read(): { p50: number; p99: number } | null {
    if (this.#values.length === 0) return null;
    const sorted = this.#values.slice().sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
    return { p50: at(0.5), p99: at(0.99) };
  }
}
