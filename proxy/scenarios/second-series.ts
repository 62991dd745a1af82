import type { ScenarioRun } from '../api/scenario.schema.ts';
import type { LoadResult } from './load-generator.ts';

type Point = ScenarioRun['series'][number];

/** One point per second: what left in it, and what came back in it. */
export class SecondSeries {
  readonly #seconds: { sent: number; failed: number; latencies: number[] }[] = [];

  takeResult({ sentMs, endMs, intendedMs, status }: LoadResult): void {
    this.#at(sentMs).sent++;
    const ended = this.#at(endMs);
    if (status === 0 || status >= 500) ended.failed++;
    ended.latencies.push(endMs - intendedMs);
  }

  /** Up to and with the second that `nowMs` lies in. */
  points(nowMs: number): Point[] {
    const count = Math.max(this.#seconds.length, Math.ceil(nowMs / 1000));
    return Array.from({ length: count }, (_, t): Point => {
      const { sent = 0, failed = 0, latencies = [] } = this.#seconds[t] ?? {};
      const sorted = [...latencies].sort((a, b) => a - b);
      const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1];
      return { t, sent, failed, p95: p95 === undefined ? null : Math.round(p95 * 10) / 10 };
    });
  }

  #at(ms: number): { sent: number; failed: number; latencies: number[] } {
    const second = Math.max(0, Math.floor(ms / 1000));
    while (this.#seconds.length <= second) this.#seconds.push({ sent: 0, failed: 0, latencies: [] });
    return this.#seconds[second]!;
  }
}
