import type { AppMetric } from '../../api/app-metric.schema.ts';
import { limitAttributes, type OtlpAttributes, type OtlpScope } from './make-span.ts';

/** A metric as OTLP has it, whichever encoding it came in. */
export interface OtlpMetric {
  name: string;
  unit: string;
  kind: AppMetric['kind'];
  points: OtlpPoint[];
}

export interface OtlpPoint {
  attributes: OtlpAttributes;
  /** Epoch nanoseconds, 0 for none. */
  nanos: bigint;
  /** Of histograms and summaries their sum. */
  value: number | null;
  count?: number;
}

export interface DecodedMetrics {
  metrics: AppMetric[];
  rejected: number;
  message: string;
}

const lastMs = 8_640_000_000_000_000;

/** Gathers data points as values of series; a point without a name or a number is rejected. */
export class MetricCollector {
  readonly #metrics: AppMetric[] = [];
  readonly #nowMs: number;
  #rejected = 0;
  #message = '';

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  add(metric: OtlpMetric, { resource }: OtlpScope): void {
    const service = String(resource.get('service.name') ?? 'unknown_service').slice(0, 256);
    for (const point of metric.points) {
      const value = readingOf(metric.kind, point);
      if (metric.name === '' || value === undefined) {
        this.#rejected++;
        if (this.#message === '')
          this.#message = metric.name === '' ? 'a metric has no name' : `${metric.name} has a point without a number`;
        continue;
      }
      const ms = Number(point.nanos / 1_000_000n);
      this.#metrics.push({
        service,
        name: metric.name.slice(0, 256),
        unit: metric.unit.slice(0, 64),
        kind: metric.kind,
        attributes: limitAttributes(point.attributes),
        value,
        ...(point.count === undefined ? {} : { count: point.count }),
        time: new Date(ms > 0 && ms <= lastMs ? ms : this.#nowMs).toISOString(),
      });
    }
  }

  result(): DecodedMetrics {
    return { metrics: this.#metrics, rejected: this.#rejected, message: this.#message };
  }
}

/** Undefined: there is none. A histogram without a sum (of negative values) has a count all the same. */
function readingOf(kind: AppMetric['kind'], { value, count }: OtlpPoint): number | null | undefined {
  if (kind === 'histogram' || kind === 'summary') {
    if (count === undefined) return undefined;
    return count > 0 && value !== null && Number.isFinite(value) ? value / count : null;
  }
  return value !== null && Number.isFinite(value) ? value : undefined;
}
