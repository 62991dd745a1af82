/**
 * Fisher's exact test, one-sided: with `a` of `aTotal` here and `b` of `bTotal` there, the probability of `a` or more here if both were alike
 * (R. A. Fisher, 1922: the hypergeometric tail).
 */
export function fisherExact(a: number, aTotal: number, b: number, bTotal: number): number {
  const hits = a + b;
  const total = aTotal + bTotal;
  if (aTotal === 0 || bTotal === 0 || hits === 0) return 1;
  const ways = logChoose(total, hits);
  let p = 0;
  for (let k = a; k <= Math.min(hits, aTotal); k++) {
    if (hits - k > bTotal) continue;
    p += Math.exp(logChoose(aTotal, k) + logChoose(bTotal, hits - k) - ways);
  }
  return Math.min(1, p);
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}
