import type { OutlierDetection } from '../snapshot.ts';
import type { Host } from './host.ts';

/** Outcomes of one host since the last interval tick, and of the interval before it. */
export class RateAccumulator {
  /** Of the last whole interval: percent, and out of how many; null when nothing came. */
  last: { percent: number; volume: number } | null = null;
  #succeeded = 0;
  #total = 0;

  add(succeeded: boolean): void {
    this.#total++;
    if (succeeded) this.#succeeded++;
  }

  /** An interval is over. */
  turn(): void {
    this.last = this.#total === 0 ? null : { percent: (this.#succeeded * 100) / this.#total, volume: this.#total };
    this.#succeeded = 0;
    this.#total = 0;
  }
}

export interface RateOutlier {
  host: Host;
  detector: 'success-rate' | 'failure-percentage';
  /** `50 % below 52 % (mean 90 % − 1.9 σ)` */
  why: string;
}

/**
 * Hosts that stand out by their last interval's rates, among those still in rotation (Envoy: outlier_detection_impl.cc
 * processSuccessRateEjections).
 *
 *   success rate        with requestVolume requests each on at least minimumHosts: those below mean − stdevFactor/1000 · σ
 *   failure percentage  the same conditions: those that failed threshold percent or more
 */
export function findRateOutliers(
  config: OutlierDetection,
  hosts: readonly Host[],
  rateOf: (host: Host) => RateAccumulator,
): RateOutlier[] {
  const { successRate = null, failurePercentage = null } = config;
  const candidates = hosts.filter((host) => host.healthy);
  const measured = (volume: number) =>
    candidates.flatMap((host) => {
      const { last } = rateOf(host);
      return last !== null && last.volume >= volume ? [{ host, percent: last.percent }] : [];
    });
  const found: RateOutlier[] = [];
  if (successRate !== null) {
    const rows = measured(successRate.requestVolume);
    if (rows.length > 0 && rows.length >= successRate.minimumHosts) {
      const mean = rows.reduce((sum, row) => sum + row.percent, 0) / rows.length;
      const variance = rows.reduce((sum, row) => sum + (row.percent - mean) ** 2, 0) / rows.length;
      const factor = successRate.stdevFactor / 1000;
      const threshold = mean - factor * Math.sqrt(variance);
      const rule = `(mean ${round(mean)} % − ${factor} σ)`;
      for (const { host, percent } of rows) {
        if (percent >= threshold) continue;
        found.push({ host, detector: 'success-rate', why: `${round(percent)} % below ${round(threshold)} % ${rule}` });
      }
    }
  }
  if (failurePercentage !== null) {
    const rows = measured(failurePercentage.requestVolume);
    if (rows.length > 0 && rows.length >= failurePercentage.minimumHosts) {
      for (const { host, percent } of rows) {
        const failed = 100 - percent;
        if (failed < failurePercentage.threshold) continue;
        found.push({
          host,
          detector: 'failure-percentage',
          why: `${round(failed)} % of ${failurePercentage.threshold} % failed`,
        });
      }
    }
  }
  return found;
}

function round(percent: number): number {
  return Math.round(percent * 10) / 10;
}
