import type { Exchange } from '../api/exchange.schema.ts';
import { isCall } from '../api/same-call.ts';
import { Histogram } from '../telemetry/histogram.ts';
import { milliseconds } from './output.ts';

/** Numbers of what ended. */
class Ended {
  readonly durations = new Histogram();
  failed = 0;

  add({ status, flags, grpcStatus, durationMs }: Exchange): void {
    this.durations.record(durationMs);
    if (status >= 500 || (status === 0 && flags !== '') || (grpcStatus ?? 0) !== 0) this.failed++;
  }
}

/** What passed while somebody watched, in a line. A call that both its sidecars told of counts once. */
export class TapSummary {
  readonly #calls = new Ended();
  readonly #reports = new Ended();
  #shown = 0;
  #shownCalls = 0;

  add(exchange: Exchange): void {
    this.#shown++;
    if (isCall(exchange)) this.#shownCalls++;
    if (exchange.open) return;
    this.#reports.add(exchange);
    if (isCall(exchange)) this.#calls.add(exchange);
  }

  get shown(): number {
    return this.#shown;
  }

  words(elapsedMs: number): string {
    const seconds = Math.max(1, Math.round(elapsedMs / 1000));
    const time = seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    const both = this.#shownCalls > 0 && this.#shownCalls < this.#shown;
    const { durations, failed } = both ? this.#calls : this.#reports;
    const count = both ? this.#shownCalls : this.#shown;
    const parts = [
      `${count} ${count === 1 ? 'request' : 'requests'}${both ? ` (${this.#shown} reports)` : ''} in ${time}`,
      ...(failed > 0 ? [`${failed} failed (${((failed / durations.count) * 100).toFixed(1)} %)`] : []),
    ];
    const [p50, p95] = [durations.percentile(0.5), durations.percentile(0.95)];
    if (p50 !== null && p95 !== null) parts.push(`p50 ${milliseconds(p50)}`, `p95 ${milliseconds(p95)}`);
    return parts.join(' · ');
  }
}
