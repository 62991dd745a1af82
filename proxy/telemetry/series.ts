import type { Exchange } from '../api/exchange.schema.ts';
import type { Series } from '../api/observability.schema.ts';
import { formatDurationMs, parseDurationMs } from '../shared/duration.ts';
import { codeClasses, destinationNode, sourceNode, standsForCall } from './judge.ts';
import { COARSE_KEEP_MS, type EdgeMetrics, FINE_KEEP_MS, type Metrics } from './metrics.ts';
import { runStepMs } from './run-history.ts';
import { buildExtremes, type Grid } from './series-extremes.ts';
import { overlaps, Slot } from './slots.ts';
import type { SplitHistory } from './split-history.ts';

export interface SeriesRequest {
  edge?: string;
  metric?: string;
  /** `5m`, or `run`: since the start, however long ago. */
  window?: string;
  step?: string;
  version?: string;
  /** `true`: latency bands too. */
  heat?: string;
  /** `true`: shares of versions too. */
  split?: string;
}

/** Where series come from. */
export interface SeriesSource {
  metrics: Metrics;
  nowMs: number;
  /** Since when traffic could have been seen: before, nothing is known, which is not nothing. */
  startedMs: number;
  splits?: SplitHistory;
  /** What goes on now. */
  open?: readonly Exchange[];
}

/** The rings of single slots end here. */
const MAX_WINDOW_MS = COARSE_KEEP_MS;
const MAX_POINTS = 120;

/** `spanMs` is what has passed of the step, at least a second for rates; `passedMs` exactly. */
type Reader = (slot: Slot, spanMs: number, passedMs: number) => number | null;

/** One value of a metric out of one step's slot; null where nothing happened. */
const readers: Readonly<Record<string, Reader>> = {
  rate: (slot, spanMs) => slot.count / (spanMs / 1000),
  errors: (slot) => (slot.count === 0 ? null : slot.errors / slot.count),
  count: (slot) => slot.count,
  p50: (slot) => slot.latency.percentile(0.5),
  p95: (slot) => slot.latency.percentile(0.95),
  p99: (slot) => slot.latency.percentile(0.99),
  max: (slot) => (slot.count === 0 ? null : slot.latency.maxMs),
  mean: (slot) => (slot.count === 0 ? null : slot.latency.sumMs / slot.latency.count),
  retries: (slot) => (slot.count === 0 ? null : slot.retries / slot.count),
  throughput: (slot, spanMs) => (slot.requestBytes + slot.responseBytes) / (spanMs / 1000),
  // Requests in flight on average = time spent in them per time passed.
  inflight: (slot, _spanMs, passedMs) => slot.inFlightMs / passedMs,
  ...Object.fromEntries(codeClasses.map((name): [string, Reader] => [name, (slot, ms) => slot.classes[name] / (ms / 1000)])),
};

/** Series for charts, 60 to 120 points. Unknown metrics and bad durations throw RangeError in words. */
export function buildSeries({ metrics, nowMs, startedMs, splits, open = [] }: SeriesSource, request: SeriesRequest): Series {
  const names = (request.metric ?? 'rate,errors,p50,p95,p99').split(',').map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(readers, name));
  if (unknown !== undefined) throw new RangeError(`there is no metric ${unknown}; there are ${Object.keys(readers).join(', ')}`);
  const isRun = request.window === 'run';
  const windowMs = isRun
    ? Math.max(60_000, nowMs - startedMs)
    : Math.min(MAX_WINDOW_MS, duration(request.window ?? '5m', 'window'));
  const grid = gridOf(windowMs, request.step, nowMs);
  const edges = [...metrics.edges()].filter(edgeFilter(request.edge, request.version));
  const slots = fold(edges, grid, (edge) => slotsOf(metrics, edge, windowMs));
  addOpen(slots, grid, open.filter(openFilter(request.edge, request.version)), nowMs);
  // Of the present slot only a part has passed: a rate over all of it would sag at every chart's end.
  const startOf = (index: number) => grid.startMs + index * grid.stepMs;
  const passedOf = (index: number) => Math.min(grid.stepMs, Math.max(1, nowMs - Math.max(startOf(index), startedMs)));
  const spanOf = (index: number) => Math.min(grid.stepMs, Math.max(1000, passedOf(index)));
  const read = (name: string) =>
    slots.map((slot, i) =>
      slot.count === 0 && startOf(i) + grid.stepMs <= startedMs ? null : readers[name]!(slot, spanOf(i), passedOf(i)),
    );
  return {
    stepSeconds: grid.stepMs / 1000,
    times: slots.map((_, i) => startOf(i)),
    series: Object.fromEntries(names.map((name) => [name, read(name)])),
    exemplars: slots.map((slot) => slot.slowest.traceId),
    errorExemplars: slots.map((slot) => slot.slowestError.traceId),
    partial: nowMs < grid.startMs + grid.steps * grid.stepMs,
    ...(request.heat === 'true' ? { heat: buildHeat(slots) } : {}),
    ...(request.split === 'true' ? { split: buildSplit(edges, slots, grid, metrics, windowMs, splits) } : {}),
    ...(windowMs > MAX_WINDOW_MS ? { extremes: buildExtremes(edges, grid, nowMs) } : {}),
  };
}

