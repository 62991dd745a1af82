import { createHistogram } from 'node:perf_hooks';
import type { Condition } from '../shared/condition.ts';

/** One request as its caller saw it. */
export interface Answer {
  latencyMs: number;
  status: number;
  failed: boolean;
}
/** What the mesh knows of it. */
export interface Conduct {
  attempts: number;
  /** Of whoever answered; '' when nobody did. */
  version: string;
  /** Envoy's response flags, comma-separated. */
  flags: string;
}

/** Latency as it is kept: microseconds, three significant figures (HDR). Zero cannot be recorded. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: 86_400_000_000, figures: 3 });

  add(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)));
  }
  get count(): number {
    return this.#histogram.count;
  }
  percentile(share: number): number {
    return this.#histogram.percentile(share) / 1000;
  }
  get min(): number {
    return this.#histogram.min / 1000;
  }
  get max(): number {
    return this.#histogram.max / 1000;
  }
  get mean(): number {
    return this.#histogram.mean / 1000;
  }
  /** Milliseconds to a hundredth; null without any. */
  summary(): { p50: number; p95: number; p99: number; max: number } | null {
    if (this.count === 0) return null;
    const round = (ms: number) => Math.round(ms * 100) / 100;
    const [p50, p95, p99] = [50, 95, 99].map((share) => round(this.percentile(share))) as [number, number, number];
    return { p50, p95, p99, max: round(this.max) };
  }
}

/** Everything a condition can ask about a set of requests, kept as sums: nothing here grows with their number. */
export class Measure {
  readonly #latencies = new Latencies();
  readonly #statuses = new Map<number, number>();
  readonly #versions = new Map<string, number>();
  readonly #flags = new Map<string, number>();
  #answers = 0;
  #failed = 0;
  #conducts = 0;
  #attempts = 0;
  #maxAttempts = 0;
  #retries = 0;

  get answers(): number {
    return this.#answers;
  }

  addAnswer({ latencyMs, status, failed }: Answer): void {
    this.#answers++;
    this.#latencies.add(latencyMs);
    if (failed) this.#failed++;
    count(this.#statuses, status);
  }

  addConduct({ attempts, version, flags }: Conduct): void {
    this.#conducts++;
    this.#attempts += attempts;
    this.#retries += Math.max(0, attempts - 1);
    this.#maxAttempts = Math.max(this.#maxAttempts, attempts);
    count(this.#versions, version);
    for (const flag of new Set(flags.split(','))) if (flag !== '') count(this.#flags, flag);
  }

  /** In the condition's unit; null when there is nothing to measure it by. */
  read({ metric, argument }: Condition, windowMs: number, dropped: number): number | null {
    if (metric === 'dropped') return dropped;
    if (metric === 'count') return this.#answers;
    if (this.#answers === 0) return null;
    switch (metric) {
      case 'p':
        return this.#latencies.percentile(Number(argument));
      case 'avg':
        return this.#latencies.mean;
      case 'min':
        return this.#latencies.min;
      case 'max':
        return this.#latencies.max;
      case 'errors':
        return this.#failed / this.#answers;
      case 'rate':
        return windowMs <= 0 ? null : (this.#answers * 1000) / windowMs;
      case 'status':
        return this.#withStatus(argument) / this.#answers;
    }
    if (this.#conducts === 0) return null;
    switch (metric) {
      case 'attempts':
        return this.#attempts / this.#conducts;
      case 'max_attempts':
        return this.#maxAttempts;
      case 'retries':
        return this.#retries / this.#conducts;
      case 'share':
        return (this.#versions.get(argument) ?? 0) / this.#conducts;
      case 'flag':
        return (this.#flags.get(argument) ?? 0) / this.#conducts;
    }
  }

  #withStatus(argument: string): number {
    if (!argument.endsWith('xx')) return this.#statuses.get(Number(argument)) ?? 0;
    const hundred = Number(argument[0]);
    let sum = 0;
    for (const [status, times] of this.#statuses) if (Math.floor(status / 100) === hundred) sum += times;
    return sum;
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
