import type { ScenarioRun } from '../api/scenario.schema.ts';
import type { Hop } from './hop.ts';
import type { LoadResult } from './load-generator.ts';
import { Latencies } from './measure.ts';
import type { PlannedLoad } from './timeline.ts';

export type LoadFigures = ScenarioRun['load'][number];

/** What one load has done so far. */
export class LoadTally {
  #planned: PlannedLoad;
  #stoppedMs = Number.POSITIVE_INFINITY;
  readonly #response = new Latencies();
  readonly #service = new Latencies();
  readonly #lag = new Latencies();
  #sent = 0;
  #dropped = 0;
  #ok = 0;
  #failed = 0;
  #hops = 0;
  #retries = 0;

  constructor(planned: PlannedLoad) {
    this.#planned = planned;
  }

  /** It begins otherwise than was thought: when somebody steps to it. */
  replan(planned: PlannedLoad): void {
    this.#planned = planned;
  }

  /** Nothing leaves from now on. */
  noteStopped(atMs: number): void {
    this.#stoppedMs = Math.min(this.#stoppedMs, atMs);
  }

  takeResult({ intendedMs, sentMs, endMs, status }: LoadResult): void {
    this.#sent++;
    if (status === 0 || status >= 500) this.#failed++;
    else this.#ok++;
    this.#response.add(endMs - intendedMs);
    this.#service.add(endMs - sentMs);
    this.#lag.add(sentMs - intendedMs);
  }

  takeDropped(): void {
    this.#dropped++;
  }

  takeHop({ exchange, isFirstHop }: Hop): void {
    if (!isFirstHop) return;
    this.#hops++;
    this.#retries += Math.max(0, exchange.attempts.length - 1);
  }

  figures(nowMs: number): LoadFigures {
    const { load, starts, atMs, forMs, untilStopped } = this.#planned;
    const untilMs = untilStopped ? Math.min(nowMs, this.#stoppedMs) : nowMs;
    const goneMs = Math.min(forMs, untilMs - atMs);
    return {
      name: load.name,
      intended: untilStopped ? starts.filter((at) => at <= untilMs).length : starts.length,
      ...{ sent: this.#sent, dropped: this.#dropped, ok: this.#ok, failed: this.#failed },
      rate: goneMs <= 0 ? 0 : Math.round((this.#sent * 10_000) / goneMs) / 10,
      ...{ response: this.#response.summary(), service: this.#service.summary() },
      lagP99Ms: this.#lag.count === 0 ? 0 : Math.round(this.#lag.percentile(99) * 100) / 100,
      retries: this.#hops === 0 ? 0 : Math.round((this.#retries / this.#hops) * 1000) / 1000,
    };
  }
}
