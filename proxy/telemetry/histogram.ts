/**
 * Buckets per doubling: 2^(1/32) between bounds (OpenTelemetry's exponential scale 5, one finer than the 2.2 % that were asked for), each with
 * the mean of what it holds: values that are alike are told exactly.
 */
const PER_DOUBLING = 32;
/** Below this everything is one bucket: 1 µs. */
const FLOOR_MS = 0.001;

/** Numbers that a bucket takes in a row of them: its index, its count, the sum of its values in ms. */
const WIDTH = 3;

/** A log-linear latency histogram in milliseconds. Merging is addition; percentiles are taken after merging, never averaged. */
export class Histogram {
  /**
   * The buckets one behind the other, by index. A slot of a busy edge has some fifty, an edge a thousand slots: as objects in a map they
   * took three times as much.
   */
  readonly #cells: number[] = [];
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
    const cells = other.#cells;
    for (let at = 0; at < cells.length; at += WIDTH) this.#add(cells[at]!, cells[at + 1]!, cells[at + 2]!);
    this.count += other.count;
    this.sumMs += other.sumMs;
    if (other.maxMs > this.maxMs) this.maxMs = other.maxMs;
  }

  /** Index and count of every bucket with something in it, by index; bucket i ends at 2^(i/32) µs, and 0 has all that is shorter. */
  *buckets(): Generator<[number, number]> {
    const cells = this.#cells;
    for (let at = 0; at < cells.length; at += WIDTH) yield [cells[at]!, cells[at + 1]!];
  }

  #add(index: number, count: number, sumMs: number): void {
    const cells = this.#cells;
    let [low, high] = [0, cells.length / WIDTH];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cells[middle * WIDTH]! < index) low = middle + 1;
      else high = middle;
    }
    const at = low * WIDTH;
    if (cells[at] !== index) {
      cells.push(0, 0, 0);
      // By hand: copyWithin of a plain array asks for every element whether it is there, and took seven times as long.
      for (let to = cells.length - 1; to >= at + WIDTH; to--) cells[to] = cells[to - WIDTH]!;
      cells[at] = index;
      cells[at + 1] = 0;
      cells[at + 2] = 0;
    }
    cells[at + 1]! += count;
    cells[at + 2]! += sumMs;
  }

  /** Values per band; a band ends at its bound, what lies above the last belongs to the last. Bounds rise. */
  countInto(boundsMs: readonly number[]): number[] {
    const counts = boundsMs.map(() => 0);
    const cells = this.#cells;
    for (let at = 0; at < cells.length; at += WIDTH) {
      const [count, sumMs] = [cells[at + 1]!, cells[at + 2]!];
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
    const cells = this.#cells;
    for (let at = 0; at < cells.length; at += WIDTH) {
      const [count, sumMs] = [cells[at + 1]!, cells[at + 2]!];
      seen += count;
      if (seen >= rank) return Math.min(this.maxMs, sumMs / count);
    }
    return this.maxMs;
  }
}
