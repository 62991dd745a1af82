/** Edit distance with adjacent swaps (optimal string alignment), cut off at `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, older[j - 2]! + 1);
      row.push(cost);
    }
    older = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** The candidate most like `text` (case ignored), or null when none is near enough to be meant. */
export function nearest(text: string, candidates: Iterable<string>): string | null {
  const wanted = text.slice(0, 100).toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const far = distance(wanted, candidate.slice(0, 100).toLowerCase(), limit);
    if (far < bestDistance) {
      best = candidate;
      bestDistance = far;
    }
  }
  if (best !== null || wanted.length < 3) return best;
  // A name cut short: `ALLOW` for `ALLOW_ANY`.
  return [...candidates].find((candidate) => candidate.toLowerCase().startsWith(wanted)) ?? null;
}
