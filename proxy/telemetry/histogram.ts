/** Buckets per doubling: 2^(1/16) between bounds, 2.2 % worst error (OpenTelemetry's exponential scale 4). */
const PER_DOUBLING = 16;
/** Below this everything is one bucket: 1 µs. */
const FLOOR_MS = 0.001;

/** A log-linear latency histogram in milliseconds. Merging is addition; percentiles are taken after merging, never averaged. */
export class Histogram {
  readonly #counts = new Map<number, number>();
  count = 0;
  sumMs = 0;
  maxMs = 0;

  record(ms: number): void {
    const index = ms <= FLOOR_MS ? 0 : Math.ceil(Math.log2(ms / FLOOR_MS) * PER_DOUBLING);
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
    this.count++;
    this.sumMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  merge(other: Histogram): void {
    for (const [index, count] of other.#counts) this.#counts.set(index, (this.#counts.get(index) ?? 0) + count);
    this.count += other.count;
    this.sumMs += other.sumMs;
    if (other.maxMs > this.maxMs) this.maxMs = other.maxMs;
  }

  /** Values per band; a band ends at its bound, what lies above the last belongs to the last. Bounds rise. */
  countInto(boundsMs: readonly number[]): number[] {
    const counts = boundsMs.map(() => 0);
    for (const [index, count] of this.#counts) {
      const ms = Math.min(this.maxMs, FLOOR_MS * 2 ** (index / PER_DOUBLING));
      const found = boundsMs.findIndex((bound) => ms <= bound);
      const band = found === -1 ? boundsMs.length - 1 : found;
      if (band >= 0) counts[band]! += count;
    }
    return counts;
  }

  /** Upper bound of the bucket that holds the share (0..1) of values; null without values. */
  percentile(share: number): number | null {
    if (this.count === 0) return null;
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (const index of [...this.#counts.keys()].sort((a, b) => a - b)) {
      seen += this.#counts.get(index)!;
      if (seen >= rank) return Math.min(this.maxMs, FLOOR_MS * 2 ** (index / PER_DOUBLING));
    }
    return this.maxMs;
  }
}
