/**
 * Buckets per doubling: 2^(1/32) between bounds (OpenTelemetry's exponential scale 5, one finer than the 2.2 % that were asked for), each with
 * the mean of what it holds: values that are alike are told exactly.
 */
const PER_DOUBLING = 32;
/** Below this everything is one bucket: 1 µs. */
const FLOOR_MS = 0.001;

interface Bucket {
  count: number;
  sumMs: number;
}

/** A log-linear latency histogram in milliseconds. Merging is addition; percentiles are taken after merging, never averaged. */
export class Histogram {
  readonly #buckets = new Map<number, Bucket>();
  count = 0;
  sumMs = 0;
  maxMs = 0;

  record(ms: number): void {
    const index = ms <= FLOOR_MS ? 0 : Math.ceil(Math.log2(ms / FLOOR_MS) * PER_DOUBLING);
    this.#add(index, 1, ms);
    this.count++;
    this.sumMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  merge(other: Histogram): void {
    for (const [index, { count, sumMs }] of other.#buckets) this.#add(index, count, sumMs);
    this.count += other.count;
    this.sumMs += other.sumMs;
    if (other.maxMs > this.maxMs) this.maxMs = other.maxMs;
  }

  /** Index and count of every bucket with something in it; bucket i ends at 2^(i/32) µs, and 0 has all that is shorter. */
  *buckets(): Generator<[number, number]> {
    for (const [index, { count }] of this.#buckets) yield [index, count];
  }

  #add(index: number, count: number, sumMs: number): void {
    const bucket = this.#buckets.get(index);
    if (bucket) {
      bucket.count += count;
      bucket.sumMs += sumMs;
    } else this.#buckets.set(index, { count, sumMs });
  }

  /** Values per band; a band ends at its bound, what lies above the last belongs to the last. Bounds rise. */
  countInto(boundsMs: readonly number[]): number[] {
    const counts = boundsMs.map(() => 0);
    for (const { count, sumMs } of this.#buckets.values()) {
      const found = boundsMs.findIndex((bound) => sumMs / count <= bound);
      const band = found === -1 ? boundsMs.length - 1 : found;
      if (band >= 0) counts[band]! += count;
    }
    return counts;
  }

  /** Mean of the bucket that holds the share (0..1) of values, at most 2.2 % off and exact where they are all alike; null without values. */
  percentile(share: number): number | null {
    if (this.count === 0) return null;
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (const [, { count, sumMs }] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= rank) return Math.min(this.maxMs, sumMs / count);
    }
    return this.maxMs;
  }
}
