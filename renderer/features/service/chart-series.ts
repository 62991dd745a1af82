import type { HealthThresholds } from '../../../proxy/api/health.ts';
import type { Series } from '../../../proxy/api/observability.schema.ts';
import type { ChartExtra } from '../../ui/charts/chart-tip.tsx';
import type { ChartLevel, ChartSeries } from '../../ui/charts/line-chart.tsx';
import { formatCount } from '../../ui/format.ts';

/* What the charts of a service show, out of one answer of the engine. */

/** What a service's charts ask for. */
export const chartMetrics = 'rate,count,errors,p50,p95,p99,max,mean,retries,inflight,throughput,2xx,3xx,4xx,5xx,other';

/** Fewer requests than this make a 99th percentile a guess. */
export const enoughForP99 = 100;

export interface ServiceSeries {
  classes: ChartSeries[];
  classExtras: ChartExtra[];
  errors: ChartSeries[];
  errorExtras: ChartExtra[];
  latency: ChartSeries[];
  latencyExtras: ChartExtra[];
  retries: ChartSeries[];
  inflight: ChartSeries[];
  split: ChartSeries[];
}

const classLines = [
  { id: '2xx', label: '2xx', color: '--ok' },
  { id: '3xx', label: '3xx', color: '--info', dash: '8 3 2 3' },
  { id: '4xx', label: '4xx', color: '--warn', dash: '5 3' },
  { id: '5xx', label: '5xx', color: '--bad', dash: '2 2' },
  { id: 'other', label: 'No answer or no HTTP', color: '--text-3', dash: '1 3' },
] as const;

export function serviceSeries(data: Series): ServiceSeries {
  const values = (metric: string) => data.series[metric] ?? [];
  const counts = values('count');
  const line = (id: string, label: string, color: string, more: Partial<ChartSeries> = {}): ChartSeries => ({
    ...{ id, label, color, values: values(id) },
    ...more,
  });
  const faint = counts.map((count) => (count ?? 0) < enoughForP99);
  const requests: ChartExtra = { label: 'Requests', values: counts, format: formatCount };
  return {
    classes: classesOf(data),
    classExtras: [requests],
    errors: [line('errors', 'Errors', '--bad', { band: data.extremes?.errors })],
    errorExtras: [requests],
    latency: [
      line('p50', 'p50', '--series-4'),
      line('p95', 'p95', '--series-2'),
      line('p99', 'p99', '--series-3', { faint, faintNote: 'p99 of fewer than 100 requests is a guess' }),
    ],
    latencyExtras: [{ label: 'Mean', values: values('mean') }, { label: 'Max', values: values('max') }, requests],
    retries: [line('retries', 'Retries', '--series-2')],
    inflight: [line('inflight', 'In flight', '--series-6')],
    split: splitLines(data.split ?? []),
  };
}

/** A line for every class that was seen; all requests as a band of their extremes where slots were put together. */
function classesOf(data: Series): ChartSeries[] {
  const seen = classLines.filter(({ id }) => data.series[id]?.some((value) => value !== null && value > 0));
  const lines = seen.length > 0 ? seen : classLines.slice(0, 1);
  return lines.map((one, index) => ({
    ...one,
    values: data.series[one.id] ?? [],
    ...(index === 0 && data.extremes?.rate ? { band: data.extremes.rate } : {}),
  }));
}

/** Two lines per version of one colour: where requests went, and, dashed, where the weights wanted them. One version alone is no split. */
function splitLines(split: NonNullable<Series['split']>): ChartSeries[] {
  if (split.length < 2) return [];
  return split.flatMap(({ version, actual, wanted }, index) => {
    const color = `--series-${(index % 6) + 1}`;
    const lines: ChartSeries[] = [{ id: `${version} actual`, label: version, color, values: actual, dash: '0' }];
    if (wanted.some((share) => share !== null))
      lines.push({ id: `${version} wanted`, label: `${version} wanted`, color, values: wanted, dash: '2 4' });
    return lines;
  });
}

/** Where the share of errors starts to matter. */
export function errorLevels(serverErrors: HealthThresholds['serverErrors']): ChartLevel[] {
  return [
    { value: serverErrors.degraded / 100, label: `degraded from ${serverErrors.degraded} %`, tone: 'warn' as const },
    { value: serverErrors.failing / 100, label: `failing from ${serverErrors.failing} %`, tone: 'bad' as const },
  ].filter(({ value }) => value > 0);
}

/** The axis of a share ends at the next of 1, 5, 10, 25, 50, 100 %: a flat zero is drawn as zero. More than one retry per request has no end. */
export function maxShare(values: readonly (number | null)[] = []): number | undefined {
  const top = Math.max(0, ...values.map((value) => value ?? 0));
  return [0.01, 0.05, 0.1, 0.25, 0.5].find((step) => top <= step) ?? (top <= 1 ? 1 : undefined);
}

/** The slot with the highest value that has a trace to open; null when there is none. */
export function worstSlot(values: readonly (number | null)[], traces: readonly string[]): number | null {
  let worst: number | null = null;
  for (const [slot, value] of values.entries()) {
    if (value === null || value <= 0 || !traces[slot]) continue;
    if (worst === null || value > (values[worst] ?? 0)) worst = slot;
  }
  return worst;
}
