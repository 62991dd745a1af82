import type { LatencyTest } from '../../api/replay.schema.ts';
import { mannWhitney } from './mann-whitney.ts';

const ALPHA = 0.01;
/** Cliff's delta below which a difference is negligible (J. Romano et al., 2006). */
const NEGLIGIBLE = 0.147;
const MIN_SAMPLES = 3;

/** Two samples of durations in ms, side by side. Null when one is empty. */
export function compareLatency(recorded: readonly number[], replayed: readonly number[]): LatencyTest | null {
  if (recorded.length === 0 || replayed.length === 0) return null;
  const enough = Math.min(recorded.length, replayed.length) >= MIN_SAMPLES;
  const { p, effect } = mannWhitney(recorded, replayed);
  return {
    recorded: summarize(recorded),
    replayed: summarize(replayed),
    p: enough ? p : null,
    effect,
    verdict: verdictOf(enough ? p : null, effect, Math.min(recorded.length, replayed.length)),
    buckets: histogram(recorded, replayed),
  };
}

/** A clear order that is too small to matter is the same; a great one that chance may explain is unproven. */
function verdictOf(p: number | null, effect: number, samples: number): LatencyTest['verdict'] {
  if (p !== null && p <= ALPHA) return Math.abs(effect) < NEGLIGIBLE ? 'same' : effect > 0 ? 'slower' : 'faster';
  return samples >= 30 || Math.abs(effect) < NEGLIGIBLE ? 'same' : 'unproven';
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function summarize(values: readonly number[]): LatencyTest['recorded'] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => percentile(sorted, share);
  return { n: sorted.length, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

/** Bounds grow by √2, from the smallest value to the largest of both. */
function histogram(recorded: readonly number[], replayed: readonly number[]): LatencyTest['buckets'] {
  const all = [...recorded, ...replayed];
  const least = Math.max(
    0.05,
    all.reduce((min, value) => Math.min(min, value), Number.POSITIVE_INFINITY),
  );
  const most = all.reduce((max, value) => Math.max(max, value), 0);
  const buckets: LatencyTest['buckets'] = [];
  for (let i = Math.ceil(Math.log2(least) * 2); buckets.length < 60; i++) {
    buckets.push({ le: 2 ** (i / 2), recorded: 0, replayed: 0 });
    if (2 ** (i / 2) >= most) break;
  }
  const count = (values: readonly number[], side: 'recorded' | 'replayed') => {
    for (const value of values) (buckets.find((bucket) => value <= bucket.le) ?? buckets.at(-1)!)[side]++;
  };
  count(recorded, 'recorded');
  count(replayed, 'replayed');
  return buckets;
}
