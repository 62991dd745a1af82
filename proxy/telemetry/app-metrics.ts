import type { AppMetric } from '../api/app-metric.schema.ts';

export interface AppMetricsLimits {
  /** Series kept of one service; one that labels by user must not fill the memory. */
  perService: number;
  services: number;
}

const defaultLimits: AppMetricsLimits = { perService: 500, services: 200 };

/** The last value of every series the apps export. In memory only: they are told again every minute. */
export class AppMetrics {
  readonly #limits: AppMetricsLimits;
  readonly #services = new Map<string, Map<string, AppMetric>>();
  readonly #dropped = new Map<string, number>();

  constructor(limits: AppMetricsLimits = defaultLimits) {
    this.#limits = limits;
  }

  record(metrics: readonly AppMetric[]): void {
    for (const metric of metrics) {
      const series = this.#seriesOf(metric.service);
      const key = JSON.stringify([metric.name, Object.entries(metric.attributes).sort(([a], [b]) => (a < b ? -1 : 1))]);
      if (series && (series.has(key) || series.size < this.#limits.perService)) series.set(key, metric);
      else this.#dropped.set(metric.service, (this.#dropped.get(metric.service) ?? 0) + 1);
    }
  }

  /** By name, then attributes; of all services when none is named. `dropped` counts values of series beyond the limit. */
  list(service?: string): { metrics: AppMetric[]; dropped: number } {
    const chosen = service === undefined ? [...this.#services.keys()] : [service];
    const keyed = chosen.flatMap((name) => [...(this.#services.get(name) ?? [])]);
    keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const dropped = chosen.reduce((sum, name) => sum + (this.#dropped.get(name) ?? 0), 0);
    return { metrics: keyed.map(([, metric]) => metric), dropped };
  }

  #seriesOf(service: string): Map<string, AppMetric> | null {
    const known = this.#services.get(service);
    if (known) return known;
    if (this.#services.size >= this.#limits.services) return null;
    const made = new Map<string, AppMetric>();
    this.#services.set(service, made);
    return made;
  }
}
