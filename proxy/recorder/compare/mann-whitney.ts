/*
 * Is one sample of durations longer than another? The Mann–Whitney U test (H. B. Mann, D. R. Whitney, 1947), with mid-ranks for ties: exact for
 * small samples without ties, else the normal approximation with the tie correction and a continuity correction of one half.
 */

export interface RankTest {
  /** Of the second sample: pairs in which it is the greater, ties counting half. */
  u: number;
  /** Two-sided. */
  p: number;
  /** Cliff's delta, −1…1: how often the second is the greater, less how often the smaller. */
  effect: number;
}

/** Both sides up to this long are counted out, when no two values are equal. */
const EXACT_UP_TO = 20;

export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  const [n, m] = [first.length, second.length];
  if (n === 0 || m === 0) return { u: 0, p: 1, effect: 0 };
  const { rankSum, tieTerm } = rank(first, second);
  const u = rankSum - (m * (m + 1)) / 2;
  const effect = (2 * u) / (n * m) - 1;
  if (tieTerm === 0 && n <= EXACT_UP_TO && m <= EXACT_UP_TO) return { u, p: exactP(u, n, m), effect };
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - tieTerm / (total * (total - 1)));
  if (variance <= 0) return { u, p: 1, effect };
  const distance = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5);
  return { u, p: Math.min(1, 2 * upperTail(distance / Math.sqrt(variance))), effect };
}

/** Sum of the second sample's ranks, and Σ(t³ − t) over groups of equal values. */
function rank(first: readonly number[], second: readonly number[]): { rankSum: number; tieTerm: number } {
  const all = [...first.map((value) => ({ value, own: false })), ...second.map((value) => ({ value, own: true }))];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let tieTerm = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]!.value === all[from]!.value) to++;
    const ties = to - from;
    const midRank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) if (all[i]!.own) rankSum += midRank;
    tieTerm += ties ** 3 - ties;
    from = to;
  }
  return { rankSum, tieTerm };
}

/** Counts how many of the arrangements give each U: c(u; n, m) = c(u − m; n − 1, m) + c(u; n, m − 1). */
function exactP(u: number, n: number, m: number): number {
  // counts[j][u] for the number of firsts placed so far.
  let counts: number[][] = Array.from({ length: m + 1 }, () => [1]);
  for (let i = 1; i <= n; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= m; j++) {
      const size = i * j + 1;
      const row = new Array<number>(size).fill(0);
      const fromFirst = counts[j]!;
      const fromSecond = next[j - 1]!;
      for (let k = 0; k < size; k++) row[k] = (fromFirst[k - j] ?? 0) + (fromSecond[k] ?? 0);
      next.push(row);
    }
    counts = next;
  }
  const row = counts[m]!;
  const all = row.reduce((sum, count) => sum + count, 0);
  const least = Math.min(u, n * m - u);
  let below = 0;
  for (let k = 0; k <= least; k++) below += row[k]!;
  return Math.min(1, (2 * below) / all);
}

/** P(Z > z) of the standard normal, z ≥ 0: Abramowitz & Stegun 26.2.17 where its error (7.5e-8) is small beside it, a tail series beyond. */
export function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 4) return (density / z) * (1 - 1 / z ** 2 + 3 / z ** 4 - 15 / z ** 6);
  const t = 1 / (1 + 0.2316419 * z);
  return density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
}