/** What a window is made of: single slots as far as they are kept, the run's merged ones beyond. */
function slotsOf(metrics: Metrics, edge: EdgeMetrics, windowMs: number) {
  return windowMs > MAX_WINDOW_MS ? edge.history : metrics.ringFor(edge, windowMs);
}

function fold(
  edges: readonly EdgeMetrics[],
  { startMs, stepMs, steps }: Grid,
  source: (edge: EdgeMetrics) => { between(fromMs: number, toMs: number): Iterable<[number, Slot]> },
): Slot[] {
  const slots = Array.from({ length: steps }, () => new Slot());
  for (const edge of edges)
    for (const [at, slot] of source(edge).between(startMs, startMs + steps * stepMs)) {
      slots[Math.floor((at - startMs) / stepMs)]?.merge(slot);
    }
  return slots;
}

/** What has not ended is in flight until now. */
function addOpen(slots: readonly Slot[], { startMs, stepMs, steps }: Grid, open: readonly Exchange[], nowMs: number): void {
  const endMs = Math.min(nowMs, startMs + steps * stepMs);
  for (const { time } of open)
    for (const [index, ms] of overlaps(Math.max(startMs, Date.parse(time)), endMs, stepMs)) {
      const slot = slots[index - startMs / stepMs];
      if (slot) slot.inFlightMs += ms;
    }
}

/** Shares per version. A destination's requests that reached no version belong to none. */
function buildSplit(
  edges: readonly EdgeMetrics[],
  slots: readonly Slot[],
  grid: Grid,
  metrics: Metrics,
  windowMs: number,
  history: SplitHistory | undefined,
): NonNullable<Series['split']> {
  const to = edges[0]?.to ?? '';
  const wanted = slots.map((_, i) => history?.at(to, grid.startMs + (i + 1) * grid.stepMs) ?? null);
  const versions = new Set([...edges.map(({ version }) => version), ...wanted.flatMap((one) => Object.keys(one ?? {}))]);
  versions.delete('');
  const perVersion = [...versions].sort().map((version) => ({
    version,
    own: fold(
      edges.filter((edge) => edge.version === version),
      grid,
      (edge) => slotsOf(metrics, edge, windowMs),
    ),
  }));
  const totals = slots.map((_, i) => perVersion.reduce((sum, { own }) => sum + own[i]!.count, 0));
  return perVersion.map(({ version, own }) => ({
    version,
    actual: own.map(({ count }, i) => (totals[i] === 0 ? null : count / totals[i]!)),
    wanted: wanted.map((one) => (one === null ? null : (one[version] ?? 0))),
  }));
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

function gridOf(windowMs: number, step: string | undefined, nowMs: number): Grid {
  const stepMs = stepFor(windowMs, step);
  const endMs = Math.floor(nowMs / stepMs) * stepMs + stepMs;
  const steps = Math.max(1, Math.ceil(windowMs / stepMs));
  return { startMs: endMs - steps * stepMs, stepMs, steps };
}

/**
 * 1m → 1 s, 5m → 5 s, 15m → 10 s, 1h → 30 s; a run takes the shortest step that makes at most 120 points. A step of one's own is at least as
 * long as the slots.
 */
function stepFor(windowMs: number, step: string | undefined): number {
  if (windowMs > MAX_WINDOW_MS) return runStepMs(windowMs, MAX_POINTS);
  const slotMs = windowMs <= FINE_KEEP_MS ? 1000 : 10_000;
  if (step !== undefined && step !== '') return Math.max(slotMs, Math.round(duration(step, 'step') / slotMs) * slotMs);
  const fits = (stepMs: number) => windowMs / stepMs <= MAX_POINTS;
  if (windowMs <= FINE_KEEP_MS) return fits(1000) ? 1000 : fits(2000) ? 2000 : 5000;
  return fits(10_000) ? 10_000 : 30_000;
}

function duration(text: string, what: string): number {
  const ms = parseDurationMs(text);
  if (ms === null || ms < 1000) throw new RangeError(`${what} "${text}" is not a duration of at least ${formatDurationMs(1000)}`);
  return ms;
}

/** The same of exchanges, each call once. */
function openFilter(edge: string | undefined, version: string | undefined): (exchange: Exchange) => boolean {
  const isOn = edgeFilter(edge, version);
  return (exchange) =>
    standsForCall(exchange) &&
    isOn({ from: sourceNode(exchange), to: destinationNode(exchange), version: exchange.destinationVersion });
}

/** `reviews->ratings`, `->ratings`, `reviews->`; names may carry their namespace. */
function edgeFilter(
  edge: string | undefined,
  version: string | undefined,
): (edge: Pick<EdgeMetrics, 'from' | 'to' | 'version'>) => boolean {
  const [from = '', to = ''] = (edge ?? '').split('->').map((part) => part.trim());
  const named = (wanted: string, id: string) => wanted === '' || wanted === id || id.endsWith(`/${wanted}`);
  return (e) => named(from, e.from) && named(to, e.to) && (version === undefined || version === '' || e.version === version);
}
