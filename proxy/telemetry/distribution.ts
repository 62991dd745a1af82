/** Istio's buckets; Envoy's default for milliseconds and bytes alike. */
export const DURATION_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
];

/** A request to open from a bucket of a dashboard. */
export interface BucketExemplar {
  traceId: string;
  value: number;
  /** Epoch ms. */
  atMs: number;
}
export interface Distribution {
  counts: number[];
  sum: number;
  count: number;
  /** The last with a trace, per bucket, the one of all beyond the bounds last; only of durations. */
  exemplars: (BucketExemplar | undefined)[] | null;
}

export function emptyDistribution(): Distribution {
  return { counts: new Array<number>(DURATION_BOUNDS.length).fill(0), sum: 0, count: 0, exemplars: null };
}

/** Returns the bucket's index; what lies above all bounds is one beyond the last. */
export function observe(distribution: Distribution, value: number): number {
  distribution.sum += value;
  distribution.count++;
  const found = DURATION_BOUNDS.findIndex((bound) => value <= bound);
  if (found === -1) return DURATION_BOUNDS.length;
  distribution.counts[found]!++;
  return found;
}
