import type { ScenarioRun } from '../api/scenario.schema.ts';
import type { LoadResult } from './load-generator.ts';

type Point = ScenarioRun['series'][number];
interface Second {
  sent: number;
  failed: number;
  latencies: number[];
  /** Of the latencies when there were `measured` of them: sorted once, not at each look. */
  p95: number | null;
  measured: number;
}

/** One point per second: what left in it, and what came back in it. */
export class SecondSeries {
  readonly #seconds: Second[] = [];

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
      const second = this.#seconds[t];
      return second ? { t, sent: second.sent, failed: second.failed, p95: p95Of(second) } : { t, sent: 0, failed: 0, p95: null };
    });
  }

  #at(ms: number): Second {
    const index = Math.max(0, Math.floor(ms / 1000));
    while (this.#seconds.length <= index) this.#seconds.push({ sent: 0, failed: 0, latencies: [], p95: null, measured: 0 });
    return this.#seconds[index]!;
  }
}

/** Milliseconds to a tenth; null when nothing came back. */
function p95Of(second: Second): number | null {
  const { latencies, measured } = second;
  if (latencies.length === measured) return second.p95;
  const sorted = Float64Array.from(latencies).sort();
  second.p95 = Math.round(sorted[Math.ceil(sorted.length * 0.95) - 1]! * 10) / 10;
  second.measured = latencies.length;
  return second.p95;
}
