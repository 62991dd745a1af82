import type { Series } from '../api/observability.schema.ts';
import type { EdgeMetrics } from './metrics.ts';
import type { Part } from './run-history.ts';

/** Steps of one chart. */
export interface Grid {
  startMs: number;
  stepMs: number;
  steps: number;
}

/** What was seen of one step. */
class Extremes {
  parts = 0;
  leastCount = Number.POSITIVE_INFINITY;
  mostCount = 0;
  leastShare = Number.POSITIVE_INFINITY;
  mostShare = 0;

  add({ count, errors }: Part): void {
    this.parts++;
    this.leastCount = Math.min(this.leastCount, count);
    this.mostCount = Math.max(this.mostCount, count);
    this.leastShare = Math.min(this.leastShare, errors / count);
    this.mostShare = Math.max(this.mostShare, errors / count);
  }
}

/**
 * The lowest and the highest rate and error share of the short parts that each step was put together from: what a picture of hours would
 * otherwise smooth away. Parts of several edges are added before they are compared.
 */
export function buildExtremes(edges: readonly EdgeMetrics[], grid: Grid, nowMs: number): NonNullable<Series['extremes']> {
  const partMs = Math.max(0, ...edges.map(({ history }) => history.partMs));
  if (partMs === 0) return {};
  const steps = Array.from({ length: grid.steps }, () => new Extremes());
  for (const [at, part] of addParts(edges, grid, partMs)) {
    // A part that has not passed yet is no lull.
    if (at + partMs <= nowMs) steps[Math.floor((at - grid.startMs) / grid.stepMs)]?.add(part);
  }
  const perSecond = (count: number) => count / (partMs / 1000);
  const isWhole = ({ parts }: Extremes) => parts >= Math.floor(grid.stepMs / partMs);
  const seen = (value: (one: Extremes) => number) => steps.map((one) => (one.parts === 0 ? null : value(one)));
  return {
    rate: {
      // A part nobody counted in is one without a request.
      low: seen((one) => (isWhole(one) ? perSecond(one.leastCount) : 0)),
      high: seen((one) => perSecond(one.mostCount)),
    },
    errors: { low: seen((one) => one.leastShare), high: seen((one) => one.mostShare) },
  };
}

/** Counts of all edges by the start of their part. */
function addParts(edges: readonly EdgeMetrics[], { startMs, stepMs, steps }: Grid, partMs: number): Map<number, Part> {
  const parts = new Map<number, Part>();
  for (const { history } of edges)
    for (const [at, { count, errors }] of history.partsBetween(startMs, startMs + steps * stepMs)) {
      const start = Math.floor(at / partMs) * partMs;
      const sum = parts.get(start) ?? { count: 0, errors: 0 };
      parts.set(start, { count: sum.count + count, errors: sum.errors + errors });
    }
  return parts;
}
