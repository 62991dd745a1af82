import { type BucketExemplar, type Distribution, DURATION_BOUNDS } from './distribution.ts';

/** `openmetrics` has exemplars: dashboards lead from a bucket to a trace of it. https://prometheus.io/docs/specs/om/open_metrics_spec/ */
export type MetricsFormat = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<MetricsFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What a scraper asks for; Prometheus names OpenMetrics first when it takes it. */
export const formatFor = (accept: string | undefined): MetricsFormat =>
  accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'prometheus';

/** Families of metrics as text. Labels are written already. */
export class TextWriter {
  readonly #format: MetricsFormat;
  readonly #lines: string[] = [];

  constructor(format: MetricsFormat) {
    this.#format = format;
  }

  /** `name` without `_total`. */
  counter(name: string, help: string, rows: readonly (readonly [labels: string, value: number])[]): void {
    const isOpen = this.#format === 'openmetrics';
    this.#family(isOpen ? name : `${name}_total`, 'counter', help);
    for (const [labels, value] of rows) this.#lines.push(`${name}_total${labels === '' ? '' : `{${labels}}`} ${value}`);
  }

  histogram(name: string, help: string, rows: readonly (readonly [labels: string, distribution: Distribution])[]): void {
    this.#family(name, 'histogram', help);
    for (const [labels, { counts, sum, count, exemplars }] of rows) {
      let seen = 0;
      DURATION_BOUNDS.forEach((bound, i) => {
        seen += counts[i]!;
        this.#lines.push(`${name}_bucket{${labels},le="${bound}"} ${seen}${this.#exemplar(exemplars?.[i])}`);
      });
      const beyond = this.#exemplar(exemplars?.[DURATION_BOUNDS.length]);
      this.#lines.push(
        `${name}_bucket{${labels},le="+Inf"} ${count}${beyond}`,
        `${name}_sum{${labels}} ${Math.round(sum * 1000) / 1000}`,
        `${name}_count{${labels}} ${count}`,
      );
    }
  }

  end(): string {
    return `${this.#lines.join('\n')}\n${this.#format === 'openmetrics' ? '# EOF\n' : ''}`;
  }

  #family(name: string, type: string, help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  #exemplar(exemplar: BucketExemplar | undefined): string {
    if (exemplar === undefined || this.#format !== 'openmetrics') return '';
    return ` # {trace_id="${escapeLabel(exemplar.traceId)}"} ${exemplar.value} ${(exemplar.atMs / 1000).toFixed(3)}`;
  }
}

export function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
