import type { Series } from '../api/observability.schema.ts';
import { formatDurationMs, parseDurationMs } from '../shared/duration.ts';
import { type EdgeMetrics, FINE_KEEP_MS, type Metrics } from './metrics.ts';
import { Slot } from './slots.ts';

export interface SeriesRequest {
  edge?: string;
  metric?: string;
  /** `5m`, or `run`: since the start, an hour at most. */
  window?: string;
  step?: string;
  version?: string;
  /** `true`: latency bands too. */
  heat?: string;
}

const MAX_WINDOW_MS = 60 * 60_000;

/** One value of a metric out of one step's slot; null where nothing happened. */
const readers: Record<string, (slot: Slot, stepMs: number) => number | null> = {
  rate: (slot, stepMs) => slot.count / (stepMs / 1000),
  errors: (slot) => (slot.count === 0 ? null : slot.errors / slot.count),
  p50: (slot) => slot.latency.percentile(0.5),
  p95: (slot) => slot.latency.percentile(0.95),
  p99: (slot) => slot.latency.percentile(0.99),
  retries: (slot) => (slot.count === 0 ? null : slot.retries / slot.count),
  throughput: (slot, stepMs) => (slot.requestBytes + slot.responseBytes) / (stepMs / 1000),
  // Little's law: requests in flight on average = time spent in them per time passed.
  inflight: (slot, stepMs) => slot.latency.sumMs / stepMs,
};

/** Series for charts, 60 to 120 points. Unknown metrics and bad durations throw RangeError in words. */
export function buildSeries(metrics: Metrics, request: SeriesRequest, nowMs: number, runMs = MAX_WINDOW_MS): Series {
  const names = (request.metric ?? 'rate,errors,p50,p95,p99').split(',').map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(readers, name));
  if (unknown !== undefined) throw new RangeError(`there is no metric ${unknown}; there are ${Object.keys(readers).join(', ')}`);
  const windowMs = Math.min(MAX_WINDOW_MS, request.window === 'run' ? runMs : duration(request.window ?? '5m', 'window'));
  const stepMs = stepFor(windowMs, request.step);
  const edges = [...metrics.edges()].filter(edgeFilter(request.edge, request.version));
  const end = Math.floor(nowMs / stepMs) * stepMs + stepMs;
  const steps = Math.max(1, Math.round(windowMs / stepMs));
  const start = end - steps * stepMs;
  const slots = Array.from({ length: steps }, () => new Slot());
  for (const edge of edges) {
    for (const [at, slot] of metrics.ringFor(edge, windowMs).between(start, end)) {
      const index = Math.floor((at - start) / stepMs);
      if (index >= 0 && index < steps) slots[index]!.merge(slot);
    }
  }
  return {
    stepSeconds: stepMs / 1000,
    times: slots.map((_, i) => start + i * stepMs),
    series: Object.fromEntries(names.map((name) => [name, slots.map((slot) => readers[name]!(slot, stepMs))])),
    exemplars: slots.map((slot) => slot.exemplar),
    ...(request.heat === 'true' ? { heat: buildHeat(slots) } : {}),
  };
}

/** Bands of √2 each, from the fastest to the slowest request on show. */
function buildHeat(slots: readonly Slot[]): NonNullable<Series['heat']> {
  const whole = new Slot();
  for (const slot of slots) whole.merge(slot);
  if (whole.count === 0) return { boundsMs: [], counts: slots.map(() => []) };
  const first = Math.ceil(Math.log2(Math.max(0.1, whole.latency.percentile(0) ?? 0.1)) * 2);
  const last = Math.max(first, Math.ceil(Math.log2(Math.max(0.1, whole.latency.maxMs)) * 2));
  const boundsMs = Array.from({ length: last - first + 1 }, (_, i) => 2 ** ((first + i) / 2));
  return { boundsMs, counts: slots.map((slot) => slot.latency.countInto(boundsMs)) };
}

/** 1m → 1 s, 5m → 5 s, 15m → 10 s, 1h → 30 s; a step of one's own is at least as long as the slots. */
function stepFor(windowMs: number, step: string | undefined): number {
  const slotMs = windowMs <= FINE_KEEP_MS ? 1000 : 10_000;
  if (step !== undefined && step !== '') return Math.max(slotMs, Math.round(duration(step, 'step') / slotMs) * slotMs);
  if (windowMs <= 60_000) return 1000;
  if (windowMs <= FINE_KEEP_MS) return 5000;
  return windowMs <= 15 * 60_000 ? 10_000 : 30_000;
}

function duration(text: string, what: string): number {
  const ms = parseDurationMs(text);
  if (ms === null || ms < 1000) throw new RangeError(`${what} "${text}" is not a duration of at least ${formatDurationMs(1000)}`);
  return ms;
}

/** `reviews->ratings`, `->ratings`, `reviews->`; names may carry their namespace. */
function edgeFilter(edge: string | undefined, version: string | undefined): (edge: EdgeMetrics) => boolean {
  const [from = '', to = ''] = (edge ?? '').split('->').map((part) => part.trim());
  const named = (wanted: string, id: string) => wanted === '' || wanted === id || id.endsWith(`/${wanted}`);
  return (e) => named(from, e.from) && named(to, e.to) && (version === undefined || version === '' || e.version === version);
}
